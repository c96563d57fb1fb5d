"""Sphinx extension: docstrings are plain text with numpydoc sections, not reStructuredText.

|x| is an absolute value there, **point an argument, an indented paragraph a formula, and what `>>>`
begins is code until the next empty line.
"""

import re

from sphinx.util.inspect import TypeAliasForwardRef

_attributes = {}
_FIELD = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*) : (.+)")
_OF_FIELDS = ("Parameters", "Attributes")
_MARKUP = re.compile(r"([|*]|_(?=\W|$))")


def as_text(app, what, name, obj, options, lines):
    """Escape what would be markup, and set indented paragraphs as they stand."""
    found = []
    in_sections = in_example = False
    lines[:] = as_fields(lines)
    for k, line in enumerate(lines):
        in_sections |= k + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[k + 1]) is not None
        in_example = line.startswith(">>>") or (in_example and line != "")
        formula = not in_sections and line.startswith("    ")
        if formula and not (found and (found[-1].startswith("    ") or found[-1] == "")):
            found.append("")
        if formula and found[-1] == "":
            found += ["::", ""]
        if not formula and line and found and found[-1].startswith("    ") and not in_sections:
            found.append("")
        found.append(line if formula or in_example else _MARKUP.sub(r"\\\1", line))
    lines[:] = found
    if what in ("property", "attribute"):
        _attributes[name] = found


def as_fields(lines):
    """Return the lines with what follows a parameter's colon below it: a text, not a type."""
    found, section = [], ""
    for k, line in enumerate(lines):
        if k + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[k + 1]):
            section = line
        field = _FIELD.fullmatch(line) if section in _OF_FIELDS else None
        found += [line] if field is None else [field[1], "    " + field[2]]
    return found


def keep_attributes(app, what, name, obj, options, lines):
    """Undo napoleon, which takes what stands before a colon in an attribute's text for its type."""
    lines[:] = _attributes.pop(name, lines)


def setup(app):
    """Go before and after napoleon, which works at the default priority of 500."""
    TypeAliasForwardRef.__repr__ = lambda alias: alias.name  # in a union with None, too
    app.connect("autodoc-process-docstring", as_text, priority=400)
    app.connect("autodoc-process-docstring", keep_attributes, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
