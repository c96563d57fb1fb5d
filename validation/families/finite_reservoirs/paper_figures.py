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
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
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


@claim(
    "Eqs. (4), (10)",
    "the density matrix drives the reservoirs as Eq. (10) does",
    1e-8,
    name="Figures 1-5, two drivers",
)
def two_drivers() -> Iterator[tuple[str, float]]:
    """Along all five trajectories, with both gases, T and mu agree."""
    for case, gas in itertools.product(CASES, GASES):
        first, second = (path(case, gas, driver) for driver in DRIVERS)
        times = _sampled(first)
        times = times[times <= second.t[-1]]
        a, b = first.at(times), second.at(times)
        off = largest(deviation(a.T, b.T, b.T), deviation(a.mu, b.mu, np.abs(b.mu)))
        yield f"{case.name}, {gas} gas", off


# tolerance: the runs stop within 1e-6 of the equilibrium
@claim(
    "Eq. (6)", "captions of Figs. 1-5: the dash-dotted lines", 2e-6, name="Figures 1-5, equilibrium"
)
def ends_in_equilibrium() -> Iterator[tuple[str, float]]:
    """Every trajectory ends in the one equilibrium that the conserved totals determine."""
    for case, gas, driver in itertools.product(CASES, GASES, DRIVERS):
        run = path(case, gas, driver)
        goal = thermo.equilibrium(case.reservoirs(_filling(case, gas)), case.T, case.mu)
        off = largest(*np.abs(run.T[-1] / goal.T - 1), *np.abs(run.mu[-1] / goal.mu - 1))
        yield f"{case.name}, {gas} gas, {driver}", off


@claim("Eq. (6)", "N and E of all reservoirs together stay", 1e-9, name="Figures 1-5, conservation")
def conservation() -> Iterator[tuple[str, float]]:
    """Total particle number and energy are kept along every trajectory."""
    for case, gas, driver in itertools.product(CASES, GASES, DRIVERS):
        drift = path(case, gas, driver).conservation
        yield f"{case.name}, {gas} gas, {driver}", largest(*drift)


# tolerance: of the total: the drift of the totals, 1e-13, times mu/T
@claim(
    "Eq. (3)", "the reservoirs' total entropy never decreases", 1e-12, name="Figures 1-5, entropy"
)
def entropy_grows() -> Iterator[tuple[str, float]]:
    """Cooling of the coldest reservoir included, entropy grows all the way."""
    for case, gas, driver in itertools.product(CASES, GASES, DRIVERS):
        total = path(case, gas, driver).entropy.sum(axis=1)
        yield f"{case.name}, {gas} gas, {driver}", float(np.max(-np.diff(total)) / total[-1])


@claim(
    "Eqs. (2), (9)",
    "thermo.audit: the worst along each trajectory",
    LARGEST_SOUND,
    name="Figures 1-5, weak coupling",
)
def weakly_coupled() -> Measurement:
    """Secular and Born-Markov all along; A_j V_j = 1 sets tau_S over the reservoirs' time."""
    audits = [path(case, "Sommerfeld", "density matrix").audit for case in CASES]
    ratios = ", ".join(f"{audit['time scales'].ratio:.2f}" for audit in audits)
    return Measurement(
        largest(*(audit[name].ratio for audit in audits for name in ("secular", "Born-Markov"))),
        detail=f"tau_S / tau_eq {ratios}",
    )


@claim(
    "Fig. 1",
    "text: the coldest reservoir cools to about 0.6 of its initial temperature",
    within(0.6, 0.02),
    name="Figure 1, transient cooling",
)
def figure_1_cooling() -> Measurement:
    """The coldest reservoir cools without refrigeration."""
    depths = {gas: _lowest(path(FIGURE_1, gas), 0) / float(FIGURE_1.T[0]) for gas in GASES}
    worse = max(depths, key=lambda gas: abs(depths[gas] - 0.6))
    return Measurement(
        depths[worse], detail=", ".join(f"{gas} gas {depth:.4f}" for gas, depth in depths.items())
    )


def _lowest(run: Trajectory, reservoir: int) -> float:
    """Return the lowest temperature of a reservoir, its minima between steps included."""
    minima = [e.value for e in run.extrema if (e.kind, e.reservoirs) == ("T minimum", (reservoir,))]
    return float(min([*run.T[:, reservoir], *minima]))


@claim(
    "Fig. 1",
    "text: then it ends above all initial temperatures",
    at_least(1.0),
    name="Figure 1, end",
)
def figure_1_end() -> Measurement:
    """The reservoir that cooled becomes hotter than any reservoir was at the start."""
    ends = [float(path(FIGURE_1, gas).T[-1, 0]) / float(FIGURE_1.T.max()) for gas in GASES]
    return Measurement(min(ends), detail=f"equilibrium at {min(ends):.3f}-{max(ends):.3f}")


@claim(
    "Fig. 2",
    "text: the order of the temperatures flips",
    at_least(0.01),
    name="Figure 2, temperature flip",
)
def figure_2_flip() -> Measurement:
    """T_1 < T_2 at the start and T_1 > T_2 after one crossing."""
    heights = []
    for gas in GASES:
        run = path(FIGURE_2, gas)
        crossings = [e for e in run.crossings if e.kind == "T crossing"]
        state = run.at(_sampled(run))
        heights.append(float(np.max(state.T[:, 0] - state.T[:, 1])) * (len(crossings) == 1))
    times = [f"{e.time:.4g}" for e in path(FIGURE_2, "exact").crossings]
    return Measurement(min(heights), detail=f"crossing at t = {', '.join(times)}, exact gas")


@claim(
    "Fig. 2",
    "text: omega-bar runs through a singularity and is negative for a while",
    at_most(0.0),
    name="Figure 2, omega-bar",
)
def figure_2_omega_bar() -> Measurement:
    """omega-bar diverges where the temperatures cross, and comes back from minus infinity."""
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


@claim(
    "Fig. 3",
    "caption: T_2 = 1.07 flips the chemical potentials",
    at_least(0.0),
    name="Figure 3, printed T_2",
)
def figure_3_printed() -> Measurement:
    """With equal capacities the printed T_2 = 1.07 does not flip them; the temperatures flip."""
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


@claim(
    "Fig. 3",
    "text: a hotter reservoir 2 flips the chemical potentials",
    2 * _SHARPNESS,
    name="Figure 3, smallest T_2",
)
def figure_3_smallest() -> Measurement:
    """From a T_2 little above the printed one the chemical potentials flip, instead of T."""
    exact, direct = (smallest_flipping_T_2("Sommerfeld", driver) for driver in DRIVERS)
    other = smallest_flipping_T_2("exact", "Eq. (10)")
    return Measurement(direct, exact, detail=f"T_2 = {direct:.4f}; exact gas {other:.4f}")


def _extrema(case: Case) -> Measurement:
    """Return the number of local extrema of all T_j; 0 if the gases disagree."""
    one, other = (sum(e.kind.startswith("T ") for e in path(case, gas).extrema) for gas in GASES)
    return Measurement(one * (one == other), detail="the same with both gases")


@claim(
    "Fig. 4",
    "caption: several local extrema of the temperatures of four reservoirs",
    at_least(3),
    name="Figure 4, local extrema",
)
def figure_4_extrema() -> Measurement:
    """Temperatures turn several times before the equilibrium of Eq. (6)."""
    return _extrema(FIGURE_4)


@claim(
    "Fig. 5",
    "caption: several local extrema of the temperatures of five reservoirs",
    at_least(3),
    name="Figure 5, local extrema",
)
def figure_5_extrema() -> Measurement:
    """Temperatures turn several times before the equilibrium of Eq. (6)."""
    return _extrema(FIGURE_5)
