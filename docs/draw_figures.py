"""Sphinx extension: the pictures of the pages, computed by the code that they explain."""

import contextlib
import io
import pathlib
import re
import tempfile

import numpy as np
from matplotlib.figure import Figure

import oqs
import thermo
from validation.pictures.figures import FIGURES


def diagram():
    """Return the stability diagram of tutorials/coulomb_diamonds.md, on a finer grid."""
    leads = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    return oqs.stability_diagram(
        lambda gate: oqs.davies(oqs.anderson_dot(-gate, U=1.2), leads),
        gate=np.linspace(-0.8, 2.0, 141),
        bias=np.linspace(-2.0, 2.0, 141),
        T=0.03,
    ).to_dataset()


def diamonds():
    """Draw its dI/dV and Fano factor."""
    table = diagram()
    figure = Figure(figsize=(7.0, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for ax, name, limits, label in (
        (left, "conductance", (-0.08, 0.08), "dI/dV"),
        (right, "fano", (0.4, 1.2), "Fano factor"),
    ):
        thermo.plot_map(table, name, limits=limits, lines=False, labels={name: label}, ax=ax)
    return figure


def of_page(number):
    """Return the n-th figure that the code of figures.md makes."""
    page = (pathlib.Path(__file__).parent / "figures.md").read_text(encoding="utf-8")
    made = {"__name__": "__main__"}
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for code in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)[:number]:
            exec(code, made)
    return made["figure"]


def small_figure():
    """Return a figure whose 8 pt are legible in a card of the first page."""
    return Figure(figsize=(2.4, 2.1), layout="constrained")


def cooling():
    """Draw the temperatures of Fig. 1."""
    contacts = [oqs.Contact(oqs.power_law(1e-4, 0.5), name=name) for name in ("cold", "hot")]
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([21.1, 21.5]), contacts)
    gas = thermo.FermiDiracGas(alpha=1.5)
    reservoirs = [thermo.Reservoir(gas, name=contact.name) for contact in contacts]
    path = thermo.evolve(law, reservoirs, [0.6, 1.0], [20.8, 16.0], events=False)
    times = np.geomspace(1e3, path.t[-1], 400)
    figure = small_figure()
    axis = figure.subplots()
    axis.plot(times, path.at(times).T, lw=1.5)
    axis.set(xscale="log", xlabel="time", ylabel="temperature")
    axis.legend(path.names, frameon=False, fontsize=8)
    axis.tick_params(labelsize=8)
    return figure


def modes():
    """Draw what one level between two reservoirs does, as in machines.md."""
    T = [0.5, 1.0]
    contacts = [oqs.Contact(oqs.flat(0.01), name=name) for name in ("cold", "hot")]

    def mode(w, lift):
        law = oqs.closed_form(oqs.QuadraticSystem.from_energies([w]), contacts)
        return {"mode": thermo.device(law(T, [lift, 0.0]), T, [lift, 0.0]).mode}

    grid = {"w": np.linspace(0.2137, 3.011, 57), "lift": np.linspace(-0.917, 2.113, 61)}
    table = thermo.sweep(mode, grid, label="modes", progress=False)
    figure = small_figure()
    thermo.plot_map(table, "mode", labels={"w": "level", "lift": "bias"}, ax=figure.subplots())
    return figure


def conductance():
    """Draw the diamonds alone."""
    figure = small_figure()
    look = {"limits": (-0.08, 0.08), "lines": False, "labels": {"conductance": "dI/dV"}}
    thermo.plot_map(diagram(), "conductance", ax=figure.subplots(), **look)
    return figure


PAPER = ("figure_1", "weak_coupling", "close_levels", "what_is_a_reservoir", "engines")
PICTURES = {name: FIGURES[name] for name in PAPER} | {
    call.__name__: call for call in (diamonds, cooling, modes, conductance)
}
PICTURES |= {"gate": lambda: of_page(1), "evolution": lambda: of_page(2)}
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
