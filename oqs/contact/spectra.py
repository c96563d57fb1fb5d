"""Spectral densities J(w) of bosonic reservoirs: phonons, photons.

A spectrum is any callable of an array of frequencies w > 0 that returns finite numbers >= 0, such
that a jump of the system down by w through S(w) has the rate J(w) (1 + n_B(w)) |S(w)|^2 (units of
energy for a dimensionless S, hbar = 1); Fermi's golden rule in terms of the density of modes is
J(w) = 2 pi sum_q |g_q|^2 delta(w - w_q). `flat` and `lorentzian` of `oqs.contact.rates` serve too.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, float_array, positive_number
from oqs.contact.rates import FREQUENCIES, Flat, Lorentzian, PowerLaw, Rate, non_negative
from oqs.exports import exported


class Spectrum(abc.ABC):
    """A spectral density whose slope at w = 0 is known."""

    @abc.abstractmethod
    def __call__(self, frequency: ArrayLike) -> FloatArray:
        """Return J(w) at each frequency w >= 0."""

    @property
    @abc.abstractmethod
    def slope(self) -> float:
        """J'(0) = lim J(w)/w at w -> 0, infinite where it diverges."""


@final
@dataclasses.dataclass(frozen=True)
class Ohmic(Spectrum):
    """J(w) = strength w^exponent exp(-w/cutoff); cutoff None is none."""

    strength: float
    exponent: float
    cutoff: float | None

    def __call__(self, frequency: ArrayLike) -> FloatArray:
        """Return J(w) at each frequency."""
        w = float_array("frequency", frequency, FREQUENCIES)
        decay = 1.0 if self.cutoff is None else np.exp(-w / self.cutoff)
        return self.strength * w**self.exponent * decay

    @property
    def slope(self) -> float:
        """The strength of an Ohmic bath, 0 above, infinite below."""
        return _power_slope(self.strength, self.exponent)


@final
@dataclasses.dataclass(frozen=True)
class DrudeLorentz(Spectrum):
    """J(w) = strength w cutoff^2 / (w^2 + cutoff^2)."""

    strength: float
    cutoff: float

    def __call__(self, frequency: ArrayLike) -> FloatArray:
        """Return J(w) at each frequency."""
        w = float_array("frequency", frequency, FREQUENCIES)
        return self.strength * w / (1.0 + (w / self.cutoff) ** 2)

    @property
    def slope(self) -> float:
        """The strength."""
        return self.strength


@final
@dataclasses.dataclass(frozen=True)
class Underdamped(Spectrum):
    """J(w) = strength w width center^3 / [(w^2 - center^2)^2 + (w width)^2]."""

    strength: float
    center: float
    width: float

    def __call__(self, frequency: ArrayLike) -> FloatArray:
        """Return J(w) at each frequency."""
        x = float_array("frequency", frequency, FREQUENCIES) / self.center
        q = self.width / self.center
        return self.strength * self.width * x / ((x**2 - 1.0) ** 2 + (x * q) ** 2)

    @property
    def slope(self) -> float:
        """Strength times width over center."""
        return self.strength * self.width / self.center


@exported
def ohmic(strength: float, exponent: float = 1.0, cutoff: float | None = None) -> Ohmic:
    """Return J(w) = strength w^exponent exp(-w/cutoff) for w > 0.

    Exponent 1 is the Ohmic bath, 3 that of phonons or photons in three dimensions.

    Parameters
    ----------
    strength : >= 0, units of energy^(1 - exponent): dimensionless for an Ohmic bath.
    exponent : > 0; below 1 the bath is sub-Ohmic and dephases infinitely fast where S(0) != 0.
    cutoff : energy of the exponential cutoff; None is none. The frequency shift needs one.

    Raises
    ------
    TypeError, ValueError
        for what is no number, a negative strength, an exponent or cutoff that is not positive.

    Examples
    --------
    >>> float(oqs.ohmic(0.1, cutoff=10.0)(2.0).round(6))
    0.163746
    """
    return Ohmic(
        non_negative("strength", strength),
        positive_number("exponent", exponent, "Ohmic is 1; for a constant use oqs.flat."),
        None if cutoff is None else positive_number("cutoff", cutoff, "None is no cutoff."),
    )


@exported
def drude_lorentz(strength: float, cutoff: float) -> DrudeLorentz:
    """Return J(w) = strength w cutoff^2 / (w^2 + cutoff^2), Ohmic with an algebraic cutoff.

    QuTiP's DrudeLorentzEnvironment(T, lam, gamma) is this with gamma = cutoff and
    lam = strength cutoff / 4.

    Parameters
    ----------
    strength : >= 0, dimensionless. cutoff : > 0, units of energy.

    Raises
    ------
    TypeError, ValueError
        for what is no number, or a sign that is refused.

    Examples
    --------
    >>> float(oqs.drude_lorentz(0.1, cutoff=5.0)(5.0))  # half of the Ohmic value
    0.25
    """
    return DrudeLorentz(
        non_negative("strength", strength),
        positive_number("cutoff", cutoff, "It is the frequency at which J is largest."),
    )


@exported
def underdamped(strength: float, center: float, width: float) -> Underdamped:
    """Return J(w) = strength w width center^3 / [(w^2 - center^2)^2 + (w width)^2].

    A damped mode of this frequency between the system and an Ohmic bath: a filter, whose J goes
    through 0 linearly. At the center J = strength center^2 / width. QuTiP's
    UnderDampedEnvironment(T, lam, gamma, w0) is this with w0 = center, gamma = width and
    lam^2 = strength center^3 / 2.

    Parameters
    ----------
    strength : >= 0, dimensionless. center, width : > 0, units of energy.

    Raises
    ------
    TypeError, ValueError
        for what is no number, or a sign that is refused.

    Examples
    --------
    >>> float(oqs.underdamped(0.1, center=2.0, width=0.5)(2.0))
    0.8
    """
    return Underdamped(
        non_negative("strength", strength),
        positive_number("center", center, "It is the frequency of the damped mode."),
        positive_number("width", width, "It is the damping rate of the mode; see oqs.flat."),
    )


_OCTAVES = (30, 40, 50)  # below the smallest Bohr frequency, where a limit has settled
_SETTLED = 1e-6
_FALLING = 0.9  # over ten octaves: w^1.015 and steeper


def slope_at_zero(spectrum: Rate, values: FloatArray, near: FloatArray, owner: str) -> float:
    """Return J'(0) of a spectrum: known by itself, or as the limit of J(w)/w where that settles.

    Raises ValueError if the quotients neither settle, fall to zero nor grow.

    `spectrum`: any; `values`: J (3,) at the frequencies near zero, `near` (3,).
    """
    if isinstance(spectrum, Spectrum):
        return spectrum.slope
    if isinstance(spectrum, PowerLaw):
        return _power_slope(spectrum.prefactor, spectrum.exponent)
    if isinstance(spectrum, Flat | Lorentzian):
        return math.inf if spectrum(np.zeros(1))[0] > 0 else 0.0
    first, second, third = (values / near).tolist()
    if abs(first - third) <= _SETTLED * abs(third):
        return third
    if second <= _FALLING * first and third <= _FALLING * second:
        return 0.0
    if second * _FALLING >= first and third * _FALLING >= second:
        return math.inf
    raise ValueError(
        f"Argument `spectrum` of {owner} must begin like a power of w, but J(w)/w is {first!r}, "
        f"{second!r}, {third!r} at w = {near.tolist()}. Its operator has a part at zero frequency, "
        "which needs J'(0): give an object with a `slope`, such as oqs.ohmic."
    )


def frequencies_near_zero(scale: float) -> FloatArray:
    """Return the frequencies (3,) at which a spectrum is evaluated near w = 0."""
    return scale * 0.5 ** np.array(_OCTAVES, dtype=np.float64)


def _power_slope(strength: float, exponent: float) -> float:
    if strength == 0 or exponent > 1:
        return 0.0
    return strength if exponent == 1 else math.inf
