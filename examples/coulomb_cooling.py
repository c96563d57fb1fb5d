"""How a Coulomb energy between the two levels moves and removes the transient cooling of Fig. 1.

python examples/coulomb_cooling.py [--small] [--out DIR]
"""

from __future__ import annotations

import argparse
import pathlib

import numpy as np
from matplotlib.figure import Figure

import oqs
import thermo

T, MU = np.array([0.6, 1.0]), np.array([20.8, 16.0])
COLDEST = ("T minimum", (0,))
CONTACTS = [oqs.Contact(oqs.power_law(1e-4, 0.5), name=name) for name in ("cold", "hot")]


def coldest(U: float) -> tuple[float, float]:
    """Return the lowest T_1 over its start, and when, for a Coulomb energy U."""
    dots = oqs.InteractingSystem.from_terms(np.diag([21.1, 21.5]), U={(0, 1): U})
    reservoirs = [thermo.Reservoir(thermo.FermiDiracGas(1.5), name=c.name) for c in CONTACTS]
    path = thermo.evolve(oqs.flow_law(oqs.davies(dots, CONTACTS)), reservoirs, T, MU)
    minima = [(e.value, e.time) for e in path.extrema if (e.kind, e.reservoirs) == COLDEST]
    value, time = min([(T[0], 0.0), *minima])  # a minimum after a rise is no cooling
    return value / T[0], time


def draw(energies: np.ndarray, coldest_points: list[tuple[float, float]]) -> Figure:
    """Draw the depth and the time of the cooling against U."""
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    depth, when = np.array(coldest_points).T
    above.plot(energies, depth, "o-", ms=4)
    above.axhline(1.0, color="0.6", lw=0.8, ls=":")
    above.set_ylabel(r"lowest $T_1$ / initial $T_1$")
    below.semilogy(energies[when > 0], when[when > 0], "o-", ms=4)
    below.set_ylabel(r"time of the lowest $T_1$ ($\hbar/T_0$)")
    below.set_xlabel(r"Coulomb energy $U/T_0$")
    above.set_title("Cooling of the coldest reservoir of Fig. 1")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="three energies only")
    parser.add_argument("--out", type=pathlib.Path, help="where the figure goes, as PNG")
    options = parser.parse_args()
    energies = np.array([-2.0, 0.0, 2.0]) if options.small else np.linspace(-2.5, 2.5, 41)
    coldest_points = [coldest(float(U)) for U in energies]
    for U, (depth, _) in zip(energies, coldest_points, strict=True):
        print(f"U = {U:6.3f}: the coldest reservoir goes down to {depth:.3f} of its start")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        draw(energies, coldest_points).savefig(options.out / "coulomb_cooling.png", dpi=160)


if __name__ == "__main__":
    main()
