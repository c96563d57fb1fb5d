"""Rates that depend on T and mu between small reservoirs, whose T and mu change with each jump.

Detailed balance, W+/W- = e^{Delta S}, needs one gamma for a jump and its way back, so gamma belongs
to the two states of the reservoir that the jump links: it is the mean of gamma(w, T, mu) at the T,
mu of both. They differ by 1/N, and so does what another symmetric choice would give.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact, ThermalState
from oqs.contact.bosonic import BosonicContact
from oqs.contact.contacts import Contact
from oqs.contact.rates import TemperatureScaled

_Thermal = tuple[FloatArray, FloatArray]  # T and mu (...)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PairRates:
    """What gamma(w) of each contact is at many states of its reservoir."""

    contacts: tuple[ReservoirContact, ...]  # (n,) one per reservoir

    @functools.cached_property
    def varying(self) -> tuple[int, ...]:
        """The reservoirs whose rates depend on their T and mu."""
        return tuple(j for j, contact in enumerate(self.contacts) if contact.varies)

    def between(
        self, j: int, w: FloatArray, here: _Thermal, there: _Thermal, *, entropic: bool
    ) -> FloatArray:
        """Return gamma_j (...) of jumps in w (...) from reservoir states `here` to `there`.

        Of Fermi's occupations, those of the momentary T and mu, it is the momentary one, too.
        """
        own = self.at(j, w, *here)
        return (own + self.at(j, w, *there)) / 2 if entropic else own

    def at(self, j: int, w: FloatArray, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return gamma_j(w, T, mu) for arrays (...) of all three; at w = 0 the slope J'(0)."""
        contact = self.contacts[j]
        w, T, mu = np.broadcast_arrays(w, T, mu)
        law = _law(contact)
        if isinstance(law, TemperatureScaled):  # all at once
            distinct, place = np.unique(w, return_inverse=True)
            start = contact.at(law.T_0, 0.0).gamma(distinct, j)
            return start[place.reshape(w.shape)] * (T / law.T_0) ** law.exponent
        gamma = np.empty(w.shape)
        states, place = np.unique(np.stack([T.ravel(), mu.ravel()]), axis=1, return_inverse=True)
        order = np.argsort(place.ravel(), kind="stable")
        ends = np.cumsum(np.bincount(place.ravel(), minlength=states.shape[1]))
        for mine, at in zip(_parts(order, ends), states.T.tolist(), strict=True):
            gamma.ravel()[mine] = contact.gamma(w.ravel()[mine], j, ThermalState(*at))
        return gamma


def _parts(order: NDArray[np.intp], ends: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return np.split(order, ends[:-1]) if len(ends) else []


def _law(contact: ReservoirContact) -> object:
    if isinstance(contact, Contact):
        return contact.rate
    assert isinstance(contact, BosonicContact)  # the other kind of contact
    return contact.spectrum
