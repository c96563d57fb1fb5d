"""Reservoirs of finite size: the seed paper, its companion of bosons, and one that fluctuates."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
from matplotlib.axes import Axes

import oqs
import thermo
from validation.families.finite_reservoirs import paper_figures
from validation.framework.bounds import at_least, at_most, within
from validation.framework.deviation import largest
from validation.papers.paper import Comparison, Findings, paper
from validation.systems.cases import FIGURE_1, FIGURE_2

_PRINT = 0.005  # of T_2 = 1.07


def _draw_cooling(path: thermo.Trajectory, axes: Axes) -> None:
    t = np.geomspace(path.t[-1] * 1e-6, path.t[-1], 300)
    state = path.at(t)
    for j, name in enumerate(("cold", "hot")):
        axes.plot(t, state.T[:, j] / FIGURE_1.T[0], label=name)
    axes.axhline(0.6, color="grey", linestyle=":", label="0.6 of the text")
    axes.set(xscale="log", xlabel="time ($\\hbar/E_0$)", ylabel="$T_j/T_1(0)$, Fig. 1")


@paper(
    "I. V. Vovchenko, A. A. Zyablovsky, A. A. Pukhov, E. S. Andrianov",
    "arXiv:2412.15355 (2024)",
    parameters=(
        "Captions of Figs. 1 to 3; A V = 1 for all reservoirs is ours, for the paper prints none."
    ),
    read="The whole text. All claims about all five figures: python -m validation.",
)
def vovchenko_2024() -> Findings:
    """Second-law-allowed temporal cooling of the coldest reservoir without external
    refrigeration.
    """
    first, second = paper_figures.path(FIGURE_1, "exact"), paper_figures.path(FIGURE_2, "exact")
    cold = min(e.value for e in first.extrema if e.kind == "T minimum" and e.reservoirs == (0,))
    poles = [event for event in second.window_events if event.kind == "omega-bar diverges"]
    return Findings(
        functools.partial(_draw_cooling, first),
        Comparison(
            "Fig. 1, lowest T_1/T_1(0)",
            float(cold) / float(FIGURE_1.T[0]),
            within(0.6, 0.02),
            "text: about 0.6",
        ),
        Comparison(
            "Fig. 1, common T at the end over the hottest at the start",
            float(first.T[-1].mean() / FIGURE_1.T.max()),
            at_least(1.0),
            "text: above all initial temperatures",
        ),
        Comparison(
            "Fig. 2, changes of the order of temperatures",
            float(sum(event.kind == "T crossing" for event in second.crossings)),
            within(1.0, 0.0),
            "caption: the order flips",
        ),
        Comparison(
            "Fig. 2, divergences of omega-bar",
            float(len(poles)),
            within(1.0, 0.0),
            "text: it runs through a singularity",
        ),
        Comparison(
            "Fig. 3, T_2 from which chemical potentials flip",
            paper_figures.smallest_flipping_T_2("exact", "Eq. (10)"),
            within(1.07, _PRINT),
            "caption: T_2 = 1.07 flips them",
            "the paper prints no capacities A V; with equal ones the flip needs a hotter "
            "reservoir 2",
        ),
    )


def _three_baths(capacities: tuple[float, ...]) -> thermo.Trajectory:
    """Return the evolution of three photon gases joined by an oscillator of frequency 1."""
    contacts = [
        oqs.BosonicContact(oqs.flat(rate), [1.0], name=bath)
        for rate, bath in ((1e-2, "cold"), (2e-4, "middle"), (1e-2, "hot"))
    ]
    photons = [thermo.Reservoir(thermo.BoseGas(3), c) for c in capacities]
    law = oqs.closed_form(oqs.QuadraticBosons([[1.0]]), contacts)
    return thermo.evolve(law, photons, [0.4, 0.6, 1.0], [0.0] * 3, progress=False)


def _lead(path: thermo.Trajectory, sign: float) -> float:
    """Return by how much at most the middle bath is beyond both others, sign 1 if hotter."""
    T = sign * path.at(np.geomspace(1.0, path.t[-1], 4000)).T
    return float(np.max((T[:, 1] - T[:, [0, 2]].max(axis=1)) / np.abs(T[:, 1])))


@paper(
    "I. V. Vovchenko, A. A. Zyablovsky, A. A. Pukhov, E. S. Andrianov",
    "arXiv:2312.12212 (2023)",
    parameters="Ours: an oscillator of frequency 1, photon gases at T = 0.4, 0.6, 1, rates 0.01, "
    "0.0002, 0.01, capacities (0.3, 1, 1) and (1, 1, 0.1).",
    read="Abstract read; the parameters of its figures were not at hand.",
)
def vovchenko_2023() -> Findings:
    """Transient Temperature Dynamics of Reservoirs Connected Through an Open Quantum System."""
    coldest, hottest = _three_baths((0.3, 1.0, 1.0)), _three_baths((1.0, 1.0, 0.1))
    runs = (coldest, hottest)
    turns = sum(len(path.extrema) for path in runs)
    ends = largest(*(float(np.ptp(path.T[-1])) for path in runs))

    def draw(axes: Axes) -> None:
        t = np.geomspace(1.0, coldest.t[-1], 300)
        for j, bath in enumerate(("cold", "middle", "hot")):
            axes.plot(t, coldest.at(t).T[:, j], label=bath)
        axes.set(xscale="log", xlabel="time ($\\hbar/E_0$)", ylabel="temperature ($E_0/k_B$)")

    return Findings(
        draw,
        Comparison(
            "the middle bath is the coldest for a while, by (relative)",
            _lead(coldest, -1.0),
            at_least(1e-4),
            "abstract: the intermediate one becomes the coldest",
        ),
        Comparison(
            "the middle bath is the hottest for a while, by (relative)",
            _lead(hottest, 1.0),
            at_least(1e-4),
            "abstract: the intermediate one becomes the hottest",
        ),
        Comparison(
            "turning points of T_j(t)",
            float(turns),
            at_least(1.0),
            "abstract: non-monotonic behaviour",
        ),
        Comparison(
            "spread of T at the end",
            ends,
            at_most(1e-5),
            "relaxation to thermodynamic equilibrium",
        ),
    )


def _one_dot(capacity: float, **occupations: Any) -> thermo.MasterEquation:
    """Return the master equation of a level at 1.5 and a reservoir at T = 0.5, mu = 1."""
    model = oqs.davies(oqs.QuadraticSystem.from_energies([1.5]), [oqs.Contact(oqs.flat(0.01))])
    box = [thermo.Reservoir(thermo.FermiDiracGas(1.0), capacity)]
    return thermo.master_equation(model, box, [0.5], [1.0], **occupations)


@paper(
    "S. V. Moreira, P. Samuelsson, P. P. Potts",
    "Phys. Rev. Lett. 131, 220405 (2023), arXiv:2307.06679",
    parameters=(
        "Ours: one level at 1.5, rate 0.01, one two-dimensional electron gas at T = 0.5, mu = 1."
    ),
    read="Abstract read; figures, parameters and the Szilard engine (a driven level) were not at "
    "hand, and driving is not followed here.",
)
def moreira_2023() -> Findings:
    """Stochastic thermodynamics of a quantum dot coupled to a finite-size reservoir."""
    T, sizes_and_times = 0.5, itertools.product((5.0, 10.0, 20.0), (30.0, 300.0, 3e3))
    theorem = largest(*(abs(_one_dot(c).fluctuation_theorem(t) - 1) for c, t in sizes_and_times))
    capacities = np.array([20.0, 40.0, 80.0, 160.0, 320.0])
    spread = np.array([_one_dot(float(c)).at(3e3).T_std[0] for c in capacities])
    exponent = float(np.polyfit(np.log(capacities), np.log(spread), 1)[0])
    fermi = _one_dot(5.0, occupations="fermi").fluctuation_theorem(3e3)

    def draw(axes: Axes) -> None:
        axes.loglog(capacities, spread / T, "o", label="one dot, one reservoir")
        inverse = spread[-1] / T * capacities[-1] / capacities
        axes.loglog(capacities, inverse, label="$\\propto 1/(A\\,V)$")
        axes.set_xticks(capacities, [f"{c:g}" for c in capacities])
        axes.set_xticks([], minor=True)
        axes.set(xlabel="capacity $A\\,V$ ($1/E_0$)", ylabel="standard deviation of $T$ over $T$")

    return Findings(
        draw,
        Comparison(
            "fluctuation theorem, |<e^{-Delta S}> - 1| at three sizes and times",
            theorem,
            at_most(1e-10),
            "abstract: a fluctuation theorem identifies the entropy production",
        ),
        Comparison(
            "the same with Fermi occupations at the momentary T, A V = 5",
            abs(fermi - 1),
            at_least(1e-4),
            "entropies of both states are needed: the next order in the size",
        ),
        Comparison(
            "exponent of T's deviation with the capacity",
            exponent,
            within(-1.0, 0.05),
            "one electron exchanged moves T by 1/C",
        ),
    )
