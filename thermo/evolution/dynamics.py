"""The right-hand side of Eqs. (4), (5), its scale and its Jacobian, for one state or many."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray
from oqs.flows import Flows
from thermo.evolution.slopes import Slopes, difference_slopes, gas_slopes, known_slopes
from thermo.reservoirs.flow_checks import check_exchange, check_finite, check_gases, checked_flows
from thermo.reservoirs.rates import heat_reservoir_rate, rates_of_reservoir
from thermo.reservoirs.reservoir import Reservoirs
from thermo.reservoirs.state import State

_EPS = float(np.finfo(np.float64).eps)
_SHIFT = 1e-3  # of sqrt(rtol), for difference quotients of a law that is no better than rtol

Law = Callable[[ArrayLike, ArrayLike], Flows]


@final
class Evaluation(NamedTuple):
    """The right-hand side at B states, with the parts that its Jacobian needs again."""

    rates: FloatArray  # (B, 2n) dy/dt
    particle: FloatArray  # (B, n) flows
    heat: FloatArray  # (B, n) flows
    gas: FloatArray  # (B, n, 2, 2) Jacobians of the gases per unit capacity

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
            # a y shifted for a difference quotient is not 0 there
            mu[..., ~self.reservoirs.has_potential] = 0.0
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
        """Return dy/dt (B, 2n) and its Jacobians (B, 2n, 2n) at y (B, 2n), all finite."""
        here = self.evaluate(y)
        jacobians = self.jacobian(y, here)
        if not (np.isfinite(here.rates).all() and np.isfinite(jacobians).all()):
            T, mu = self.unpack(y)
            check_finite(self._asked(T, mu), T, mu)
            raise no_rates(T, mu)
        return here.rates, jacobians

    @property
    def differentiable(self) -> bool:
        """Whether the law knows its derivatives: has a `jacobian`."""
        return hasattr(self.law, "jacobian")

    def jacobian(self, y: FloatArray, here: Evaluation, *, sharp: bool = False) -> FloatArray:
        """Return d(dy/dt)/dy (B, 2n, 2n) at y (B, 2n), where the right-hand side is `here`.

        The flows are differentiated by the law's own `jacobian`, or if it has none by differences:
        to 1e-8 of the rates, which slows Newton's iteration but does not enter what it converges
        to, or with `sharp` to 1e-11. Errors are multiplied by a step over the fastest time scale.
        """
        T, mu = self.unpack(y)
        if self.differentiable:
            particle, heat = known_slopes(self.law, T, mu, self.batched)
        else:
            steps = None if sharp else self._nudge * scale(T, mu)
            flows = here.particle, here.heat
            particle, heat = difference_slopes(
                lambda states: self._asked(*self.unpack(states)), y, flows, steps, T
            )
        return reservoir_jacobian(
            self.reservoirs, T, mu, here.gas, here.particle, here.heat, (particle, heat)
        )

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
            raise no_rates(T, mu)
        return rate

    def _asked(self, T: FloatArray, mu: FloatArray) -> Flows:
        if T.ndim == 1 or self.batched:
            self.evaluations += T.size // self._size
            flows = checked_flows(self.law(T, mu), T.shape)
            if not self.reservoirs.all_have_potential:
                check_exchange(flows, self.reservoirs)
            return flows
        return Flows.stacked([self._asked(*state) for state in zip(T, mu, strict=True)])


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
        warming, rising = rates_of_reservoir(gas, T, mu, particle, heat)
        if not reservoirs.all_have_potential:
            own = reservoirs.has_potential
            warming = np.where(own, warming, heat_reservoir_rate(gas[..., 1, 0], heat))
            rising = np.where(own, rising, 0.0)
        sizes = reservoirs.per_capacity
        return np.concatenate([warming / T * sizes, rising * sizes], axis=-1)


def reservoir_jacobian(
    reservoirs: Reservoirs,
    T: FloatArray,
    mu: FloatArray,
    gas: FloatArray,
    particle: FloatArray,
    heat: FloatArray,
    slopes: Slopes,
) -> FloatArray:
    """Return the Jacobian (B, 2n, 2n) of Eq. (5) in (ln T_1.., mu_1..), at T, mu (B, n).

    Parameters
    ----------
    gas : (B, n, 2, 2) `reservoirs.unit_jacobian` at T, mu.
    particle, heat : (B, n) P_j and Y_j there.
    slopes : dP, dY (2n, B, n) with each of ln T_1.., mu_1...
    """

    def own_change(hot: FloatArray, up: FloatArray) -> FloatArray:
        if not reservoirs.all_have_potential:
            up = np.where(reservoirs.has_potential, up, 0.0)
        own = reservoirs.unit_jacobian(hot, up)
        return reservoir_change(reservoirs, own, hot, up, particle, heat)

    # dy/dt is linear in the flows, whose slopes keep the totals of N and E as they do
    through_flows = reservoir_change(reservoirs, gas, T, mu, *slopes)
    count, n = T.shape
    jacobian = through_flows.transpose(1, 2, 0).reshape(count, 2, n, 2, n)
    own = np.einsum("brjcj->cbrj", jacobian)  # a view: of rates by their own T and mu
    own += gas_slopes(own_change, T, mu)
    return jacobian.reshape(count, 2 * n, 2 * n)


def no_rates(T: FloatArray, mu: FloatArray) -> ValueError:
    """Return the error where Eq. (5) gives no finite rates at T, mu."""
    return ValueError(
        f"The reservoirs' Jacobians are singular or not finite at T = {T.tolist()}, "
        f"mu = {mu.tolist()}: dT/dt and dmu/dt do not exist there. Start from other T and mu, "
        "or stop before with `t_final`."
    )


def scale(T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return what counts as a change of 100 % in (ln T.., mu..), (..., 2n)."""
    return np.concatenate([np.ones_like(T), np.maximum(np.abs(mu), T)], axis=-1)
