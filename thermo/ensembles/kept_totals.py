"""Many runs kept on their totals of N and E, from which long integrations drift by their rtol."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from thermo.evolution.dynamics import Evaluation, ReservoirDynamics

_CLOSED = 1e-10  # of the flows: a sum over the reservoirs that is rounding


@final
class KeptTotals:
    """The totals sum_j N_j, sum_j E_j of B runs at their start, and the way back to them.

    A projection (Hairer, Lubich, Wanner, Geometric Numerical Integration, IV.4): the same small
    dT for all reservoirs, and dmu for those that have a mu. Runs whose flows do not sum to zero, or
    with a fixed reservoir, have no totals to keep, and are left as they are.

    Parameters
    ----------
    dynamics : Eq. (5).
    y : (B, 2n) starts.
    """

    def __init__(self, dynamics: ReservoirDynamics, y: FloatArray) -> None:
        self._dynamics = dynamics
        self._closed = np.full(len(y), not dynamics.reservoirs.fixed.any())
        self._totals = self._sums(*dynamics.unpack(y))[0]

    def restored(self, y: FloatArray, here: Evaluation) -> FloatArray:
        """Return y (B, 2n) with the totals of the start; `here` is the right-hand side at y."""
        T, mu = self._dynamics.unpack(y)
        energy = here.heat + mu * here.particle
        for flow in (here.particle, energy):
            self._closed &= np.abs(flow.sum(axis=1)) <= _CLOSED * np.abs(flow).sum(axis=1)
        if not self._closed.any():
            return y
        totals, slopes = self._sums(T, mu)
        missing = np.where(self._closed[:, None], self._totals - totals, 0.0)
        has_potential = self._dynamics.reservoirs.has_potential
        by_T, by_mu = slopes[:, 0], slopes[:, 1]  # of N, E
        if not has_potential.any():
            dT = missing[:, 1] / by_T[:, 1]
            return np.concatenate([np.log1p(dT[:, None] / T), np.zeros_like(mu)], 1) + y
        determinant = by_T[:, 0] * by_mu[:, 1] - by_mu[:, 0] * by_T[:, 1]
        dT = (missing[:, 0] * by_mu[:, 1] - by_mu[:, 0] * missing[:, 1]) / determinant
        dmu = (by_T[:, 0] * missing[:, 1] - missing[:, 0] * by_T[:, 1]) / determinant
        return np.concatenate([np.log1p(dT[:, None] / T), dmu[:, None] * has_potential], 1) + y

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forget all runs but these (B,)."""
        self._closed, self._totals = self._closed[rows], self._totals[rows]

    def _sums(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return sum_j N_j, E_j (B, 2) and their slopes (B, 2, 2) with the T and the mu of all."""
        state = self._dynamics.reservoirs.state(T, mu)
        totals = np.stack([state.number.sum(axis=1), state.energy.sum(axis=1)], axis=1)
        return totals, state.jacobian.sum(axis=1).transpose(0, 2, 1)
