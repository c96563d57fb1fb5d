"""The terms of a Davies generator on a closed set of matrix elements, weighted at T and mu."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.generator.closed import ClosedGenerator, GeneratorAt, Rows
from oqs.generator.generator import Generator
from oqs.numerics.clusters import IntArray

if TYPE_CHECKING:
    from oqs.generator.davies.davies_model import DaviesModel


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WeightedGenerator(ClosedGenerator):
    """A Davies model's terms, whose weights alone depend on T and mu."""

    model: DaviesModel
    generator: Generator

    @property
    def row_state(self) -> IntArray:
        """The states a (P,) of the matrix elements."""
        return self.generator.row_state

    @property
    def column_state(self) -> IntArray:
        """The states b (P,) of the matrix elements."""
        return self.generator.column_state

    def at(self, T: FloatArray, mu: FloatArray) -> GeneratorAt:
        """Weight the terms at T, mu (n,)."""
        return _WeightedAt(self.generator, self.model.weights(T, mu), self.model.rates.shape)

    def slopes(self, T: FloatArray, mu: FloatArray) -> tuple[GeneratorAt, GeneratorAt]:
        """Return the terms weighted by the derivatives of their weights with T_j, and mu_j."""
        by_T, by_mu = (
            _WeightedAt(self.generator, weights.ravel(), self.model.rates.shape)
            for weights in self.model.weight_slopes(T, mu)
        )
        return by_T, by_mu

    def linked(self) -> sp.csc_array:
        """Return which matrix elements (P, P) some term links."""
        return self.generator.linked()

    def restricted(self, keep: NDArray[np.bool_]) -> WeightedGenerator:
        """Return the terms on the matrix elements `keep` (P,), real for populations alone."""
        kept = self.generator.restricted(keep)
        alone = kept.size == len(kept.diagonal)
        return WeightedGenerator(self.model, kept.as_real() if alone else kept)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _WeightedAt(GeneratorAt):
    """Terms with their weights; `shape` is (n, K)."""

    generator: Generator
    weights: FloatArray
    shape: tuple[int, ...]

    def matrix(self) -> sp.csc_array:
        """Return sum_j (D_j + FS_j), (P, P)."""
        return self.generator.matrix(self.weights)

    def dissipators(self) -> list[sp.csc_array]:
        """Return D_j + FS_j (P, P) of every reservoir."""
        weights = self.weights.reshape(-1, *self.shape, 1)
        own = weights * np.eye(self.shape[0])[:, None]  # of one contact in each column
        return self.generator.matrices(own.reshape(-1, self.shape[0]))

    def jumps(self) -> list[sp.csc_array]:
        """Return the jumps (P, P) of every reservoir; frequency shifts are none."""
        weights = self.weights.reshape(-1, *self.shape)
        matrices = []
        for j in range(self.shape[0]):
            own = np.zeros_like(weights)
            own[:2, j] = weights[:2, j]
            matrices.append(self.generator.jump_matrix(own.ravel()))
        return matrices

    def exchange(self, values: FloatArray | ComplexArray) -> tuple[FloatArray, FloatArray]:
        """Return what D_j gives of N and H, each (..., n), for elements (..., P)."""
        flat = values.reshape(-1, values.shape[-1])
        each = (self.generator.exchanged @ flat.T).real.reshape(2, -1, len(flat))
        weighted = (self.weights[:, None] * each).reshape(2, -1, *self.shape, len(flat))
        both = np.add.reduce(weighted, axis=(1, 3)).swapaxes(1, 2)  # (2, m, n)
        particle, energy = both.reshape(2, *values.shape[:-1], -1)
        return particle, energy

    def exchange_rows(self) -> tuple[Rows, Rows]:
        """Return the rows (n, P) of `exchange`."""
        particle, energy = (
            sp.csr_array(functional.multiply(self.weights[:, None]))
            .toarray()
            .reshape(-1, *self.shape, self.generator.size)
            .sum(axis=(0, 2))
            for functional in (self.generator.number, self.generator.energy)
        )
        return particle, energy
