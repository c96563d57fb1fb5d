"""The coefficients of the frequency shifts that a contact causes at given Bohr frequencies.

e_j(w) = P int de/(2 pi) gamma_j(e) (1 - n_j(e)) / (w - e),
f_j(w) = -P int de/(2 pi) gamma_j(e) n_j(e) / (w - e).
"""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.contacts import Contact
from oqs.contact.principal_value import occupied_shift, occupied_shift_slopes, shift_function

_AT_ONCE = 1000  # frequencies, of some thousand nodes each


def shift_coefficients(
    contact: Contact, frequencies: FloatArray, T: float, mu: float
) -> tuple[FloatArray, FloatArray]:
    """Return e_j(w) and f_j(w) at frequencies of any shape; each in units of energy.

    Raises
    ------
    ValueError
        if the contact has no band over which the integrals converge.
    """
    distinct, place = np.unique(frequencies, return_inverse=True)
    total = shift_function(contact)
    emission, absorption = np.empty_like(distinct), np.empty_like(distinct)
    for begin in range(0, len(distinct), _AT_ONCE):
        here = slice(begin, begin + _AT_ONCE)
        occupied = occupied_shift(contact, distinct[here], T, mu)
        absorption[here] = -occupied
        emission[here] = total(distinct[here]) - occupied
    shape = frequencies.shape
    return emission[place].reshape(shape), absorption[place].reshape(shape)


def shift_slopes(contact: Contact, frequencies: FloatArray, T: float, mu: float) -> FloatArray:
    """Return the derivatives (2, ...) of e_j(w), and of f_j(w) alike, with respect to T and mu."""
    distinct, place = np.unique(frequencies, return_inverse=True)
    found = np.empty((2, len(distinct)))
    for begin in range(0, len(distinct), _AT_ONCE):
        here = slice(begin, begin + _AT_ONCE)
        found[:, here] = -occupied_shift_slopes(contact, distinct[here], T, mu)
    return found[:, place].reshape(2, *frequencies.shape)
