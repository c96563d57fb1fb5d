"""Frequency shifts of any contact: what virtual emission and absorption cost in energy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact
from oqs.contact.bosonic import BosonicContact
from oqs.contact.contacts import Contact
from oqs.contact.principal_value import (
    BandIntegral,
    occupied_shift,
    occupied_shift_slopes,
    shift_function,
)
from oqs.contact.rate_slopes import differences
from oqs.contact.spectra import DrudeLorentz, Ohmic, Underdamped
from oqs.memory import rest_announced
from oqs.numerics.occupation import bose

_Weight = Callable[[FloatArray, FloatArray], FloatArray]
_REACH = 60.0  # cutoffs after which e^-x is below 1e-26
_AT_ONCE = 1000  # frequencies, of some thousand nodes each
_FAR = 1e4  # centers after which what an underdamped mode leaves, 1/w^3, is below 1e-12 of a shift


def frequency_shifts(
    contact: ReservoirContact, frequencies: FloatArray, T: float, mu: float
) -> tuple[FloatArray, FloatArray]:
    """Return e(w), f(w) (K,): H_LS = sum_w { e S(w)^+ S(w) + f S(w) S(w)^+ }.

    Fermionic: e = P int de/(2 pi) gamma (1 - n)/(w - e), f = -P int de/(2 pi) gamma n/(w - e).
    Bosonic: with s(w) = P int_0^inf dv/(2 pi) J(v) { (1 + n_B(v))/(w - v) + n_B(v)/(w + v) },
    e = s(w) and f = s(-w), half of s(0) each at w = 0, where S(0) is Hermitian.

    Raises ValueError if the integral does not converge: a spectrum without a cutoff and without a
    band.
    """
    here = contact.at(T, mu)
    if isinstance(here, BosonicContact):
        shift = _bosonic_shift(here, T, _emitted, T)
        half = np.where(frequencies == 0, 0.5, 1.0)
        above, below = (shift(w) + _beyond(here, T, w) for w in (frequencies, -frequencies))
        return half * above, half * below
    assert isinstance(here, Contact)  # the other kind of contact
    occupied = occupied_shift(here, frequencies, T, mu)
    return shift_function(here)(frequencies) - occupied, -occupied


def shift_slopes(
    contact: ReservoirContact, frequencies: FloatArray, T: float, mu: float
) -> FloatArray:
    """Return the derivatives (2, 2, K), by T and mu, of e(w) and f(w).

    Of a rate that varies by differences of e and f, which hold integrals over it.
    """
    if contact.varies:

        def both(T: float, mu: float) -> FloatArray:
            return np.array(frequency_shifts(contact, frequencies, T, mu))

        return differences(
            both, T, mu, f"the frequency shift of {contact.label()}", bosonic=not contact.fermionic
        )
    if isinstance(contact, BosonicContact):

        def growing(energies: FloatArray, x: FloatArray) -> FloatArray:
            absorbed, emitted = bose(x)
            return absorbed * emitted * x / T

        shift = _bosonic_shift(contact, T, growing, 1.0)
        half = np.where(frequencies == 0, 0.5, 1.0)
        by_T = np.array([half * shift(frequencies), half * shift(-frequencies)])
        return np.array([by_T, np.zeros_like(by_T)])
    assert isinstance(contact, Contact)  # the other kind of contact
    derivatives = -occupied_shift_slopes(contact, frequencies, T, mu)
    return np.stack([derivatives, derivatives], axis=1)


def shifts_at(
    contact: ReservoirContact, frequencies: FloatArray, T: float, mu: float
) -> tuple[FloatArray, FloatArray]:
    """Return what `frequency_shifts` does at frequencies of any shape, however many."""
    emission, absorption = _of_distinct(
        lambda w: np.array(frequency_shifts(contact, w, T, mu)), frequencies
    )
    return emission, absorption


def slopes_at(
    contact: ReservoirContact, frequencies: FloatArray, T: float, mu: float
) -> FloatArray:
    """Return what `shift_slopes` does, (2, 2, ...), at frequencies of any shape, however many."""
    return _of_distinct(lambda w: shift_slopes(contact, w, T, mu), frequencies)


def _of_distinct(evaluate: Callable[[FloatArray], FloatArray], w: FloatArray) -> FloatArray:
    """Return a function (..., K) of distinct frequencies at frequencies of any shape."""
    distinct, place = np.unique(w, return_inverse=True)
    parts = np.split(distinct, range(_AT_ONCE, len(distinct), _AT_ONCE))
    each = [evaluate(part) for part in rest_announced("More frequency shifts", parts)]
    values = np.concatenate(each, axis=-1)[..., place.ravel()]
    return values.reshape(*values.shape[:-1], *w.shape)


def _emitted(energies: FloatArray, x: FloatArray) -> FloatArray:
    absorbed, released = bose(x)
    return np.where(energies > 0, released, absorbed)


def _bosonic_shift(
    contact: BosonicContact, T: float, weight: _Weight, at_zero: float
) -> BandIntegral:
    """Return w -> P int dv/(2 pi) J(|v|) weight(v) / (w - v) over v of both signs.

    `weight`: of energies v and x = |v|/T; absorption of bosons stands at v < 0. `at_zero`: limit of
    |v| weight(v) at v = 0.
    """
    highest, features = _support(contact, T)

    def weighted(energies: FloatArray) -> FloatArray:
        away = np.abs(energies)
        density, still = contact.gamma(away), away == 0
        x = np.where(still, 1.0, away) / T
        return density * np.where(still, at_zero, weight(energies, x))

    thermal = [sign * T * 3.0**k for sign in (-1, 1) for k in range(4)]
    both = [sign * f for f in features for sign in (-1, 1)]
    lowest = contact.band[0] if contact.band is not None else 0.0
    edges = [-lowest, lowest] if lowest > 0 else [0.0]
    return BandIntegral.over_band(
        weighted, -highest, highest, [*both, *thermal, *edges], contact.label()
    )


def _support(contact: BosonicContact, T: float) -> tuple[float, list[float]]:
    """Return the highest energy that is integrated to, and those around which J varies fast."""
    if contact.band is not None:
        return contact.band[1], [contact.band[1]]
    spectrum = contact.spectrum
    if isinstance(spectrum, Ohmic) and spectrum.cutoff is not None:
        return _REACH * spectrum.cutoff, [spectrum.cutoff]
    if isinstance(spectrum, DrudeLorentz):
        return _REACH * max(spectrum.cutoff, T), [spectrum.cutoff]
    if isinstance(spectrum, Underdamped):
        center, width = spectrum.center, spectrum.width
        around = [center, abs(center - width), center + width]
        return max(_FAR * max(center, width), _REACH * T), around
    raise ValueError(
        f"Argument `band` of {contact.label()} must be given for its frequency shift, but is None: "
        f"with {spectrum!r} the integral over all energies diverges or does not end. Give "
        "BosonicContact(..., band=(0, highest)), or oqs.ohmic(..., cutoff=...)."
    )


def _beyond(contact: BosonicContact, T: float, w: FloatArray) -> FloatArray:
    """Return the integral over what stands above the highest energy L, where n_B is nothing.

    Of a Drude-Lorentz spectrum, J ~ 1/v, with c its cutoff and |w| < L:

        int_L^inf dv v/((v^2 + c^2)(w - v)) = [w ln((L - w)/sqrt(L^2 + c^2)) - c arctan(c/L)]
                                              / (w^2 + c^2).
    """
    spectrum = contact.spectrum
    if contact.band is not None or not isinstance(spectrum, DrudeLorentz):
        return np.zeros_like(w)
    L, c = _support(contact, T)[0], spectrum.cutoff
    if np.any(np.abs(w) >= L / 2):
        raise ValueError(
            f"The Bohr frequencies of {contact.label()} must lie below {L / 2:.6g}, {_REACH / 2:g} "
            "times its cutoff or T, for their frequency shifts. Give it a band."
        )
    logarithm = w * np.log((L - w) / np.hypot(L, c))
    whole = (logarithm - c * np.arctan2(c, L)) / (w**2 + c**2)
    return spectrum.strength * c**2 / (2 * np.pi) * whole
