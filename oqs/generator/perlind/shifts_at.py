"""The coefficients of frequency shifts at many Bohr frequencies, those of large systems."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.contacts import Contact
from oqs.contact.shifts import frequency_shifts, shift_slopes

_AT_ONCE = 1000  # frequencies, of some thousand nodes each


def shifts_at(
    contact: Contact, frequencies: FloatArray, T: float, mu: float
) -> tuple[FloatArray, FloatArray]:
    """Return e_j(w) and f_j(w) of `oqs.lamb_shift` at frequencies of any shape.

    Raises ValueError if the contact has no band over which the integrals converge.
    """
    distinct, place = np.unique(frequencies, return_inverse=True)
    coefficients = np.empty((2, len(distinct)))
    for begin in range(0, len(distinct), _AT_ONCE):
        here = slice(begin, begin + _AT_ONCE)
        coefficients[:, here] = frequency_shifts(contact, distinct[here], T, mu)
    emission, absorption = coefficients[:, place].reshape(2, *frequencies.shape)
    return emission, absorption


def slopes_at(contact: Contact, frequencies: FloatArray, T: float, mu: float) -> FloatArray:
    """Return the derivatives (2, 2, ...), by T and mu, of e_j(w) and f_j(w)."""
    distinct, place = np.unique(frequencies, return_inverse=True)
    slopes = np.empty((2, 2, len(distinct)))
    for begin in range(0, len(distinct), _AT_ONCE):
        here = slice(begin, begin + _AT_ONCE)
        slopes[..., here] = shift_slopes(contact, distinct[here], T, mu)
    return slopes[..., place].reshape(2, 2, *frequencies.shape)
