"""A gas given by a table of its density of states."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import roots_legendre

from oqs.arguments import FloatArray, has_shape, read_only, real_array
from oqs.exports import exported
from oqs.summary import page_of_fields
from thermo.gases.base import GasState, JointGas, states, within_doubles

_NODES = 8  # Gauss nodes an interval: error 1e-13 at T = half the interval, 6.4^(-16)
_REACH = 40.0  # f is 0 or 1 to double precision beyond mu -+ 40 T


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TabulatedGas(JointGas):
    """Free fermions with a tabulated density of states g(eps), linear between the entries.

    N = sum_i w_i f_i, E = sum_i w_i eps_i f_i, S = -sum_i w_i [f_i ln f_i + (1-f_i) ln(1-f_i)],
    with f_i = 1/(1 + e^((eps_i - mu)/T)) and, in each interval of the table, 8 Gauss nodes eps_i
    with weights w_i = (Gauss weight) g(eps_i).

    The levels eps_i ARE the gas, so T dS = dE - mu dN and dN/dT = dS/dmu hold to rounding at any
    T; where every interval around mu is at most 2 T wide, the sums are those of the piecewise
    linear g to 1e-13, and `check` refuses a lower T, where single levels would show. (The closed
    forms of a piecewise linear g are differences of Fermi-Dirac integrals and lose digits as the
    square of the number of intervals.) There are no states outside the table: g = 0 there.

    Parameters
    ----------
    energies : (m,) ascending, m >= 2, in units of energy; any sign.
    density_of_states : (m,) g >= 0 per unit energy and unit capacity, some of it > 0.

    Raises
    ------
    TypeError, ValueError
        if they are not real, differ in length, do not ascend, or g is negative or all 0.
        Every method: if T <= 0 or one is not finite.

    Examples
    --------
    >>> band = thermo.TabulatedGas(np.linspace(-2.0, 2.0, 201), np.ones(201))
    >>> band.number(0.1, 0.0).round(12), band.energy(0.1, 0.0).round(4)  # half full: N = 2
    (np.float64(2.0), np.float64(-1.9836))
    """

    energies: FloatArray
    density_of_states: FloatArray
    _levels: FloatArray = dataclasses.field(init=False)
    _weights: FloatArray = dataclasses.field(init=False)

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        remedy = "Give the table as two arrays of one length, energies ascending."
        energies = real_array("energies", self.energies, remedy)
        density = real_array("density_of_states", self.density_of_states, remedy)
        if energies.ndim != 1 or energies.size < 2 or not np.all(np.diff(energies) > 0):
            raise ValueError(
                "Argument `energies` must hold at least two ascending numbers, but has shape "
                f"{energies.shape} or does not ascend. {remedy}"
            )
        has_shape("density_of_states", density, energies.shape, remedy)
        if density.min() < 0 or not density.max() > 0:
            raise ValueError(
                "Argument `density_of_states` must be >= 0 and somewhere positive, but lies "
                f"between {density.min():g} and {density.max():g}. It counts states."
            )
        unit, unit_weight = roots_legendre(_NODES)
        width = np.diff(energies)[:, None]
        levels = energies[:-1, None] + width * (unit + 1) / 2  # (m-1, nodes)
        weights = width / 2 * unit_weight * np.interp(levels, energies, density)
        object.__setattr__(self, "energies", read_only(energies))
        object.__setattr__(self, "density_of_states", read_only(density))
        object.__setattr__(self, "_levels", read_only(levels.ravel()))
        object.__setattr__(self, "_weights", read_only(weights.ravel()))

    def __repr__(self) -> str:
        low, high = self.energies[0], self.energies[-1]
        return f"TabulatedGas({self.energies.size} energies from {low:g} to {high:g})"

    def __eq__(self, other: object) -> bool:
        """Equal tables are equal gases."""
        return (
            isinstance(other, TabulatedGas)
            and np.array_equal(self.energies, other.energies)
            and np.array_equal(self.density_of_states, other.density_of_states)
        )

    def __hash__(self) -> int:
        return hash((self.energies.tobytes(), self.density_of_states.tobytes()))

    def state(self, T: ArrayLike, mu: ArrayLike) -> GasState:
        """Return N, E, S and the Jacobian together."""
        return within_doubles(self._evaluate, self, T, mu)

    def check(self, T: ArrayLike, mu: ArrayLike) -> None:
        """Raise ValueError where an interval within 40 T of mu is wider than 2 T."""
        t, m, x = states(T, mu)
        t, m = np.broadcast_to(t, x.shape)[..., None], np.broadcast_to(m, x.shape)[..., None]
        low, high = m - _REACH * t, m + _REACH * t
        near = (self.energies[:-1] < high) & (self.energies[1:] > low)
        wide: FloatArray = np.where(near, np.diff(self.energies) / (2 * t), 0.0)
        if wide.size and wide.max() > 1:
            worst = np.unravel_index(int(wide.argmax()), wide.shape)
            raise ValueError(
                "Argument `T` must be at least half of the table's intervals around mu for "
                f"TabulatedGas, but is {t[worst[:-1]].item()!r} where one is "
                f"{float(np.diff(self.energies)[worst[-1]])!r} wide. Give a finer table."
            )

    def estimate(self, N: float, E: float) -> tuple[float, float]:
        """Return a state near (N, E); raise ValueError where filling the levels cannot reach it.

        N lies between 0 and sum w; E between the lowest levels filled and, as T goes to infinity,
        all levels filled alike.
        """
        filled = np.cumsum(self._weights)
        if not 0 < N < filled[-1]:
            raise ValueError(
                f"Argument `N` must be between 0 and the number of states {filled[-1]:.17g}, but "
                f"is {N:.17g}. TabulatedGas has no states outside its table."
            )
        last = int(np.searchsorted(filled, N))
        below = self._weights[:last]
        fermi = float(self._levels[last])
        ground = float(below @ self._levels[:last] + (N - below.sum()) * fermi)
        hottest = float(N * (self._weights @ self._levels) / filled[-1])
        if not ground < E < hottest:
            raise ValueError(
                f"Argument `E` must be between the ground-state energy {ground:.17g} and the "
                f"energy {hottest:.17g} of T = infinity for N = {N:.17g} particles, but is "
                f"{E:.17g}. Give an energy between them."
            )
        width = float(self.energies[-1] - self.energies[0]) * (E - ground) / (hottest - ground)
        return max(width, 2 * float(np.diff(self.energies).max())) / 4, fermi

    def _evaluate(self, T: FloatArray, mu: FloatArray, x: FloatArray) -> GasState:
        t, m = np.broadcast_to(T, x.shape)[..., None], np.broadcast_to(mu, x.shape)[..., None]
        y = (self._levels - m) / t  # (..., levels)
        small = np.exp(-np.abs(y))
        lesser = small / (1 + small)  # of f and 1 - f
        filled = np.where(y > 0, lesser, 1 / (1 + small))
        spread = lesser / (1 + small)  # f (1-f)
        weights, levels = self._weights, self._levels
        number = filled @ weights
        energy = filled @ (weights * levels)
        entropy = (np.log1p(small) + np.abs(y) * lesser) @ weights
        jacobian = np.empty((*x.shape, 2, 2))
        by_mu = spread / t
        jacobian[..., 0, 0] = (y * by_mu) @ weights
        jacobian[..., 0, 1] = by_mu @ weights
        jacobian[..., 1, 0] = (y * by_mu) @ (weights * levels)
        jacobian[..., 1, 1] = by_mu @ (weights * levels)
        return GasState(number, energy, entropy, jacobian)
