"""Many evolutions at once: Eqs. (4), (5) for a batch of initial states, in whole arrays."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
from collections.abc import Iterable
from typing import Protocol, final, runtime_checkable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from oqs import Flows
from oqs.arguments import FloatArray, positive, positive_number, read_only, real_array
from thermo.rates import reservoir_rates
from thermo.reservoir import Reservoir, Reservoirs
from thermo.rosenbrock import BatchStep, take_steps

_CHUNK = 8192  # trajectories that move on together at most: bounds the memory
_WILD = 200.0  # |ln T| of a trial state that no step should reach
_NUDGE = 1e-7  # relative step of difference quotients
_QUIET = 1e-3  # of the distance from equilibrium, in 100 times the time so far: stalled
OUTCOMES = ("equilibrated", "stalled", "t_final")


@runtime_checkable
class BatchLaw(Protocol):
    """A flow law that takes T, mu of shape (B, n) at once, such as Eq. (10)."""

    def __call__(self, T: FloatArray, mu: FloatArray, /) -> Flows:
        """Return the flows (B, n)."""
        ...


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Ensemble:
    """How M evolutions ended, and the extremes they passed through.

    Parameters
    ----------
    t : (M,) end times. T, mu : (M, n) at the end.
    outcome : (M,) of "equilibrated", "stalled", "t_final".
    lowest_T, highest_T : (M, n) along each evolution, start and end included.
    time_of_lowest_T, time_of_highest_T : (M, n).
    times : (m,) or None. T_at, mu_at : (M, m, n) at those times, where they were asked for; after
        the end of an evolution its last state.
    names : of the reservoirs.
    """

    t: FloatArray
    T: FloatArray
    mu: FloatArray
    outcome: NDArray[np.str_]
    lowest_T: FloatArray
    time_of_lowest_T: FloatArray
    highest_T: FloatArray
    time_of_highest_T: FloatArray
    names: tuple[str, ...]
    times: FloatArray | None = None
    T_at: FloatArray | None = None
    mu_at: FloatArray | None = None

    def to_dataset(self) -> xr.Dataset:
        """Return the same as labelled arrays with dimensions trajectory, reservoir and time."""
        variables: dict[str, object] = {
            "t": ("trajectory", self.t, _label("end time", "1/energy")),
            "outcome": ("trajectory", self.outcome.astype(object), {"long_name": "outcome"}),
        }
        for name, text, unit in (
            ("T", "temperature at the end", "energy"),
            ("mu", "chemical potential at the end", "energy"),
            ("lowest_T", "lowest temperature", "energy"),
            ("time_of_lowest_T", "time of the lowest temperature", "1/energy"),
            ("highest_T", "highest temperature", "energy"),
            ("time_of_highest_T", "time of the highest temperature", "1/energy"),
        ):
            values = getattr(self, name)
            variables[name] = (("trajectory", "reservoir"), values, _label(text, unit))
        coordinates: dict[str, object] = {"reservoir": list(self.names)}
        if self.times is not None:
            coordinates["time"] = ("time", self.times, _label("time", "1/energy"))
            for name in ("T_at", "mu_at"):
                variables[name] = (
                    ("trajectory", "time", "reservoir"),
                    getattr(self, name),
                    _label(name.replace("_at", " at the times"), "energy"),
                )
        return xr.Dataset(variables, coordinates)


def _label(text: str, unit: str) -> dict[str, str]:
    return {"long_name": text, "units": unit}


def evolve_ensemble(
    law: BatchLaw,
    reservoirs: Iterable[Reservoir],
    T: ArrayLike,
    mu: ArrayLike,
    *,
    t_final: float | None = None,
    times: ArrayLike | None = None,
    rtol: float = 3e-7,
    tolerance: float = 1e-6,
    max_steps: int = 5000,
    workers: int | None = None,
) -> Ensemble:
    """Return many evolutions of the same reservoirs from different initial states.

    The equations of `evolve`, integrated by a Rosenbrock method of order 4(3) with a step of its
    own for every trajectory; each step is one pass over whole arrays.

    Parameters
    ----------
    law : takes T, mu of shape (B, n): oqs.closed_form(...), oqs.gaussian_law(...), or any such
        function. For a law of single states (a density matrix) use `evolve` in `thermo.sweep`.
    reservoirs : n of them.
    T, mu : (M, n) at t = 0, or (n,) for all; units of energy.
    t_final : when to stop (hbar = 1); None goes on to equilibrium.
    times : (m,) ascending, at which to report T, mu.
    rtol : tolerance of a step. At the default T_j(t) agrees with `evolve` to better than 1e-6.
    tolerance : equilibrium is reached when all T_j agree to this fraction, and all mu_j.
    max_steps : the most steps of one trajectory.
    workers : threads; None takes one per core.

    Raises
    ------
    TypeError, ValueError
        before integrating, if an argument is wrong or a gas refuses a start.
    RuntimeError
        if a trajectory needs more than max_steps, or its rates stop being finite; says which.
    """
    group = Reservoirs(reservoirs)
    temperature, potential = _starts(T, mu, len(group))
    group.check(temperature, potential)
    end = np.inf if t_final is None else positive_number("t_final", t_final, "Or None.")
    grid = None if times is None else _grid(times)
    for name, value in (("rtol", rtol), ("tolerance", tolerance)):
        positive_number(name, value, "The defaults are 3e-7 and 1e-6.")
    problem = _Problem(law, group, end, grid, rtol, tolerance, max_steps, t_final is None)
    problem.check(temperature[:2], potential[:2])
    threads = max(1, workers if workers is not None else (os.cpu_count() or 1))
    length = min(_CHUNK, -(-len(temperature) // threads))
    chunks = [slice(i, i + length) for i in range(0, len(temperature), length)]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda c: problem.run(temperature[c], potential[c], c.start), chunks))
    columns = [read_only(np.concatenate(column)) for column in zip(*parts, strict=True)]
    t, ends_T, ends_mu, outcome, low, low_t, high, high_t, T_at, mu_at = columns
    return Ensemble(
        t=t,
        T=ends_T,
        mu=ends_mu,
        outcome=np.array(OUTCOMES)[outcome],
        lowest_T=low,
        time_of_lowest_T=low_t,
        highest_T=high,
        time_of_highest_T=high_t,
        names=group.names,
        times=grid,
        T_at=T_at if grid is not None else None,
        mu_at=mu_at if grid is not None else None,
    )


def _starts(T: ArrayLike, mu: ArrayLike, reservoirs: int) -> tuple[FloatArray, FloatArray]:
    remedy = f"Give shape (M, {reservoirs}), one row per trajectory, or ({reservoirs},) for all."
    temperature, potential = real_array("T", T, remedy), real_array("mu", mu, remedy)
    try:
        shape = np.broadcast_shapes(temperature.shape, potential.shape, (1, reservoirs))
    except ValueError:
        shape = ()
    if len(shape) != 2 or shape[1] != reservoirs:
        raise ValueError(
            f"Arguments `T` and `mu` must broadcast to shape (M, {reservoirs}), but have shapes "
            f"{temperature.shape} and {potential.shape}. {remedy}"
        )
    positive("T", temperature, remedy)
    return np.broadcast_to(temperature, shape).copy(), np.broadcast_to(potential, shape).copy()


def _grid(times: ArrayLike) -> FloatArray:
    remedy = "Give ascending times >= 0, such as np.geomspace(1e3, 1e8, 50)."
    grid = real_array("times", times, remedy)
    if grid.ndim != 1 or grid.size == 0 or grid[0] < 0 or np.any(np.diff(grid) <= 0):
        raise ValueError(f"Argument `times` must ascend from t >= 0, but is {times!r}. {remedy}")
    return grid


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Problem:
    """The equations in y = (ln T_1.., mu_1..), and when a trajectory is over."""

    law: BatchLaw
    group: Reservoirs
    end: float
    times: FloatArray | None
    rtol: float
    tolerance: float
    max_steps: int
    to_equilibrium: bool

    def check(self, T: FloatArray, mu: FloatArray) -> None:
        """Raise unless the law gives finite flows (b, n) for a batch."""
        flows = self.law(T, mu)
        if not isinstance(flows, Flows) or flows.particle.shape != T.shape:
            given = flows.particle.shape if isinstance(flows, Flows) else type(flows).__name__
            raise ValueError(
                f"Argument `law` must return Flows of shape {T.shape} for T of that shape, but "
                f"returned {given}. Give a law of batches, such as oqs.closed_form(...)."
            )
        if not (np.isfinite(flows.particle).all() and np.isfinite(flows.heat).all()):
            raise ValueError(
                f"Argument `law` must return finite flows, but at T = {T.tolist()}, mu = "
                f"{mu.tolist()} it did not. Mend the law there."
            )

    def rates(self, y: FloatArray) -> FloatArray:
        """Return dy/dt (B, 2n)."""
        T, mu = self.unpack(y)
        flows = self.law(T, mu)
        gas = self.group.jacobian(T, mu)
        return _change(gas, T, mu, flows.particle, flows.heat)

    def rates_or_nan(self, y: FloatArray, good: FloatArray) -> FloatArray:
        """Return dy/dt (B, 2n), NaN where a trial state y lies beyond what numbers can hold.

        Those rows are evaluated at `good` instead, which is then thrown away.
        """
        n = len(self.group)
        wild: NDArray[np.bool_] = ~np.isfinite(y).all(axis=1)
        wild |= (np.abs(y[:, :n]) > _WILD).any(axis=1)
        if not wild.any():
            return self.rates(y)
        rates = self.rates(np.where(wild[:, None], good, y))
        rates[wild] = np.nan
        return rates

    def unpack(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return T, mu (B, n)."""
        n = len(self.group)
        return np.exp(y[:, :n]), y[:, n:]

    def scale(self, y: FloatArray) -> FloatArray:
        """Return what counts as a change of 100 % (B, 2n): 1 for ln T, max(|mu|, T) for mu."""
        T, mu = self.unpack(y)
        return np.concatenate([np.ones_like(T), np.maximum(np.abs(mu), T)], axis=1)

    def jacobian(self, y: FloatArray, scale: FloatArray) -> FloatArray:
        """Return d(dy/dt)/dy (B, 2n, 2n).

        A gas depends on its own T and mu only, so two shifts serve all gases; the flows, on which
        dy/dt depends linearly, take 2n.
        """
        batch, size = y.shape
        n = size // 2
        steps = _NUDGE * scale  # (B, 2n)
        shifted = np.repeat(y[None], size + 1, axis=0)
        for m in range(size):
            shifted[m, :, m] += steps[:, m]
        T, mu = self.unpack(shifted.reshape(-1, size))
        flows = self.law(T, mu)
        particle = flows.particle.reshape(size + 1, batch, n)
        heat = flows.heat.reshape(size + 1, batch, n)
        # the flows' part: the gas stays, and its Jacobian broadcasts over the 2n shifts
        T, mu = self.unpack(y)
        gas = self.group.jacobian(T, mu)
        slopes = _change(gas, T, mu, particle[:-1] - particle[-1], heat[:-1] - heat[-1])
        jacobian = np.ascontiguousarray(np.moveaxis(slopes / steps.T[:, :, None], 0, 2))
        # the gas's part: the flows stay
        here = _change(gas, T, mu, particle[-1], heat[-1])
        places = np.arange(n)
        for first, shift in ((0, steps[:, :n]), (n, steps[:, n:])):
            hot, up = (T * np.exp(shift), mu) if first == 0 else (T, mu + shift)
            moved = _change(self.group.jacobian(hot, up), hot, up, particle[-1], heat[-1])
            own = (moved - here).reshape(batch, 2, n) / shift[:, None, :]
            for row in (0, n):
                jacobian[:, row + places, first + places] += own[:, row // n]
        return jacobian

    def run(self, T: FloatArray, mu: FloatArray, offset: int) -> tuple[NDArray[np.generic], ...]:
        """Evolve a chunk (B, n); returns the columns of Ensemble."""
        with np.errstate(all="ignore"):  # a trial step may go anywhere: it is judged by its value
            return _Run(self, T, mu, offset).finish()


def _change(
    gas: FloatArray, T: FloatArray, mu: FloatArray, particle: FloatArray, heat: FloatArray
) -> FloatArray:
    """Return dy/dt (..., 2n) for the reservoirs' Jacobians `gas` (..., n, 2, 2) and given flows."""
    warming, rising = reservoir_rates(gas, T, mu, particle, heat)
    return np.concatenate([warming / T, rising], axis=-1)


@final
class _Run:
    """The state of a chunk on its way; finished trajectories are dropped from the arrays."""

    def __init__(self, problem: _Problem, T: FloatArray, mu: FloatArray, offset: int) -> None:
        batch, n = T.shape
        self.problem = problem
        self.offset = offset
        self.index = np.arange(batch)
        self.y = np.concatenate([np.log(T), mu], axis=1)
        self.slope = problem.rates(self.y)
        self.t = np.zeros(batch)
        fastest = np.max(np.abs(self.slope) / problem.scale(self.y), axis=1)
        self.h = np.minimum(1e-3 / np.where(fastest > 0, fastest, 1e-300), problem.end)
        self.steps = np.zeros(batch, dtype=np.intp)
        self.end_t = np.zeros(batch)
        self.end_y = self.y.copy()
        self.outcome = np.zeros(batch, dtype=np.intp)
        self.low, self.high = np.log(T), np.log(T)
        self.low_t, self.high_t = np.zeros((batch, n)), np.zeros((batch, n))
        count = 0 if problem.times is None else len(problem.times)
        self.reported = np.repeat(self.y[:, None, :], count, axis=1)
        self._drop(np.full(batch, True))

    def finish(self) -> tuple[NDArray[np.generic], ...]:
        """Step until every trajectory is over."""
        while len(self.index):
            self._step()
        n = self.low.shape[1]
        return (
            self.end_t,
            np.exp(self.end_y[:, :n]),
            self.end_y[:, n:],
            self.outcome,
            np.exp(self.low),
            self.low_t,
            np.exp(self.high),
            self.high_t,
            np.exp(self.reported[..., :n]),
            self.reported[..., n:],
        )

    def _step(self) -> None:
        problem = self.problem
        scale = problem.scale(self.y)
        jacobian = problem.jacobian(self.y, scale)
        y = self.y
        step = take_steps(
            lambda trial: problem.rates_or_nan(trial, y), y, self.slope, jacobian, self.h
        )
        error = np.max(np.abs(step.error) / (problem.rtol * scale), axis=1)
        slope = problem.rates_or_nan(step.end, y)
        good = (error <= 1) & np.isfinite(slope).all(axis=1)
        self._record(step, slope, good)
        self.y = np.where(good[:, None], step.end, self.y)
        self.slope = np.where(good[:, None], slope, self.slope)
        self.t = np.where(good, self.t + self.h, self.t)
        self.steps += 1
        factor = np.clip(0.9 * np.maximum(error, 1e-10) ** -0.25, 0.2, 6.0)
        self.h = self.h * np.where(np.isfinite(error), factor, 0.1)
        self.h = np.minimum(self.h, problem.end - self.t)
        self._refuse()
        self._drop(good)

    def _record(self, step: BatchStep, slope: FloatArray, good: NDArray[np.bool_]) -> None:
        """Keep the extremes of T within each accepted step, and the values at the asked times."""
        n = self.low.shape[1]
        start, end = step.start[:, :n], step.end[:, :n]
        rise, d0 = end - start, self.h[:, None] * self.slope[:, :n]
        d1 = self.h[:, None] * slope[:, :n]
        s = _turning(rise, d0, d1)
        turned = start + s * (d0 + s * (3 * rise - 2 * d0 - d1 + s * (d0 + d1 - 2 * rise)))
        for fraction, value in ((s, turned), (np.ones_like(s), end)):
            when = self.t[:, None] + fraction * self.h[:, None]
            for best, time, sign in ((self.low, self.low_t, 1), (self.high, self.high_t, -1)):
                better = good[:, None] & (sign * value < sign * best[self.index])
                rows, columns = np.nonzero(better)
                best[self.index[rows], columns] = value[rows, columns]
                time[self.index[rows], columns] = when[rows, columns]
        if self.problem.times is not None:
            for place, moment in enumerate(self.problem.times):
                inside = good & (self.t < moment) & (moment <= self.t + self.h)
                if np.any(inside):
                    fraction = ((moment - self.t) / self.h)[:, None]
                    self.reported[self.index[inside], place] = step.at(fraction)[inside]

    def _refuse(self) -> None:
        stuck = (self.steps >= self.problem.max_steps) | (self.h <= 1e-14 * self.t)
        stuck &= self.t < self.problem.end
        if np.any(stuck):
            which = int(np.argmax(stuck))
            T, mu = self.problem.unpack(self.y[which : which + 1])
            raise RuntimeError(
                f"Trajectory {self.offset + int(self.index[which])} took {self.steps[which]} steps "
                f"and stands at t = {self.t[which]:.6g}, T = {T[0].tolist()}, mu = "
                f"{mu[0].tolist()}: the rates are not finite beyond, or max_steps is too small."
            )

    def _drop(self, moved: NDArray[np.bool_]) -> None:
        """Give the verdict on trajectories that moved, and take those that are over out."""
        problem = self.problem
        T, mu = problem.unpack(self.y)
        spread = np.max(np.abs(T / T.mean(axis=1, keepdims=True) - 1), axis=1)
        middle = np.maximum(np.abs(mu.mean(axis=1)), T.mean(axis=1))
        away = np.maximum(spread, np.ptp(mu, axis=1) / middle)
        moving = np.max(np.abs(self.slope) / problem.scale(self.y), axis=1)
        equilibrated = problem.to_equilibrium & moved & (away <= problem.tolerance)
        stalled = problem.to_equilibrium & moved & ~equilibrated
        stalled &= moving * 100 * self.t <= _QUIET * away
        stalled &= (self.t > 0) | (moving == 0)
        over = self.t >= problem.end
        for code, which in ((0, equilibrated), (1, stalled), (2, over)):
            self.outcome[self.index[which]] = code
        done = equilibrated | stalled | over
        at = self.index[done]
        self.end_t[at], self.end_y[at] = self.t[done], self.y[done]
        if problem.times is not None:
            for place, moment in enumerate(problem.times):
                later = done & (self.t < moment)
                self.reported[self.index[later], place] = self.y[later]
        keep = ~done
        self.index, self.y, self.slope = self.index[keep], self.y[keep], self.slope[keep]
        self.t, self.h, self.steps = self.t[keep], self.h[keep], self.steps[keep]


def _turning(rise: FloatArray, d0: FloatArray, d1: FloatArray) -> FloatArray:
    """Return where in (0, 1) the cubic with these end slopes turns, or 1 where it does not."""
    a, b = 3 * (d0 + d1 - 2 * rise), 2 * (3 * rise - 2 * d0 - d1)
    root = np.sqrt(np.maximum(b * b - 4 * a * d0, 0.0))
    # the root of a s^2 + b s + d0 that has no cancellation for either sign of b
    s = 2 * d0 / (-b - np.where(b > 0, root, -root))
    other = (-b - np.where(b > 0, root, -root)) / (2 * a)
    s = np.where((s > 0) & (s < 1), s, other)
    return np.where((d0 * d1 < 0) & (s > 0) & (s < 1), s, 1.0)
