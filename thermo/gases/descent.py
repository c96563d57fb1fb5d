"""The guarded route of `invert`: descent on a convex function, from any start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from thermo.gases.base import EquationOfState, GasState, state_function
from thermo.gases.newton import capped, is_convex, moved, newton_step, residuals, solved

_ROUNDS = 400
_HALVINGS = 50
_DIGITS = 1e-14  # heat T S below this part of the energy is not a digit of it
_Point = tuple[FloatArray, FloatArray, GasState]  # T, mu (both of shape ()), what the gas is there


def descend(
    gas: EquationOfState, N: float, E: float, starts: Iterable[tuple[float, float]]
) -> tuple[float, float]:
    """Return the (T, mu) where `gas` has N and E, by minimising log Xi + E/T - N mu/T.

    log Xi = S - E(T, mu)/T + N(T, mu) mu/T is convex in (1/T, mu/T) for any gas that obeys
    thermodynamics, its gradient (-E(T, mu), N(T, mu)); so the function has one minimum, at the
    state sought, and Newton's direction always leads down. Steps are halved until they do, and
    never leave the region where a truncated gas is convex.

    Parameters
    ----------
    gas, N, E : as for `invert`, one entry.
    starts : states (T, mu); the one where the function is lowest is taken.

    Raises
    ------
    ValueError
        if it ends anywhere else than at the state sought: no state has (N, E).
    """
    search = _Search(gas, N, E)
    T, mu, now = search.first(starts)
    for _ in range(_ROUNDS):
        steps = newton_step(now, search.N, search.E, T, mu)
        if not np.isfinite(steps).all() or search.below_ground(now, T, mu):
            break
        if solved(now, search.N, search.E, T, *steps):
            minimum = moved(T, mu, *steps)
            return float(minimum[0]), float(minimum[1])
        lower = search.lower(now, T, mu, *steps)
        if lower is None:
            break
        T, mu, now = lower
    raise ValueError(search.complaint(now, T, mu))


@final
class _Search:
    """What one descent looks for, and how it judges a state."""

    def __init__(self, gas: EquationOfState, N: float, E: float) -> None:
        self.gas, self.N, self.E = gas, np.array(N), np.array(E)
        self._state = state_function(gas)

    def first(self, starts: Iterable[tuple[float, float]]) -> _Point:
        """Return the start of lowest potential."""
        points = [self._enter(np.array(T), np.array(mu)) for T, mu in starts]
        entered = [point for point in points if point is not None]
        if not entered:
            raise ValueError(
                f"Argument `guess` must be a state of {self.gas!r}, but no start for "
                f"N = {self.N:.6g}, E = {self.E:.6g} is one. Give a pair (T, mu) that its check "
                "accepts."
            )
        return min(entered, key=lambda point: float(self._potential(*point)))

    def lower(
        self, now: GasState, T: FloatArray, mu: FloatArray, step_T: FloatArray, step_mu: FloatArray
    ) -> _Point | None:
        """Return a point further down along the step, halved as often as need be; or None."""
        missing = self.N - now.number
        heat = (self.E - now.energy) - mu * missing
        slope = -(heat * step_T + missing * step_mu) / T  # of the potential, < 0
        here = self._potential(T, mu, now)
        rounding = _DIGITS * (now.entropy + (abs(self.E) + self.N * abs(mu)) / T)
        fraction = capped(T, mu, step_T, step_mu)
        for _ in range(_HALVINGS):
            point = self._enter(*moved(T, mu, fraction * step_T, fraction * step_mu))
            enough = here + 1e-4 * fraction * slope + rounding
            if point is not None and self._potential(*point) <= enough:
                return point
            fraction = fraction / 2
        return None

    def below_ground(self, now: GasState, T: FloatArray, mu: FloatArray) -> bool:
        """Say whether a state proves that E is at or below the ground-state energy of N.

        E_0(N) >= mu N + Omega(0, mu) >= mu N + Omega(T, mu) for any T and mu, with the grand
        potential Omega = E - T S - mu N; so one negative value of the function to be minimised
        is proof. At E = E_0 itself it is no more than rounding where T S is no digit of E.
        """
        size = abs(now.energy) + abs(self.E) + abs(mu) * (now.number + self.N)
        excess = self.E - self._bound(now, T, mu)
        return bool(excess < -_DIGITS * size or max(excess, T * now.entropy) <= _DIGITS * size)

    def _bound(self, now: GasState, T: FloatArray, mu: FloatArray) -> FloatArray:
        return now.energy - T * now.entropy + mu * (self.N - now.number)

    def complaint(self, now: GasState, T: FloatArray, mu: FloatArray) -> str:
        """Say in one sentence why there is no state."""
        sought = f"N = {self.N:.17g}, E = {self.E:.17g}"
        if self.below_ground(now, T, mu):
            return (
                f"Argument `E` must be above the ground-state energy of {self.gas!r}, at least "
                f"{self._bound(now, T, mu):.15g} here, but the state sought has {sought}. "
                "No state of T > 0 has this energy: give more of it."
            )
        residual = max(float(part) for part in residuals(now, self.N, self.E, T))
        return (
            f"Arguments `N` and `E` must belong to a state within the validity of {self.gas!r}, "
            f"but for {sought} the search ended at T = {T:.6g}, mu = {mu:.6g} with a relative "
            f"residual of {residual:.1e}. Check the pair, or use a gas valid there (FermiDiracGas)."
        )

    def _potential(self, T: FloatArray, mu: FloatArray, now: GasState) -> FloatArray:
        """Return log Xi + E/T - N mu/T, arranged so that it is S where N and E are met."""
        return now.entropy + ((self.E - now.energy) - mu * (self.N - now.number)) / T

    def _enter(self, T: FloatArray, mu: FloatArray) -> _Point | None:
        """Return the point if the gas is defined, finite and convex there."""
        try:
            with np.errstate(all="ignore"):  # a trial may overflow: it is refused
                now = self._state(T, mu)
        except ValueError:
            return None
        finite = all(np.isfinite(part).all() for part in now)
        return (T, mu, now) if finite and is_convex(now, T, mu) else None
