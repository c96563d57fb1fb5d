"""Sphinx builds these pages: `make docs`, or sphinx-build -W docs out/docs."""

import pathlib
import sys

import matplotlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
matplotlib.use("Agg")

project = "oqs, thermo, validation"
author = "the oqs-thermo developers"
copyright = author
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",
    "sphinx_design",
    "check_links",
    "draw_figures",
    "plain_docstrings",
]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "oqs, thermo, validation"
html_static_path = ["_static"]
html_css_files = ["wide_tables.css"]
# MathJax is shipped with the pages, which work without a network
html_math_renderer = "mathjax"
default_role = "code"
suppress_warnings = ["ref.python"]  # words such as "number" in docstrings are no references
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
# by their names, which say more than what they stand for
autodoc_type_aliases = {n: n for n in ("ArrayLike", "FloatArray", "ComplexArray", "Law", "Rate")}
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
exclude_patterns = ["_figures"]
