"""Adaptive Gauss-Kronrod quadrature of many integrands at once, all panels of a round in one call.

Panels are given as offsets from an origin of their own: a resonance at 1 of width 1e-20 has points
1 + 1e-20 that no double holds, but offsets 1e-20 from 1 that one does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.numerics.clusters import IntArray

_OUTER = np.array(  # the ten nodes that Kronrod adds to Gauss's ten come first, and every second
    [
        0.995657163025808080735527280689003,
        0.973906528517171720077964012084452,
        0.930157491355708226001207180059508,
        0.865063366688984510732096688423493,
        0.780817726586416897063717578345042,
        0.679409568299024406234327365114874,
        0.562757134668604683339000099272694,
        0.433395394129247190799265943165784,
        0.294392862701460198131126603103866,
        0.148874338981631210884826001129720,
    ]
)
_OUTER_WEIGHTS = np.array(
    [
        0.011694638867371874278064396062192,
        0.032558162307964727478818972459390,
        0.054755896574351996031381300244580,
        0.075039674810919952767043140916190,
        0.093125454583697605535065465083366,
        0.109387158802297641899210590325805,
        0.123491976262065851077958109831074,
        0.134709217311473325928054001771707,
        0.142775938577060080797094273138717,
        0.147739104901338491374841515972068,
    ]
)
_NODES = np.concatenate([-_OUTER, [0.0], _OUTER[::-1]])
_WEIGHTS = np.concatenate(
    [_OUTER_WEIGHTS, [0.149445554002916905664936468389821], _OUTER_WEIGHTS[::-1]]
)
NODES = len(_NODES)
"""Points of a panel."""
_GAUSS = np.zeros(NODES)
_GAUSS[1::2] = np.polynomial.legendre.leggauss(10)[1]

_ROUNDING = 50 * np.finfo(np.float64).eps  # of a panel's gross: halving does not gain below it
_PANELS = 4000  # in all rounds
_ROUNDS = 60

Sample = Callable[[FloatArray, FloatArray], FloatArray]
"""Origins (M,) and offsets (M,) of nodes -> (M, 2, C): C integrands and their gross sizes >= 0."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Panels:
    """Intervals of integration [origin + left, origin + right], each array (M,)."""

    origin: FloatArray
    left: FloatArray
    right: FloatArray

    def halves(self, which: IntArray) -> Panels:
        """Return both halves of the panels at these positions."""
        origin, left, right = self.origin[which], self.left[which], self.right[which]
        middle = (left + right) / 2
        return Panels(
            np.concatenate([origin, origin]),
            np.concatenate([left, middle]),
            np.concatenate([middle, right]),
        )


@final
class Integral(NamedTuple):
    """Integrals (C,) of the integrands, of their gross sizes, and what the first may be off."""

    value: FloatArray
    gross: FloatArray
    error: FloatArray


def integrate(
    sample: Sample, panels: Panels, bound: Callable[[FloatArray, FloatArray], FloatArray]
) -> Integral:
    """Integrate over the panels, halved where they leave more than their share of the bound.

    It ends after a bounded number of panels, whatever the integrand, and says how far it got: the
    caller compares `error` with what it needs.

    `sample`: the integrands; `panels`: where to begin, graded towards what is narrow; `bound`:
    value and gross (C,) -> error (C,) that is small enough.
    """
    kept = 0.0  # value, gross and error (3, C) of the panels that need no more
    spent = 0
    for _ in range(_ROUNDS):
        integrals = _estimates(sample, panels)  # (3, M, C)
        spent += integrals.shape[1]
        total = kept + integrals.sum(axis=1)
        enough = bound(total[0], total[1])
        if np.all(total[2] <= enough) or spent > _PANELS:
            break
        coarse = (integrals[2] > enough / integrals.shape[1]) & (
            integrals[2] > _ROUNDING * integrals[1]
        )
        again = np.flatnonzero(coarse.any(axis=1))
        if not again.size:
            break
        kept = total - integrals[:, again].sum(axis=1)
        panels = panels.halves(again)
    return Integral(*total)


def _estimates(sample: Sample, panels: Panels) -> FloatArray:
    """Return value, gross and error (3, M, C) of each panel.

    The error is QUADPACK's: |K - G| of the Kronrod and Gauss sums overrates that of K, which is
    of a higher order, so it is taken to the power 3/2 relative to the variation of the integrand.
    """
    half = (panels.right - panels.left) / 2
    offset = (panels.left + half)[:, None] + half[:, None] * _NODES
    origin = np.repeat(panels.origin, len(_NODES))
    f = sample(origin, offset.ravel()).reshape(*offset.shape, 2, -1)  # (M, 21, 2, C)
    value, gross = np.einsum("m,x,mxfc->fmc", half, _WEIGHTS, f)
    mean = value / (2 * half[:, None])
    variation = np.einsum("m,x,mxc->mc", half, _WEIGHTS, np.abs(f[:, :, 0] - mean[:, None]))
    error = np.abs(value - np.einsum("m,x,mxc->mc", half, _GAUSS, f[:, :, 0]))
    with np.errstate(divide="ignore", invalid="ignore"):
        sharper = variation * np.minimum(1.0, (200 * error / variation) ** 1.5)
    return np.array([value, gross, np.where(variation > 0, sharper, error)])
