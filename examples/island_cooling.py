"""A dot cools a small metallic island: against a wire that heats it, and against its phonons.

An interacting dot passes electrons from the island to a lead; a wire from another lead brings them
back, and phonons at the temperature of the cryostat warm what is colder. Of the finite island T and
mu follow from what comes and goes; leads and phonons keep theirs. This is the kind of model of
arXiv:2407.07727 (Matern, Moreira, Samuelsson, Leijnse): a rate equation for the dot, Ohm's law
with that of Wiedemann and Franz for the wire, Sigma V (T_e^5 - T_ph^5) for the phonons. The numbers
here are not the paper's.

python examples/island_cooling.py [--small] [--out FILE]
"""

from __future__ import annotations

import argparse
import pathlib

import numpy as np
from matplotlib.figure import Figure

import oqs
import thermo

T, MU = 1.0, 100.0  # of leads and cryostat; energies are in units of this T
BIAS, U, RATE = 6.0, 20.0, 0.02  # of the drain below the source, of two electrons, of tunnelling
NAMES = ("island", "drain", "source", "phonons")
POTENTIALS = [MU, MU - BIAS, MU, np.nan]  # all at the start
ISLAND = thermo.Reservoir(thermo.FermiDiracGas(1.0), capacity=50.0, name="island")
LEADS = [thermo.Reservoir(ISLAND.gas, np.inf, name) for name in ("drain", "source")]
PHONONS = thermo.Reservoir(thermo.BoseGas(3), np.inf, "phonons")


def run(level: float, wire: float, phonons: float) -> thermo.Trajectory:
    """Return the evolution of the island until it is stationary.

    Parameters
    ----------
    level : of the dot above the potential of the source.
    wire : conductance over the tunnelling rate.
    phonons : Sigma V over the tunnelling rate, in units of T.
    """
    contacts = [oqs.Contact(oqs.flat(RATE), name=name) for name in NAMES[:2]]
    dot = oqs.flow_law(oqs.davies(oqs.anderson_dot(MU + level, U), contacts))
    links = {
        ("island", "source"): thermo.OhmicLink(wire * RATE),
        ("island", "phonons"): thermo.HeatLink(phonons * RATE, exponent=5),
    }
    law = thermo.with_links(dot, links, names=NAMES)
    reservoirs = [ISLAND, *LEADS, PHONONS]
    return thermo.evolve(law, reservoirs, [T] * 4, POTENTIALS, events=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few levels")
    parser.add_argument("--out", type=pathlib.Path, help="where the figure goes, as PNG")
    options = parser.parse_args()
    levels = np.linspace(-2.0, 5.0, 5 if options.small else 57)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axis = figure.add_subplot()
    for wire, phonons in ((0.3, 0.0), (1.0, 0.0), (1.0, 0.1), (1.0, 1.0)):
        paths = [run(float(level), wire, phonons) for level in levels]
        assert all(path.outcome == "stalled" for path in paths)  # stationary between fixed ones
        ends = np.array([path.T[-1, 0] for path in paths])
        axis.plot(
            levels,
            ends / T,
            label=rf"$G = {wire:g}\,\Gamma/T$, $\Sigma V = {phonons:g}\,\Gamma/T^4$",
        )
        best = int(np.argmin(ends))
        fall = paths[best].mu[-1, 0] - MU
        print(
            f"G = {wire:g}, Sigma V = {phonons:g}: coldest T = {ends[best]:.4f} with the level "
            f"{levels[best]:+.3f} above the source, the island's mu {fall:+.3f}"
        )
    axis.axhline(1.0, color="0.6", lw=0.8)
    axis.set_xlabel(r"level of the dot above $\mu$ of the source, over $T$")
    axis.set_ylabel(r"stationary temperature of the island, over $T$")
    axis.legend(frameon=False)
    if options.out is not None:
        figure.savefig(options.out, dpi=150)


if __name__ == "__main__":
    main()
