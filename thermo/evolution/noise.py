"""The numerical noise of a flow law, compared with the tolerance of an integration."""

from __future__ import annotations

import numpy as np

from oqs import StationaryStateNotFound
from oqs.arguments import FloatArray
from thermo.evolution.dynamics import ReservoirDynamics

_STEP = 1e-6  # along a line in T and mu: short, so that fourth differences are those of the scatter
_BINOMIAL = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
_ROOM = 3.0  # times the scatter, that an integration needs
_ROUNDING = 1e-13  # a scatter below is that of double precision


def scatter(dynamics: ReservoirDynamics, y: FloatArray) -> float:
    """Return by how much dy/dt scatters about a smooth function at y (2n,), relative to itself.

    From fourth differences along a line, which are 0 of a smooth function; 0 where law or gas
    refuse a state next to y.
    """
    T, _ = dynamics.unpack(y)
    shift = _STEP * np.concatenate([np.ones_like(T), T])
    try:
        rates = dynamics(y + np.arange(-2, 3)[:, None] * shift)
    except (ValueError, ArithmeticError, StationaryStateNotFound):
        return 0.0
    rough = np.abs(_BINOMIAL @ rates) / np.sqrt(np.sum(_BINOMIAL**2))
    size = np.abs(rates).max(axis=0)
    return float(np.max(rough / np.where(size > 0, size, 1.0)))


def sentence_on_noise(dynamics: ReservoirDynamics, y: FloatArray) -> str:
    """Return a sentence, with a space before, if the law scatters too much for its rtol; or ""."""
    noise = scatter(dynamics, y)
    if noise < _ROUNDING or _ROOM * noise < dynamics.rtol:
        return ""
    return (
        f" The flows of `law` scatter there by about {noise:.0e} of themselves, too much for "
        f"`rtol` = {dynamics.rtol:g}: give an `rtol` of {_ROOM * noise:.0e} or more and a "
        "`tolerance` of at least 1000 times as much, or a law that is computed more accurately or "
        "knows its derivatives, `law.jacobian`."
    )
