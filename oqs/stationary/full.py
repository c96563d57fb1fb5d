"""The whole 4^N Liouvillian: no structure assumed, the reference for the other solvers."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.generator.model import Model
from oqs.stationary.coherent.equations import Equations
from oqs.stationary.coherent.problem import GeneratorProblem
from oqs.stationary.method import StationaryMethod, StationaryProblem, davies_only
from oqs.stationary.uniqueness import require_unique

_LARGEST = 7


@final
@dataclasses.dataclass(frozen=True)
class FullLiouvillian(StationaryMethod):
    """Solve L rho = 0 on all 4^N matrix elements, -i[H_S, .] and every coherence included.

    The equations are written in an energy eigenbasis, a unitary change of basis. All coherences are
    eliminated first, the populations then without subtractions: elements are as precise as those of
    ZeroFrequencyBlock(). Up to 7 sites, or 128 states.
    """

    def prepare(self, model: Model) -> StationaryProblem:
        """Build the superoperator's terms; ValueError beyond 7 sites or 128 states.

        NonUniqueStationaryState if the kernel is not a line.
        """
        model = davies_only(model, self)
        dimension = model.system.dimension
        if dimension > 2**_LARGEST:
            raise ValueError(
                f"FullLiouvillian() must have at most {_LARGEST} sites, but the system has "
                f"{model.system.sites} of {dimension} states, more than {2**_LARGEST}: the square "
                "of that in equations would not fit. Use ZeroFrequencyBlock() or Populations()."
            )
        require_unique(model)
        energies, levels = model.system.spectrum.energies, model.decomposition.levels
        mean = np.bincount(levels, energies) / np.bincount(levels)
        together = np.zeros(len(levels), dtype=np.intp)
        equations = Equations(model, model.full_generator, together, levels, mean[levels])
        return GeneratorProblem(model, self, equations)
