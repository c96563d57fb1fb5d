"""Transport coefficients of two reservoirs, all others floating."""

from __future__ import annotations

import math
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.exports import exported

_KNOWN = 64 * float(np.finfo(np.float64).eps)  # of L_QQ: what kappa is known to
_RANK = 1e-10  # relative weight below which a floating reservoir does not count


@exported
@final
class Terminals(NamedTuple):
    """Coefficients of two reservoirs; where several others float, they carry nothing.

    Parameters
    ----------
    conductance : G, dimensionless. seebeck : S, dimensionless. peltier : Pi, energy.
    thermal_conductance : kappa, energy. ZT : dimensionless.

    Examples
    --------
    >>> import oqs
    >>> leads = [oqs.Contact(oqs.flat(g)) for g in (0.01, 0.02, 0.03)]
    >>> level = oqs.davies(oqs.QuadraticSystem([[0.2]]), leads)
    >>> pair = oqs.linear_response(level, T=0.1, mu=0.0).pair(0, 1)
    >>> round(pair.seebeck, 12), pair.ZT
    (2.0, inf)
    """

    conductance: float
    seebeck: float
    peltier: float
    thermal_conductance: float
    ZT: float


def two_terminals(onsager: FloatArray, j: int, q: int, T: float) -> Terminals:
    """Return the coefficients between j and q from L (2, 2, n, n) at temperature T.

    With the affinities of q and the flows of all others zero, what is left is the Schur complement
    L_jj - L_jo L_oo^-1 L_oj (2, 2). A reservoir that is coupled tightly floats in one combination
    of T and mu; the others of its combinations drive nothing.
    """
    unit = np.array([1.0, 1.0 / T])
    scaled = onsager * unit[:, None, None, None] * unit[:, None, None]
    others = [k for k in range(onsager.shape[-1]) if k not in (j, q)]
    own = scaled[:, :, j, j]
    if others:
        size = 2 * len(others)
        floating = scaled[:, :, others][..., others].transpose(2, 0, 3, 1).reshape(size, size)
        driven = scaled[:, :, others, j].transpose(2, 0, 1).reshape(size, 2)
        back = scaled[:, :, j][..., others].transpose(0, 2, 1).reshape(2, size)
        own = own - back @ _inverse(floating) @ driven
    return _coefficients(own, T)


def _inverse(floating: FloatArray) -> FloatArray:
    """Return the pseudo-inverse, each reservoir in units of its own exchange."""
    strength = np.sqrt(np.abs(np.diagonal(floating)))
    unit = 1 / np.where(strength > 0, strength, 1.0)
    scaled = floating * unit[:, None] * unit
    inverse: FloatArray = np.linalg.pinv(scaled, rcond=_RANK) * unit[:, None] * unit
    return inverse


def _coefficients(own: FloatArray, T: float) -> Terminals:
    """Return the coefficients of L (2, 2), heat in units of T."""
    (nn, nq), (qn, qq) = own.tolist()
    if not nn > 0:
        return Terminals(nn / T, math.nan, math.nan, qq, math.nan)
    seebeck, peltier = nq / nn, qn / nn * T
    kappa = qq - qn * nq / nn
    if abs(kappa) <= _KNOWN * abs(qq):
        kappa = 0.0
    figure = nq * qn / nn  # G S Pi
    ratio = math.inf if kappa == 0 and figure > 0 else figure / kappa if kappa else math.nan
    return Terminals(nn / T, seebeck, peltier, kappa, ratio)
