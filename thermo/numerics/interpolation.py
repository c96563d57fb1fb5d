"""The solution between the solver's steps: one polynomial a step."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, float_array, read_only


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PiecewisePolynomial:
    """A function y(t), (d,), that is a polynomial on each step (t_(k-1), t_k].

    y(t) = sum_p coefficients[k, p] s^p,  s = (t - center[k]) / width[k].

    Piece 0 is the single point t_0. The pieces are the solver's own, so nothing is lost between
    solving, storing and reading back.
    """

    t: FloatArray  # (m,) ends of the steps, ascending; t[0] is the start
    center: FloatArray  # (m,) expansion points, units of t
    width: FloatArray  # (m,) scales, units of t, not 0
    # (m, q + 1, d), padded with zeros where a step has lower degree than q
    coefficients: FloatArray

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            array = np.array(getattr(self, field.name), dtype=np.float64)
            object.__setattr__(self, field.name, read_only(array))
        m = len(self.t)
        if not (m == len(self.center) == len(self.width) == len(self.coefficients)):
            raise ValueError(
                f"Argument `coefficients` must hold one piece for each of the {m} times, but "
                f"`center`, `width`, `coefficients` hold {len(self.center)}, {len(self.width)}, "
                f"{len(self.coefficients)}. Give one entry a step in each."
            )

    @property
    def ends(self) -> FloatArray:
        """Values (m, d) at the times t: at(t), without searching."""
        return self._evaluate(np.arange(len(self.t)), self.t)

    def steps(self, count: int) -> PiecewisePolynomial:
        """Return the first `count` of the m pieces, at least 1."""
        return PiecewisePolynomial(
            self.t[:count], self.center[:count], self.width[:count], self.coefficients[:count]
        )

    def until(self, t: float) -> PiecewisePolynomial:
        """Return the same function on [t_0, t], t_0 <= t <= t_m."""
        part = self.steps(int(self._pieces(t)[1]) + 1)
        return dataclasses.replace(part, t=np.append(part.t[:-1], t))

    def at(self, t: ArrayLike) -> FloatArray:
        """Return y at t (...), as (..., d); raise ValueError where t lies outside [t_0, t_m]."""
        times, piece = self._pieces(t)
        return self._evaluate(piece, times)

    def slope(self, t: ArrayLike) -> FloatArray:
        """Return dy/dt at t (...), as (..., d); at the end of a step that of the step before it."""
        powers = np.arange(1, self.coefficients.shape[1])[:, None]
        scaled = powers * self.coefficients[:, 1:] / self.width[:, None, None]
        return dataclasses.replace(self, coefficients=scaled).at(t)

    def grid(self, fractions: FloatArray) -> FloatArray:
        """Return t_0 and the given fractions (f,) of every step, ascending; the last must be 1."""
        return grid(self.t, fractions)

    def _pieces(self, t: ArrayLike) -> tuple[FloatArray, NDArray[np.intp]]:
        times = float_array("t", t, "Give times (hbar = 1).")
        inside = (times >= self.t[0]) & (times <= self.t[-1])
        if not np.all(inside):
            wrong = float(times[~inside].flat[0])
            raise ValueError(
                f"Argument `t` must lie in [{float(self.t[0])!r}, {float(self.t[-1])!r}], "
                f"but holds {wrong!r}. Evolve to a later t_final; nothing is extrapolated."
            )
        return times, np.asarray(np.searchsorted(self.t, times, side="left"))

    def _evaluate(self, piece: NDArray[np.intp], times: FloatArray) -> FloatArray:
        s = ((times - self.center[piece]) / self.width[piece])[..., None]
        total = self.coefficients[piece, -1]
        for power in range(self.coefficients.shape[1] - 2, -1, -1):
            total = total * s + self.coefficients[piece, power]
        return total


def grid(t: FloatArray, fractions: FloatArray) -> FloatArray:
    """Return t_0 and the given fractions (f,) of every step between t (m,); the last must be 1."""
    inside = t[:-1, None] + np.diff(t)[:, None] * fractions[:-1]
    return np.append(t[0], np.concatenate([inside, t[1:, None]], axis=1))


def on_steps(t: FloatArray, coefficients: FloatArray) -> PiecewisePolynomial:
    """Return the function of powers of s from -1 to 1 on each step between t (m,).

    Parameters
    ----------
    coefficients : (m, q + 1, d), those of the point t_0 first.
    """
    width = np.append(1.0, np.diff(t) / 2)
    center = np.append(0.0, (t[1:] + t[:-1]) / 2)
    return PiecewisePolynomial(t, center, width, coefficients)


def constant(y: FloatArray, t: float) -> PiecewisePolynomial:
    """Return the function that is y (d,) from 0 to t."""
    return on_steps(np.array([0.0, t]), np.stack([y, y])[:, None, :])


def single_point(y: FloatArray) -> PiecewisePolynomial:
    """Return the function that is y (d,) at t = 0 and has no extent."""
    zero, one = np.zeros(1), np.ones(1)
    return PiecewisePolynomial(zero, zero, one, y[None, None, :])
