"""Sphinx builds these pages: `make docs`, or sphinx-build -W docs out/docs."""

import pathlib
import sys

import matplotlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
matplotlib.use("Agg")

project = "oqs, thermo, validation"
author = "the developers"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "draw_figures",
    "mathml",
    "plain_docstrings",
]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "oqs, thermo, validation"
html_static_path = ["_static"]
html_css_files = ["wide_tables.css"]
# formulas are set in MathML by the browser itself: the pages work without a network
html_math_renderer = "mathml"
default_role = "code"
suppress_warnings = ["ref.python"]  # words such as "number" in docstrings are no references
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = False
napoleon_use_rtype = False
exclude_patterns = ["_figures"]
