"""Reservoirs of few particles: jumps, their master equation, levels one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import oqs
import thermo
from oqs.arguments import FloatArray
from validation.framework.bounds import at_most, within
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import exponents, largest
from validation.systems.cases import FIGURE_1

_T, _MU = (0.3, 0.6), (1.2, 0.9)
_RATES = (0.01, 0.02)
_FREQUENCY = 1.3
_CAPACITIES = (80.0, 160.0, 320.0)
_TIME = 8.6e4  # t/(A V) near the lowest T_1 of Fig. 1
_SAMPLE, _SEED = 2000, 19
_ERRORS = 4.5  # standard errors: passed by chance by 1 of 100,000 right results


def _model() -> oqs.DaviesModel:
    level = oqs.QuadraticSystem.from_energies([_FREQUENCY])
    return oqs.davies(level, [oqs.Contact(oqs.flat(rate)) for rate in _RATES])


def _boxes(capacity: float) -> list[thermo.Reservoir]:
    return [thermo.Reservoir(thermo.FermiDiracGas(1.0), capacity)] * 2


def _chain(capacity: float) -> thermo.MasterEquation:
    return thermo.master_equation(_model(), _boxes(capacity), _T, _MU)


def run(
    model: oqs.DaviesModel | oqs.PerlindModel,
    boxes: list[thermo.Reservoir],
    start: tuple[ArrayLike, ArrayLike],
    trajectories: int,
    times: list[float],
    seed: int = _SEED,
    **options: Any,
) -> thermo.StochasticEnsemble:
    """Return trajectories from T, mu, at some times, the last the end."""
    return thermo.evolve_stochastic(
        model,
        boxes,
        *start,
        trajectories=trajectories,
        t_final=times[-1],
        seed=seed,
        times=times,
        progress=False,
        **options,
    )


def _jumps(
    capacity: float, trajectories: int = _SAMPLE, **options: Any
) -> thermo.StochasticEnsemble:
    times = [3e2, 3e3]
    return run(_model(), _boxes(capacity), (_T, _MU), trajectories, times, **options)


@claim(
    "Eq. (4), one jump at a time",
    "e^{sum_j S_j}: detailed balance with the entropies themselves",
    at_most(1e-12),
)
def stationary_law_of_small_reservoirs() -> Iterator[float]:
    """Entropic occupations leave e^S stationary, S of all reservoirs."""
    for capacity in (3.0, 20.0, 80.0):
        chain = _chain(capacity)
        law = chain.stationary_distribution
        gross = -chain.W.diagonal() * law
        yield np.max(np.abs(chain.W @ law)) / gross.max()


@claim(
    "Eq. (3), trajectory by trajectory",
    "<e^{-Delta S_tot}> = 1, S_tot = sum_j S_j - ln p",
    at_most(1e-10),
)
def fluctuation_theorem_of_the_master_equation() -> Iterator[float]:
    """The integral fluctuation theorem holds at any time and size, also of rates of T and mu."""
    warming = oqs.temperature_scaled(oqs.flat(0.01), exponent=2.0, T_0=0.3)
    level = oqs.QuadraticSystem.from_energies([_FREQUENCY])
    varying = oqs.davies(level, [oqs.Contact(warming), oqs.Contact(oqs.flat(0.02))])
    for model, A in itertools.product((_model(), varying), (3.0, 20.0, 80.0)):
        chain = thermo.master_equation(model, _boxes(A), _T, _MU)
        yield from (abs(chain.fluctuation_theorem(t) - 1) for t in (30.0, 300.0, 3e4))


@claim(
    "Eq. (3), trajectory by trajectory",
    "<e^{-R}> = 1 of reservoirs prepared at T_j, mu_j",
    at_most(_ERRORS),
)
def fluctuation_theorem_of_the_jumps() -> Measurement:
    """Simulated trajectories obey the theorem within their statistical error."""
    estimate = _jumps(20.0, 5 * _SAMPLE, preparation="canonical").fluctuation_theorem()
    detail = f"{estimate.mean:.4f} +- {estimate.error:.4f}"
    return Measurement(estimate.deviation(1.0), detail=detail)


@claim("Eq. (4), one jump at a time", "the exact chain, all states within reach", at_most(_ERRORS))
def jumps_against_their_master_equation() -> Iterator[tuple[str, float]]:
    """Means of T, mu, N and E of the jumps are those of the master equation."""
    chain, ensemble = _chain(20.0), _jumps(20.0)
    for place, t in enumerate(ensemble.times.tolist()):
        moments = chain.at(t)
        for name in ("T", "mu", "N", "E"):
            error = getattr(moments, f"{name}_std") / math.sqrt(_SAMPLE)
            off = getattr(ensemble, f"{name}_mean")[place] - getattr(moments, f"{name}_mean")
            yield f"{name} at t = {t}", largest(np.abs(off) / error)


@claim("one child seed per trajectory", "continuous times never coincide", at_most(0.0))
def every_trajectory_has_its_own_random_numbers() -> float:
    """No two trajectories of a run are the same."""
    moments = _jumps(20.0).time_of_lowest_T[:, 0]
    moving = moments[moments > 0]
    return float(len(moving) - len(np.unique(moving)))


def _off_mean_field(capacity: float) -> FloatArray:
    """Return |<T_j> - T_j|, |<mu_j> - mu_j| of the mean field (4,), where T_1 has changed most."""
    t = 40 * capacity
    moments = _chain(capacity).at(t)
    level = oqs.QuadraticSystem.from_energies([_FREQUENCY])
    law = oqs.closed_form(level, [oqs.Contact(oqs.flat(rate)) for rate in _RATES])
    path = thermo.evolve(law, _boxes(capacity), _T, _MU, t_final=t, events=False, progress=False)
    return np.abs(np.concatenate([moments.T_mean - path.T[-1], moments.mu_mean - path.mu[-1]]))


@claim("Eqs. (4), (5)", "the mean differs from them by 1/(A V)", within(-1.0, 0.02))
def small_reservoirs_approach_the_mean_field() -> Iterator[float]:
    """Eqs. (4), (5) are the limit of large reservoirs."""
    return exponents(_CAPACITIES, [_off_mean_field(capacity) for capacity in _CAPACITIES])


def mean_field(boxes: list[thermo.Reservoir], t_final: float) -> thermo.Trajectory:
    """Return the slow evolution of Fig. 1 between these reservoirs, by Eq. (10)."""
    law, start = FIGURE_1.closed_form(), (FIGURE_1.T, FIGURE_1.mu)
    return thermo.evolve(law, boxes, *start, t_final=t_final, events=False, progress=False)


def _figure_one(capacity: float, trajectories: int) -> thermo.StochasticEnsemble:
    boxes, start = FIGURE_1.boxes(capacity), (FIGURE_1.T, FIGURE_1.mu)
    return run(FIGURE_1.model(), boxes, start, trajectories, [capacity * _TIME])


@claim("delta T/T ~ C^(-1/2)", "deviations fall as (A V)^(-1/2)", within(-0.5, 0.04))
def fluctuations_of_small_reservoirs() -> Iterator[float]:
    """T and mu fluctuate as the root of the inverse capacity."""
    capacities = (5.0, 20.0, 80.0)
    # the statistical error of an exponent is .008
    ensembles = [_figure_one(capacity, 1000) for capacity in capacities]
    return exponents(capacities, [np.concatenate([e.T_std[0], e.mu_std[0]]) for e in ensembles])


@claim(
    "Fig. 1",
    "the slow evolution at the same t/(A V)",
    at_most(_ERRORS),
    name="Fig. 1 with reservoirs of 600 particles",
)
def figure_one() -> Measurement:
    """At A V = 10 the coldest reservoir cools on average as Fig. 1 says."""
    # in standard errors, 1/(A V) of T_1 allowed for
    capacity = 10.0
    ensemble = _figure_one(capacity, 300)
    path = mean_field(FIGURE_1.boxes(capacity), capacity * _TIME)
    start, mean, spread = FIGURE_1.T[0], ensemble.T_mean[0, 0], ensemble.T_std[0, 0]
    error = math.hypot(spread / math.sqrt(300), 0.02 * start / capacity)
    expected = path.T[-1, 0]
    measured = f"T_1/T_1(0) = {mean / start:.3f} +- {spread / start:.3f}"
    detail = f"{measured}, mean field {expected / start:.3f}"
    return Measurement(float(abs(mean - expected) / error), detail=detail)


@claim(
    "Fig. 1",
    "the exact chain of 4699 states at A V = 1",
    at_most(_ERRORS),
    name="Fig. 1 with reservoirs of 60 particles",
)
def figure_one_tiny() -> Measurement:
    """Where one jump is a large part of a reservoir, jumps and master equation still agree."""
    ensemble = _figure_one(1.0, _SAMPLE)
    model = FIGURE_1.model()
    exact = thermo.master_equation(model, FIGURE_1.boxes(1.0), FIGURE_1.T, FIGURE_1.mu).at(_TIME)
    mean, spread, start = exact.T_mean[0], exact.T_std[0], FIGURE_1.T[0]
    off = abs(ensemble.T_mean[0, 0] - mean) * math.sqrt(_SAMPLE) / spread
    detail = f"T_1/T_1(0) = {mean / start:.4f} +- {spread / start:.4f}"
    return Measurement(float(off), detail=detail)


def explicit(capacity: float, levels: int, **options: Any) -> thermo.ExplicitReservoirs:
    """Return the reservoirs of Fig. 1 level by level, of one capacity."""
    case, boxes = (FIGURE_1.system(), FIGURE_1.contacts()), FIGURE_1.boxes(capacity)
    return thermo.explicit_reservoirs(*case, boxes, levels=levels, **options)


@claim("Eqs. (9), (10)", "Schroedinger's equation with level spacing gamma/5", at_most(0.02))
def first_particles_out_of_explicit_levels() -> float:
    """In a continuum particles move at first as the Davies generator says."""
    w = FIGURE_1.system().energies[:1]
    rate = float(FIGURE_1.contacts()[0].gamma(w)[0])
    capacity = 5 / (rate * float(w[0]) ** (FIGURE_1.alpha - 1))
    times = np.array([4.0, 12.0]) / rate
    path = explicit(capacity, 600).evolve(FIGURE_1.T, FIGURE_1.mu, times)
    flows = FIGURE_1.closed_form()(FIGURE_1.T, FIGURE_1.mu)
    moved = (path.N[0] - path.N[1]) / (times[1] - times[0])
    return largest(np.abs(moved / flows.particle - 1))


@claim("Eqs. (4), (5)", "the slow evolution of Fig. 1", at_most(0.01))
def explicit_levels_that_thermalise() -> float:
    """With thermalisation above the depletion rate, levels follow Eqs. (4), (5)."""
    times = np.array([2e5, 2e6, 8.6e6])
    exact = explicit(100.0, 120, band=(20.7, 21.9))
    path = exact.evolve(FIGURE_1.T, FIGURE_1.mu, times, thermalisation=0.02)
    slow = mean_field(list(exact.group), float(times[-1]))
    return largest(np.abs(path.T / slow.at(times).T - 1))


@claim(
    "Fig. 1",
    "T_1 = T_1(0): the levels at the modes are emptied, and that is all",
    within(1.0, 0.005),
)
def explicit_levels_that_do_not_thermalise() -> float:
    """Without internal thermalisation the cold reservoir of Fig. 1 does not cool."""
    path = explicit(100.0, 400).evolve(FIGURE_1.T, FIGURE_1.mu, [100 * _TIME])
    return float(path.T[-1, 0] / FIGURE_1.T[0])


def _series() -> oqs.PerlindModel:
    dots = oqs.QuadraticSystem([[1.2, 0.03], [0.03, 1.25]])
    ends = ((0.02, [1, 0]), (0.03, [0, 1]))
    return oqs.perlind(dots, [oqs.Contact(oqs.flat(rate), end) for rate, end in ends])


def _waves(capacity: float, trajectories: int, times: list[float]) -> thermo.StochasticEnsemble:
    return run(_series(), _boxes(capacity), (_T, _MU), trajectories, times)


@claim(
    "Eq. (2), one jump at a time",
    "exp(L t) of two dots by PERLind at fixed T, mu",
    at_most(_ERRORS),
)
def wave_functions_against_their_generator() -> Iterator[tuple[str, float]]:
    """Pure states that jump are on average the density matrix of the generator."""
    times, sample = [5.0, 30.0, 100.0], 4000
    states = _waves(math.inf, sample, times).state
    model = _series()
    vectors = model.system.spectrum.vectors
    empty = np.outer(vectors[:, 0], vectors[:, 0].conj())
    for place, t in enumerate(times):
        later = (model.liouvillian(_T, _MU) * t).expm().full() @ empty.ravel(order="F")
        rho = vectors.conj().T @ later.reshape(empty.shape, order="F") @ vectors
        exact = np.diagonal(rho).real
        share = np.bincount(states[:, place], minlength=len(exact)) / sample
        error = np.sqrt(exact * (1 - exact) / sample)
        yield f"t = {t}", largest(np.abs(share - exact) / error)


@claim(
    "sum_j E_j + <H> = const",
    "what the reservoirs have lost lies within the levels of its particle number",
    at_most(1e-9),
)
def total_energy_of_wave_functions() -> Iterator[float]:
    """Jumps between superpositions and the waiting between them keep the total energy."""
    ensemble, spectrum = _waves(20.0, 2, [2e3]), _series().system.spectrum
    yield 0.0
    for i in range(2):
        path = ensemble.trajectory(i)
        number = np.round(path.N[0].sum() - path.N.sum(axis=1)).astype(int)
        energy = path.E[0].sum() - path.E.sum(axis=1)
        levels = [spectrum.energies[spectrum.particles == n] for n in range(3)]
        low, high = (np.array([f(part) for part in levels])[number] for f in (np.min, np.max))
        yield largest(low - energy, energy - high)
