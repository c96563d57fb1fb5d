"""The lines of a Davies generator: how wide each Bohr frequency is, what flows off resonance."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.davies import DaviesModel
from oqs.pair_flows import occupation_differences

_POINTS = 400  # of the quadrature over a line: an estimate to a few per cent


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Lines:
    """Widths of the Bohr frequencies, units of energy.

    Parameters
    ----------
    widths : (K,) the largest total rate at which a filled state empties at each frequency, and how
        far the transitions that count as this one frequency are spread.
    products : (n, n, K) largest element of G_j G_q on the diagonal, G_j = gamma_j S_j^+ S_j on the
        states that empty, or gamma_j S_j S_j^+ on those that fill if that is less: zero where two
        contacts couple to orthogonal levels of one frequency.
    """

    widths: FloatArray
    products: FloatArray

    @classmethod
    def of(cls, model: DaviesModel) -> Lines:
        """Collect the lines of a model."""
        count, n = len(model.frequencies), model.reservoirs
        widths, products = np.zeros(count), np.zeros((n, n, count))
        for kappa, w in enumerate(model.frequencies):
            jumps, spread = _jumps(model, kappa, float(w))
            emptying = np.einsum("jlu,jlv->juv", jumps.conj(), jumps)  # (n, upper, upper)
            filling = np.einsum("jlu,jmu->jlm", jumps, jumps.conj())
            widths[kappa] = (
                np.einsum("juu->ju", emptying).real.max(axis=1, initial=0.0).sum() + spread
            )
            products[:, :, kappa] = np.minimum(_largest(emptying), _largest(filling))
        return cls(widths, products)


def _jumps(model: DaviesModel, kappa: int, w: float) -> tuple[ComplexArray, float]:
    """Return sqrt(gamma_j) <lower| S_j |upper> (n, l, u) at one frequency, and its spread.

    Channels are stacked: rows of different channels are different lower states.
    """
    energies = model.system.spectrum.energies
    here = [e.kappa == kappa for e in model.decomposition.elements]
    parts = list(zip(model.decomposition.elements, here, strict=True))
    upper = np.unique(np.concatenate([e.upper[h] for e, h in parts]))
    row = [e.channel[h] * len(energies) + e.lower[h] for e, h in parts]
    rows = np.unique(np.concatenate(row))
    jumps = np.zeros((len(parts), len(rows), len(upper)), dtype=np.complex128)
    spread = 0.0
    for j, (e, h) in enumerate(parts):
        place = (np.searchsorted(rows, row[j]), np.searchsorted(upper, e.upper[h]))
        jumps[j][place] = np.sqrt(model.rates[j, kappa]) * e.amplitude[h]
        away = np.abs(energies[e.upper[h]] - energies[e.lower[h]] - w)
        spread = max(spread, 2 * float(np.max(away, initial=0.0)))
    return jumps, spread


def _largest(rates: ComplexArray) -> FloatArray:
    """Return max_a |(G_j G_q)_aa| (n, n) of matrices G (n, s, s)."""
    found: FloatArray = np.abs(np.einsum("jab,qba->jqa", rates, rates)).max(axis=-1, initial=0.0)
    return found


def tail_flows(
    model: DaviesModel, lines: Lines, T: FloatArray, mu: FloatArray
) -> tuple[float, float]:
    """Return the particle and energy flow that the lines of no width miss, an estimate.

        C_j = sum_kappa sum_q int dx/(2 pi) g_j g_q / ((x - w)^2 + width^2/4)
              |x^m (n_j - n_q)(x) - w^m (n_j - n_q)(w)|,  m = 0, 1,  w = w_kappa,

    the largest over j. For one level it bounds the deviation of Landauer's formula from Eq. (10);
    far from resonance it is the flow by co-tunnelling. Rates are taken as flat over a line.
    """
    found = np.zeros((2, model.reservoirs))
    span = float(np.ptp(mu) + 40 * np.max(T)) + np.abs(model.frequencies[:, None] - mu).max(
        axis=1
    )  # (K,) reaches beyond every Fermi edge
    for k, (w, width) in enumerate(zip(model.frequencies, lines.widths, strict=True)):
        if width == 0:
            continue
        u, step = np.linspace(0.0, float(np.arcsinh(2 * span[k] / width)), _POINTS, retstep=True)
        u = np.concatenate([-u[::-1], u])  # x - w = (width / 2) sinh u
        x = w + width / 2 * np.sinh(u)
        difference = occupation_differences((x[:, None] - mu) / T)  # (points, n, n)
        at_line = occupation_differences((w - mu) / T)
        weight = step / (np.pi * width * np.cosh(u))
        for m, missed in enumerate(
            (difference - at_line, x[:, None, None] * difference - w * at_line)
        ):
            tail = np.einsum("x,xjq->jq", weight, np.abs(missed)) * lines.products[:, :, k]
            found[m] += tail.sum(axis=1)
    return float(found[0].max()), float(found[1].max())
