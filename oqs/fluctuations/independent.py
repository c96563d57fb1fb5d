"""Counting statistics of independent parts of a system: what each exchanges adds up."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.flows import Flows
from oqs.fluctuations.jump_statistics import JumpStatistics
from oqs.fluctuations.rates.populations import PopulationStatistics
from oqs.fluctuations.statistics import Tilted
from oqs.fluctuations.waiting import Watched


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class IndependentStatistics(JumpStatistics):
    """Modes without interactions jump independently: generating functions and cumulants add up."""

    # the statistics of each mode between the same reservoirs
    parts: tuple[PopulationStatistics, ...]
    # makes those of all states together, which waiting times need
    whole: Callable[[], PopulationStatistics]
    # T, mu: (n,) of the reservoirs
    T: FloatArray
    mu: FloatArray

    @functools.cached_property
    def flows(self) -> Flows:
        """P_j, J_j, Y_j (n,), as the flow law gives them."""
        particle, energy = (
            np.sum([getattr(part.flows, kind) for part in self.parts], axis=0)
            for kind in ("particle", "energy")
        )
        return Flows.of(particle, energy, self.mu, self.parts[0].flows.names)

    @property
    def theorem_holds(self) -> bool:
        """True: jumps between populations obey detailed balance, contact by contact."""
        return True

    @functools.cached_property
    def gross(self) -> FloatArray:
        """Gross rates (2, n) of particles and of energy."""
        return np.sum([part.gross for part in self.parts], axis=0)

    @functools.cached_property
    def centred_cumulants(self) -> FloatArray:
        """Covariances (2, n, 2, n)."""
        return read_only(np.sum([part.centred_cumulants for part in self.parts], axis=0))

    def _cumulants(self, j: int, order: int, weights: FloatArray) -> FloatArray:
        return np.sum([part._cumulants(j, order, weights) for part in self.parts], axis=0)

    def _exponent(self, chi: FloatArray, xi: FloatArray) -> float:
        return max(part._exponent(chi, xi) for part in self.parts)

    def _tilted(self, chi: FloatArray, xi: FloatArray) -> Tilted:
        each = [part._tilted(chi, xi) for part in self.parts]
        return Tilted(
            sum(tilted.value for tilted in each),
            np.sum([tilted.particle for tilted in each], axis=0),
            np.sum([tilted.energy for tilted in each], axis=0),
        )

    def _spectrum(
        self, frequencies: FloatArray, first: FloatArray, second: FloatArray
    ) -> ComplexArray:
        each = [part._spectrum(frequencies, first, second) for part in self.parts]
        return np.sum(each, axis=0)

    def _watched(self, kinds: list[tuple[int, bool]]) -> Watched:
        return self.whole()._watched(kinds)
