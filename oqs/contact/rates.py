"""Relaxation rates gamma(w) of a contact: how fast a level at frequency w exchanges a particle.

A rate is any callable of an array of frequencies (units of energy) that returns finite numbers
>= 0 (units of energy, hbar = 1); with three arguments it is rate(w, T, mu). The laws here are small
objects with a readable `repr`.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, float_array, positive_number, real_number
from oqs.exports import exported

Rate = Callable[..., ArrayLike]

FREQUENCIES = "Give frequencies in units of energy (hbar = 1)."


@final
@dataclasses.dataclass(frozen=True)
class Flat:
    """gamma(w) = value: the wide-band limit."""

    value: float

    def __call__(self, frequency: ArrayLike) -> FloatArray:
        """Return the rate at each frequency."""
        return np.full(float_array("frequency", frequency, FREQUENCIES).shape, self.value)

    def why_zero(self, frequency: float) -> str:
        """Say why the rate is 0 at this frequency, where it is."""
        return f"flat({self.value!r}) is 0 everywhere"


@final
@dataclasses.dataclass(frozen=True)
class PowerLaw:
    """gamma(w) = prefactor w^exponent above the band bottom w = 0, and 0 below it."""

    prefactor: float
    exponent: float

    def __call__(self, frequency: ArrayLike) -> FloatArray:
        """Return the rate at each frequency."""
        w = float_array("frequency", frequency, FREQUENCIES)
        with np.errstate(divide="ignore"):  # w = 0 with a negative exponent: the caller refuses inf
            return np.where(w >= 0, self.prefactor * np.abs(w) ** self.exponent, 0.0)

    def why_zero(self, frequency: float) -> str:
        """Say why the rate is 0 at this frequency, where it is."""
        if self.prefactor == 0:
            return f"power_law({self.prefactor!r}, {self.exponent!r}) is 0 everywhere"
        if frequency <= 0:
            return f"power_law is 0 {'below' if frequency < 0 else 'at'} its band bottom w = 0"
        return f"{self.prefactor!r} * w**{self.exponent!r} is below the smallest double"


@final
@dataclasses.dataclass(frozen=True)
class Lorentzian:
    """gamma(w) = strength width^2 / ((w - center)^2 + width^2); strength is the peak value."""

    strength: float
    center: float
    width: float

    def __call__(self, frequency: ArrayLike) -> FloatArray:
        """Return the rate at each frequency."""
        detuning = (float_array("frequency", frequency, FREQUENCIES) - self.center) / self.width
        return self.strength / (1.0 + detuning**2)

    def why_zero(self, frequency: float) -> str:
        """Say why the rate is 0 at this frequency, where it is."""
        if self.strength == 0:
            return "a lorentzian of strength 0 is 0 everywhere"
        return f"a lorentzian around {self.center!r} is below the smallest double so far away"


@exported
def flat(value: float) -> Flat:
    """Return the frequency-independent rate gamma(w) = value >= 0 (units of energy).

    Examples
    --------
    >>> oqs.flat(0.01)(np.array([1.0, 2.0]))
    array([0.01, 0.01])
    """
    return Flat(non_negative("value", value))


@exported
def power_law(prefactor: float, exponent: float) -> PowerLaw:
    """Return gamma(w) = prefactor w^exponent for w >= 0 and 0 below the band bottom.

    The paper's figures use exponent 1/2 (arXiv:2412.15355): the density of states of a
    three-dimensional gas with quadratic dispersion, which starts at w = 0.

    Examples
    --------
    >>> oqs.power_law(1e-4, 0.5)(np.array([4.0, 9.0]))
    array([0.0002, 0.0003])
    """
    return PowerLaw(
        non_negative("prefactor", prefactor),
        real_number("exponent", exponent, "The paper's figures use 0.5."),
    )


@exported
def lorentzian(strength: float, center: float, width: float) -> Lorentzian:
    """Return gamma(w) = strength width^2 / ((w - center)^2 + width^2): a filtered contact.

    Examples
    --------
    >>> oqs.lorentzian(0.01, center=1.0, width=0.5)(np.array([1.0, 1.5]))
    array([0.01 , 0.005])
    """
    return Lorentzian(
        non_negative("strength", strength),
        real_number("center", center, "It is the frequency of the peak, in units of energy."),
        positive_number("width", width, "It is the half width at half maximum; use flat for none."),
    )


@final
@dataclasses.dataclass(frozen=True)
class TemperatureScaled:
    """rate(w) (T / T_0)^exponent: a coupling that changes with the reservoir's temperature."""

    rate: Rate
    exponent: float
    T_0: float

    def __call__(self, frequency: FloatArray, T: float, mu: float) -> ArrayLike:
        """Return the rate at each frequency, of a reservoir at T."""
        return np.asarray(self.rate(frequency)) * np.power(T / self.T_0, self.exponent)

    def slopes(self, frequency: FloatArray, T: float, mu: float) -> tuple[FloatArray, FloatArray]:
        """Return its derivatives by T and mu."""
        by_T = np.asarray(self(frequency, T, mu)) * (self.exponent / T)
        return by_T, np.zeros_like(by_T)


@exported
def temperature_scaled(rate: Rate, exponent: float, T_0: float) -> TemperatureScaled:
    """Return rate(w) (T/T_0)^exponent, a rate or spectral density that changes with T.

    Parameters
    ----------
    rate : of the frequency alone, in units of energy.
    exponent : real. T_0 : > 0, the temperature at which it is `rate`, units of energy.

    Raises
    ------
    TypeError, ValueError
        if `rate` is no callable of the frequency alone, or a number is refused.

    Examples
    --------
    >>> import qutip
    >>> rate = oqs.temperature_scaled(oqs.ohmic(0.01), exponent=2, T_0=1.0)
    >>> bath = oqs.BosonicContact(rate, qutip.sigmax())
    >>> bath.at(T=0.5, mu=0.0).gamma(np.array([1.0]))
    array([0.0025])
    """
    if not callable(rate) or varies(rate):
        raise TypeError(
            f"Argument `rate` must be a callable of the frequency alone, but is {rate!r}. Give "
            "oqs.flat(0.01) or oqs.ohmic(0.01); a callable (w, T, mu) serves as it is."
        )
    return TemperatureScaled(
        rate,
        real_number("exponent", exponent, "0 is no change with T."),
        positive_number("T_0", T_0, "It is the temperature at which the rate is as given."),
    )


@final
@dataclasses.dataclass(frozen=True)
class RateAt:
    """A rate(w, T, mu) at one T, mu: a rate of the frequency alone."""

    rate: Rate
    T: float
    mu: float

    def __call__(self, frequency: FloatArray) -> ArrayLike:
        """Return the rate at each frequency."""
        return self.rate(frequency, self.T, self.mu)


def rate_frozen(rate: Rate, T: float, mu: float) -> Rate:
    """Return a rate(w, T, mu) at one T, mu; a scaled law stays the law that it is."""
    if isinstance(rate, TemperatureScaled):
        law: Any = rate.rate
        with np.errstate(over="ignore", divide="ignore"):
            factor = float(np.power(T / rate.T_0, rate.exponent))
        if not math.isfinite(factor):
            raise ValueError(
                f"Argument `T` must leave (T/T_0)^{rate.exponent:g} finite, T_0 = {rate.T_0:g}, "
                f"but is {T:g}. Give a temperature in units of energy (k_B = 1)."
            )
        for size in ("strength", "prefactor", "value"):  # of the laws of oqs
            if dataclasses.is_dataclass(law) and hasattr(law, size):
                replaced: Any = dataclasses.replace
                return replaced(law, **{size: factor * getattr(law, size)})
    return RateAt(rate, T, mu)


def varies(rate: Rate) -> bool:
    """Whether a rate takes (w, T, mu): three arguments without a default, by its signature."""
    if isinstance(rate, Flat | PowerLaw | Lorentzian | RateAt):
        return False
    if isinstance(rate, TemperatureScaled):
        return True
    try:
        parameters = inspect.signature(rate).parameters.values()
    except ValueError:  # a ufunc, or written in C: of the frequency alone
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.kind in kinds and p.default is inspect.Parameter.empty]
    return len(needed) == 3


def rate_at(
    rate: Rate,
    frequencies: FloatArray,
    owner: str,
    at: tuple[float, float] | None = None,
    argument: str = "rate",
) -> FloatArray:
    """Return gamma at each frequency (K,), checked to be real, finite and >= 0.

    Raises TypeError or ValueError if the callable does not take an array (as it raises), returns
    something that is not real (TypeError), a value that is NaN, infinite or negative, or another
    shape than the frequencies'; if it depends on T and mu and none are given.

    `at`: T, mu of the reservoir, for a rate that depends on them; `argument`: how messages call the
    rate.
    """
    thermal: tuple[float, ...] = ()
    if varies(rate):
        if at is None:
            raise ValueError(
                f"Argument `{argument}` of {owner} must be a function of the frequency alone here, "
                "but depends on T and mu. Use the density matrix, oqs.flow_law(oqs.davies(system, "
                "contacts)), or contact.at(T, mu) for the rate at one T, mu."
            )
        thermal = (float(at[0]), float(at[1]))
    try:
        with np.errstate(all="ignore"):  # what comes out is checked below, by value
            returned = rate(frequencies.copy(), *thermal)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"Argument `{argument}` of {owner} must accept an array of frequencies, but raised: "
            f"{error}. Write it with numpy functions, or wrap it in numpy.vectorize."
        ) from error
    return _checked_values(np.asarray(returned), frequencies, f"Argument `{argument}` of {owner}")


def _checked_values(values: NDArray[Any], frequencies: FloatArray, who: str) -> FloatArray:
    """Return what a rate gave as floats (K,), or raise: real, finite, >= 0, one per frequency."""
    if values.dtype.kind not in "iuf":
        raise TypeError(
            f"{who} must return real numbers, but returned {values.dtype}. "
            "Return values >= 0 as floats."
        )
    if values.shape not in ((), frequencies.shape):
        raise ValueError(
            f"{who} must return one value per frequency, shape {frequencies.shape}, but returned "
            f"shape {values.shape}. Return an array like its argument."
        )
    if not values.shape:
        values = np.full(frequencies.shape, values)
    good = (values >= 0) & (values < np.inf)  # NaN is neither
    if not good.all():
        index = int(np.argmin(good))
        value, frequency = float(values[index]), float(frequencies[index])
        raise ValueError(
            f"{who} must be finite and >= 0, but is {value!r} at frequency {frequency!r}. "
            "Choose a law that is defined at every Bohr frequency."
        )
    return values.astype(np.float64)


def non_negative(name: str, value: float) -> float:
    """Return `value` as a float >= 0, or raise naming the argument."""
    number = real_number(name, value, "Rates are real numbers >= 0 in units of energy.")
    if number < 0:
        raise ValueError(
            f"Argument `{name}` must be >= 0, but is {number!r}. Rates are real numbers >= 0."
        )
    return number
