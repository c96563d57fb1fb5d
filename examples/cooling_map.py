"""How deep the coldest reservoir cools: a map over mu_1 - mu_2 and the position of the levels.

The two reservoirs, contacts and the splitting are those of Fig. 1; the map moves mu_2 and the lower
level w_1. Position tells more than splitting: by Table I the colder reservoir loses heat to the
hotter one only through levels between mu_1 and omega-bar, so these two lines, drawn as they are at
the start, show how far the evolution itself moves the border.

python examples/cooling_map.py [--small] [--out FILE]
"""

from __future__ import annotations

import argparse
import pathlib

import numpy as np
from matplotlib.figure import Figure

import oqs
import thermo

T, MU_1, SPLITTING = np.array([0.6, 1.0]), 20.8, 0.4
FIG_1 = (4.8, 21.1)  # mu_1 - mu_2 and w_1 of Fig. 1
CONTACTS = [oqs.Contact(oqs.power_law(1e-4, 0.5), name=name) for name in ("cold", "hot")]
RESERVOIRS = [thermo.Reservoir(thermo.SommerfeldGas(1.5), name=c.name) for c in CONTACTS]


def row(w: float, differences: np.ndarray) -> dict[str, np.ndarray]:
    """Return the deepest T_1(t) / T_1(0) for levels w, w + 0.4 and each mu_1 - mu_2."""
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([w, w + SPLITTING]), CONTACTS)
    mu = np.stack([np.full_like(differences, MU_1), MU_1 - differences], axis=1)
    return {"depth": thermo.evolve_ensemble(law, RESERVOIRS, T, mu).lowest_T[:, 0] / T[0]}


def single(difference: float, w: float) -> float:
    """Return the same for one point by `thermo.evolve`, another integrator."""
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([w, w + SPLITTING]), CONTACTS)
    path = thermo.evolve(law, RESERVOIRS, T, [MU_1, MU_1 - difference])
    lowest = min([path.T[:, 0].min(), *(e.value for e in path.extrema if e.reservoirs == (0,))])
    return float(lowest / T[0])


def draw(differences: np.ndarray, positions: np.ndarray, depth: np.ndarray) -> Figure:
    """Draw the map (w, mu_1 - mu_2), the edge of cooling and the point of Fig. 1."""
    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    axes = figure.subplots()
    image = axes.pcolormesh(differences, positions, depth, cmap="viridis", shading="nearest")
    figure.colorbar(image, label=r"lowest $T_1$ / initial $T_1$")
    axes.contour(differences, positions, depth, levels=[0.999], colors="k", linewidths=1.5)
    axes.plot([], [], "k", lw=1.5, label="cooling sets in (0.1 %)")
    omega_bar = (T[0] * (MU_1 - differences) - T[1] * MU_1) / (T[0] - T[1])
    axes.plot(differences, omega_bar, "k--", lw=1.2, label=r"$\bar\omega$ at the start")
    axes.axhline(MU_1, color="k", ls=":", lw=1.2, label=r"$\mu_1$ at the start")
    axes.plot(*FIG_1, "r*", ms=13, mec="w", ls="none", label="Fig. 1")
    axes.set_xlim(differences[0], differences[-1])
    axes.set_ylim(positions[0], positions[-1])
    axes.set_xlabel(r"$\mu_1 - \mu_2$ (units of $T_0$ = 1000 K)")
    axes.set_ylabel(r"lower level $\omega_1$ (units of $T_0$)")
    axes.set_title(r"Transient cooling of the coldest reservoir, $T$ = 0.6, 1.0")
    axes.legend(loc="upper left")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a coarse map")
    parser.add_argument("--out", type=pathlib.Path, help="the figure's file, such as map.png")
    options = parser.parse_args()
    if options.out is not None and not options.out.parent.is_dir():
        parser.error(f"--out must be in an existing folder, but {options.out.parent} is none")
    columns, rows = (7, 6) if options.small else (81, 61)
    differences = np.linspace(0.0, 8.0, columns)
    positions = np.linspace(18.0, 30.0, rows)
    table = thermo.sweep(lambda w: row(w, differences), {"w": positions})
    if failed := [error for error in table["error"].values if error]:
        raise SystemExit(f"{len(failed)} rows failed: {failed[0]}")
    depth = table["depth"].values
    deepest = np.unravel_index(depth.argmin(), depth.shape)
    print(f"{depth.size} evolutions; it goes below its start in {np.mean(depth < 0.999):.0%}")
    print(
        f"deepest: {depth.min():.3f} of its start at mu_1 - mu_2 = {differences[deepest[1]]:.2f}, "
        f"w_1 = {positions[deepest[0]]:.2f}"
    )
    here = row(FIG_1[1], np.array([FIG_1[0]]))["depth"][0]
    there = single(*FIG_1)
    print(f"Fig. 1: {here:.6f} in the ensemble, {there:.6f} by evolve")
    if abs(here - there) > 1e-5:
        raise SystemExit("the ensemble and evolve disagree on Fig. 1 by more than 1e-5")
    if options.out is not None:
        partial = options.out.with_name(f".{options.out.name}.partial")
        draw(differences, positions, depth).savefig(partial, dpi=160, format="png")
        partial.replace(options.out)


if __name__ == "__main__":
    main()
