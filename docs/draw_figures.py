"""Sphinx extension: the pictures of the pages, computed by the code that they explain."""

import pathlib

import numpy as np
from matplotlib.figure import Figure

import oqs
import thermo
from validation.pictures.figures import FIGURES


def diamonds():
    """Draw dI/dV and the Fano factor of tutorials/coulomb_diamonds.md."""
    leads = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    table = oqs.stability_diagram(
        lambda gate: oqs.davies(oqs.anderson_dot(-gate, U=1.2), leads),
        gate=np.linspace(-0.8, 2.0, 141),
        bias=np.linspace(-2.0, 2.0, 141),
        T=0.03,
    ).to_dataset()
    figure = Figure(figsize=(7.0, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for ax, name, limits, label in (
        (left, "conductance", (-0.08, 0.08), "dI/dV"),
        (right, "fano", (0.4, 1.2), "Fano factor"),
    ):
        thermo.plot_map(table, name, limits=limits, lines=False, labels={name: label}, ax=ax)
    return figure


PAPER = ("figure_1", "flows", "weak_coupling", "close_levels", "what_is_a_reservoir")
PICTURES = {name: FIGURES[name] for name in PAPER} | {"diamonds": diamonds}
DIRECTORY = pathlib.Path(__file__).parent / "_figures"


def draw(app):
    """Draw those that are not there yet; delete the directory to have them drawn anew."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, made in PICTURES.items():
        path = DIRECTORY / f"{name}.png"
        if not path.exists():
            unfinished = path.with_suffix(".part")
            made().savefig(unfinished, format="png", dpi=160)
            unfinished.rename(path)


def setup(app):
    """Draw before the pages are read."""
    app.connect("builder-inited", draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
