"""The whole 4^N Liouvillian: no structure assumed, the reference for the other solvers."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.exports import exported
from oqs.generator.model import Model
from oqs.generator.perlind.perlind import PerlindModel
from oqs.stationary.coherent.equations import Equations
from oqs.stationary.coherent.problem import GeneratorProblem
from oqs.stationary.method import StationaryMethod, StationaryProblem, davies_only
from oqs.stationary.pair_problem import pair_problem
from oqs.stationary.uniqueness import require_unique

_LARGEST = 7


@exported
@final
@dataclasses.dataclass(frozen=True)
class FullLiouvillian(StationaryMethod):
    """Solve L rho = 0 on all 4^N matrix elements, -i[H_S, .] and every coherence included.

    The equations are written in an energy eigenbasis, a unitary change of basis. All coherences are
    eliminated first, the populations then without subtractions: elements are as precise as those of
    ZeroFrequencyBlock(). Up to 7 sites, or 128 states; of a PERLind model, 5 sites or 44 states.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> oqs.stationary_state(model, T, mu, method=oqs.FullLiouvillian()).residual < 1e-12
    True
    """

    def prepare(self, model: Model) -> StationaryProblem:
        """Build the superoperator's terms; ValueError beyond 7 sites or 128 states.

        NonUniqueStationaryState if the kernel is not a line.
        """
        if isinstance(model, PerlindModel):
            return pair_problem(model, self, np.zeros(model.system.dimension, dtype=np.intp))
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
