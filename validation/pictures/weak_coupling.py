"""How far weak coupling carries: deviation of Davies from exact flows, computed here and drawn."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from matplotlib.figure import Figure

import oqs
from oqs.arguments import FloatArray
from validation.families.open_system.trust import hierarchy_and_davies, near_degenerate


@final
class WeakCoupling(NamedTuple):
    """Relative deviations |P / P_exact - 1| of P of the first reservoir."""

    strength: FloatArray  # (m,) gamma / T
    by_strength: dict[str, FloatArray]  # (m,) by name of the system
    splitting: FloatArray  # (k,) of two levels over the larger rate
    by_splitting: dict[str, FloatArray]  # (k,) by name of the treatment


def compute(points: int = 13) -> WeakCoupling:
    """Return the deviations of three systems over gamma, and of a double dot over its splitting."""
    strength = np.logspace(-2.5, 0, points)
    splitting = np.logspace(-1.2, 2, points)
    by_strength = {
        "one level (Landauer)": [_one_level(g) for g in strength],
        "two dots, U = 0 (HEOM)": [_dots(g, 0.0) for g in strength],
        "two dots, U = 1.5 T (HEOM)": [_dots(g, 1.5) for g in strength],
    }
    split = np.array([_double_dot(s) for s in splitting])
    return WeakCoupling(
        strength,
        {name: np.array(values) for name, values in by_strength.items()},
        splitting,
        {"kept apart": split[:, 0], "counted as one level": split[:, 1]},
    )


def _one_level(gamma: float) -> float:
    """Return the deviation for one level at 0.3 T between mu = +-0.5 T, equal flat rates."""
    system, contacts = oqs.QuadraticSystem([[0.3]]), [oqs.Contact(oqs.flat(gamma))] * 2
    T, mu = [1.0, 1.0], [0.5, -0.5]
    exact = oqs.landauer(system, contacts)(T, mu).particle[0]
    return float(abs(oqs.closed_form(system, contacts)(T, mu).particle[0] / exact - 1))


def _dots(gamma: float, U: float) -> float:
    exact, davies = hierarchy_and_davies(gamma, U)
    return abs(davies / exact - 1)


def _double_dot(ratio: float) -> tuple[float, float]:
    """Return the deviations at splitting = ratio * 0.03: levels kept apart, and as one."""
    _, contacts, T, mu = near_degenerate()
    half = ratio * 0.03 / 2
    system = oqs.QuadraticSystem([[0, half], [half, 0]])
    exact = oqs.landauer(system, contacts)(T, mu).particle[0]
    models = (oqs.davies(system, contacts), oqs.davies(system, contacts, resolution=2.01 * half))
    apart, together = (oqs.flow_law(model)(T, mu).particle[0] for model in models)
    return float(abs(apart / exact - 1)), float(abs(together / exact - 1))


def draw(data: WeakCoupling) -> Figure:
    """Return both panels, logarithmic, with the thresholds of the audit's verdicts."""
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    marks = ("o-", "s-", "^-")
    for mark, (name, values) in zip(marks, data.by_strength.items(), strict=True):
        left.loglog(data.strength, values, mark, markersize=4, linewidth=1, label=name)
    left.set_xlabel(r"rate over temperature, $\gamma/T$")
    left.set_ylabel(r"deviation $|P_{\rm Davies}/P_{\rm exact}-1|$")
    for mark, (name, values) in zip(marks, data.by_splitting.items(), strict=False):
        right.loglog(data.splitting, values, mark, markersize=4, linewidth=1, label=name)
    right.set_xlabel(r"splitting over rate, $|w_1-w_2|/\max_j\gamma_j$")
    for axes, title in ((left, "rate against temperature"), (right, "splitting against rate")):
        axes.set_title(title, fontsize=10)
        axes.axhline(0.1, color="0.5", linewidth=0.8, linestyle=":")
        axes.legend(fontsize=8, frameon=False)
        axes.grid(True, which="major", linewidth=0.3)
    return figure
