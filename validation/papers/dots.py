"""Currents and thermopower of interacting dots."""

from __future__ import annotations

import functools

import numpy as np
from matplotlib.axes import Axes

import oqs
from validation.framework.bounds import at_least, at_most, within
from validation.framework.deviation import largest
from validation.papers.paper import Comparison, Findings, paper
from validation.references.qmeq import TEN_ORBITALS, current_of_ten_orbitals


@paper(
    "T. H. Stoof, Yu. V. Nazarov",
    "Phys. Rev. B 53, 1050 (1996), doi:10.1103/PhysRevB.53.1050",
    parameters="Rates 0.03 and 0.02, tunnelling 0.015, one electron at most: ours.",
    read="The text was not at hand; the formula, also of Gurvitz and Prager 1996, is derived "
    "here from the three states' density matrix.",
)
def stoof_nazarov_1996() -> Findings:
    """Time-dependent resonant tunneling via two discrete states."""
    left, right, hop = 0.03, 0.02, 0.015
    ends = [oqs.Contact(oqs.flat(g), end) for g, end in ((left, [1, 0]), (right, [0, 1]))]
    far = ([1.0, 1.0], [400.0, -400.0])  # U above the bias: one electron at most

    def computed(split: float) -> float:
        h = [[split / 2, hop], [hop, -split / 2]]
        dots = oqs.InteractingSystem.from_terms(h, U={(0, 1): 4000.0})
        return float(oqs.flow_law(oqs.perlind(dots, ends))(*far).particle[0])

    def printed(split: float) -> float:
        return hop**2 * right / (hop**2 * (2 + right / left) + right**2 / 4 + split**2)

    splits = np.array([0.0, 0.02, 0.05, 0.1])
    worst = largest(*(abs(computed(float(s)) / printed(float(s)) - 1) for s in splits))

    def draw(axes: Axes) -> None:
        s = np.linspace(-0.12, 0.12, 201)
        axes.plot(s, [printed(x) * 1e3 for x in s], label="the paper's formula")
        axes.plot(s[::10], [computed(float(x)) * 1e3 for x in s[::10]], "o", label="PERLind")
        axes.set(
            xlabel="energy difference of the levels ($E_0$)",
            ylabel="current ($10^{-3}\\,E_0/\\hbar$)",
        )

    return Findings(
        draw,
        Comparison(
            "current, largest relative deviation at four distances of the levels",
            worst,
            at_most(1e-6),
            "T^2 G_R/(T^2 (2 + G_R/G_L) + G_R^2/4 + eps^2)",
        ),
        Comparison(
            "current at resonance",
            computed(0.0),
            within(printed(0.0), 1e-6 * printed(0.0)),
            "the same formula",
        ),
    )


def _sequential_thermopower(gate: float, U: float) -> float:
    """Return S of a spinful level at `gate`, in units of T, by its two transitions."""
    weights = np.array([0.0, np.log(2) - gate, -2 * gate - U])
    p = np.exp(weights - weights.max())
    p /= p.sum()
    energy = np.array([gate, gate + U])
    n = 1 / (1 + np.exp(energy))
    # rates of the two transitions in equilibrium, with their spins
    g = np.array([2 * p[0] * n[0], p[1] * n[1]])
    return float(g @ energy / g.sum())


@paper(
    "C. W. J. Beenakker, A. A. M. Staring",
    "Phys. Rev. B 46, 9667 (1992), doi:10.1103/PhysRevB.46.9667",
    parameters="One spinful level, U = 200 k_B T, weak equal contacts: ours.",
    read="Abstract read: a sawtooth of the period of the conductance. The formula is that of its "
    "linear response for two transitions.",
)
def beenakker_staring_1992() -> Findings:
    """Theory of the thermopower of a quantum dot."""
    T, U, contacts = 1.0, 200.0, [oqs.Contact(oqs.flat(0.01))] * 2

    def computed(gate: float) -> float:
        model = oqs.davies(oqs.anderson_dot(gate, U), contacts)
        # S has the sign of their -e S: positive where electrons carry heat from above mu
        return float(oqs.linear_response(model, T=T, mu=0.0).seebeck)

    printed, gates = functools.partial(_sequential_thermopower, U=U), np.linspace(-1.4, 0.4, 73) * U
    off = largest(*(abs(computed(float(v)) - printed(float(v))) for v in gates[::9]))
    slope = (computed(-5.0) - computed(-8.0)) / 3.0
    middle = np.linspace(-U / 2 - 3, -U / 2 + 3, 121)
    highest = largest(*(abs(computed(float(v))) for v in middle))

    def draw(axes: Axes) -> None:
        v = np.linspace(-1.4 * U, 0.4 * U, 600)
        axes.plot(v, [printed(float(x)) for x in v], label="sequential tunnelling")
        axes.plot(gates, [computed(float(x)) for x in gates], ".", label="computed")
        axes.set(xlabel="level over $k_B T$", ylabel="$e S/k_B$")

    return Findings(
        draw,
        Comparison(
            "thermopower, largest deviation over U/2T",
            off / (U / (2 * T)),
            at_most(1e-9),
            "S = sum g_p (E_p - mu)/(T sum g_p) over transitions",
        ),
        Comparison(
            "slope of the sawtooth, times T",
            slope * T,
            within(1.0, 1e-6),
            "quantum regime: S = E/T to the nearest transition",
        ),
        Comparison(
            "height of the sawtooth over U/2T",
            highest / (U / (2 * T)),
            within(1.0, 0.05),
            "half the distance of neighbouring transitions over T, less thermal rounding",
        ),
    )


@paper(
    "G. Kirsanskas, J. N. Pedersen, O. Karlstrom, M. Leijnse, A. Wacker",
    "Comput. Phys. Commun. 221, 317 (2017), doi:10.1016/j.cpc.2017.07.024",
    parameters="Its example of ten spin-orbitals with pair scattering, T = 1, mu = 50 and 10, rate "
    "0.1; a serial double dot at bias 1.",
    read="Its numbers as its version 1.1 gave them, to the three or four figures recorded.",
)
def qmeq_2017() -> Findings:
    """QmeQ 1.0: an open-source Python package for calculations of transport through quantum dot
    devices.
    """
    compared = []
    for energy, kind, recorded, unit in TEN_ORBITALS:
        compared.append(
            Comparison(
                f"current, fourth orbital at {energy:g}, {kind}",
                current_of_ten_orbitals(energy, kind),
                within(recorded, unit / 2),
                "QmeQ 1.1, run on its own example",
            )
        )
    dots = oqs.QuadraticSystem([[0.0, 0.05], [0.05, 0.0]])
    ends = [oqs.Contact(oqs.flat(0.1), end) for end in ([1, 0], [0, 1])]
    T, mu = [1.0, 1.0], [0.5, -0.5]
    exact = float(oqs.landauer(dots, ends)(T, mu).particle[0])
    davies = float(oqs.flow_law(oqs.davies(dots, ends))(T, mu).particle[0])
    positive = float(oqs.flow_law(oqs.perlind(dots, ends))(T, mu).particle[0])
    compared += [
        Comparison(
            "double dot, splitting equal to the rate: Lindblad over exact",
            positive / exact,
            within(1.0, 0.02),
            "its Lindblad, as recorded at .5 and 2.1 of the rate: 0 %",
        ),
        Comparison(
            "the same: Pauli over exact",
            davies / exact,
            at_least(1.24),
            "its Pauli, as recorded: +385 % at .5, +24 % at 2.1 of the rate",
        ),
    ]

    def draw(axes: Axes) -> None:
        names = [f"{kind.replace(', ', chr(10))}\n{energy:g}" for energy, kind, *_ in TEN_ORBITALS]
        place = np.arange(len(names))
        axes.plot(place, [r for _, _, r, _ in TEN_ORBITALS], "_", markersize=16, label="QmeQ 1.1")
        axes.plot(place, [c.ours for c in compared[: len(names)]], "o", label="computed")
        axes.set_xticks(place, names)
        axes.set(yscale="log", ylabel="current ($E_0/\\hbar$)")
        axes.set_xlabel("generator, and energy of the fourth orbital ($E_0$)")
        axes.margins(x=0.2)

    return Findings(draw, *compared)
