"""A medium known by its measured or computed heat capacity."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.special import exprel, roots_legendre

from oqs.arguments import FloatArray, has_shape, positive, read_only, real_array
from oqs.exports import exported
from oqs.summary import page_of_fields
from thermo.gases.thermal import HeatState, ThermalGas

_NODES = 12  # Gauss nodes an interval: rounding for intervals of a factor of _WIDEST in T
_WIDEST = 10.0
_REMEDY = "Give the table as two arrays of one length, temperatures ascending."


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TabulatedHeatCapacity(ThermalGas):
    """A medium with a tabulated heat capacity C(T): a crystal, a substrate, a bath of any kind.

    E(T) = int C dT,   S(T) = int C/T dT,   both from the lowest temperature of the table.

    Between the entries ln C is a monotone cubic in ln T (PCHIP), so that C and its slope are
    continuous and a power law is met exactly.

    Parameters
    ----------
    temperatures : (m,) ascending, > 0, m >= 2, each at most 10 times the one before; in units of
        energy (k_B = 1).
    heat_capacity : (m,) C > 0 per unit capacity, k_B = 1.

    Raises
    ------
    TypeError, ValueError
        if they are not real, differ in length, do not ascend, are not > 0, or lie too far apart.
        Every method: if T <= 0 or is not finite, or mu is neither 0 nor NaN.

    Notes
    -----
    `check` refuses a T outside the table, where C is continued as a power law. T dS = dE holds to
    1e-14. Source: F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984).

    Examples
    --------
    >>> import numpy as np
    >>> import thermo
    >>> T = np.geomspace(0.01, 10, 31)
    >>> substrate = thermo.TabulatedHeatCapacity(T, 4 * T**3)  # E = T^4 - 0.01^4
    >>> round(float(substrate.energy(2.0)), 6)
    16.0
    """

    temperatures: FloatArray
    heat_capacity: FloatArray
    _logarithms: FloatArray = dataclasses.field(init=False)
    _cubics: FloatArray = dataclasses.field(init=False)
    _sums: FloatArray = dataclasses.field(init=False)

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        T = real_array("temperatures", self.temperatures, _REMEDY)
        C = real_array("heat_capacity", self.heat_capacity, _REMEDY)
        if T.ndim != 1 or T.size < 2 or not np.all(np.diff(T) > 0):
            raise ValueError(
                "Argument `temperatures` must hold at least two ascending numbers, but has shape "
                f"{T.shape} or does not ascend. {_REMEDY}"
            )
        positive("temperatures", T, "Temperatures are absolute.")
        has_shape("heat_capacity", C, T.shape, _REMEDY)
        positive("heat_capacity", C, "A stable medium takes heat to become warmer.")
        if np.max(T[1:] / T[:-1]) > _WIDEST:
            k = int(np.argmax(T[1:] / T[:-1]))
            raise ValueError(
                f"Argument `temperatures` must grow by factors of at most {_WIDEST:g}, but goes "
                f"from {float(T[k])!r} to {float(T[k + 1])!r}. Give a finer table."
            )
        u = np.log(T)
        cubics = scipy.interpolate.PchipInterpolator(
            u, np.log(C)
        ).c  # (4, m - 1), highest power first
        object.__setattr__(self, "temperatures", read_only(T))
        object.__setattr__(self, "heat_capacity", read_only(C))
        object.__setattr__(self, "_logarithms", read_only(u))
        object.__setattr__(self, "_cubics", read_only(np.ascontiguousarray(cubics)))
        pieces = self._within(np.arange(len(T) - 1), np.diff(u))
        sums = np.concatenate([np.zeros((2, 1)), np.cumsum(pieces, axis=1)], axis=1)
        object.__setattr__(self, "_sums", read_only(sums))

    def __repr__(self) -> str:
        low, high = self.temperatures[0], self.temperatures[-1]
        return f"TabulatedHeatCapacity({self.temperatures.size} T from {low:g} to {high:g})"

    def __eq__(self, other: object) -> bool:
        """Equal tables are equal media."""
        return (
            isinstance(other, TabulatedHeatCapacity)
            and np.array_equal(self.temperatures, other.temperatures)
            and np.array_equal(self.heat_capacity, other.heat_capacity)
        )

    def __hash__(self) -> int:
        return hash((self.temperatures.tobytes(), self.heat_capacity.tobytes()))

    def check(self, T: ArrayLike, mu: ArrayLike = 0.0) -> None:
        """Raise ValueError where T lies outside the table."""
        self.state(T, mu)  # T > 0, mu is none
        t = np.asarray(T, dtype=np.float64)
        low, high = float(self.temperatures[0]), float(self.temperatures[-1])
        outside = (t < low) | (t > high)
        if outside.any():
            raise ValueError(
                f"Argument `T` must lie within the table of {self!r}, but is "
                f"{float(t[outside].flat[0])!r}. Give a table that reaches as far as T does."
            )

    def heat_state(self, T: FloatArray) -> HeatState:
        """Return E, S and C at temperatures T (...)."""
        u, last = np.log(T), len(self.temperatures) - 1
        place = np.clip(np.searchsorted(self._logarithms, u, side="right") - 1, 0, last - 1)
        inside = np.clip(u, self._logarithms[0], self._logarithms[-1])
        shift = inside - self._logarithms[place]
        energy, entropy = self._sums[:, place] + self._within(place, shift)
        capacity = np.exp(self._logarithm(place, shift))
        if not np.array_equal(inside, u):  # a trial state beyond the table: a power law there
            end = np.exp(inside)
            c, power, beyond = capacity, self._slope(place, shift), u - inside
            energy = energy + c * end * beyond * exprel((power + 1) * beyond)
            entropy = entropy + c * beyond * exprel(power * beyond)
            capacity = c * np.exp(power * beyond)
        return HeatState(energy, entropy, capacity)

    def _logarithm(self, place: np.ndarray, shift: FloatArray) -> FloatArray:
        """Return ln C (...) in the intervals `place`, `shift` above their lower end in ln T."""
        a, b, c, d = self._cubics[:, place]
        return np.asarray(((a * shift + b) * shift + c) * shift + d)

    def _slope(self, place: np.ndarray, shift: FloatArray) -> FloatArray:
        a, b, c, _ = self._cubics[:, place]
        return np.asarray((3 * a * shift + 2 * b) * shift + c)

    def _within(self, place: np.ndarray, shift: FloatArray) -> FloatArray:
        """Return the integrals of C dT and of C/T dT, (2, ...), over the first `shift` of each."""
        nodes, weights = roots_legendre(_NODES)
        x = shift[..., None] * (nodes + 1) / 2
        capacity = np.exp(self._logarithm(place[..., None], x))
        warmth = capacity * np.exp(self._logarithms[place][..., None] + x)
        return np.stack([warmth @ weights, capacity @ weights]) * shift / 2
