"""Figures 1-5: what the text and captions of the paper claim, beside what comes out here.

Every figure is run with the truncated gas of Eq. (11) and with the exact ideal gas, driven by the
density matrix and by Eq. (10).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np

import oqs
import thermo
from oqs.arguments import FloatArray
from oqs.validity.verdict import LARGEST_SOUND
from thermo import Trajectory
from validation.framework.bounds import at_least, at_most, within
from validation.framework.check import Check, Measurement, check
from validation.framework.deviation import deviation, largest, worst_of
from validation.systems.cases import CASES, FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, FIGURE_5, Case

GASES = ("Sommerfeld", "exact")
DRIVERS = ("Eq. (10)", "density matrix")

_SAMPLES = 400
_SHARPNESS = 1e-4  # to which the smallest T_2 of Fig. 3 is found


@functools.cache
def path(case: Case, gas: str, driver: str = "Eq. (10)", T_2: float | None = None) -> Trajectory:
    """Return the evolution of a figure to equilibrium, computed once.

    Parameters
    ----------
    case : one of CASES.
    gas : one of GASES. driver : one of DRIVERS.
    T_2 : replaces the printed initial temperature of reservoir 2.
    """
    exact = driver == "Eq. (10)"
    law: oqs.FlowLaw = case.closed_form() if exact else oqs.flow_law(case.model())
    T = case.T.copy()
    if T_2 is not None:
        T[1] = T_2
    # events double the cost, and of the density matrix's runs only the search for T_2 asks for them
    return thermo.evolve(
        law,
        case.reservoirs(_filling(case, gas)),
        T,
        case.mu,
        events=exact or T_2 is not None,
        progress=False,
    )


def _filling(case: Case, gas: str) -> thermo.EquationOfState:
    if gas == "exact":
        return thermo.FermiDiracGas(case.alpha)
    return thermo.SommerfeldGas(case.alpha)


def _sampled(run: Trajectory) -> FloatArray:
    """Return times (m,) over the whole run, evenly in its logarithm and at its own steps."""
    return np.union1d(np.geomspace(run.t[1], run.t[-1], _SAMPLES)[:-1], run.t)


@check(
    "Figures 1-5, two drivers",
    equation="Eqs. (4), (10)",
    reference="the density matrix drives the reservoirs as Eq. (10) does",
    tolerance=1e-8,
    claim="Along all five trajectories, with both gases, T and mu agree.",
)
@worst_of
def two_drivers() -> Iterator[tuple[str, float]]:
    """Yield the largest relative differences of T and mu at any time."""
    for case, gas in itertools.product(CASES, GASES):
        first, second = (path(case, gas, driver) for driver in DRIVERS)
        times = _sampled(first)
        times = times[times <= second.t[-1]]
        a, b = first.at(times), second.at(times)
        off = largest(deviation(a.T, b.T, b.T), deviation(a.mu, b.mu, np.abs(b.mu)))
        yield f"{case.name}, {gas} gas", off


@check(
    "Figures 1-5, equilibrium",
    equation="Eq. (6)",
    reference="captions of Figs. 1-5: the dash-dotted lines",
    tolerance=2e-6,  # the runs stop within 1e-6 of the equilibrium
    claim="Every trajectory ends in the one equilibrium that the conserved totals determine.",
)
@worst_of
def ends_in_equilibrium() -> Iterator[tuple[str, float]]:
    """Yield the largest distance of each end from T_eq, mu_eq, relative to T_eq and mu_eq."""
    for case, gas, driver in itertools.product(CASES, GASES, DRIVERS):
        run = path(case, gas, driver)
        goal = thermo.equilibrium(case.reservoirs(_filling(case, gas)), case.T, case.mu)
        off = largest(*np.abs(run.T[-1] / goal.T - 1), *np.abs(run.mu[-1] / goal.mu - 1))
        yield f"{case.name}, {gas} gas, {driver}", off


@check(
    "Figures 1-5, conservation",
    equation="Eq. (6)",
    reference="N and E of all reservoirs together stay",
    tolerance=1e-9,
    claim="Total particle number and energy are kept along every trajectory.",
)
@worst_of
def conservation() -> Iterator[tuple[str, float]]:
    """Yield the relative drifts of N and E."""
    for case, gas, driver in itertools.product(CASES, GASES, DRIVERS):
        drift = path(case, gas, driver).conservation
        yield f"{case.name}, {gas} gas, {driver}", largest(*drift)


@check(
    "Figures 1-5, entropy",
    equation="Eq. (3)",
    reference="the reservoirs' total entropy never decreases",
    tolerance=1e-12,  # of the total: the drift of the totals, 1e-13, times mu/T
    claim="Cooling of the coldest reservoir included, entropy grows all the way.",
)
@worst_of
def entropy_grows() -> Iterator[tuple[str, float]]:
    """Yield the largest decrease between two steps over the total entropy, negative if it grows."""
    for case, gas, driver in itertools.product(CASES, GASES, DRIVERS):
        total = path(case, gas, driver).entropy.sum(axis=1)
        yield f"{case.name}, {gas} gas, {driver}", float(np.max(-np.diff(total)) / total[-1])


@check(
    "Figures 1-5, weak coupling",
    equation="Eqs. (2), (9)",
    reference="thermo.audit: the worst along each trajectory",
    tolerance=LARGEST_SOUND,
    claim="Secular and Born-Markov all along; A_j V_j = 1 sets tau_S over the reservoirs' time.",
)
def weakly_coupled() -> Measurement:
    """Return the largest secular or Born-Markov ratio; the detail gives tau_S / tau_eq."""
    audits = [path(case, "Sommerfeld", "density matrix").audit for case in CASES]
    ratios = ", ".join(f"{audit['time scales'].ratio:.2f}" for audit in audits)
    return Measurement(
        largest(*(audit[name].ratio for audit in audits for name in ("secular", "Born-Markov"))),
        detail=f"tau_S / tau_eq {ratios}",
    )


@check(
    "Figure 1, transient cooling",
    equation="Fig. 1",
    reference="text: the coldest reservoir cools to about 0.6 of its initial temperature",
    tolerance=within(0.6, 0.02),
    claim="The coldest reservoir cools without refrigeration.",
)
def figure_1_cooling() -> Measurement:
    """Return the lowest T_1 over its start; both gases are asked, the worse one reported."""
    depths = {gas: _lowest(path(FIGURE_1, gas), 0) / float(FIGURE_1.T[0]) for gas in GASES}
    worse = max(depths, key=lambda gas: abs(depths[gas] - 0.6))
    return Measurement(
        depths[worse], detail=", ".join(f"{gas} gas {depth:.4f}" for gas, depth in depths.items())
    )


def _lowest(run: Trajectory, reservoir: int) -> float:
    """Return the lowest temperature of a reservoir, its minima between steps included."""
    minima = [e.value for e in run.extrema if (e.kind, e.reservoirs) == ("T minimum", (reservoir,))]
    return float(min([*run.T[:, reservoir], *minima]))


@check(
    "Figure 1, end",
    equation="Fig. 1",
    reference="text: then it ends above all initial temperatures",
    tolerance=at_least(1.0),
    claim="The reservoir that cooled becomes hotter than any reservoir was at the start.",
)
def figure_1_end() -> Measurement:
    """Return the final T_1 over the highest initial temperature; the smaller of the two gases."""
    ends = [float(path(FIGURE_1, gas).T[-1, 0]) / float(FIGURE_1.T.max()) for gas in GASES]
    return Measurement(min(ends), detail=f"equilibrium at {min(ends):.3f}-{max(ends):.3f}")


@check(
    "Figure 2, temperature flip",
    equation="Fig. 2",
    reference="text: the order of the temperatures flips",
    tolerance=at_least(0.01),
    claim="T_1 < T_2 at the start and T_1 > T_2 after one crossing.",
)
def figure_2_flip() -> Measurement:
    """Return the largest T_1 - T_2, if it follows exactly one crossing, else 0."""
    heights = []
    for gas in GASES:
        run = path(FIGURE_2, gas)
        crossings = [e for e in run.crossings if e.kind == "T crossing"]
        state = run.at(_sampled(run))
        heights.append(float(np.max(state.T[:, 0] - state.T[:, 1])) * (len(crossings) == 1))
    times = [f"{e.time:.4g}" for e in path(FIGURE_2, "exact").crossings]
    return Measurement(min(heights), detail=f"crossing at t = {', '.join(times)}, exact gas")


@check(
    "Figure 2, omega-bar",
    equation="Fig. 2",
    reference="text: omega-bar runs through a singularity and is negative for a while",
    tolerance=at_most(0.0),
    claim="omega-bar diverges where the temperatures cross, and comes back from minus infinity.",
)
def figure_2_omega_bar() -> Measurement:
    """Return omega-bar at 1.05 times the crossing's time; infinite if nothing diverges there."""
    values, spans = [], []
    for gas in GASES:
        run = path(FIGURE_2, gas)
        crossing = [e.time for e in run.crossings if e.kind == "T crossing"]
        poles = [e.time for e in run.window_events if e.kind == "omega-bar diverges"]
        if len(poles) != 1 or not np.allclose(poles, crossing, rtol=1e-6):
            return Measurement(float("inf"), detail="omega-bar does not diverge at one crossing")
        times = np.geomspace(poles[0] * (1 + 1e-6), run.t[-1] / 10, 4000)
        state = run.at(times)
        omega = thermo.omega_bar(state.T, state.mu)
        values.append(float(np.interp(1.05 * poles[0], times, omega)))
        spans.append(float(times[np.argmax(omega > 0)] / poles[0]))
    return Measurement(
        max(values), detail=f"negative until {max(spans):.2f} times the time of crossing"
    )


@check(
    "Figure 3, printed T_2",
    equation="Fig. 3",
    reference="caption: T_2 = 1.07 flips the chemical potentials",
    tolerance=at_least(0.0),
    claim="With equal capacities the printed T_2 = 1.07 does not flip them; the temperatures flip.",
)
def figure_3_printed() -> Measurement:
    """Return the smallest mu_1 - mu_2 on the way; -1 if anything but T crosses."""
    gaps = []
    for gas in GASES:
        run = path(FIGURE_3, gas)
        if [e.kind for e in run.crossings] != ["T crossing"]:
            return Measurement(-1.0, detail="crossings: " + str([e.kind for e in run.crossings]))
        state = run.at(_sampled(run))
        gaps.append(float(np.min(state.mu[:, 0] - state.mu[:, 1])))
    return Measurement(min(gaps), detail="it stays positive: a difference from the caption")


@functools.cache
def smallest_flipping_T_2(gas: str, driver: str) -> float:
    """Return the smallest initial T_2 of Fig. 3 from which the chemical potentials cross."""

    def flips(T_2: float) -> bool:
        return any(e.kind == "mu crossing" for e in path(FIGURE_3, gas, driver, T_2).crossings)

    low, high = float(FIGURE_3.T[1]), 1.2
    if flips(low) or not flips(high):
        return float("nan")
    while high - low > _SHARPNESS:
        middle = (low + high) / 2
        low, high = (low, middle) if flips(middle) else (middle, high)
    return high


@check(
    "Figure 3, smallest T_2",
    equation="Fig. 3",
    reference="text: a hotter reservoir 2 flips the chemical potentials",
    tolerance=2 * _SHARPNESS,
    claim="From a T_2 little above the printed one the chemical potentials flip, instead of T.",
)
def figure_3_smallest() -> Measurement:
    """Return the smallest T_2 with the density matrix; the reference is that with Eq. (10)."""
    exact, direct = (smallest_flipping_T_2("Sommerfeld", driver) for driver in DRIVERS)
    other = smallest_flipping_T_2("exact", "Eq. (10)")
    return Measurement(direct, exact, detail=f"T_2 = {direct:.4f}; exact gas {other:.4f}")


def _extrema(number: int, case: Case, reservoirs: str) -> Check:
    """Return the check of a figure whose temperatures turn several times."""

    @check(
        f"Figure {number}, local extrema",
        equation=f"Fig. {number}",
        reference=f"caption: several local extrema of the temperatures of {reservoirs} reservoirs",
        tolerance=at_least(3),
        claim="Temperatures turn several times before the equilibrium of Eq. (6).",
    )
    def local_extrema() -> Measurement:
        """Return the number of local extrema of all T_j; 0 if the gases disagree."""
        one, other = (
            sum(e.kind.startswith("T ") for e in path(case, gas).extrema) for gas in GASES
        )
        return Measurement(one * (one == other), detail="the same with both gases")

    return local_extrema


figure_4_extrema = _extrema(4, FIGURE_4, "four")
figure_5_extrema = _extrema(5, FIGURE_5, "five")
