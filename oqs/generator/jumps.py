"""The jumps of each reservoir apart from the rest of the generator: what counting reads.

On matrix elements rho_ab a jump of reservoir j takes (c, d) to (a, b) and moves, out of the
reservoir into the system,

    N_a - N_c particles and (E_a + E_b)/2 - (E_c + E_d)/2 energy.

That is the tilt e^{(chi N + xi H)/2} L e^{-(chi N + xi H)/2} of a jump operator L, element by
element, for jumps of any generator: the mean counted energy is tr(D_j[rho] H_S), as the flows have
it. Each jump of a Davies generator moves its Bohr frequency.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.generator.closed import ClosedGenerator
from oqs.generator.model import Model
from oqs.numerics.clusters import IntArray
from oqs.system.spectrum import Spectrum


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ReservoirJumps:
    """The jumps of one reservoir between matrix elements."""

    # target, source: (S,) matrix elements
    target: IntArray
    source: IntArray
    # (S,) what the source gives to the target per unit time, real or complex
    rate: FloatArray | ComplexArray
    # particle, energy: (S,) what the reservoir loses thereby
    particle: FloatArray
    energy: FloatArray

    @classmethod
    def of(
        cls, matrix: sp.csc_array, particles: FloatArray, energies: FloatArray
    ) -> ReservoirJumps:
        """Take the entries of a jump superoperator (P, P) between elements of N and E (P,)."""
        entries = matrix.tocoo()
        kept = entries.data != 0
        target, source = entries.row[kept].astype(np.intp), entries.col[kept].astype(np.intp)
        return cls(
            target,
            source,
            entries.data[kept],
            particles[target] - particles[source],
            energies[target] - energies[source],
        )

    def matrix(self, factors: FloatArray, size: int) -> sp.csc_array:
        """Return the jumps (P, P), each times its factor (S,)."""
        entries = (self.rate * factors, (self.target, self.source))
        return sp.csc_array(sp.coo_array(entries, shape=(size, size)))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class JumpParts:
    """A generator at one T, mu on P matrix elements, its jumps known by reservoir."""

    whole: sp.csc_array  # (P, P) L, jumps included
    jumps: tuple[ReservoirJumps, ...]  # (n,) of them, one per reservoir
    populations: IntArray  # (D,) places of the populations among the elements

    @classmethod
    def of(
        cls,
        whole: sp.csc_array,
        jumps: Sequence[sp.csc_array],
        spectrum: Spectrum,
        states: tuple[IntArray, IntArray],
    ) -> JumpParts:
        """Tell what each jump moves from the states a, b (P,) of the matrix elements.

        `whole`, `jumps` (P, P): the generator, and the jumps of each reservoir; `spectrum`:
        particle numbers and energies of the states; `states`: a and b of each element.
        """
        row, column = states
        particles = spectrum.particles[row].astype(np.float64)
        energies = (spectrum.energies[row] + spectrum.energies[column]) / 2
        parts = tuple(ReservoirJumps.of(matrix, particles, energies) for matrix in jumps)
        return cls(whole, parts, np.flatnonzero(row == column))

    @property
    def size(self) -> int:
        """Number P of matrix elements."""
        return int(self.whole.shape[0])

    def tilted(self, chi: FloatArray, xi: FloatArray) -> sp.csc_array:
        """Return L(chi, xi) (P, P) at real fields (n,) of particles and energy."""
        total = self.whole
        for c, x, jumps in zip(chi.tolist(), xi.tolist(), self.jumps, strict=True):
            total = total + jumps.matrix(np.expm1(c * jumps.particle + x * jumps.energy), self.size)
        return sp.csc_array(total)


def jump_parts(model: Model, elements: ClosedGenerator, T: FloatArray, mu: FloatArray) -> JumpParts:
    """Return the parts of a model on a closed set of matrix elements at T, mu (n,).

    Of the free evolution only what the dissipators do not commute with is kept, `model.detuning`:
    the rest changes phases of coherences that no jump tells apart.
    """
    weighted = elements.at(T, mu)
    whole = weighted.matrix()
    precession = model.precession(elements)
    if np.any(precession):
        whole = sp.csc_array(whole - 1j * sp.diags_array(precession))
    states = elements.row_state, elements.column_state
    return JumpParts.of(whole, weighted.jumps(), model.counted_spectrum, states)


def reached_elements(model: Model) -> ClosedGenerator:
    """Return the matrix elements that populations turn into, by any sequence of jumps."""
    elements = model.coherent_elements
    links = elements.linked().astype(np.int64)
    reached = elements.row_state == elements.column_state
    while True:
        grown = reached | (links @ reached.astype(np.int64) > 0)
        if np.array_equal(grown, reached):
            return elements.restricted(reached)
        reached = grown
