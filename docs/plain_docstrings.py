"""Sphinx extension: docstrings are plain text with numpydoc sections, not reStructuredText.

|x| is an absolute value there, **point an argument, an indented paragraph a formula, and what `>>>`
begins is code until the next empty line.
"""

import re

_PARAMETERS = ("Parameters", "Attributes")
_attributes = {}
_MARKUP = re.compile(r"([|*]|_(?=\W|$))")


def as_text(app, what, name, obj, options, lines):
    """Escape what would be markup, and set indented paragraphs as they stand."""
    text = []
    in_sections = in_example = False
    for k, line in enumerate(lines):
        in_sections |= k + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[k + 1]) is not None
        in_example = line.startswith(">>>") or (in_example and line != "")
        formula = not in_sections and line.startswith("    ")
        if formula and not (text and (text[-1].startswith("    ") or text[-1] == "")):
            text.append("")
        if formula and text[-1] == "":
            text += ["::", ""]
        if not formula and line and text and text[-1].startswith("    ") and not in_sections:
            text.append("")
        text.append(line if formula or in_example else _MARKUP.sub(r"\\\1", line))
    lines[:] = text
    if what in ("property", "attribute"):
        _attributes[name] = text


def texts_of_parameters(lines):
    """Return lines whose `name : text` is a name and, below it, its text.

    numpydoc's is a type, which napoleon sets in parentheses and looks for links to.
    """
    found, section = [], ""
    for k, line in enumerate(lines):
        if k + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[k + 1]):
            section = line
        named = re.fullmatch(r"(\*{0,2}\w[\w, *]*) : (.+)", line)
        if section in _PARAMETERS and named:
            found += [named[1], f"    {named[2]}"]
        else:
            found.append(line)
    return found


def keep_attributes(app, what, name, obj, options, lines):
    """Undo napoleon, which takes what stands before a colon in an attribute's text for its type."""
    lines[:] = _attributes.pop(name, lines)


def setup(app):
    """Go before and after napoleon, which works at the default priority of 500."""
    app.connect("autodoc-process-docstring", as_text, priority=400)
    app.connect("autodoc-process-docstring", keep_attributes, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
