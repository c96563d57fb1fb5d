"""How strongly contacts mix levels that a Davies generator keeps apart."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import NEGLIGIBLE
from oqs.generator.davies import DaviesModel
from oqs.generator.lines import levels_of_modes
from oqs.numerics.clusters import IntArray
from oqs.system.systems import QuadraticSystem

CrossRates = tuple[list[sp.csr_array], FloatArray, IntArray]
"""|cross rates| (M, M) of each contact between M states, energies (M,), levels (M,)."""


def worst_mixing(model: DaviesModel) -> tuple[float, float, float]:
    """Return the largest mixing ratio, and the two energies between which it is; 0 without any.

        ratio_kl = max_j |G_j,kl| max(1, sqrt(G_l / G_j,kk)) / |E_k - E_l|,  G_l = sum_j G_j,ll,

    with G_j the matrix of the rates of contact j: the coherence between k and l is of the order
    |G_kl| / |E_k - E_l|, and what it changes of the rate G_j,kk is the square of the second form.
    """
    mixing, energies, levels = _cross_rates(model)
    own = np.array([rates.diagonal() for rates in mixing])
    total = own.sum(axis=0)
    ratio, pair = 0.0, (np.nan, np.nan)
    for j, rates in enumerate(mixing):
        cross = rates.tocoo()
        apart = (cross.data > 0) & (levels[cross.row] != levels[cross.col])
        k, m, strength = cross.row[apart], cross.col[apart], cross.data[apart]
        with np.errstate(divide="ignore"):
            amplified = np.sqrt(total[m] / own[j, k])
            ratios = strength * np.maximum(1.0, amplified) / np.abs(energies[k] - energies[m])
        if ratios.size and np.max(ratios) > ratio:
            worst = int(np.argmax(ratios))
            ratio, pair = (
                float(ratios[worst]),
                (float(energies[k[worst]]), float(energies[m[worst]])),
            )
    return ratio, min(pair), max(pair)


def _cross_rates(model: DaviesModel) -> CrossRates:
    """Return the cross rates between the modes, or between the eigenstates.

    Quadratic: sqrt(gamma_k gamma_l) |(t modes)^+ (t modes)|_kl. In general: elements of S~^+ S~ and
    S~ S~^+, S~ with elements sqrt(gamma) <a|S|b>; both keep the particle number.
    """
    if isinstance(model.system, QuadraticSystem):
        return _modes(model, model.system)
    spectrum, levels = model.system.spectrum, model.decomposition.levels
    shape = (spectrum.dimension, spectrum.dimension)
    mixing = []
    for j, e in enumerate(model.decomposition.elements):
        total = sp.csr_array(shape)
        for channel in np.unique(e.channel):
            here = e.channel == channel
            values = e.amplitude[here] * np.sqrt(model.rates[j, e.kappa[here]])
            s = sp.csr_array((values, (e.lower[here], e.upper[here])), shape=shape)
            total = total + abs(s.conj().T @ s) + abs(s @ s.conj().T)
        mixing.append(total)
    return mixing, spectrum.energies, levels


def _modes(model: DaviesModel, system: QuadraticSystem) -> CrossRates:
    mixing = []
    for contact in model.leads:
        a: ComplexArray = contact.channels(system.sites) @ system.modes
        touched = np.linalg.norm(a, axis=0) > 0
        root = np.zeros(system.sites)
        root[touched] = np.sqrt(contact.gamma(system.energies[touched]))
        gram = np.abs(a.conj().T @ a)
        gram[gram <= NEGLIGIBLE * np.sum(np.abs(a) ** 2)] = 0.0
        mixing.append(sp.csr_array(root[:, None] * gram * root))
    return mixing, system.energies, levels_of_modes(model, system)[0]
