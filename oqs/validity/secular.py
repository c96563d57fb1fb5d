"""How strongly contacts mix levels that a Davies generator keeps apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import NEGLIGIBLE
from oqs.generator.davies.davies_model import DaviesModel
from oqs.numerics.blocks import Matrix
from oqs.numerics.clusters import IntArray
from oqs.system.systems import QuadraticSystem
from oqs.transitions.channel_blocks import ChannelBlocks
from oqs.transitions.transitions import SectorBlocks

_FULL = 0.1  # share of elements that are not zero, from which on dense products are quicker


@final
class CrossRates(NamedTuple):
    """How contacts mix d states.

    Parameters
    ----------
    rates : |G_j,kl| (d, d) of each contact; dense where many are not zero.
    energies, levels : (d,) of the states.
    """

    rates: list[Matrix]
    energies: FloatArray
    levels: IntArray


def worst_mixing(model: DaviesModel, rates: FloatArray | None = None) -> tuple[float, float, float]:
    """Return the largest mixing ratio, and the two energies between which it is; 0 without any.

        ratio_kl = max_j |G_j,kl| max(1, sqrt(G_l / G_j,kk)) / |E_k - E_l|,  G_l = sum_j G_j,ll,

    with G_j the matrix of the rates of contact j: the coherence between k and l is of the order
    |G_kl| / |E_k - E_l|, and what it changes of the rate G_j,kk is the square of the second form.

    Parameters
    ----------
    rates : (n, K) of S(w) and S(w)^+ together: gamma, of bosonic contacts J (1 + 2 n_B) and g_0.
        None takes the model's own.
    """
    worst, pair = 0.0, (np.nan, np.nan)
    for mixings, energies, levels in _cross_rates(model, rates):
        own = np.array([mixing.diagonal() for mixing in mixings])
        total = own.sum(axis=0)
        for j, mixing in enumerate(mixings):
            k, m = mixing.nonzero()
            apart = levels[k] != levels[m]
            k, m = k[apart], m[apart]
            strength = np.asarray(mixing[k, m]).ravel()
            with np.errstate(divide="ignore"):
                amplified = np.sqrt(total[m] / own[j, k])
                ratio = strength * np.maximum(1.0, amplified) / np.abs(energies[k] - energies[m])
            if ratio.size and np.max(ratio) > worst:
                here = int(np.argmax(ratio))
                worst, pair = (
                    float(ratio[here]),
                    (float(energies[k[here]]), float(energies[m[here]])),
                )
    return worst, min(pair), max(pair)


def _cross_rates(model: DaviesModel, all_rates: FloatArray | None) -> Iterator[CrossRates]:
    """Yield the cross rates between the modes, or between eigenstates of equal quantum numbers.

    Quadratic: sqrt(gamma_k gamma_l) |(t modes)^+ (t modes)|_kl. In general: elements of S~^+ S~ and
    S~ S~^+, S~ with elements sqrt(gamma) <a|S|b>; both keep the quantum numbers.
    """
    if isinstance(model.system, QuadraticSystem):
        yield _modes(model, model.system)
        return
    spectrum, levels = model.system.spectrum, model.decomposition.levels
    if all_rates is None and isinstance(model.transitions, SectorBlocks):
        yield from _between_sectors(model, model.channel_blocks)
        return
    sector = model.sector
    members = np.split(np.argsort(sector, kind="stable"), np.cumsum(np.bincount(sector))[:-1])
    own = model.rates if all_rates is None else all_rates
    operators = [list(_weighted_channels(model, j, own[j])) for j in range(model.reservoirs)]
    for states in members:
        empty = sp.csr_array((len(states),) * 2)
        rates = [
            sum((_absolute_gram(matrix[:, states]) for matrix in channels), start=empty)
            for channels in operators
        ]
        yield CrossRates(rates, spectrum.energies[states], levels[states])


def _between_sectors(model: DaviesModel, blocks: ChannelBlocks) -> Iterator[CrossRates]:
    """Yield the same of each sector, from dense blocks."""
    levels, n = model.decomposition.levels, blocks.reservoirs
    rates = [np.zeros((n, len(s.states), len(s.states))) for s in blocks.sectors]
    for block in blocks.channels:
        j, root = block.contact, block.root
        rates[block.upper][j] += np.abs(root.conj().T @ root)
        rates[block.lower][j] += np.abs(root @ root.conj().T)
    for sector, own in zip(blocks.sectors, rates, strict=True):
        yield CrossRates(list(own), sector.energies, levels[sector.states])


def _absolute_gram(part: sp.csc_array) -> Matrix:
    """Return |S^+ S| of some columns of S."""
    linked = np.zeros(part.shape[0], dtype=bool)
    linked[part.indices] = True
    if part.nnz < _FULL * np.count_nonzero(linked) * part.shape[1]:
        return abs(sp.csr_array(part.conj().T @ part))
    values = part.data if np.any(part.data.imag) else part.data.real  # a quarter of the operations
    dense = np.zeros((np.count_nonzero(linked), part.shape[1]), dtype=values.dtype)
    column = np.repeat(np.arange(part.shape[1]), np.diff(part.indptr))
    dense[(np.cumsum(linked) - 1)[part.indices], column] = values
    return np.abs(dense.conj().T @ dense)


def _weighted_channels(model: DaviesModel, j: int, own: FloatArray) -> Iterator[sp.csc_array]:
    """Yield S~ and S~^+ (D, D) of each channel of contact j."""
    elements = model.decomposition.elements[j]
    shape = (model.system.spectrum.dimension,) * 2
    for channel in range(int(elements.channel.max(initial=-1)) + 1):
        e = elements.where(elements.channel == channel)
        values = e.amplitude * np.sqrt(own[e.kappa])
        yield sp.csc_array((values, (e.lower, e.upper)), shape=shape)
        yield sp.csc_array((values.conj(), (e.upper, e.lower)), shape=shape)


def _modes(model: DaviesModel, system: QuadraticSystem) -> CrossRates:
    rates = []
    for contact in model.leads:
        a: ComplexArray = contact.channels(system.sites) @ system.modes
        norms = np.linalg.norm(a, axis=0)
        touched = norms > 0
        root = np.zeros(system.sites)
        root[touched] = np.sqrt(contact.gamma(system.energies[touched]))
        gram = np.abs(a.conj().T @ a)
        gram[gram <= NEGLIGIBLE * np.multiply.outer(norms, norms)] = 0.0
        rates.append(sp.csr_array(root[:, None] * gram * root))
    return CrossRates(rates, system.energies, system.levels(model.resolution)[0])
