"""The whole 4^N Liouvillian: no structure assumed, the reference for the other solvers."""

from __future__ import annotations

import dataclasses
from typing import final

from oqs.davies import DaviesModel
from oqs.stationary.method import StationaryMethod, StationaryProblem
from oqs.stationary.problem import GeneratorProblem

_LARGEST = 7


@final
@dataclasses.dataclass(frozen=True)
class FullLiouvillian(StationaryMethod):
    """Solve L rho = 0 on all 4^N matrix elements, -i[H_S, .] and every coherence included.

    The equations are written in the energy basis, a unitary change of basis. Uniqueness is judged
    from the condition of these equations, at the T and mu given. Up to 7 sites.
    """

    def prepare(self, model: DaviesModel) -> StationaryProblem:
        """Build the superoperator's terms; ValueError beyond 7 sites."""
        if model.system.sites > _LARGEST:
            raise ValueError(
                f"FullLiouvillian() must have at most {_LARGEST} sites, but the system has "
                f"{model.system.sites}: 4^N equations would not fit. Use ZeroFrequencyBlock() or "
                "Populations()."
            )
        generator = model.full_generator
        energies = model.system.spectrum.energies
        rotation = energies[generator.row_state] - energies[generator.column_state]
        return GeneratorProblem(model, self, generator, rotation)
