"""The lines of a Davies generator: how wide each Bohr frequency is, what flows off resonance."""

from __future__ import annotations

import dataclasses
import itertools
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.eigenoperators import Elements
from oqs.modes.levels import find_levels
from oqs.modes.pair_flows import occupation_differences
from oqs.numerics.clusters import IntArray, numbered
from oqs.system.systems import QuadraticSystem
from oqs.transitions.places import group_of

_POINTS = 400  # of the quadrature over a line: an estimate to a few per cent
_AT_ONCE = 32
_LINES = 500


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Linewidths:
    """Bohr frequencies as lines of a width, units of energy."""

    frequencies: FloatArray  # (K,) those of the model, ascending
    rates: FloatArray  # (n, K) gamma_j there; 0 where contact j has no eigen-operator
    # (K,) the largest total rate at which a filled state empties at each frequency, and how far the
    # transitions that count as this one frequency are spread. Without interactions that of its
    # modes, the largest eigenvalue of sum_j G_j, G_j = gamma_j (t_j modes)^+ (t_j modes).
    widths: FloatArray
    # (n, n, K) largest element of G_j G_q on the diagonal, G_j = gamma_j S_j^+ S_j on the states
    # that empty, or gamma_j S_j S_j^+ on those that fill if that is less; without interactions tr
    # G_j G_q. Zero where two contacts couple to orthogonal levels.
    products: FloatArray

    @classmethod
    def of(cls, model: DaviesModel, rates: FloatArray | None = None) -> Linewidths:
        """Collect the lines of a model; without interactions from its modes, not its 2^N states.

        `rates` (n, K): to take instead of the model's own, such as those of a bosonic contact at T.
        """
        if isinstance(model.system, QuadraticSystem):
            return cls._of_modes(model, model.system)
        elements = model.decomposition.elements
        own = model.rates if rates is None else rates
        amplitudes = [
            np.sqrt(rate[e.kappa]) * e.amplitude for rate, e in zip(own, elements, strict=True)
        ]
        dimension = model.system.spectrum.dimension
        ends = [
            numbered(np.concatenate([e.kappa * dimension + states for e, states in found]))
            for found in ([(e, e.upper) for e in elements], [(e, e.lower) for e in elements])
        ]
        emptying, of_upper = _largest_products(model, amplitudes, *ends)
        _, of_lower = _largest_products(model, amplitudes, *ends[::-1])
        products = np.minimum(of_upper, of_lower)
        spread = [_spread(model, e) for e in elements]
        widths = emptying.sum(axis=0) + np.max(spread, axis=0)
        return cls(model.frequencies, own, widths, products)

    @classmethod
    def _of_modes(cls, model: DaviesModel, system: QuadraticSystem) -> Linewidths:
        levels = find_levels(system, model.leads, model.resolution)
        rates = [level.gammas[:, None, None] * level.grams for level in levels]  # G_j
        widths = [
            np.linalg.eigvalsh(rate.sum(axis=0))[-1]
            + 2 * np.max(np.abs(system.energies[level.modes] - level.frequency))
            for level, rate in zip(levels, rates, strict=True)
        ]
        return cls(
            np.array([level.frequency for level in levels]),
            np.array([level.gammas for level in levels]).T,
            np.array(widths),
            np.array([np.einsum("jab,qba->jq", rate, rate).real for rate in rates]).T,
        )


def _largest_products(
    model: DaviesModel,
    amplitudes: list[ComplexArray],
    own: tuple[IntArray, IntArray],
    partner: tuple[IntArray, IntArray],
) -> tuple[FloatArray, FloatArray]:
    """Return the largest G_ss (n, K) and |(G_j G_q)_ss| (n, n, K) at each Bohr frequency.

    G_j = sum_a S_ja^+ S_ja on the upper states of the transitions at each frequency, sum_a S_ja
    S_ja^+ on their lower ones. It is diagonal but where a channel leads from several states to one.

    `amplitudes`: for each contact, (M_j,) of its S_ja; `own`, `partner`: pairs (C,) of a frequency
    and a state that is meant, or at the other end, and which of them (M,) each transition has.
    """
    size, dimension = len(model.frequencies), model.system.spectrum.dimension
    keys = own[0]
    kappa = keys // dimension
    ends = np.cumsum([len(x) for x in amplitudes])[:-1]
    states, partners = (np.split(number, ends) for number in (own[1], partner[1]))
    rates: list[FloatArray] = []
    grams = []
    for e, s, other, x in zip(
        model.decomposition.elements, states, partners, amplitudes, strict=True
    ):
        rates.append(np.bincount(s, np.abs(x) ** 2, len(keys)).astype(np.float64, copy=False))
        if not model.transitions.ambiguous:
            continue  # no channel leads from several states to one at one frequency
        several = np.flatnonzero(np.bincount(other)[other] > 1)  # of all channels together
        leads_to = numbered(e.channel[several] * len(partner[0]) + other[several])[1]
        several = several[np.bincount(leads_to)[leads_to] > 1]
        leads_to = e.channel[several] * len(partner[0]) + other[several]
        grams.append(_off_diagonal_gram(x[several], leads_to, s[several], len(keys)))
    products = np.empty((len(rates), len(rates), size))
    for j, q in np.ndindex(products.shape[:2]):
        product = rates[j] * rates[q]
        if grams and grams[j].nnz and grams[q].nnz:
            product = np.abs(product + grams[j].multiply(grams[q].T).sum(axis=1))
        products[j, q] = _largest(product, kappa, size)
    return np.array([_largest(rate, kappa, size) for rate in rates]), products


def _off_diagonal_gram(x: ComplexArray, row: IntArray, column: IntArray, size: int) -> sp.csr_array:
    """Return S^+ S (C, C) without its diagonal, of the elements (M,) of S."""
    jump = sp.csr_array((x, (numbered(row)[1], column)), shape=(len(x), size))
    gram = (jump.conj().T @ jump).tocoo()
    off = gram.row != gram.col
    places = (gram.row[off], gram.col[off])
    return sp.csr_array(sp.coo_array((gram.data[off], places), shape=gram.shape))


def _spread(model: DaviesModel, elements: Elements) -> FloatArray:
    """Return how far the transitions of one contact at each Bohr frequency are spread (K,)."""
    energies = model.system.spectrum.energies
    w = energies[elements.upper] - energies[elements.lower]
    away = np.abs(w - model.frequencies[elements.kappa])
    return 2 * _largest(away, elements.kappa, len(model.frequencies))


def _largest(values: FloatArray, kappa: IntArray, size: int) -> FloatArray:
    """Return the largest of the values >= 0 at each Bohr frequency (K,)."""
    largest = np.zeros(size)
    np.maximum.at(largest, kappa, values)
    return largest


def tail_flows(lines: Linewidths, T: FloatArray, mu: FloatArray) -> tuple[float, float, float]:
    """Return the particle, energy and heat flow that the lines of no width miss, an estimate.

        C_j = sum_kappa sum_q int dx/(2 pi) g_j g_q / ((x - w)^2 + width^2/4)
              |c(x) (n_j - n_q)(x) - c(w) (n_j - n_q)(w)|,  c(x) = 1, x, x - mu_j,  w = w_kappa,

    the largest over j. For one level it bounds the deviation of Landauer's formula from Eq. (10);
    far from resonance it is the flow by co-tunnelling. Rates are taken as flat over a line. Of more
    than 500 lines those are taken together that lie closer than T/8, on which scale C_j varies.
    """
    here = np.flatnonzero(lines.widths > 0)
    frequencies, widths = lines.frequencies[here], lines.widths[here]
    products = lines.products[:, :, here]
    if len(here) > _LINES:
        frequencies, widths, products = _together(frequencies, widths, products, np.min(T) / 8)
    flows = np.zeros((3, len(lines.rates)))
    for some in np.array_split(np.arange(len(widths)), 1 + len(widths) // _AT_ONCE):
        tails = _tails(frequencies[some], widths[some], T, mu)
        flows += np.einsum("mkjq,jqk->mj", tails, products[:, :, some])
    particle, energy, heat = flows.max(axis=1).tolist()
    return particle, energy, heat


def _together(
    frequencies: FloatArray, widths: FloatArray, products: FloatArray, distance: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return lines of about one frequency and one width as one each; products add up.

    About one width is a factor 1.5, or 8 where both are narrow: there C_j is linear in ln width,
    and the mean of that, by product, is what counts.
    """
    narrow = widths < distance / 10
    size = np.round(np.log(widths) / np.where(narrow, np.log(8.0), np.log(1.5)))
    place = np.round(frequencies / distance)
    label = group_of(*(c.astype(np.intp) for c in (place - place.min(), size - size.min(), narrow)))
    weight = products.max(axis=(0, 1)) + np.finfo(float).tiny
    total = np.bincount(label, weight)
    w, log_width = (
        np.bincount(label, weight * values) / total for values in (frequencies, np.log(widths))
    )
    sums = np.array([[np.bincount(label, product) for product in row] for row in products])
    return w, np.exp(log_width), sums


def _tails(
    frequencies: FloatArray, widths: FloatArray, T: FloatArray, mu: FloatArray
) -> FloatArray:
    """Return the integrals (3, K, n, n) of the lines over g_j g_q."""
    reach = np.ptp(mu) + 40 * np.max(T) + np.abs(frequencies[:, None] - mu).max(axis=1)
    last = np.arcsinh(2 * reach / widths)  # beyond every Fermi edge
    u = last * np.linspace(0.0, 1.0, _POINTS)[:, None]
    u = np.concatenate([-u[::-1], u])  # x - w = (width / 2) sinh u, (points, K)
    x = frequencies + widths / 2 * np.sinh(u)
    weight = last / (_POINTS - 1) / (np.pi * widths * np.cosh(u))
    n = len(mu)
    tails = np.zeros((3, len(widths), n, n))
    for j, q in itertools.combinations(range(n), 2):  # |n_j - n_q| is the same for q, j
        two = [j, q]
        off, at = (
            occupation_differences(w[..., None] - mu[two], T[two], mu[two])[..., 0, 1]
            for w in (x, frequencies)
        )
        particles, energy = off - at, x * off - frequencies * at
        tails[0, :, j, q] = np.einsum("xk,xk->k", weight, np.abs(particles))
        tails[1, :, j, q] = np.einsum("xk,xk->k", weight, np.abs(energy))
        tails[:2, :, q, j] = tails[:2, :, j, q]
        for a, b in ((j, q), (q, j)):
            heat = np.abs(energy - mu[a] * particles)
            tails[2, :, a, b] = np.einsum("xk,xk->k", weight, heat)
    return tails
