"""Design a cooler: which levels cool a finite reservoir deepest, and what else they would do.

python examples/cooler_design.py [--small] [--out DIR]
"""

from __future__ import annotations

import argparse
import pathlib

import numpy as np

import oqs
import thermo

T, MU_COLD, MU_HOT = [0.6, 1.0], 20.8, 16.0  # of Fig. 1
GAP = 0.4  # between the two levels; one alone would stop before equilibrium
T_END = 1e6  # after the coldest moment, before equilibrium
CONTACTS = [oqs.Contact(oqs.power_law(1e-4, 0.5), name=name) for name in ("cold", "hot")]
RESERVOIRS = [thermo.Reservoir(thermo.FermiDiracGas(1.5), name=c.name) for c in CONTACTS]
LABELS = {
    "w": r"lower level $\omega/T_0$",
    "mu_hot": r"chemical potential of the hot reservoir $\mu_2/T_0$",
    "depth": r"lowest $T_1$ / initial $T_1$",
    "entropy": "entropy produced until then",
    "mode": "mode at the start",
}


def run(w: float, mu_hot: float) -> thermo.Trajectory:
    """Return the evolution with levels at w and w + GAP."""
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([w, w + GAP]), CONTACTS)
    return thermo.evolve(law, RESERVOIRS, T, [MU_COLD, mu_hot], t_final=T_END, events=False)


def point(w: float, mu_hot: float) -> dict[str, float | str]:
    """Return what one design does: at the start, and until the cold reservoir is coldest."""
    path = run(w, mu_hot)
    cold = thermo.cooling(path)[0]
    start = thermo.device(path.law(path.T[0], path.mu[0]), path.T[0], path.mu[0])
    return {"depth": cold.depth, "entropy": cold.entropy_cost, "mode": start.mode}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a coarse map and a short search")
    parser.add_argument("--out", type=pathlib.Path, help="where the maps go, as PNG")
    options = parser.parse_args()
    across, up = (4, 3) if options.small else (29, 22)
    grid = {"w": np.linspace(20.0, 23.5, across), "mu_hot": np.linspace(14.0, 21.0, up)}
    table = thermo.sweep(point, grid)
    tolerance = 1e-2 if options.small else 1e-5
    best = thermo.deepest_cooling(
        lambda w: run(w, MU_HOT), {"w": (20.8, 22.0)}, tolerance=tolerance
    )
    w = best.parameters["w"]
    cold = thermo.cooling(run(w, MU_HOT))[0]
    print(f"deepest with the hot reservoir of Fig. 1: levels at {w:.2f} and {w + GAP:.2f}")
    print(f"down to {cold.depth:.3f} of the start at t = {cold.time:.3g}")
    print(f"entropy produced until then: {cold.entropy_cost:.3f}")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        mark = {"w": w, "mu_hot": MU_HOT}
        for quantity in ("depth", "entropy", "mode"):
            figure = thermo.plot_map(table, quantity, labels=LABELS, marks=[mark])
            figure.savefig(options.out / f"cooler_{quantity}.png", dpi=160)


if __name__ == "__main__":
    main()
