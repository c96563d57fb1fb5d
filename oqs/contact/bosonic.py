"""Contacts to bosonic reservoirs: phonons and photons, which exchange energy and no particles."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import (
    ComplexArray,
    FloatArray,
    complex_array,
    float_array,
    positive_number,
    read_only,
)
from oqs.contact.base import ReservoirContact, Thermal, ThermalState, check_name, checked_band
from oqs.contact.rate_slopes import differences, rate_slopes
from oqs.contact.rates import FREQUENCIES, Rate, rate_at, rate_frozen, varies
from oqs.contact.spectra import frequencies_near_zero, slope_at_zero
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.numerics.occupation import bose
from oqs.summary import Summary, counted, few_digits

_OPERATOR = (
    "Give a Hermitian Qobj of the system, a list of such for independent channels, (N,) weights of "
    "the sites' occupations, or a Hermitian (N, N) matrix x_vw of sum x_vw c_v^+ c_w."
)

Operator: TypeAlias = "qutip.Qobj | ComplexArray"
_BAND = "Give (lowest, highest) energy of the bosons, lowest >= 0, or None for no edges."


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, init=False, repr=False)
class BosonicContact(ReservoirContact):
    """A Hermitian operator S of the system that a bosonic reservoir of spectral density J(w) feels.

    The dissipator of the contact is

        D = sum_{w>0} J(w) { (1 + n_B(w)) D[S(w)] + n_B(w) D[S(w)^+] } + g_0 D[S(0)],
        n_B(w) = 1/(e^{w/T} - 1),   g_0 = lim_{w->0} J(w) n_B(w) = T J'(0),
        D[L] rho = L rho L^+ - {L^+ L, rho} / 2,

    with S(w) the eigen-operators of S, which lower the energy of the system by w. g_0 is pure
    dephasing; it diverges for a J that begins less steeply than w, which is refused where S has a
    part at zero frequency beside the unit operator.

    Parameters
    ----------
    spectrum : callable, array of frequencies w > 0 -> array of J(w) >= 0, units of energy for a
        dimensionless S: `ohmic`, `drude_lorentz`, `underdamped`, `flat`, `lorentzian` or any
        other. One of three arguments is J(w, T, mu), with mu = 0; a method slopes(w, T, mu) of it,
        if any, returns its derivatives by T and by mu.
    operator : S, a Hermitian Qobj of the system, in whatever units J leaves to it. A list of Qobj
        is one independent channel each. For a system of fermionic sites also real (N,) weights x_v
        of sum_v x_v n_v (electron-phonon coupling), or a Hermitian (N, N) matrix x_vw of
        sum_vw x_vw c_v^+ c_w (a hopping that phonons shake). For QuadraticBosons see there.
    name : used in messages, tables and plots.
    band : (lowest, highest) energy of the bosons, lowest >= 0: J is 0 outside. None: no edges.

    Raises
    ------
    TypeError, ValueError
        if the spectrum is not callable, an operator is not a Hermitian Qobj or array of these
        shapes, or the band's edges do not ascend from >= 0.

    References
    ----------
    Breuer and Petruccione, The Theory of Open Quantum Systems (2002), section 3.4.

    Examples
    --------
    >>> import qutip
    >>> bath = oqs.BosonicContact(oqs.ohmic(0.1), qutip.sigmax(), name="hot")
    >>> down, up = bath.split(bath.gamma(np.array([2.0])), np.array([2.0]), T=1.0, mu=0.0)
    >>> float((up / down)[0].round(6)), float(np.exp(-2.0).round(6))
    (0.135335, 0.135335)
    """

    spectrum: Rate
    operator: tuple[Operator, ...]
    name: str | None = None
    band: tuple[float, float] | None = None
    fermionic: ClassVar[bool] = False

    def __init__(
        self,
        spectrum: Rate,
        operator: qutip.Qobj | Sequence[qutip.Qobj] | ArrayLike,
        name: str | None = None,
        band: tuple[float, float] | None = None,
    ) -> None:
        if not callable(spectrum):
            raise TypeError(
                f"Argument `spectrum` must be a callable J(w), but is {spectrum!r}. Give "
                "oqs.ohmic(0.01) for an Ohmic bath."
            )
        check_name(name)
        object.__setattr__(self, "spectrum", spectrum)
        object.__setattr__(self, "operator", _operators(operator))
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "band", None if band is None else checked_band(band, _BAND, 0.0))

    @functools.cached_property
    def varies(self) -> bool:
        """Whether the spectrum is one of (w, T, mu)."""
        return varies(self.spectrum)

    def gamma(
        self, frequencies: FloatArray, index: int | None = None, at: ThermalState | None = None
    ) -> FloatArray:
        """Return J(w) (K,) at these frequencies >= 0, and at w = 0 the slope J'(0).

        Raises
        ------
        TypeError, ValueError
            if J is not real, finite and >= 0 there, or J'(0) not finite, naming the contact
            (`index`), or if J depends on T and none is given.
        """
        frequencies = float_array("frequencies", frequencies, FREQUENCIES)
        inside = frequencies > 0
        if self.band is not None:
            inside &= (frequencies >= self.band[0]) & (frequencies <= self.band[1])
        values = np.zeros(frequencies.shape)
        values[inside] = self._density(frequencies[inside], index, at)
        still = frequencies == 0
        if still.any() and (self.band is None or self.band[0] == 0):
            scale = float(np.min(frequencies[frequencies > 0], initial=np.inf))
            values[still] = self._slope(scale if scale < np.inf else 1.0, index, at)
        return values

    def split(
        self, gamma: FloatArray, frequencies: FloatArray, T: Thermal, mu: Thermal
    ) -> tuple[FloatArray, FloatArray]:
        """Return J (1 + n_B) and J n_B (K,), each to its own relative precision.

        At w = 0, where S(0) is Hermitian, half of g_0 = T J'(0) each.
        """
        frequencies = float_array("frequencies", frequencies, FREQUENCIES)
        gamma = float_array("gamma", gamma, "Give J(w) at each frequency.")
        T = float_array("T", T, "Give a temperature in units of energy (k_B = 1).")
        still = frequencies == 0
        absorbed, emitted = bose(np.where(still, 1.0, frequencies) / T)
        half = 0.5 * T
        down: FloatArray = gamma * np.where(still, half, emitted)
        up: FloatArray = gamma * np.where(still, half, absorbed)
        return down, up

    def slopes(
        self, gamma: FloatArray, frequencies: FloatArray, T: Thermal, mu: Thermal
    ) -> FloatArray:
        """Return the derivatives (2, 2, K), by T and mu, of J (1 + n_B) and J n_B."""
        still = frequencies == 0
        x = np.where(still, 1.0, frequencies) / T
        absorbed, emitted = bose(x)
        by_T = gamma * np.where(still, 0.5, absorbed * emitted * x / T)
        return np.array([[by_T, by_T], np.zeros((2, *by_T.shape))])

    def gamma_slopes(
        self, frequencies: FloatArray, index: int | None, at: ThermalState
    ) -> FloatArray:
        """Return dJ/dT (2, K), 0 outside the band, and dJ/dmu, which is 0."""
        owner, slopes = self.label(index), np.zeros((2, *frequencies.shape))
        inside, still = frequencies > 0, frequencies == 0
        if self.band is not None:
            inside &= (frequencies >= self.band[0]) & (frequencies <= self.band[1])
        slopes[0, inside] = rate_slopes(
            self.spectrum, frequencies[inside], owner, at, "spectrum", bosonic=True
        )[0]
        if still.any():

            def begins(T: float, mu: float) -> FloatArray:
                return self.gamma(frequencies, index, ThermalState(T, mu))[still]

            slopes[0, still] = differences(begins, *at, f"J'(0) of {owner}", bosonic=True)[0]
        return slopes

    def at(self, T: float, mu: float) -> BosonicContact:
        """Return this contact with its spectrum as it is at one T."""
        if not self.varies:
            return self
        T = positive_number("T", T, "Give a temperature in units of energy (k_B = 1).")
        operator = self.operator[0] if len(self.operator) == 1 else self.operator
        return BosonicContact(rate_frozen(self.spectrum, T, mu), operator, self.name, self.band)

    def why_zero(self, frequency: float) -> str:
        """Say why J is 0 at this frequency, where it is."""
        if self.band is not None and not self.band[0] <= frequency <= self.band[1]:
            return f"its band is {self.band!r}"
        return f"its `spectrum` {self.spectrum!r} is 0 there"

    def strength_and_channels(self, sites: int) -> tuple[str, str]:
        """Return the spectrum and the number of operators as text."""
        return repr(self.spectrum), str(len(self.operator))

    def summary(self) -> Summary:
        """Return name, spectrum and operators."""
        named = "" if self.name is None else f" {self.name!r}"
        channels = counted(len(self.operator), "operator")
        facts = [("spectrum", repr(self.spectrum)), ("", channels)]
        if self.band is not None:
            facts.append(("band", few_digits(self.band)))
        return Summary(f"Bosonic contact{named}", facts)

    def _density(
        self, frequencies: FloatArray, index: int | None, at: ThermalState | None
    ) -> FloatArray:
        return rate_at(self.spectrum, frequencies, self.label(index), at, "spectrum")

    def _slope(self, scale: float, index: int | None, at: ThermalState | None) -> float:
        near, owner = frequencies_near_zero(scale), self.label(index)
        slope = slope_at_zero(self.spectrum, self._density(near, index, at), near, owner)
        if not math.isfinite(slope):
            raise ValueError(
                f"Argument `spectrum` of {owner} must begin at least as steeply as w, J(w) ~ w, "
                f"since its operator has a part at zero frequency, but J(w)/w diverges for "
                f"{self.spectrum!r}: it would dephase at an infinite rate. Give oqs.ohmic(...) of "
                "exponent >= 1, or an operator without elements between states of equal energy."
            )
        return slope


def _operators(operator: object) -> tuple[Operator, ...]:
    if isinstance(operator, qutip.Qobj):
        return (_hermitian(operator),)
    if isinstance(operator, list | tuple) and any(isinstance(o, qutip.Qobj) for o in operator):
        return tuple(_hermitian(each) for each in operator)
    array = complex_array("operator", operator, _OPERATOR)  # type: ignore[arg-type]
    if array.size == 0 or array.ndim not in (1, 2) or len(set(array.shape)) != 1:
        raise ValueError(
            f"Argument `operator` must have shape (N,) or (N, N), but has shape {array.shape}. "
            f"{_OPERATOR}"
        )
    matrix = np.diag(array) if array.ndim == 1 else array
    _refuse_skew(float(np.max(np.abs(matrix - matrix.conj().T))), float(np.max(np.abs(matrix))))
    return (read_only(array if array.ndim == 1 else (array + array.conj().T) / 2),)


def _hermitian(operator: object) -> qutip.Qobj:
    if not isinstance(operator, qutip.Qobj) or not operator.isoper:
        raise TypeError(
            f"Argument `operator` must be an operator Qobj, but is {type(operator).__name__}. "
            f"{_OPERATOR}"
        )
    matrix = operator.to("csr").data_as("csr_matrix")
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"Argument `operator` must be square, but has shape {matrix.shape}. {_OPERATOR}"
        )
    skew, scale = abs(matrix - matrix.conj().T), abs(matrix)
    _refuse_skew(*(float(part.max()) if part.nnz else 0.0 for part in (skew, scale)))
    return operator


def _refuse_skew(skew: float, scale: float) -> None:
    if skew > 1e-12 * scale:
        raise ValueError(
            f"Argument `operator` must be Hermitian, but the largest element of S - S^+ is "
            f"{skew:.3g}. For a lowering operator a give a + a.dag()."
        )
