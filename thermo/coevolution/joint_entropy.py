"""Entropy and entropy production of the open system between changing reservoirs, Eq. (3)."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from oqs.arguments import FloatArray
from oqs.contact.base import ThermalState
from oqs.generator.davies.davies_model import DaviesModel
from oqs.state.entropy import entropy_rate, von_neumann_entropy
from thermo.coevolution.joint_flow import JointFlow

NEGLIGIBLE = 1e-30
"""Populations, and probability flows in units of gamma, below this are zero to the solver."""


def system_entropies(joint: JointFlow, y: FloatArray) -> FloatArray:
    """Return S_S = -tr rho ln rho (m,) at states y (m, d)."""
    return np.array([von_neumann_entropy(joint.matrix(z)) for z in joint.elements(y)])


def entropy_productions(joint: JointFlow, y: FloatArray) -> FloatArray:
    """Return dS_S/dt + sum_j (mu_j P_j - J_j)/T_j (m,) at states y (m, d), links included."""
    T, mu = joint.reservoir_part(y)
    if joint.diagonal and isinstance(joint.model, DaviesModel):
        p = np.array([joint.matrix(z).diagonal().real for z in joint.elements(y)])
        own = production_of_populations(joint.model, p, T, mu)
        return own if joint.links is None else own - np.sum(joint.links(T, mu).heat / T, axis=-1)
    productions = []
    for row, t, m in zip(y, T, mu, strict=True):
        elements = joint.elements(row)
        generator = joint.with_precession(joint.generator_at(t, m))
        fastest = float(abs(generator).max())
        state, change = joint.matrix(elements), joint.matrix(generator @ elements)
        heat = joint.flows(row).heat
        productions.append(entropy_rate(state, change, fastest) - np.sum(heat / t))
    return np.array(productions)


def production_of_populations(
    model: DaviesModel, p: FloatArray, T: FloatArray, mu: FloatArray
) -> FloatArray:
    """Return the left side of Eq. (3) (m,) for states without coherences.

        sum over jumps of gamma |S|^2 (r - f) ln(r/f) >= 0,
        r = (1 - n_j) p_upper,  f = n_j p_lower,  ln r/f = ln(p_upper/p_lower) + (w - mu_j)/T_j:

    no difference of large terms, so it is exact however near the equilibrium. Infinite where an
    empty state is being filled.

    Parameters
    ----------
    model : made by oqs.davies.
    p : (m, D) populations of the energy eigenstates.
    T, mu : (m, n) in units of energy.
    """
    logarithm = np.full(p.shape, -np.inf)
    np.log(p, out=logarithm, where=p > 0)
    total = np.zeros(len(p))
    for j, e in enumerate(model.decomposition.elements):
        x = ((model.frequencies - mu[:, j, None]) / T[:, j, None])[:, e.kappa]  # (m, M)
        down, up = _shares(model, j, T[:, j], mu[:, j])
        back, forth = down[:, e.kappa] * p[:, e.upper], up[:, e.kappa] * p[:, e.lower]
        rate = _strengths(model, j, T[:, j], mu[:, j])[:, e.kappa] * np.abs(e.amplitude) ** 2
        # (m, M): one of the logarithms is finite
        here = (np.maximum(back, forth) > NEGLIGIBLE) & (rate > 0)
        force = logarithm[:, e.upper][here] - logarithm[:, e.lower][here] + x[here]
        term = np.zeros(x.shape)
        term[here] = (back - forth)[here] * force
        total += np.sum(term * rate, axis=1)
    return total


def _strengths(model: DaviesModel, j: int, T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return gamma_j(w) (m, K), the rows alike unless the rate depends on T and mu."""
    contact = model.contacts[j]
    if not contact.varies:
        return np.broadcast_to(model.rates[j], (len(T), len(model.frequencies)))
    here = np.bincount(model.decomposition.elements[j].kappa, minlength=len(model.frequencies)) > 0
    gamma = np.zeros((len(T), len(here)))
    for row, state in enumerate(zip(T.tolist(), mu.tolist(), strict=True)):
        gamma[row, here] = contact.gamma(model.frequencies[here], j, ThermalState(*state))
    return gamma


def _shares(
    model: DaviesModel, j: int, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the rates of S(w) and S(w)^+ over gamma_j(w), each (m, K): 1 - n and n.

    Of bosons 1 + n and n; at w = 0 T/2 each, gamma being J'(0).
    """
    contact, w = model.contacts[j], model.frequencies
    if contact.fermionic:
        nu = (w - mu[:, None]) / T[:, None]
        return expit(nu), expit(-nu)
    split = [contact.split(np.ones_like(w), w, float(t), 0.0) for t in T]
    return np.stack([down for down, _ in split]), np.stack([up for _, up in split])
