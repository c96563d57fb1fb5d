"""Event functions along a trajectory: a change of sign, or an extremum, is an event."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from thermo.evolution.events.events import Event

Quantity = Literal["T", "mu"]


@final
@dataclasses.dataclass(frozen=True)
class Crossing:
    """Two reservoirs' T, or mu, become equal.

    `spectral` says whether both have a mu, so that there is an omega-bar between them.
    """

    quantity: Quantity
    pair: tuple[int, int]
    spectral: bool = True

    def values(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return the difference (...) of T, mu (..., n), relative."""
        i, j = self.pair
        if self.quantity == "T":
            return np.asarray((T[..., i] - T[..., j]) / (T[..., i] + T[..., j]))
        size = np.abs(mu[..., i]) + np.abs(mu[..., j])
        return np.asarray((mu[..., i] - mu[..., j]) / np.maximum(size, T[..., i] + T[..., j]))

    def events(
        self, time: float, T: FloatArray, mu: FloatArray, rising: bool, floor: float
    ) -> list[Event]:
        """Return the crossing; equal temperatures at unequal mu also send omega-bar to infinity."""
        i = self.pair[0]
        if self.quantity == "mu":
            return [Event("mu crossing", self.pair, time, float(mu[i]))]
        crossings = [Event("T crossing", self.pair, time, float(T[i]))]
        if self.spectral and abs(Crossing("mu", self.pair).values(T, mu)) > floor:
            crossings.append(Event("omega-bar diverges", self.pair, time, math.inf))
        return crossings


@final
@dataclasses.dataclass(frozen=True)
class WindowEdge:
    """omega-bar of two reservoirs passes the lowest or the highest frequency w of the law.

    It does so where (w - mu_i)/T_i = (w - mu_j)/T_j, which has no pole, unlike omega-bar.
    """

    upper: bool
    pair: tuple[int, int]
    window: tuple[float, float]

    def values(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return the difference (...) of both sides at T, mu (..., n), relative to its terms."""
        i, j = self.pair
        w = self.window[self.upper]
        first, second = (w - mu[..., i]) / T[..., i], (w - mu[..., j]) / T[..., j]
        fixed = np.abs(mu[..., i]) / T[..., i] + np.abs(mu[..., j]) / T[..., j]
        return np.asarray((first - second) / (np.abs(first) + np.abs(second) + fixed))

    def events(
        self, time: float, T: FloatArray, mu: FloatArray, rising: bool, floor: float
    ) -> list[Event]:
        """Return whether omega-bar enters or leaves.

        The difference is linear in w with its zero at omega-bar, which is inside exactly if the
        signs at both edges differ.
        """
        other = WindowEdge(not self.upper, self.pair, self.window).values(T, mu)
        inside_before = (other > 0) == rising  # before, this edge had the sign of `not rising`
        kind: Literal["omega-bar leaves", "omega-bar enters"] = (
            "omega-bar leaves" if inside_before else "omega-bar enters"
        )
        return [Event(kind, self.pair, time, float(self.window[self.upper]))]


@final
@dataclasses.dataclass(frozen=True)
class Extremum:
    """A reservoir's T, or mu, has a local extremum."""

    quantity: Quantity
    reservoir: int

    def values(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return the curve (M,), relative: ln T, or mu in units of its largest max(|mu|, T)."""
        t, m = T[..., self.reservoir], mu[..., self.reservoir]
        if self.quantity == "T":
            return np.asarray(np.log(t))
        return np.asarray(m / np.max(np.maximum(np.abs(m), t)))

    def events(
        self, time: float, T: FloatArray, mu: FloatArray, rising: bool, floor: float
    ) -> list[Event]:
        """Return the extremum: a minimum where the slope is rising through zero."""
        value = (T if self.quantity == "T" else mu)[self.reservoir]
        kind: Literal["T minimum", "T maximum", "mu minimum", "mu maximum"]
        if self.quantity == "T":
            kind = "T minimum" if rising else "T maximum"
        else:
            kind = "mu minimum" if rising else "mu maximum"
        return [Event(kind, (self.reservoir,), time, float(value))]


Signal = Crossing | WindowEdge | Extremum


def sign_changes(values: FloatArray, floor: float) -> list[tuple[int, int]]:
    """Return the neighbouring places where values above the floor have opposite signs."""
    sure = np.flatnonzero(np.abs(values) > floor)
    flips = np.flatnonzero(np.diff(np.sign(values[sure])) != 0)
    return [(int(sure[k]), int(sure[k + 1])) for k in flips]


def extrema_of(curve: FloatArray, floor: float) -> list[tuple[int, int, bool]]:
    """Return (place, place from where it is sure, whether a minimum) of each extremum of a curve.

    An extremum counts if the curve departs from it by more than the floor on both sides.
    """
    slope = np.sign(np.diff(curve))
    corners: NDArray[np.intp] = np.flatnonzero(slope[1:] != slope[:-1]) + 1
    extrema: list[tuple[int, int, bool]] = []
    high = low = direction = 0
    for k in [0, *corners.tolist(), len(curve) - 1]:
        value = curve[k]
        high = k if value > curve[high] else high
        low = k if value < curve[low] else low
        if direction >= 0 and curve[high] - value > floor:
            extrema += [(high, k, False)] if direction else []
            direction, low = -1, k
        elif direction <= 0 and value - curve[low] > floor:
            extrema += [(low, k, True)] if direction else []
            direction, high = 1, k
    return extrema
