"""Whether the slow dynamics has come to rest away from equilibrium."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from oqs.arguments import FloatArray
from thermo.slow_flow import SlowFlow

_EPS = float(np.finfo(np.float64).eps)
_LONGEST = 1e10  # relaxation times of the fastest mode; the differences below know no slower rate
_COVERED = 1e-2  # fraction of the way to equilibrium that counts as moving
_ROUNDING = 100 * _EPS  # of the flows, relative to the fastest rate
_SMOOTH = 1e-2  # agreement of two difference quotients
_DIFFERENCE = _EPS ** (1 / 3)


def is_stalled(slow: SlowFlow, y: FloatArray, distance: float) -> bool:
    """Return whether the reservoirs, at `distance` from equilibrium, will not get nearer to it.

    The flow linearised at y, dz/dt = J z + f, is followed exactly, z = J^(-1) (e^(J t) - 1) f, for
    as many relaxation times of its fastest mode as rounding in f leaves meaning (1e10 far from
    equilibrium). It is stalled if z stays below 1 % of the distance. So slow is told from stalled
    by the dynamics' own rates, and not by the smallness of a flow.

    Parameters
    ----------
    slow : the dynamics.
    y : (2n,) where it is.
    distance : relative distance in T and mu from equilibrium.

    Notes
    -----
    A law too rough to be differentiated gives no verdict: False.
    """
    scale = slow.scale(y)
    rate = slow(y) / scale
    if not rate.any():
        return True
    try:
        jacobian, coarse = _jacobians(slow, y, scale, (_DIFFERENCE, 3 * _DIFFERENCE))
    except Exception:  # refused next to y: the integration meets it, and says so, if it goes there
        return False
    fastest = float(np.linalg.norm(jacobian, 2))
    spread = np.linalg.norm(jacobian - coarse, 2)
    if not spread < _SMOOTH * fastest:
        return False
    time = min(_LONGEST, _COVERED * distance / _ROUNDING) / fastest
    if np.linalg.eigvals(jacobian).real.max() * time > -np.log(_ROUNDING):
        return False  # it moves away ever faster
    size = len(y)
    generator = np.zeros((size + 1, size + 1))
    generator[:size, :size] = time * jacobian
    generator[:size, size] = time * rate
    movement = expm(generator)[:size, size]
    return float(np.max(np.abs(movement))) < _COVERED * distance


def _jacobians(
    slow: SlowFlow, y: FloatArray, scale: FloatArray, steps: tuple[float, ...]
) -> list[FloatArray]:
    """Return d(dy/dt)/dy (2n, 2n) by central differences of each step, in units of `scale`."""
    shifts = np.array(steps)[:, None, None] * np.diag(scale)
    rates = slow((y + np.array([shifts, -shifts])).reshape(-1, len(y)))
    forward, backward = rates.reshape(2, len(steps), len(y), len(y))  # a row for each variable
    return [
        (difference / (2 * step * scale)).T
        for difference, step in zip(forward - backward, steps, strict=True)
    ]
