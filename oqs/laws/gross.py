"""Gross rates: all that a contact gives and takes, before what it gives and takes cancels.

Flows are differences of them, so rounding leaves some 1e-16 of the gross rates in a flow, however
small that is: a flow that vanishes by symmetry or between equal reservoirs comes out as that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.flows import KINDS, Flows
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.model import Model
from oqs.numerics.occupation import filled_and_empty
from oqs.system.systems import QuadraticSystem

ROUNDING = 1e-13
"""What counts as rounding of a flow, relative to the largest gross rate of its kind."""


def flow_scales(
    flows: Flows, T: FloatArray, gross: Flows, rounding: float = ROUNDING
) -> dict[str, float]:
    """Return by kind what deviations of flows (n,) are relative to: the largest of the kind.

    Energies have no zero of their own: theirs count as max(T) per particle at least. And no flow
    counts as less than `rounding` of the largest gross rate of its kind.
    """
    scales = {
        kind: max(
            float(np.max(np.abs(getattr(flows, kind)))),
            rounding * float(np.max(getattr(gross, kind))),
        )
        for kind in KINDS
    }
    scales["energy"] = max(scales["energy"], float(np.max(T)) * scales["particle"])
    return scales


def relative_deviations(
    flows: Flows, exact: Flows, T: FloatArray, gross: Flows
) -> dict[str, float]:
    """Return by kind the largest deviation of flows (n,) from exact ones, over `flow_scales`."""
    return {
        kind: share(float(np.max(np.abs(getattr(flows, kind) - getattr(exact, kind)))), scale)
        for kind, scale in flow_scales(exact, T, gross).items()
    }


def share(deviation: float, scale: float) -> float:
    """Return the ratio; nothing over nothing is none."""
    with np.errstate(divide="ignore"):
        return float(np.divide(deviation, scale)) if deviation else 0.0


def gross_flows(model: Model, T: FloatArray, mu: FloatArray) -> Flows:
    """Return the gross rates of particles, energy and heat of each contact, (n,) each, all >= 0.

        g_j = sum_w gamma_j(w) |S_j(w)|^2 [n_j (1 - nbar) + nbar (1 - n_j)],

    energy the same with |w|, heat with |w| + |mu_j|, as Y_j = J_j - mu_j P_j; nbar(w) is the mean
    occupation of the reservoirs by their rates, Eq. (10). Without interactions the sum runs over
    the modes; with them over the transitions up from one eigenstate, or down from one, the largest
    such sums: an estimate. With bosonic contacts, or rates that depend on T and mu, their own rates
    up and down stand for gamma n (1 - nbar) and gamma nbar (1 - n).

    They depend on rates, T and mu alone, not on the solution that they judge.
    """
    if isinstance(model.system, QuadraticSystem):
        return gross_of_modes(model.system, model.leads, T, mu)
    model = model.secular
    if isinstance(model.transitions, StateTransitions):
        weights = model.weights(T, mu).reshape(-1, *model.rates.shape)
        down, up = weights[0], weights[1]
    else:
        up, down = _exchanges(model.frequencies, model.rates, T, mu)
    gross = np.zeros((2, model.reservoirs))
    for j, e in enumerate(model.decomposition.elements):
        strength = np.abs(e.amplitude) ** 2
        moved = float(model.contacts[j].fermionic)
        for kind, each in enumerate((moved, np.abs(model.frequencies))):
            rising = np.bincount(e.lower, strength * (up[j] * each)[e.kappa])
            falling = np.bincount(e.upper, strength * (down[j] * each)[e.kappa])
            gross[kind, j] = np.max(rising, initial=0.0) + np.max(falling, initial=0.0)
    return Flows.of(gross[0], gross[1], -np.abs(mu))


def gross_of_modes(
    system: QuadraticSystem, contacts: Sequence[Contact], T: FloatArray, mu: FloatArray
) -> Flows:
    """Return the gross rates (n,) of a quadratic system, as `gross_flows`."""
    rates = np.zeros((len(contacts), len(system.energies)))
    for j, contact in enumerate(contacts):
        strength = np.sum(np.abs(contact.channels(system.sites) @ system.modes) ** 2, axis=0)
        touched = strength > NEGLIGIBLE**2 * np.sum(strength)
        rates[j, touched] = strength[touched] * contact.gamma(system.energies[touched], j)
    both = np.add(*_exchanges(system.energies, rates, T, mu))
    return Flows.of(both.sum(axis=1), both @ np.abs(system.energies), -np.abs(mu))


def _exchanges(
    frequencies: FloatArray, rates: FloatArray, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return gamma_j n_j (1 - nbar) and gamma_j (1 - n_j) nbar, each (n, K)."""
    filled, empty = filled_and_empty((frequencies - mu[:, None]) / T[:, None])
    total = rates.sum(axis=0)
    share = np.divide(rates, total, out=np.zeros_like(rates), where=total > 0)
    mean, lacking = (np.sum(share * part, axis=0) for part in (filled, empty))
    return rates * filled * lacking, rates * empty * mean
