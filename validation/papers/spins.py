"""Spins and few levels between baths: refrigerator, maser, rectifier."""

from __future__ import annotations

import numpy as np
import qutip
import scipy.optimize
from matplotlib.axes import Axes

import oqs
from oqs.arguments import FloatArray
from validation.framework.bounds import at_most, within
from validation.framework.deviation import largest
from validation.papers.paper import Comparison, Findings, paper

_E = (1.0, 3.0, 4.0)  # cold, hot, room: E_cold + E_hot = E_room
_ROOM, _HOT = 1.5, 6.0


def _qubits(exchange: float) -> oqs.FlowLaw:
    """Return the flows of three qubits, each in a bath of its own: cold, hot, room."""
    system = oqs.absorption_refrigerator(*_E[:2], exchange)
    contacts = [
        oqs.BosonicContact(oqs.flat(0.01), oqs.on_factor(system, k, qutip.sigmax()), name=name)
        for k, name in enumerate(("cold", "hot", "room"))
    ]
    # levels split by the exchange count as one, and so do their Bohr frequencies
    return oqs.flow_law(oqs.davies(system, contacts, resolution=4 * exchange, energy="level"))


@paper(
    "N. Linden, S. Popescu, P. Skrzypczyk",
    "Phys. Rev. Lett. 105, 130401 (2010), arXiv:0908.2076",
    parameters="E = 1, 4, 3, exchange 0.001, rates 0.01, T = 1.5 and 6 are ours. Their baths reset "
    "the qubits; here they are Davies' of single qubits, levels split by the exchange as one.",
    read="Abstract read; the condition is that of Skrzypczyk et al. (arXiv:1009.0865) for the "
    "same three qubits, whose abstract says that they reach Carnot's efficiency.",
)
def linden_2010() -> Findings:
    """How small can thermal machines be? The smallest possible refrigerator."""
    law = _qubits(1e-3)

    def heat(cold: float) -> np.ndarray:
        return law([cold, _HOT, _ROOM], [0.0] * 3).energy

    cold, hot, _ = heat(1.0)
    stop = scipy.optimize.brentq(lambda T: heat(T)[0], 0.2, 1.0, xtol=1e-10)
    virtual = _E[0] / (_E[2] / _ROOM - _E[1] / _HOT)

    def draw(axes: Axes) -> None:
        T = np.linspace(0.3, 1.4, 60)
        axes.plot(T, [heat(t)[0] * 1e6 for t in T], label="heat out of the cold bath")
        axes.axvline(virtual, color="grey", linestyle=":", label="condition of the paper")
        axes.axhline(0.0, color="black", linewidth=0.5)
        axes.set(
            xlabel="temperature of the cold bath ($E_0/k_B$)",
            ylabel="cooling power ($10^{-6}\\,E_0^2/\\hbar$)",
        )

    return Findings(
        draw,
        Comparison(
            "coldest bath that is still cooled",
            float(stop),
            within(virtual, 1e-3 * virtual),
            "E_c/T_c = E_r/T_r - E_h/T_h",
        ),
        Comparison(
            "heat from the cold bath over that from the hot one",
            float(cold / hot),
            within(_E[0] / _E[1], 1e-3),
            "E_c/E_h: one quantum for one quantum",
        ),
    )


def _three_levels(signal: float) -> oqs.DaviesModel:
    """Return ground, signal and pump level between hot (pump), cold (idler) and signal baths."""
    maser = oqs.lambda_maser([0.0, signal, 1.0])
    driven = {"hot": maser.hot, "cold": maser.cold, "signal": maser.load}
    contacts = [oqs.BosonicContact(oqs.flat(0.01), S, name=name) for name, S in driven.items()]
    return oqs.davies(maser.system, contacts)


@paper(
    "H. E. D. Scovil, E. O. Schulz-DuBois",
    "Phys. Rev. Lett. 2, 262 (1959), doi:10.1103/PhysRevLett.2.262",
    parameters="Pump 1, T = 2 and 0.5, rates 0.01 are ours; the field is a bath at T = 10^4.",
    read="The text was not at hand; nu_s/nu_p and its bound are what the paper is quoted for.",
)
def scovil_dubois_1959() -> Findings:
    """Three-level masers as heat engines."""
    hot, cold, field, signal = 2.0, 0.5, 1e4, 0.6

    def energies(w: float) -> FloatArray:
        return oqs.flow_law(_three_levels(w))([hot, cold, field], [0.0] * 3).energy

    def gain(w: float) -> float:
        # energy into a signal field of very high temperature: emission less absorption
        return -float(energies(w)[2])

    threshold = scipy.optimize.brentq(gain, 0.3, 0.97, xtol=1e-10)

    def draw(axes: Axes) -> None:
        w = np.linspace(0.1, 0.95, 40)
        axes.plot(w, [gain(x) * 1e4 for x in w], label="power into the field")
        axes.axvline(1 - cold / hot, color="grey", linestyle=":", label="Carnot's efficiency")
        axes.axhline(0.0, color="black", linewidth=0.5)
        axes.set(xlabel="efficiency $\\nu_s/\\nu_p$", ylabel="power ($10^{-4}\\,E_0^2/\\hbar$)")

    return Findings(
        draw,
        Comparison(
            "energy into the signal over heat from the hot bath",
            float(-energies(signal)[2] / energies(signal)[0]),
            within(signal, 1e-12),
            "nu_s/nu_p: one quantum for one quantum",
        ),
        Comparison(
            "nu_s/nu_p above which there is no gain",
            float(threshold),
            within(1 - cold / hot, 1e-4),
            "1 - T_c/T_h: the maser's efficiency is at most Carnot's",
        ),
    )


@paper(
    "D. Segal, A. Nitzan",
    "Phys. Rev. Lett. 94, 034301 (2005), doi:10.1103/PhysRevLett.94.034301",
    parameters="A qubit of energy 1, rates 0.03 and 0.01: ours.",
    read="The text was not at hand; the formula is that of a qubit between two weak baths.",
)
def segal_nitzan_2005() -> Findings:
    """Spin-boson thermal rectifier."""
    w, left, right = 1.0, 0.03, 0.01
    contacts = [oqs.BosonicContact(oqs.flat(g), qutip.sigmax()) for g in (left, right)]
    law = oqs.flow_law(oqs.davies(oqs.OperatorSystem(0.5 * w * qutip.sigmaz()), contacts))

    def computed(T_l: float, T_r: float) -> float:
        return float(law([T_l, T_r], [0.0, 0.0]).energy[0])

    def printed(T_l: float, T_r: float) -> float:
        n_l, n_r = (1 / np.expm1(w / T) for T in (T_l, T_r))
        width = left * (1 + 2 * n_l) + right * (1 + 2 * n_r)
        return float(w * left * right * (n_l - n_r) / width)

    ends = [(2.0, 0.5), (0.5, 2.0), (1.0, 0.9), (5.0, 0.1)]
    worst = largest(*(abs(computed(*T) / printed(*T) - 1) for T in ends))
    ratio = -computed(2.0, 0.5) / computed(0.5, 2.0)
    exact = -printed(2.0, 0.5) / printed(0.5, 2.0)

    def draw(axes: Axes) -> None:
        d = np.linspace(-0.9, 0.9, 61)
        axes.plot(d, [printed(1 + x, 1 - x) * 1e3 for x in d], label="the paper's formula")
        axes.plot(d[::6], [computed(1 + x, 1 - x) * 1e3 for x in d[::6]], "o", label="computed")
        axes.set(
            xlabel="$(T_L - T_R)/2$ ($E_0/k_B$)", ylabel="heat flow ($10^{-3}\\,E_0^2/\\hbar$)"
        )

    return Findings(
        draw,
        Comparison(
            "heat flow, largest relative deviation at four pairs of T",
            worst,
            at_most(1e-12),
            "w g_L g_R (n_L - n_R)/(g_L (1 + 2 n_L) + g_R (1 + 2 n_R))",
        ),
        Comparison("flow forth over flow back", ratio, within(exact, 1e-12), "the same formula"),
    )
