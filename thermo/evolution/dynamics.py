"""The right-hand side of Eqs. (4), (5), its scale and its Jacobian, for one state or many."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray
from oqs.flows import Flows
from thermo.reservoirs.flow_checks import (
    check_exchange,
    check_finite,
    check_gases,
    checked_flows,
)
from thermo.reservoirs.rates import heat_reservoir_rate, reservoir_rates
from thermo.reservoirs.reservoir import Reservoirs
from thermo.reservoirs.state import State

_EPS = float(np.finfo(np.float64).eps)
_WIDE = 3e-4  # the same of order 4
_SHIFT = 1e-3  # of sqrt(rtol), for difference quotients of a law that is no better than rtol

Law = Callable[[ArrayLike, ArrayLike], Flows]


@final
class Evaluation(NamedTuple):
    """The right-hand side at B states, with the parts that its Jacobian needs again.

    Parameters
    ----------
    rates : (B, 2n) dy/dt. particle, heat : (B, n) flows.
    gas : (B, n, 2, 2) Jacobians of the gases per unit capacity.
    """

    rates: FloatArray
    particle: FloatArray
    heat: FloatArray
    gas: FloatArray

    def where(self, rows: NDArray[np.bool_], other: Evaluation) -> Evaluation:
        """Return these rows (B,) of this one, the others of `other`."""
        return Evaluation(
            *(
                np.where(rows.reshape(-1, *[1] * (mine.ndim - 1)), mine, theirs)
                for mine, theirs in zip(self, other, strict=True)
            )
        )

    def kept(self, rows: NDArray[np.bool_]) -> Evaluation:
        """Return these rows only."""
        return Evaluation(*(part[rows] for part in self))


@final
class ReservoirDynamics:
    """dy/dt of y = (ln(T_1/T_1(0)).., mu_1..mu_n) under a flow law, Eq. (5).

    The logarithm, because no trial step of a solver can then make a temperature negative, and an
    absolute tolerance on it is a relative one on T however cold a reservoir gets. T and mu of a
    reservoir of infinite capacity stay: Eq. (5) divides by the capacity. One without chemical
    potential has mu_j = 0 in y, and the law is asked at that.

    Parameters
    ----------
    law : (T, mu) -> Flows, each of shape (n,).
    reservoirs : n of them.
    T : (n,) the temperatures T_j(0).
    rtol : tolerance of the integration: the law need not be better, and is differentiated with
        shifts that suit such a one.
    batched : whether the law takes T, mu of shape (b, n); None asks its attribute `batched`.

    Calling it with y returns dy/dt and raises TypeError or ValueError where the law
    gives anything but n finite flows, or a gas refuses the state. `evaluations` counts the states
    at which the law was asked.
    """

    def __init__(
        self,
        law: Law,
        reservoirs: Reservoirs,
        T: FloatArray,
        rtol: float = 1e-10,
        batched: bool | None = None,
    ) -> None:
        if not callable(law):
            raise TypeError(
                f"Argument `law` must be callable as law(T, mu), but is {law!r}. "
                "Give e.g. oqs.closed_form(system, contacts)."
            )
        self.law = law
        self.reservoirs = reservoirs
        self.rtol = rtol
        self.evaluations = 0
        self.start_T = T
        self.batched = bool(getattr(law, "batched", False)) if batched is None else batched
        self._size = len(reservoirs)
        self._nudge = max(_EPS**0.5, _SHIFT * rtol**0.5)

    def check(self, T: FloatArray, mu: FloatArray) -> None:
        """Raise unless law and gases give n finite, consistent rates at T, mu (..., n)."""
        gas = self.reservoirs.unit_jacobian(T, mu)
        self._rates(T, mu, gas, self._asked(T, mu))
        check_gases(self.reservoirs, gas, T, mu)

    def pack(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return y (..., 2n) of T, mu (..., n)."""
        return np.concatenate([np.log(T / self.start_T), mu], axis=-1)

    def unpack(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return T, mu (..., n) of y (..., 2n), both newly made."""
        mu = y[..., self._size :].copy()
        if not self.reservoirs.all_have_potential:
            mu[..., ~self.reservoirs.has_potential] = 0.0  # a shifted y is not
        return self.start_T * np.exp(y[..., : self._size]), mu

    def at_common(self, state: State) -> FloatArray:
        """Return y (2n,) where all have one T and, as far as they have one, one mu."""
        ones = np.ones(self._size)
        mu = np.where(self.reservoirs.has_potential, state.mu, 0.0)
        return self.pack(state.T * ones, mu)

    def scale(self, y: FloatArray) -> FloatArray:
        """Return what counts as a change of 100 % in y (..., 2n): 1, and max(|mu|, T) for mu."""
        return scale(*self.unpack(y))

    def __call__(self, y: FloatArray) -> FloatArray:
        """Return dy/dt (..., 2n), for one y or for a batch (b, 2n) of them."""
        T, mu = self.unpack(y)
        return self._rates(T, mu, self.reservoirs.unit_jacobian(T, mu), self._asked(T, mu))

    def evaluate(self, y: FloatArray) -> Evaluation:
        """Return dy/dt and its parts at y (B, 2n), NaN and infinity included."""
        T, mu = self.unpack(y)
        flows, gas = self._asked(T, mu), self.reservoirs.unit_jacobian(T, mu)
        rates = reservoir_change(self.reservoirs, gas, T, mu, flows.particle, flows.heat)
        return Evaluation(rates, flows.particle, flows.heat, gas)

    def linearised(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return dy/dt (s, 2n) and its Jacobians (s, 2n, 2n) at s states, by differences.

        Their error, of 1e-8, slows Newton's iteration; it does not enter what it converges to.
        """
        count, size = y.shape
        shifted, steps = self._shifted(y)
        all_T, all_mu = self.unpack(np.concatenate([y[None], shifted]).reshape(-1, size))
        flows = self._asked(all_T, all_mu)
        particle = flows.particle.reshape(1 + size, count, -1)
        heat = flows.heat.reshape(1 + size, count, -1)
        T, mu = all_T[:count], all_mu[:count]
        gas = self.reservoirs.unit_jacobian(T, mu)
        rates = reservoir_change(self.reservoirs, gas, T, mu, particle[0], heat[0])
        here = Evaluation(rates, particle[0], heat[0], gas)
        jacobians = self._jacobian(T, mu, here, steps, particle[1:], heat[1:])
        if not (np.isfinite(rates).all() and np.isfinite(jacobians).all()):
            check_finite(flows, all_T, all_mu)
            self._refuse(T, mu)
        return rates, jacobians

    def jacobian(self, y: FloatArray, here: Evaluation) -> FloatArray:
        """Return d(dy/dt)/dy (B, 2n, 2n) at y, where the right-hand side is `here`."""
        batch, size = y.shape
        shifted, steps = self._shifted(y)
        flows = self._asked(*self.unpack(shifted.reshape(-1, size)))
        particle = flows.particle.reshape(size, batch, -1)
        heat = flows.heat.reshape(size, batch, -1)
        return self._jacobian(*self.unpack(y), here, steps, particle, heat)

    def sharp_jacobian(self, y: FloatArray) -> FloatArray:
        """Return the same at y (B, 2n) by differences of order 4: good to 1e-11, twice as dear.

        Errors of a Jacobian are multiplied by the step over the fastest time scale.
        """
        batch, size = y.shape
        T, _ = self.unpack(y)
        steps = _WIDE * np.concatenate([np.ones_like(T), T], axis=1)  # T: the scale of occupations
        factors = np.array([-2.0, -1.0, 1.0, 2.0])[:, None, None, None]
        shifted = y[:, None, :] + factors * (steps[:, None, :] * np.eye(size))
        rates = self.evaluate(shifted.reshape(-1, size)).rates.reshape(4, batch, size, size)
        slopes = np.tensordot([1 / 12, -2 / 3, 2 / 3, -1 / 12], rates, 1) / steps[:, :, None]
        return slopes.transpose(0, 2, 1)

    def _shifted(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return y with one of its variables shifted (2n, s, 2n), and the shifts (2n, s)."""
        steps = (self._nudge * self.scale(y)).T
        shifted = np.repeat(y[None], y.shape[1], axis=0)
        variable = np.arange(y.shape[1])
        shifted[variable, :, variable] += steps
        return shifted, steps

    def _jacobian(
        self,
        T: FloatArray,
        mu: FloatArray,
        here: Evaluation,
        steps: FloatArray,
        particle: FloatArray,
        heat: FloatArray,
    ) -> FloatArray:
        """Return the Jacobians (s, 2n, 2n), of flows (2n, s, n) at shifted states.

        dy/dt is linear in the flows, whose differences keep the totals of N and E as they do
        themselves; a gas depends on its own T and mu only, so two shifts serve all gases.
        """
        n = self._size
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = reservoir_change(
                self.reservoirs, here.gas, T, mu, particle - here.particle, heat - here.heat
            )
            jacobian = np.ascontiguousarray(np.moveaxis(slopes / steps[:, :, None], 0, 2))
            shifts = np.stack([steps[:n].T, steps[n:].T])  # (2, s, n): ln T, mu
            hot = np.stack([T * np.exp(shifts[0]), T])
            up = np.stack([mu, mu + shifts[1] * self.reservoirs.has_potential])
            gas = self.reservoirs.unit_jacobian(hot, up)
            moved = reservoir_change(self.reservoirs, gas, hot, up, here.particle, here.heat)
            own = (moved - here.rates).reshape(2, -1, 2, n) / shifts[:, :, None, :]
        places = np.arange(n)
        for first in (0, 1):
            for row in (0, 1):
                jacobian[:, row * n + places, first * n + places] += own[first, :, row]
        return jacobian

    def flows(self, T: FloatArray, mu: FloatArray) -> Flows:
        """Return the law's flows, checked, at T, mu of shape (n,) or (b, n).

        A law is asked for one state after the other, unless its `batched` is true.
        """
        flows = self._asked(T, mu)
        check_finite(flows, T, mu)
        return flows

    def _rates(self, T: FloatArray, mu: FloatArray, gas: FloatArray, flows: Flows) -> FloatArray:
        rate = reservoir_change(self.reservoirs, gas, T, mu, flows.particle, flows.heat)
        if not np.logical_and.reduce(np.isfinite(rate), axis=None):
            check_finite(flows, T, mu)
            self._refuse(T, mu)
        return rate

    def _refuse(self, T: FloatArray, mu: FloatArray) -> None:
        raise ValueError(
            f"The reservoirs' Jacobians are singular or not finite at T = {T.tolist()}, "
            f"mu = {mu.tolist()}: dT/dt and dmu/dt do not exist there. Start from other T and mu, "
            "or stop before with `t_final`."
        )

    def _asked(self, T: FloatArray, mu: FloatArray) -> Flows:
        if T.ndim == 1 or self.batched:
            self.evaluations += T.size // self._size
            flows = checked_flows(self.law(T, mu), T.shape)
            if not self.reservoirs.all_have_potential:
                check_exchange(flows, self.reservoirs)
            return flows
        parts = [self._asked(*state) for state in zip(T, mu, strict=True)]
        return Flows(
            np.stack([part.particle for part in parts]),
            np.stack([part.energy for part in parts]),
            np.stack([part.heat for part in parts]),
        )


def reservoir_change(
    reservoirs: Reservoirs,
    gas: FloatArray,
    T: FloatArray,
    mu: FloatArray,
    particle: FloatArray,
    heat: FloatArray,
) -> FloatArray:
    """Return d(ln T_1.., mu_1..)/dt (..., 2n), Eq. (5), of reservoirs that lose P_j and Y_j.

    Parameters
    ----------
    gas : (..., n, 2, 2) `reservoirs.unit_jacobian` at T, mu (..., n).
    particle, heat : (..., n) P_j and Y_j.

    A singular Jacobian gives what is not finite, which the caller refuses.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        warming, rising = reservoir_rates(gas, T, mu, particle, heat)
        if not reservoirs.all_have_potential:
            own = reservoirs.has_potential
            warming = np.where(own, warming, heat_reservoir_rate(gas[..., 1, 0], heat))
            rising = np.where(own, rising, 0.0)
        sizes = reservoirs.per_capacity
        return np.concatenate([warming / T * sizes, rising * sizes], axis=-1)


def scale(T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return what counts as a change of 100 % in (ln T.., mu..), (..., 2n)."""
    return np.concatenate([np.ones_like(T), np.maximum(np.abs(mu), T)], axis=-1)
