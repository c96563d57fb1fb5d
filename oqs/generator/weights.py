"""Rates of the contacts at each Bohr frequency, and at T and mu the weights down and up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple, final

import numpy as np
from scipy.special import expit

from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact, ThermalState
from oqs.contact.shifts import frequency_shifts, shift_slopes
from oqs.contact.together import fixed_fermionic
from oqs.generator.eigenoperators import Decomposition
from oqs.numerics.clusters import IntArray

_Pair = tuple[FloatArray, FloatArray]


def rates_of(contacts: Sequence[ReservoirContact], decomposition: Decomposition) -> FloatArray:
    """Return gamma_j(w_kappa) (n, K), checked; see `DaviesModel.rates`."""
    rates = np.zeros((len(contacts), len(decomposition.frequencies)))
    for j, contact, here in _occurring(contacts, decomposition):
        w = decomposition.frequencies[here]
        rates[j, here] = 1.0 if contact.varies else contact.gamma(w, j)
    return rates


@final
class ContactRates(NamedTuple):
    """Each contact's rates at each Bohr frequency, to be weighted at T and mu."""

    contacts: Sequence[ReservoirContact]
    decomposition: Decomposition
    rates: FloatArray  # (n, K), as `rates_of` has them

    def split(self, T: FloatArray, mu: FloatArray) -> _Pair:
        """Return each contact's rates of S(w) and of S(w)^+ at T, mu (n,), each (n, K)."""
        w = self.decomposition.frequencies
        if fixed_fermionic(self.contacts):
            nu = (w - mu[:, None]) / T[:, None]  # (n, K)
            return self.rates * expit(nu), self.rates * expit(-nu)
        down, up = self.split_together(T[None], mu[None])
        return down[..., 0], up[..., 0]

    def split_together(self, T: FloatArray, mu: FloatArray) -> _Pair:
        """Return what `split` does, each (n, K, b), at T, mu (b, n)."""
        down, up = np.zeros((2, *self.rates.shape, len(T)))
        for j, contact, here in _occurring(self.contacts, self.decomposition):
            w = self.decomposition.frequencies[here]
            gamma = self.rates[j, here, None]
            if contact.varies:
                states = zip(T[:, j].tolist(), mu[:, j].tolist(), strict=True)
                gamma = np.stack([contact.gamma(w, j, ThermalState(*at)) for at in states], axis=1)
            down[j, here], up[j, here] = contact.split(gamma, w[:, None], T[:, j], mu[:, j])
        return down, up

    def slopes_together(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return what `slopes` does without shifts, (2, 2, n, K, b), at T, mu (b, n)."""
        derivatives = np.zeros((2, 2, *self.rates.shape, len(T)))
        for j, contact, here in _occurring(self.contacts, self.decomposition):
            w = self.decomposition.frequencies[here]
            if contact.varies:
                states = zip(T[:, j].tolist(), mu[:, j].tolist(), strict=True)
                each = [varying_slopes(contact, w, j, ThermalState(*at)) for at in states]
                derivatives[:, :, j, here] = np.stack(each, axis=-1)
            else:
                gamma = self.rates[j, here, None]
                derivatives[:, :, j, here] = contact.slopes(gamma, w[:, None], T[:, j], mu[:, j])
        return derivatives

    def slopes(self, T: FloatArray, mu: FloatArray, *, shifted: bool) -> FloatArray:
        """Return the derivatives (2, .., n, K) of the weights by each contact's own T and mu."""
        derivatives = self.slopes_together(T[None], mu[None])[..., 0]
        if not shifted:
            return derivatives
        of_shifts = np.zeros_like(derivatives)
        for j, contact, here in _occurring(self.contacts, self.decomposition):
            w = self.decomposition.frequencies[here]
            of_shifts[:, :, j, here] = shift_slopes(contact, w, float(T[j]), float(mu[j]))
        return np.concatenate([derivatives, of_shifts], axis=1)


def shifts(
    contacts: Sequence[ReservoirContact],
    decomposition: Decomposition,
    T: FloatArray,
    mu: FloatArray,
) -> _Pair:
    """Return the coefficients e_j(w), f_j(w) of `lamb_shift`, each (n, K); 0 if no operator."""
    shape = len(contacts), len(decomposition.frequencies)
    emission, absorption = np.zeros(shape), np.zeros(shape)
    for j, contact, here in _occurring(contacts, decomposition):
        emission[j, here], absorption[j, here] = frequency_shifts(
            contact, decomposition.frequencies[here], float(T[j]), float(mu[j])
        )
    return emission, absorption


def varying_slopes(
    contact: ReservoirContact, w: FloatArray, j: int, at: ThermalState
) -> FloatArray:
    """Return the derivatives (2, 2, K), by T and mu, of both rates where gamma has some itself."""
    fixed = contact.slopes(contact.gamma(w, j, at), w, *at)
    own = [contact.split(change, w, *at) for change in contact.gamma_slopes(w, j, at)]
    return fixed + np.array(own)


def _occurring(
    contacts: Sequence[ReservoirContact], decomposition: Decomposition
) -> Iterator[tuple[int, ReservoirContact, IntArray]]:
    """Yield each contact with the indices of the frequencies at which it has an eigen-operator."""
    return zip(itertools.count(), contacts, decomposition.occurring, strict=False)
