"""Sphinx extension: the pictures of the pages, computed by the code that they explain."""

import pathlib

from validation.pictures.figures import FIGURES

PICTURES = (
    "figure_1",
    "flows",
    "weak_coupling",
    "close_levels",
    "what_is_a_reservoir",
    "fano",
    "engines",
)
DIRECTORY = pathlib.Path(__file__).parent / "_figures"


def draw(app):
    """Draw those that are not there yet; delete the directory to have them drawn anew."""
    DIRECTORY.mkdir(exist_ok=True)
    for name in PICTURES:
        path = DIRECTORY / f"{name}.png"
        if not path.exists():
            unfinished = path.with_suffix(".part")
            FIGURES[name]().savefig(unfinished, format="png", dpi=110)
            unfinished.rename(path)


def setup(app):
    """Draw before the pages are read."""
    app.connect("builder-inited", draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
