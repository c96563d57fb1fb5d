"""Transport coefficients of two reservoirs, all others floating."""

from __future__ import annotations

import math
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.exports import exported
from oqs.summary import shown_by_fields

_KNOWN = 64 * float(np.finfo(np.float64).eps)  # of L_QQ: what kappa is known to
_RANK = 1e-10  # relative weight below which a floating reservoir does not count


@exported
@final
@shown_by_fields
class Terminals(NamedTuple):
    """Coefficients of two reservoirs; where several others float, they carry nothing.

    Parameters
    ----------
    conductance : G, dimensionless. seebeck : S, dimensionless. peltier : Pi, energy.
    thermal_conductance : kappa, energy. ZT : dimensionless.

    Numbers, or (...) over a batch of equilibria.

    Examples
    --------
    >>> import oqs
    >>> leads = [oqs.Contact(oqs.flat(g)) for g in (0.01, 0.02, 0.03)]
    >>> level = oqs.davies(oqs.QuadraticSystem([[0.2]]), leads)
    >>> pair = oqs.linear_response(level, T=0.1, mu=0.0).pair(0, 1)
    >>> round(pair.seebeck, 12), pair.ZT
    (2.0, inf)
    """

    conductance: float | FloatArray
    seebeck: float | FloatArray
    peltier: float | FloatArray
    thermal_conductance: float | FloatArray
    ZT: float | FloatArray


def two_terminals(onsager: FloatArray, j: int, q: int, T: FloatArray) -> Terminals:
    """Return the coefficients between j and q from L (..., 2, 2, n, n) at temperatures T (...).

    With the affinities of q and the flows of all others zero, what is left is the Schur complement
    L_jj - L_jo L_oo^-1 L_oj (2, 2). A reservoir that is coupled tightly floats in one combination
    of T and mu; the others of its combinations drive nothing.
    """
    scaled = in_units_of_temperature(onsager, T)
    others = [k for k in range(onsager.shape[-1]) if k not in (j, q)]
    own = scaled[..., j, j]
    if others:
        batch, size = own.shape[:-2], 2 * len(others)
        floating = scaled[..., others, :][..., others]
        floating = np.einsum("...abjq->...jaqb", floating).reshape(*batch, size, size)
        driven = np.einsum("...abj->...jab", scaled[..., others, j]).reshape(*batch, size, 2)
        back = np.einsum("...abq->...aqb", scaled[..., j, others]).reshape(*batch, 2, size)
        own = own - back @ _inverse(floating) @ driven
    coefficients = _coefficients(own, T)
    return coefficients if T.ndim else Terminals(*(float(value) for value in coefficients))


def in_units_of_temperature(onsager: FloatArray, T: FloatArray) -> FloatArray:
    """Return L (..., 2, 2, n, n) with heat in units of T (...)."""
    unit = np.stack([np.ones_like(T), 1.0 / T], axis=-1)
    return onsager * (unit[..., :, None] * unit[..., None, :])[..., None, None]


def _inverse(floating: FloatArray) -> FloatArray:
    """Return the pseudo-inverse, each reservoir in units of its own exchange."""
    strength = np.sqrt(np.abs(np.diagonal(floating, axis1=-2, axis2=-1)))
    unit = 1 / np.where(strength > 0, strength, 1.0)
    both = unit[..., :, None] * unit[..., None, :]
    return np.linalg.pinv(floating * both, rcond=_RANK) * both


def _coefficients(own: FloatArray, T: FloatArray) -> Terminals:
    """Return the coefficients (...) of L (..., 2, 2), heat in units of T."""
    nn, nq, qn, qq = own[..., 0, 0], own[..., 0, 1], own[..., 1, 0], own[..., 1, 1]
    flows = nn > 0
    unit = np.where(flows, nn, 1.0)
    kappa = qq - qn * nq / unit
    kappa = np.where(np.abs(kappa) <= _KNOWN * np.abs(qq), 0.0, kappa)
    figure = nq * qn / unit  # G S Pi
    tied = np.where(figure > 0, math.inf, math.nan)
    ratio = np.where(kappa == 0, tied, figure / np.where(kappa == 0, 1.0, kappa))
    seebeck, peltier, ratio = (
        np.where(flows, value, math.nan) for value in (nq / unit, qn / unit * T, ratio)
    )
    return Terminals(nn / T, seebeck, peltier, np.where(flows, kappa, qq), ratio)
