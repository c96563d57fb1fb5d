"""Sphinx extension: formulas as MathML, which browsers set themselves, without a network."""

from docutils import nodes
from latex2mathml.converter import convert


def inline(self, node):
    """Write a formula within a line."""
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def display(self, node):
    """Write a formula of its own line, with its number if it has one."""
    number = f'<span class="eqno">({node["number"]})</span>' if node["number"] else ""
    self.body.append(f'<div class="math">{number}{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app):
    """Make the renderer known as html_math_renderer = "mathml"."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
