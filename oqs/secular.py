"""How strongly contacts mix levels that a Davies generator keeps apart."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.clusters import IntArray
from oqs.davies import DaviesModel
from oqs.eigenoperators import NEGLIGIBLE
from oqs.lines import levels_of_modes
from oqs.systems import QuadraticSystem

Block = tuple[FloatArray, FloatArray, IntArray]
"""|cross rates| (n, M, M) of each contact between M states, energies (M,), levels (M,)."""


def worst_mixing(model: DaviesModel) -> tuple[float, float, float]:
    """Return the largest mixing ratio, and the two energies between which it is; 0 without any.

        ratio_kl = max_j |G_j,kl| max(1, sqrt(G_l / G_j,kk)) / |E_k - E_l|,  G_l = sum_j G_j,ll,

    with G_j the matrix of the rates of contact j: the coherence between k and l is of the order
    |G_kl| / |E_k - E_l|, and what it changes of the rate G_j,kk is the square of the second form.
    """
    ratio, pair = 0.0, (np.nan, np.nan)
    for mixing, energies, levels in _blocks(model):
        own = np.einsum("jkk->jk", mixing)
        total = own.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):  # no rate, no mixing: set to 0 below
            amplified = np.sqrt(total / own[:, :, None])
            strength = np.where(mixing > 0, mixing * np.maximum(1.0, amplified), 0.0).max(axis=0)
        apart = levels[:, None] != levels
        gaps = np.where(apart, np.abs(np.subtract.outer(energies, energies)), 1.0)
        ratios = np.where(apart, strength / gaps, 0.0)
        if ratios.size and np.max(ratios) > ratio:
            k, m = np.unravel_index(np.argmax(ratios), ratios.shape)
            ratio, pair = float(ratios[k, m]), (float(energies[k]), float(energies[m]))
    return ratio, min(pair), max(pair)


def _blocks(model: DaviesModel) -> list[Block]:
    """Return the cross rates between the modes, or between the states of each sector.

    Quadratic: sqrt(gamma_k gamma_l) |(t modes)^+ (t modes)|_kl. In general: elements of S~^+ S~ and
    S~ S~^+, S~ with elements sqrt(gamma) <a|S|b>.
    """
    if isinstance(model.system, QuadraticSystem):
        return [_modes(model, model.system)]
    spectrum, levels = model.system.spectrum, model.decomposition.levels
    shape = (spectrum.dimension, spectrum.dimension)
    mixing = np.zeros((model.reservoirs, *shape))
    for j, e in enumerate(model.decomposition.elements):
        for channel in np.unique(e.channel):
            here = e.channel == channel
            values = e.amplitude[here] * np.sqrt(model.rates[j, e.kappa[here]])
            s = sp.csr_array((values, (e.lower[here], e.upper[here])), shape=shape)
            mixing[j] += abs(s.conj().T @ s).toarray() + abs(s @ s.conj().T).toarray()
    sectors = (np.flatnonzero(spectrum.particles == n) for n in np.unique(spectrum.particles))
    return [
        (mixing[:, sector[:, None], sector], spectrum.energies[sector], levels[sector])
        for sector in sectors
    ]


def _modes(model: DaviesModel, system: QuadraticSystem) -> Block:
    mixing = []
    for contact in model.contacts:
        a: ComplexArray = contact.channels(system.sites) @ system.modes
        touched = np.linalg.norm(a, axis=0) > 0
        root = np.zeros(system.sites)
        root[touched] = np.sqrt(contact.gamma(system.energies[touched]))
        gram = np.abs(a.conj().T @ a)
        gram[gram <= NEGLIGIBLE * np.sum(np.abs(a) ** 2)] = 0.0
        mixing.append(root[:, None] * gram * root)
    return np.array(mixing), system.energies, levels_of_modes(model, system)[0]
