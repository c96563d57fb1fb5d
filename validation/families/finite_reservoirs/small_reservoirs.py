"""Reservoirs of few particles: jumps, their master equation, levels one by one."""

from __future__ import annotations

import math

import numpy as np

import oqs
import thermo
from oqs.arguments import FloatArray
from validation.framework.bounds import at_most, within
from validation.framework.check import Measurement, check
from validation.framework.deviation import largest
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


def _jumps(
    capacity: float, trajectories: int = _SAMPLE, **options: object
) -> thermo.StochasticEnsemble:
    return thermo.evolve_stochastic(
        _model(),
        _boxes(capacity),
        _T,
        _MU,
        trajectories=trajectories,
        t_final=3e3,
        seed=_SEED,
        times=[3e2, 3e3],
        progress=False,
        **options,  # type: ignore[arg-type]
    )


@check(
    "stationary law of small reservoirs",
    equation="Eq. (4), one jump at a time",
    reference="e^{sum_j S_j}: detailed balance with the entropies themselves",
    tolerance=at_most(1e-12),
    claim="Entropic occupations leave e^S stationary, S of all reservoirs.",
)
def stationary_law() -> float:
    """Return the largest |W e^S| of a state over the rate at which it is left, times e^S."""
    deviations = []
    for capacity in (3.0, 20.0, 80.0):
        chain = _chain(capacity)
        law = chain.stationary_distribution
        gross = -chain.W.diagonal() * law
        deviations.append(float(np.max(np.abs(chain.W @ law)) / gross.max()))
    return largest(*deviations)


@check(
    "fluctuation theorem of the master equation",
    equation="Eq. (3), trajectory by trajectory",
    reference="<e^{-Delta S_tot}> = 1, S_tot = sum_j S_j - ln p",
    tolerance=at_most(1e-10),
    claim="The integral fluctuation theorem holds at any time and size, also of rates of T and mu.",
)
def integral_theorem() -> float:
    """Return the largest deviation from 1 over two models, three capacities and three times."""
    warming = oqs.temperature_scaled(oqs.flat(0.01), exponent=2.0, T_0=0.3)
    level = oqs.QuadraticSystem.from_energies([_FREQUENCY])
    varying = oqs.davies(level, [oqs.Contact(warming), oqs.Contact(oqs.flat(0.02))])
    return largest(
        *(
            abs(thermo.master_equation(model, _boxes(A), _T, _MU).fluctuation_theorem(t) - 1)
            for model in (_model(), varying)
            for A in (3.0, 20.0, 80.0)
            for t in (30.0, 300.0, 3e4)
        )
    )


@check(
    "fluctuation theorem of the jumps",
    equation="Eq. (3), trajectory by trajectory",
    reference="<e^{-R}> = 1 of reservoirs prepared at T_j, mu_j",
    tolerance=at_most(_ERRORS),
    claim="Simulated trajectories obey the theorem within their statistical error.",
)
def sampled_theorem() -> Measurement:
    """Return the deviation in standard errors."""
    estimate = _jumps(20.0, 5 * _SAMPLE, preparation="canonical").fluctuation_theorem()
    return Measurement(
        estimate.deviation(1.0), detail=f"{estimate.mean:.4f} +- {estimate.error:.4f}"
    )


@check(
    "jumps against their master equation",
    equation="Eq. (4), one jump at a time",
    reference="the exact chain, all states within reach",
    tolerance=at_most(_ERRORS),
    claim="Means of T, mu, N and E of the jumps are those of the master equation.",
)
def jumps_and_chain() -> float:
    """Return the largest deviation in standard errors, at two times."""
    chain, ensemble = _chain(20.0), _jumps(20.0)
    deviations = []
    for place, t in enumerate(ensemble.times.tolist()):
        moments = chain.at(t)
        for name in ("T", "mu", "N", "E"):
            error = getattr(moments, f"{name}_std") / math.sqrt(_SAMPLE)
            off = getattr(ensemble, f"{name}_mean")[place] - getattr(moments, f"{name}_mean")
            deviations.append(float(np.max(np.abs(off) / error)))
    return largest(*deviations)


@check(
    "every trajectory has its own random numbers",
    equation="one child seed per trajectory",
    reference="continuous times never coincide",
    tolerance=at_most(0.0),
    claim="No two trajectories of a run are the same.",
)
def own_numbers() -> float:
    """Return how many trajectories repeat the moment of another's lowest T."""
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
    off = np.concatenate([moments.T_mean - path.T[-1], moments.mu_mean - path.mu[-1]])
    return np.abs(off)


def _farthest(capacities: tuple[float, ...], values: list[FloatArray], to: float) -> Measurement:
    """Return the exponent with the capacity that is farthest from `to`."""
    exponents = np.polyfit(np.log(capacities), np.log(values), 1)[0]
    worst = exponents[np.argmax(np.abs(exponents - to))]
    return Measurement(
        float(worst), detail=f"exponents from {exponents.min():.4f} to {exponents.max():.4f}"
    )


@check(
    "small reservoirs approach the mean field",
    equation="Eqs. (4), (5)",
    reference="the mean differs from them by 1/(A V)",
    tolerance=within(-1.0, 0.02),
    claim="Eqs. (4), (5) are the limit of large reservoirs.",
)
def mean_field() -> Measurement:
    """Return the exponent of |<T_j> - T_j| and |<mu_j> - mu_j| farthest from -1."""
    return _farthest(_CAPACITIES, [_off_mean_field(capacity) for capacity in _CAPACITIES], -1.0)


def _mean_field(boxes: list[thermo.Reservoir], t_final: float) -> thermo.Trajectory:
    """Return the slow evolution of Fig. 1 between these reservoirs, by Eq. (10)."""
    law, start = FIGURE_1.closed_form(), (FIGURE_1.T, FIGURE_1.mu)
    return thermo.evolve(law, boxes, *start, t_final=t_final, events=False, progress=False)


def _figure_one(capacity: float, trajectories: int) -> thermo.StochasticEnsemble:
    t = capacity * _TIME
    return thermo.evolve_stochastic(
        FIGURE_1.model(),
        FIGURE_1.boxes(capacity),
        FIGURE_1.T,
        FIGURE_1.mu,
        trajectories=trajectories,
        t_final=t,
        seed=_SEED,
        times=[t],
        progress=False,
    )


@check(
    "fluctuations of small reservoirs",
    equation="delta T/T ~ C^(-1/2)",
    reference="deviations fall as (A V)^(-1/2)",
    tolerance=within(-0.5, 0.04),
    claim="T and mu fluctuate as the root of the inverse capacity.",
)
def fluctuations() -> Measurement:
    """Return the exponent of the deviations of T_j and mu_j of Fig. 1 farthest from -1/2.

    Of 1000 trajectories: the statistical error of an exponent is .008.
    """
    capacities = (5.0, 20.0, 80.0)
    ensembles = [_figure_one(capacity, 1000) for capacity in capacities]
    spreads = [np.concatenate([e.T_std[0], e.mu_std[0]]) for e in ensembles]
    return _farthest(capacities, spreads, -0.5)


@check(
    "Fig. 1 with reservoirs of 600 particles",
    equation="Fig. 1",
    reference="the slow evolution at the same t/(A V)",
    tolerance=at_most(_ERRORS),
    claim="At A V = 10 the coldest reservoir cools on average as Fig. 1 says.",
)
def figure_one() -> Measurement:
    """Return the deviation of mean T_1 in standard errors, 1/(A V) of T_1 allowed for."""
    capacity = 10.0
    ensemble = _figure_one(capacity, 300)
    path = _mean_field(FIGURE_1.boxes(capacity), capacity * _TIME)
    start, mean, spread = FIGURE_1.T[0], ensemble.T_mean[0, 0], ensemble.T_std[0, 0]
    error = math.hypot(spread / math.sqrt(300), 0.02 * start / capacity)
    return Measurement(
        float(abs(mean - path.T[-1, 0]) / error),
        detail=f"T_1/T_1(0) = {mean / start:.3f} +- {spread / start:.3f}, mean field "
        f"{path.T[-1, 0] / start:.3f}",
    )


@check(
    "Fig. 1 with reservoirs of 60 particles",
    equation="Fig. 1",
    reference="the exact chain of 4699 states at A V = 1",
    tolerance=at_most(_ERRORS),
    claim="Where one jump is a large part of a reservoir, jumps and master equation still agree.",
)
def figure_one_tiny() -> Measurement:
    """Return the deviation of the mean of T_1 in standard errors."""
    ensemble = _figure_one(1.0, _SAMPLE)
    model = FIGURE_1.model()
    exact = thermo.master_equation(model, FIGURE_1.boxes(1.0), FIGURE_1.T, FIGURE_1.mu).at(_TIME)
    mean, spread, start = exact.T_mean[0], exact.T_std[0], FIGURE_1.T[0]
    off = abs(ensemble.T_mean[0, 0] - mean) * math.sqrt(_SAMPLE) / spread
    return Measurement(
        float(off), detail=f"T_1/T_1(0) = {mean / start:.4f} +- {spread / start:.4f}"
    )


def _explicit(capacity: float, levels: int, **options: object) -> thermo.ExplicitReservoirs:
    return thermo.explicit_reservoirs(
        FIGURE_1.system(),
        FIGURE_1.contacts(),
        FIGURE_1.boxes(capacity),
        levels=levels,
        **options,  # type: ignore[arg-type]
    )


@check(
    "first particles out of explicit levels",
    equation="Eqs. (9), (10)",
    reference="Schroedinger's equation with level spacing gamma/5",
    tolerance=at_most(0.02),
    claim="In a continuum particles move at first as the Davies generator says.",
)
def first_particles() -> float:
    """Return the largest relative deviation of P_j between 4/gamma and 12/gamma, Fig. 1."""
    w = FIGURE_1.system().energies[:1]
    rate = float(FIGURE_1.contacts()[0].gamma(w)[0])
    capacity = 5 / (rate * float(w[0]) ** (FIGURE_1.alpha - 1))
    times = np.array([4.0, 12.0]) / rate
    path = _explicit(capacity, 600).evolve(FIGURE_1.T, FIGURE_1.mu, times)
    flows = FIGURE_1.closed_form()(FIGURE_1.T, FIGURE_1.mu)
    moved = (path.N[0] - path.N[1]) / (times[1] - times[0])
    return float(np.max(np.abs(moved / flows.particle - 1)))


@check(
    "explicit levels that thermalise",
    equation="Eqs. (4), (5)",
    reference="the slow evolution of Fig. 1",
    tolerance=at_most(0.01),
    claim="With thermalisation above the depletion rate, levels follow Eqs. (4), (5).",
)
def thermalised() -> float:
    """Return the largest relative deviation of T_j at three times, A V = 100."""
    times = np.array([2e5, 2e6, 8.6e6])
    exact = _explicit(100.0, 120, band=(20.7, 21.9))
    path = exact.evolve(FIGURE_1.T, FIGURE_1.mu, times, thermalisation=0.02)
    slow = _mean_field(list(exact.group), float(times[-1]))
    return float(np.max(np.abs(path.T / slow.at(times).T - 1)))


@check(
    "explicit levels that do not thermalise",
    equation="Fig. 1",
    reference="T_1 = T_1(0): the levels at the modes are emptied, and that is all",
    tolerance=within(1.0, 0.005),
    claim="Without internal thermalisation the cold reservoir of Fig. 1 does not cool.",
)
def not_thermalised() -> float:
    """Return T_1/T_1(0) at the time of Fig. 1's minimum, A V = 100."""
    path = _explicit(100.0, 400).evolve(FIGURE_1.T, FIGURE_1.mu, [100 * _TIME])
    return float(path.T[-1, 0] / FIGURE_1.T[0])


def _series() -> oqs.PerlindModel:
    dots = oqs.QuadraticSystem([[1.2, 0.03], [0.03, 1.25]])
    ends = ((0.02, [1, 0]), (0.03, [0, 1]))
    return oqs.perlind(dots, [oqs.Contact(oqs.flat(rate), end) for rate, end in ends])


def _waves(capacity: float, trajectories: int, times: list[float]) -> thermo.StochasticEnsemble:
    return thermo.evolve_stochastic(
        _series(),
        _boxes(capacity),
        _T,
        _MU,
        trajectories=trajectories,
        t_final=times[-1],
        seed=_SEED,
        times=times,
        progress=False,
    )


@check(
    "wave functions against their generator",
    equation="Eq. (2), one jump at a time",
    reference="exp(L t) of two dots by PERLind at fixed T, mu",
    tolerance=at_most(_ERRORS),
    claim="Pure states that jump are on average the density matrix of the generator.",
)
def waves_and_generator() -> float:
    """Return the largest deviation of a population in standard errors, at three times."""
    times, sample = [5.0, 30.0, 100.0], 4000
    states = _waves(math.inf, sample, times).state
    model = _series()
    vectors = model.system.spectrum.vectors
    empty = np.outer(vectors[:, 0], vectors[:, 0].conj())
    off = []
    for place, t in enumerate(times):
        later = (model.liouvillian(_T, _MU) * t).expm().full() @ empty.ravel(order="F")
        rho = vectors.conj().T @ later.reshape(empty.shape, order="F") @ vectors
        exact = np.diagonal(rho).real
        share = np.bincount(states[:, place], minlength=len(exact)) / sample
        off.append(float(np.max(np.abs(share - exact) / np.sqrt(exact * (1 - exact) / sample))))
    return largest(*off)


@check(
    "total energy of wave functions",
    equation="sum_j E_j + <H> = const",
    reference="what the reservoirs have lost lies within the levels of its particle number",
    tolerance=at_most(1e-9),
    claim="Jumps between superpositions and the waiting between them keep the total energy.",
)
def energy_of_waves() -> float:
    """Return how far it lies outside at most, over two trajectories jump by jump."""
    ensemble, spectrum = _waves(20.0, 2, [2e3]), _series().system.spectrum
    outside = [0.0]
    for i in range(2):
        path = ensemble.trajectory(i)
        number = np.round(path.N[0].sum() - path.N.sum(axis=1)).astype(int)
        energy = path.E[0].sum() - path.E.sum(axis=1)
        levels = [spectrum.energies[spectrum.particles == n] for n in range(3)]
        low, high = (np.array([f(part) for part in levels])[number] for f in (np.min, np.max))
        outside.append(float(np.max(np.maximum(low - energy, energy - high))))
    return largest(*outside)
