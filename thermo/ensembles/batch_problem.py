"""The right-hand side of a batch of evolutions, at trial states that may lie anywhere."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs import StationaryStateNotFound
from oqs.arguments import FloatArray
from thermo.evolution.dynamics import Evaluation, ReservoirDynamics

_WILD = 200.0  # |ln T| of a trial state that no step should reach


@final
@dataclasses.dataclass(frozen=True, eq=False)
class BatchProblem:
    """The equations in y = (ln T_1.., mu_1..), and when trajectories are over."""

    dynamics: ReservoirDynamics  # of a law that takes a batch
    t_final: float  # when the runs end, or infinity
    times: FloatArray | None  # (m,) at which to report, or None
    tolerance: float  # as of `evolve_ensemble`
    max_steps: int  # as of `evolve_ensemble`

    def evaluate_or_nan(self, y: FloatArray, good: FloatArray) -> Evaluation:
        """Return dy/dt at trial states y; NaN on overflow, or where a gas or the law refuses one.

        Those rows are evaluated at `good` instead, and the result is discarded.
        """
        lowest, highest = np.minimum.reduce(y, axis=None), np.maximum.reduce(y, axis=None)
        if lowest >= -_WILD and highest <= _WILD:  # the common case
            return self._evaluate_by_halves(y, good)
        n = y.shape[1] // 2
        tame = np.isfinite(y) & (np.abs(y) <= np.where(np.arange(2 * n) < n, _WILD, np.inf))
        wild: NDArray[np.bool_] = np.logical_not(np.logical_and.reduce(tame, axis=1))
        evaluation = self._evaluate_by_halves(np.where(wild[:, None], good, y), good)
        evaluation.rates[wild] = np.nan
        return evaluation

    def _evaluate_by_halves(self, y: FloatArray, good: FloatArray) -> Evaluation:
        """Find the rows that a gas or the law refuses by halving the batch."""
        try:
            return self.dynamics.evaluate(y)
        except (ValueError, StationaryStateNotFound):
            if len(y) == 1:
                evaluation = self.dynamics.evaluate(good)
                evaluation.rates[:] = np.nan
                return evaluation
        half = len(y) // 2
        parts = (
            self._evaluate_by_halves(y[:half], good[:half]),
            self._evaluate_by_halves(y[half:], good[half:]),
        )
        return Evaluation(*(np.concatenate(pair) for pair in zip(*parts, strict=True)))
