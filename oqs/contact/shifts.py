"""Frequency shifts of any contact: what virtual emission and absorption cost in energy."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact
from oqs.contact.bosonic import BosonicContact
from oqs.contact.contacts import Contact
from oqs.contact.principal_value import BandIntegral, occupied_shift, shift_function
from oqs.contact.spectra import Ohmic
from oqs.numerics.occupation import bose

_REACH = 60.0  # cutoffs after which e^-x is below 1e-26


def frequency_shifts(
    contact: ReservoirContact, frequencies: FloatArray, T: float, mu: float
) -> tuple[FloatArray, FloatArray]:
    """Return e(w), f(w) (K,): H_LS = sum_w { e S(w)^+ S(w) + f S(w) S(w)^+ }.

    Fermionic: e = P int de/(2 pi) gamma (1 - n)/(w - e), f = -P int de/(2 pi) gamma n/(w - e).
    Bosonic: with s(w) = P int_0^inf dv/(2 pi) J(v) { (1 + n_B(v))/(w - v) + n_B(v)/(w + v) },
    e = s(w) and f = s(-w), half of s(0) each at w = 0, where S(0) is Hermitian.

    Raises
    ------
    ValueError
        if the integral does not converge: another spectrum than a cut off one without a band.
    """
    here = contact.at(T, mu)
    if isinstance(here, BosonicContact):
        shift = _bosonic_shift(here, T)
        half = np.where(frequencies == 0, 0.5, 1.0)
        return half * shift(frequencies), half * shift(-frequencies)
    assert isinstance(here, Contact)  # the other kind of contact
    occupied = occupied_shift(here, frequencies, T, mu)
    return shift_function(here)(frequencies) - occupied, -occupied


def _bosonic_shift(contact: BosonicContact, T: float) -> BandIntegral:
    """Return s(w): the integral over v of both signs of J(|v|) n_B(v) sign, v < 0 absorption."""
    highest, features = _support(contact)

    def emitted(energies: FloatArray) -> FloatArray:
        away = np.abs(energies)
        density = contact.gamma(away)
        still = away == 0
        absorbed, released = bose(np.where(still, 1.0, away) / T)
        rate = density * np.where(energies > 0, released, absorbed)
        return np.where(still, T * density, rate)

    thermal = [sign * T * 3.0**k for sign in (-1, 1) for k in range(4)]
    both = [sign * f for f in features for sign in (-1, 1)]
    lowest = contact.band[0] if contact.band is not None else 0.0
    edges = [-lowest, lowest] if lowest > 0 else [0.0]
    return BandIntegral.over_band(
        emitted, -highest, highest, [*both, *thermal, *edges], contact.label()
    )


def _support(contact: BosonicContact) -> tuple[float, list[float]]:
    """Return the highest energy and those around which J varies fast."""
    if contact.band is not None:
        return contact.band[1], [contact.band[1]]
    spectrum = contact.spectrum
    if isinstance(spectrum, Ohmic) and spectrum.cutoff is not None:
        return _REACH * spectrum.cutoff, [spectrum.cutoff]
    raise ValueError(
        f"Argument `band` of {contact.label()} must be given for its frequency shift, but is None: "
        f"with {spectrum!r} the integral over all energies diverges or does not end. Give "
        "BosonicContact(..., band=(0, highest)), or oqs.ohmic(..., cutoff=...)."
    )
