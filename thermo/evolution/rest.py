"""The test for rest: whether T and mu still change within any time that counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oqs import StationaryStateNotFound
from oqs.arguments import FloatArray
from oqs.laws.gross import ROUNDING
from thermo.evolution.dynamics import ReservoirDynamics

_EPS = float(np.finfo(np.float64).eps)
_LONGEST = 1e10  # relaxation times of a reservoir; the differences below know no slower rate
_ROUNDING = 10 * _EPS  # of the flows, relative to how they change with T and mu
_NOISE = 10.0  # times the scatter of the flows: less is nothing that they tell
_EVEN = 5.0  # times as far in ten times the time: a drift
_SMOOTH = 1e-2  # agreement of two difference quotients
_UNSTABLE = 1e-8  # of the fastest rate: a growth that rounding does not explain


def at_rest(
    dynamics: ReservoirDynamics, y: FloatArray, left: FloatArray, least: float, drift: FloatArray
) -> NDArray[np.bool_]:
    """Return which states (B,) move less than `least` in the time left (B,), in any T_j or mu_j.

    Eq. (5) linearised at y, dz/dt = f + J z, is followed by one implicit step over the time left,
    z = (1/t - J)^(-1) f: for a decay of rate r that is f t/(1 + r t), for a drift f t. No reservoir
    is followed for more than 1e10 of its own relaxation times, and what of its f is no more than
    rounding, or the scatter of the law, is no motion. So slow is told from resting by each
    reservoir's own rates, not by the smallness of a flow, be its capacity a millionth of another's.

    Parameters
    ----------
    dynamics : Eq. (5).
    y : (B, 2n).
    left : (B,) time left, may be infinite.
    least : change of ln T_j, and of mu_j over max(|mu_j|, T_j), that counts as motion.
    drift : (B,) the same of what moves evenly for all of the 1e10 relaxation times, so slowly that
        rounding tells no more of it.

    Notes
    -----
    No verdict, False, where a law is too rough to be differentiated, law or gas refuse a state next
    to y (the integration meets it, and says so, if it goes there), or y is unstable. A law is rough
    where its flows vanish by symmetry, too: if it has gross rates, flows that are no more than
    their rounding are none.
    """
    try:
        return _at_rest(dynamics, y, left, least, drift)
    except (ValueError, ArithmeticError, StationaryStateNotFound):
        if len(y) == 1:
            return np.zeros(1, dtype=bool)
    half = len(y) // 2
    parts = (slice(None, half), slice(half, None))
    return np.concatenate(
        [at_rest(dynamics, y[part], left[part], least, drift[part]) for part in parts]
    )


def _at_rest(
    dynamics: ReservoirDynamics, y: FloatArray, left: FloatArray, least: float, drift: FloatArray
) -> NDArray[np.bool_]:
    rate, jacobian, scatter, smooth = _differences(dynamics, y)
    fastest = np.linalg.norm(jacobian, axis=2)  # (B, 2n), of each variable
    # by how much the flows change with T and mu on the scale of T, on which they do
    T, _ = dynamics.unpack(y)
    unit = np.concatenate([np.ones_like(T), T], axis=1) / dynamics.scale(y)
    gross = np.max(np.abs(jacobian) * unit[:, None, :], axis=2)
    rate = np.where(np.abs(rate) > np.maximum(_ROUNDING * gross, _NOISE * scatter), rate, 0.0)
    still = ~rate.any(axis=1)
    moving = ~still & smooth & ~_unstable(jacobian, left)
    rest = still & smooth
    rough = np.flatnonzero(~smooth)
    rest[rough] = _vanishing(dynamics, y[rough])
    if moving.any():
        rows = np.flatnonzero(moving)
        motion, before = (
            _motion(jacobian[rows], rate[rows], fastest[rows], left[rows], longest)
            for longest in (_LONGEST, _LONGEST / 10)
        )
        even = motion > _EVEN * before
        rest[rows] = motion < np.where(even, np.maximum(least, drift[rows]), least)
    return rest


def _vanishing(dynamics: ReservoirDynamics, y: FloatArray) -> NDArray[np.bool_]:
    """Return where (b,) all flows are rounding of the gross rates of the law, if it has them."""
    gross_rates = getattr(dynamics.law, "gross", None)
    if gross_rates is None or not len(y):
        return np.zeros(len(y), dtype=bool)
    evaluation = dynamics.evaluate(y)
    gross = [gross_rates(*state) for state in zip(*dynamics.unpack(y), strict=True)]
    bounds = ((evaluation.particle, "particle"), (evaluation.heat, "heat"))
    largest = [[np.max(getattr(g, kind)) for g in gross] for _, kind in bounds]
    return np.all(
        [
            np.abs(flow).max(axis=1) <= ROUNDING * np.array(most)
            for (flow, _), most in zip(bounds, largest, strict=True)
        ],
        axis=0,
    )


def _motion(
    jacobian: FloatArray, rate: FloatArray, fastest: FloatArray, left: FloatArray, longest: float
) -> FloatArray:
    """Return the largest motion (b,) in the time left, or so many relaxation times if less."""
    per_row = np.where(fastest > 0, fastest, 1.0)
    matrix = -jacobian / per_row[:, :, None]
    place = np.arange(rate.shape[1])
    matrix[:, place, place] += 1 / longest + 1 / (left[:, None] * per_row)
    motion = np.linalg.solve(matrix, (rate / per_row)[:, :, None])[..., 0]
    return np.asarray(np.max(np.abs(motion), axis=1))


def _unstable(jacobian: FloatArray, left: FloatArray) -> NDArray[np.bool_]:
    """Return where (B,) the linearised motion moves away ever faster, within the time left."""
    values = np.linalg.eigvals(jacobian)
    growth = values.real.max(axis=1)
    return np.asarray((growth > _UNSTABLE * np.abs(values).max(axis=1)) & (growth > 1 / left))


def _differences(
    dynamics: ReservoirDynamics, y: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return dy/dt (B, 2n) and its Jacobian (B, 2n, 2n), both in units of `dynamics.scale`.

    Then the scatter (B, 2n) of dy/dt, from fourth differences, which are 0 of a smooth function,
    and whether (B,) the central differences of two steps agree.
    """
    batch, size = y.shape
    step = max(_EPS, dynamics.rtol**2) ** (1 / 3)
    T, _ = dynamics.unpack(y)
    unit = np.concatenate([np.ones_like(T), T], axis=1)
    scale = dynamics.scale(y)
    shifts = step * unit[:, None, :] * np.eye(size)  # (B, 2n shifts, 2n)
    factors = np.array([1.0, -1.0, 3.0, -3.0])[:, None, None, None]
    shifted = (y[:, None, :] + factors * shifts).reshape(-1, size)
    rates = dynamics(np.concatenate([y, shifted]))
    here = rates[:batch] / scale
    units = scale[:, None, :] / scale[:, :, None]
    near, back, far, far_back = rates[batch:].reshape(4, batch, size, size) / scale[:, None, :]
    per_unit = (scale / unit)[:, :, None] / (2 * step)
    jacobian, coarse = (near - back) * per_unit, (far - far_back) * per_unit / 3
    # sqrt(1 + 1 + 81 + 81 + 256): of scatter that is independent at the five points
    fourth = far + far_back - 9 * (near + back) + 16 * here[:, None, :]
    scatter = np.max(np.abs(fourth), axis=1) / 20.5
    rows = np.linalg.norm(jacobian, axis=1)
    smooth = np.linalg.norm(jacobian - coarse, axis=1) <= _SMOOTH * rows
    derivatives = jacobian.transpose(0, 2, 1)
    if dynamics.differentiable:
        derivatives = dynamics.jacobian(y, dynamics.evaluate(y)) * units
    return here, derivatives, scatter, smooth.all(axis=1)
