"""Gross rates: all that a contact gives and takes, before what it gives and takes cancels.

Flows are differences of them, so rounding leaves some 1e-16 of the gross rates in a flow, however
small that is: a flow that vanishes by symmetry or between equal reservoirs comes out as that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oqs.arguments import FloatArray
from oqs.contacts import Contact
from oqs.davies import DaviesModel
from oqs.eigenoperators import NEGLIGIBLE
from oqs.flows import Flows
from oqs.occupation import filled_and_empty
from oqs.systems import QuadraticSystem

ROUNDING = 1e-13
"""What counts as rounding of a flow, relative to the largest gross rate of its kind."""


def gross_flows(model: DaviesModel, T: FloatArray, mu: FloatArray) -> Flows:
    """Return the gross rates of particles, energy and heat of each contact, (n,) each, all >= 0.

        g_j = sum_w gamma_j(w) |S_j(w)|^2 [n_j (1 - n_min) + n_max (1 - n_j)],

    energy the same with |w|, heat with |w| + |mu_j|, as Y_j = J_j - mu_j P_j. n_min and n_max are
    the lowest and highest occupation of the reservoirs that reach w; the system's lies between.
    Without interactions the sum runs over the modes; with them over the transitions up from one
    eigenstate, or down from one, the largest such sums.

    They depend on rates, T and mu alone, not on the solution that they judge.
    """
    if isinstance(model.system, QuadraticSystem):
        return gross_of_modes(model.system, model.contacts, T, mu)
    up, down = _exchanges(model.frequencies, model.rates, T, mu)
    found = np.zeros((2, model.reservoirs))
    for j, e in enumerate(model.decomposition.elements):
        strength = np.abs(e.amplitude) ** 2
        for kind, each in enumerate((1.0, np.abs(model.frequencies))):
            rising = np.bincount(e.lower, strength * (up[j] * each)[e.kappa])
            falling = np.bincount(e.upper, strength * (down[j] * each)[e.kappa])
            found[kind, j] = np.max(rising, initial=0.0) + np.max(falling, initial=0.0)
    return Flows.of(found[0], found[1], -np.abs(mu))


def gross_of_modes(
    system: QuadraticSystem, contacts: Sequence[Contact], T: FloatArray, mu: FloatArray
) -> Flows:
    """Return the gross rates (n,) of a quadratic system, as `gross_flows`."""
    rates = np.zeros((len(contacts), len(system.energies)))
    for j, contact in enumerate(contacts):
        amplitudes = contact.channels(system.sites) @ system.modes
        strength = np.sum(np.abs(amplitudes) ** 2, axis=0)
        touched = strength > NEGLIGIBLE**2 * np.sum(strength)
        rates[j, touched] = strength[touched] * contact.gamma(system.energies[touched], j)
    both = np.add(*_exchanges(system.energies, rates, T, mu))
    return Flows.of(both.sum(axis=1), both @ np.abs(system.energies), -np.abs(mu))


def _exchanges(
    frequencies: FloatArray, rates: FloatArray, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return gamma_j n_j (1 - n_min) and gamma_j (1 - n_j) n_max, each (n, K)."""
    filled, empty = filled_and_empty((frequencies - mu[:, None]) / T[:, None])
    there = rates > 0
    emptiest = np.max(np.where(there, empty, 0.0), axis=0)
    fullest = np.max(np.where(there, filled, 0.0), axis=0)
    return rates * filled * emptiest, rates * empty * fullest
