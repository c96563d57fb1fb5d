"""Sphinx extension: docstrings are plain text with numpydoc sections, not reStructuredText.

|x| is an absolute value there, **point an argument, an indented paragraph a formula, and what `>>>`
begins is code until the next empty line.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.util.inspect import TypeAliasForwardRef

_attributes = {}
_FIELD = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*) : (.+)")
_UNDERLINE = re.compile(r"-{3,}")
_OF_FIELDS = ("Parameters", "Attributes")
_MARKUP = re.compile(r"([|*]|_(?=\W|$))")


def as_text(app, what, name, obj, options, lines):
    """Escape what would be markup, and set indented paragraphs as they stand."""
    found = []
    in_sections = in_example = False
    lines[:] = as_fields(lines)
    for k, line in enumerate(lines):
        in_sections |= k + 1 < len(lines) and _UNDERLINE.fullmatch(lines[k + 1]) is not None
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
    """Return the lines with what follows a parameter's colon below it: a text, not a type.

    What is returned stands in one line each, all of which napoleon takes for a type.
    """
    found, section = [], ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if _UNDERLINE.fullmatch(below):
            section = line
        field = _FIELD.fullmatch(line)
        if section in _OF_FIELDS and field is not None:
            found += [field[1], "    " + field[2]]
        elif section == "Returns" and field is None and line and _begun(found):
            found[-1] += (" " if " " in found[-1] else " : ") + line.strip()
        else:
            found.append(line)
    return found


def _begun(lines):
    """Return whether an entry of a section stands last."""
    return lines[-1:] not in ([], [""], ["Returns"]) and not _UNDERLINE.fullmatch(lines[-1])


def keep_attributes(app, what, name, obj, options, lines):
    """Undo napoleon, which takes what stands before a colon in an attribute's text for its type."""
    lines[:] = _attributes.pop(name, lines)


def once(app, domain, objtype, contentnode):
    """Leave the type of what is returned to the docstring, which says more, and link its class."""
    for annotations in app.env.current_document.autodoc_annotations.values():
        annotations.pop("return", None)
    for field in contentnode.findall(nodes.field):
        if field[0].astext() == "returns":
            for said in list(field[1].findall(nodes.paragraph)):
                as_sentence(said, contentnode.parent[0].get("module"))


def as_sentence(said, module):
    """Turn "**Name** (*text*)", or "*text*", into "Name: text" with a link, or text."""
    for emphasised in list(said.findall(nodes.emphasis)):
        emphasised.parent.replace(emphasised, emphasised.children)
    if not isinstance(said[0], nodes.strong):
        return
    name = said[0].astext()
    if name[0].isupper():
        to = {"refdomain": "py", "reftype": "class", "reftarget": name, "py:module": module}
        said[0] = addnodes.pending_xref("", nodes.literal(text=name), **to)
    if len(said) > 1:
        said[1] = nodes.Text(": " + said[1].removeprefix(" ("))
        said[-1] = nodes.Text(said[-1].removesuffix(")"))


def setup(app):
    """Go before and after napoleon, which works at the default priority of 500."""
    TypeAliasForwardRef.__repr__ = lambda alias: alias.name  # in a union with None, too
    app.connect("autodoc-process-docstring", as_text, priority=400)
    app.connect("autodoc-process-docstring", keep_attributes, priority=600)
    app.connect("object-description-transform", once, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
