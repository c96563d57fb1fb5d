"""Noise and counting statistics of dots."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

import oqs
from oqs.arguments import FloatArray
from validation.framework.bounds import at_most, within
from validation.framework.deviation import largest
from validation.papers.paper import Comparison, Findings, paper


def _one_level(rates: tuple[float, float], n: tuple[float, float], x: FloatArray) -> FloatArray:
    """Return lambda(x) of one level between leads of these rates and occupations."""
    (left, right), (f_l, f_r), whole = rates, n, sum(rates)
    forth = f_l * (1 - f_r) * np.expm1(x) + f_r * (1 - f_l) * np.expm1(-x)
    return np.asarray(-whole / 2 + np.sqrt(whole**2 / 4 + left * right * forth))


def _fano_at_large_bias(model: oqs.Model) -> float:
    return oqs.counting_statistics(model, [0.05, 0.05], [40.0, -40.0]).fano(0)


@paper(
    "D. A. Bagrets, Yu. V. Nazarov",
    "Phys. Rev. B 67, 085316 (2003), doi:10.1103/PhysRevB.67.085316",
    parameters="Rates 0.02 and 0.05, one level at 0.7, T = 0.5 and 0.8, mu = 1 and 0.4: ours.",
    read="The text was not at hand; the closed forms are those that the field quotes it for.",
)
def bagrets_nazarov_2003() -> Findings:
    """Full counting statistics of charge transfer in Coulomb blockade systems."""
    left, right, T, mu = 0.02, 0.05, (0.5, 0.8), (1.0, 0.4)
    contacts = [oqs.Contact(oqs.flat(g)) for g in (left, right)]
    model = oqs.davies(oqs.QuadraticSystem.from_energies([0.7]), contacts)
    stats = oqs.counting_statistics(model, T, mu)
    chi, whole = np.linspace(-3.0, 3.0, 25), left + right
    n = tuple(1 / (1 + np.exp((0.7 - m) / t)) for m, t in zip(mu, T, strict=True))
    closed = _one_level((left, right), n, chi) / whole
    computed = np.array([stats.generating_function([x, 0.0]) for x in chi.tolist()]) / whole
    worst = largest(*np.abs(computed - closed))

    def draw(axes: Axes) -> None:
        x = np.linspace(chi[0], chi[-1], 200)
        axes.plot(x, _one_level((left, right), n, x) / whole, label="closed form")
        axes.plot(chi[::3], computed[::3], "o", label="computed")
        axes.set(xlabel="counting field $\\chi$", ylabel="$\\lambda/(\\Gamma_L + \\Gamma_R)$")

    return Findings(
        draw,
        Comparison(
            "cumulant generating function, largest deviation over the width",
            worst,
            at_most(1e-12),
            "-G/2 + sqrt(G^2/4 + G_L G_R [f_L(1-f_R)(e^x - 1) + f_R(1-f_L)(e^-x - 1)])",
        ),
        Comparison(
            "Fano factor of one level at large bias",
            _fano_at_large_bias(model),
            within((left**2 + right**2) / whole**2, 1e-9),
            "(G_L^2 + G_R^2)/G^2, 1/2 for equal rates",
        ),
        Comparison(
            "Fano factor of a blockaded dot with spin",
            _fano_at_large_bias(oqs.davies(oqs.anderson_dot(0.0, 1000.0), contacts)),
            within((4 * left**2 + right**2) / (2 * left + right) ** 2, 1e-9),
            "the same with 2 G_L: (4 G_L^2 + G_R^2)/(2 G_L + G_R)^2",
        ),
    )


def _product(ratio: float, bias: float, *, exact: bool) -> float:
    """Return the uncertainty product of two dots in series, tunnelling over rate `ratio`, T = 1."""
    rate, T, mu = 0.1, (1.0, 1.0), [bias / 2, -bias / 2]
    ends = [oqs.Contact(oqs.flat(rate), end) for end in ([1, 0], [0, 1])]
    dots = oqs.QuadraticSystem([[0.0, ratio * rate], [ratio * rate, 0.0]])
    if exact:
        return float(oqs.levitov(dots, ends, T, mu).uncertainty(0))
    return float(oqs.counting_statistics(oqs.perlind(dots, ends), T, mu).uncertainty(0))


@paper(
    "K. Ptaszynski",
    "Phys. Rev. B 98, 085425 (2018), doi:10.1103/PhysRevB.98.085425",
    parameters="Two dots in series at equal T, bias 3 k_B T, rates 0.1 k_B T: ours.",
    read="Known by its title and claim; its own numbers were not at hand. Bound and claim are "
    "compared, no value.",
)
def ptaszynski_2018() -> Findings:
    """Coherence-enhanced constancy of a quantum thermoelectric generator."""
    ratios, bias = np.geomspace(0.1, 3.0, 16), 3.0
    products = {e: [_product(float(r), bias, exact=e) for r in ratios] for e in (True, False)}
    least = {e: float(np.min(each)) for e, each in products.items()}
    far = _product(0.02, bias, exact=True)

    def draw(axes: Axes) -> None:
        for e, style, label in ((True, "-", "exact (Levitov)"), (False, "o", "PERLind")):
            axes.plot(ratios, products[e], style, label=label)
        axes.axhline(2.0, color="grey", linestyle=":", label="bound of classical jumps")
        axes.set(xscale="log", xlabel="tunnelling over rate $\\Gamma$", ylabel="$\\sigma S/I^2$")

    return Findings(
        draw,
        Comparison(
            "uncertainty product, smallest over tunnelling (PERLind)",
            least[False],
            at_most(2.0 - 1e-3),
            "claim: coherence lets a double dot go below the classical bound of 2",
        ),
        Comparison(
            "the same, exact at any coupling",
            least[True],
            within(least[False], 0.05),
            "this project's other route",
        ),
        Comparison(
            "product for a tunnelling far below the rates, exact",
            far,
            within(bias / np.tanh(bias / 2), 0.05),
            "one Poisson process: x coth(x/2) at bias x, above 2",
        ),
    )
