"""The right-hand side of Eqs. (4) and (5), in the variables that are integrated."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray
from oqs.flows import Flows
from thermo.rates import reservoir_rates
from thermo.reservoir import Reservoirs

_MAXWELL = 1e-6  # relative; a Jacobian by differences passes, a wrong one does not

_DIFFERENCE = float(np.sqrt(np.finfo(np.float64).eps))

Law = Callable[[ArrayLike, ArrayLike], Flows]


@final
class SlowFlow:
    """dy/dt of y = (ln(T_1/T_1(0)).., mu_1..mu_n) under a flow law, Eq. (5).

    The logarithm, because no trial step of a solver can then make a temperature negative, and an
    absolute tolerance on it is a relative one on T however cold a reservoir gets.

    Parameters
    ----------
    law : (T, mu) -> Flows, each of shape (n,).
    reservoirs : n of them.
    T : (n,) the temperatures T_j(0).

    Calling it with y returns dy/dt and raises TypeError or ValueError where the law
    gives anything but n finite flows, or a gas refuses the state. `evaluations` counts the calls
    of the law.
    """

    def __init__(self, law: Law, reservoirs: Reservoirs, T: FloatArray) -> None:
        if not callable(law):
            raise TypeError(
                f"Argument `law` must be callable as law(T, mu), but is {law!r}. "
                "Give e.g. oqs.closed_form(system, contacts)."
            )
        self.law = law
        self.reservoirs = reservoirs
        self.evaluations = 0
        self._size = len(reservoirs)
        self.start_T = T

    def check(self, T: FloatArray, mu: FloatArray) -> None:
        """Raise unless the law gives n finite flows at T, mu (n,) and the gases are consistent.

        A gas must obey dE/dmu = mu dN/dmu + T dN/dT, without which Eq. (5) keeps no totals.
        """
        jacobian = self.reservoirs.jacobian(T, mu)
        self._rates(T, mu, jacobian)
        terms = np.stack([jacobian[:, 1, 1], -mu * jacobian[:, 0, 1], -T * jacobian[:, 0, 0]])
        wrong = np.abs(terms.sum(axis=0)) > _MAXWELL * np.abs(terms).sum(axis=0)
        if wrong.any():
            j = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"Argument `reservoirs` must hold gases that obey dE/dmu = mu dN/dmu + T dN/dT, "
                f"but {self.reservoirs[j].gas!r} does not at T = {float(T[j])!r}, "
                f"mu = {float(mu[j])!r}. Mend its jacobian."
            )

    def pack(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return y (..., 2n) of T, mu (..., n)."""
        return np.concatenate([np.log(T / self.start_T), mu], axis=-1)

    def unpack(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return T, mu (..., n) of y (..., 2n), both newly made."""
        return self.start_T * np.exp(y[..., : self._size]), y[..., self._size :].copy()

    def scale(self, y: FloatArray) -> FloatArray:
        """Return what counts as a change of 100 % in y (..., 2n): 1, and max(|mu|, T) for mu."""
        T, mu = self.unpack(y)
        return np.concatenate([np.ones_like(T), np.maximum(np.abs(mu), T)], axis=-1)

    def __call__(self, y: FloatArray) -> FloatArray:
        """Return dy/dt (..., 2n), for one y or for a batch (b, 2n) of them."""
        T, mu = self.unpack(y)
        return self._rates(T, mu, self.reservoirs.jacobian(T, mu))

    def _rates(self, T: FloatArray, mu: FloatArray, jacobian: FloatArray) -> FloatArray:
        flows = self._asked(T, mu)
        # a singular Jacobian divides by 0; what comes of it is refused below
        with np.errstate(divide="ignore", invalid="ignore"):
            warming, rising = reservoir_rates(jacobian, T, mu, flows.particle, flows.heat)
            warming /= T
        rate = np.concatenate([warming, rising], axis=-1)
        if not np.logical_and.reduce(np.isfinite(rate), axis=None):
            self._check_finite(flows, T, mu)
            raise ValueError(
                f"The reservoirs' Jacobians are singular or not finite at T = {T.tolist()}, "
                f"mu = {mu.tolist()}: dT/dt and dmu/dt do not exist there. Start from other T and "
                "mu, or stop before with `t_final`."
            )
        return rate

    def linearised(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return dy/dt (s, 2n) and its Jacobians (s, 2n, 2n) at s states, by differences.

        Their error, of 1e-8, slows Newton's iteration; it does not enter what it converges to.
        """
        count, size = y.shape
        shifts = _DIFFERENCE * self.scale(y)
        shifted = np.repeat(y[:, None], size + 1, axis=1)  # (s, 1 + 2n, 2n)
        variable = np.arange(size)
        shifted[:, 1 + variable, variable] += shifts
        rates = self(shifted.reshape(-1, size)).reshape(count, size + 1, size)
        rows = (rates[:, 1:] - rates[:, :1]) / shifts[..., None]
        return rates[:, 0], rows.transpose(0, 2, 1)

    def flows(self, T: FloatArray, mu: FloatArray) -> Flows:
        """Return the law's flows, checked, at T, mu of shape (n,) or (b, n).

        A law is asked for one state after the other, unless its `batched` is true.
        """
        flows = self._asked(T, mu)
        self._check_finite(flows, T, mu)
        return flows

    def _asked(self, T: FloatArray, mu: FloatArray) -> Flows:
        if T.ndim == 1 or getattr(self.law, "batched", False):
            self.evaluations += T.size // self._size
            return self._checked(self.law(T, mu), T)
        parts = [self._asked(*state) for state in zip(T, mu, strict=True)]
        return Flows(
            np.stack([part.particle for part in parts]),
            np.stack([part.energy for part in parts]),
            np.stack([part.heat for part in parts]),
        )

    def _checked(self, flows: Flows, T: FloatArray) -> Flows:
        if not isinstance(flows, Flows):
            raise TypeError(
                f"Argument `law` must return oqs.Flows, but returned {type(flows).__name__}. "
                "Complete particle and energy flows with oqs.Flows.of(particle, energy, mu)."
            )
        if flows.particle.shape != T.shape and T.ndim > 1:
            raise ValueError(
                f"Argument `law` says `batched`, so that for T and mu of shape {T.shape} it must "
                f"return flows of that shape, but returned {flows.particle.shape}. Take reservoir "
                "j as T[..., j], or leave `batched` out."
            )
        if flows.particle.shape != T.shape:
            raise ValueError(
                f"Argument `law` must return one flow for each of the {self._size} reservoirs, but "
                f"returned shape {flows.particle.shape}. Give as many reservoirs as the law joins."
            )
        return flows

    def _check_finite(self, flows: Flows, T: FloatArray, mu: FloatArray) -> None:
        """Raise ValueError naming the first state at which a flow is not finite."""
        finite = np.isfinite(flows.particle) & np.isfinite(flows.heat)
        if not finite.all():
            row = int(np.argmin(finite.reshape(-1, self._size).all(axis=1)))
            state, potential, particle, heat = (
                values.reshape(-1, self._size)[row].tolist()
                for values in (T, mu, flows.particle, flows.heat)
            )
            raise ValueError(
                f"Argument `law` must return finite flows, but at T = {state}, mu = {potential} it "
                f"returned particle = {particle}, heat = {heat}. Mend the law there."
            )
