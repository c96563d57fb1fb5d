"""A Davies generator as a weighted sum of fixed superoperators on a closed set of matrix elements.

In the energy basis D_j = sum_k { down_jk D[S_jk] + up_jk D[S_jk^+] } with down = gamma_j (1 - n_j)
and up = gamma_j n_j at the Bohr frequency w_k. Jumps and what is no jump are kept apart: the
entries of S rho S^+ are found once, and at new T, mu one sparse product weights them. The rest is
B rho + rho B^+ with a matrix B on the states, B = -sum (down S^+ S + up S S^+) / 2: few numbers,
which are spread over the matrix elements when they are known.

The matrix elements rho_ab kept are those of states with equal `labels`. All labels equal: the whole
4^N superoperator. Labels = levels (equal quantum numbers and energy): the zero-frequency block,
which a Davies generator maps into itself, since it commutes with the free evolution.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.blocks import Matrix, square
from oqs.numerics.clusters import IntArray

_FEW = 256  # matrix elements up to which jumps and the rest are weighted in one product


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Generator:
    """Superoperator terms on the P matrix elements rho_ab with labels[a] == labels[b]."""

    # row_state, column_state: (P,) the states a and b of each matrix element
    row_state: IntArray
    column_state: IntArray
    # indices, indptr: sparsity pattern of the generator, compressed by columns, S entries
    indices: IntArray
    indptr: IntArray
    jumps: sp.csr_array  # (S, terms) sparse; what the jumps of each term give to each entry
    products: sp.csr_array  # (pairs, terms) sparse; what each term gives to the elements B_bc
    # before, after: (S, pairs) sparse, of ones; where B_bc stands in B rho, and its conjugate in
    # rho B^+
    before: sp.csr_array
    after: sp.csr_array
    # number, energy: (terms, P) sparse; tr(N_S G_t rho) and tr(H_S G_t rho) are their rows @ rho
    number: sp.csr_array
    energy: sp.csr_array

    @property
    def size(self) -> int:
        """Number P of matrix elements."""
        return len(self.row_state)

    @property
    def dimension(self) -> int:
        """Number D of states."""
        return len(self.diagonal)

    @property
    def terms(self) -> int:
        """Number of terms, one weight for each."""
        return int(self.jumps.shape[1])

    @functools.cached_property
    def diagonal(self) -> IntArray:
        """Positions of the populations among the matrix elements."""
        return np.flatnonzero(self.row_state == self.column_state)

    def square(self, values: FloatArray | ComplexArray) -> Matrix:
        """Return rho (D, D) of its matrix elements (P,)."""
        return square(values, self.row_state, self.column_state, self.dimension)

    def elements(self, rho: Matrix) -> ComplexArray:
        """Return the matrix elements (P,) of rho (D, D)."""
        return np.asarray(rho[self.row_state, self.column_state])

    @functools.cached_property
    def exchanged(self) -> sp.csr_array:
        """Rows (2 terms, P) of `number` and then of `energy`."""
        return sp.csr_array(sp.vstack([self.number, self.energy]))

    def matrix(self, weights: FloatArray) -> sp.csc_array:
        """Return sum_t weights[t] G_t as a (P, P) sparse array."""
        return self.matrices(weights[:, None])[0]

    def matrices(self, weights: FloatArray) -> list[sp.csc_array]:
        """Return the same for each column of weights (terms, m)."""
        if self.size <= _FEW:
            values = self._entries @ weights
        else:
            products = self.products @ weights
            values = self.jumps @ weights + self.before @ products + self.after @ products.conj()
        return [self._filled(each) for each in values.T]

    @functools.cached_property
    def _pattern(self) -> sp.csc_array:
        """The (P, P) array whose entries are to be filled, checked once."""
        empty = np.zeros(len(self.indices))
        return sp.csc_array((empty, self.indices, self.indptr), shape=(self.size, self.size))

    def _filled(self, values: FloatArray | ComplexArray) -> sp.csc_array:
        filled = copy.copy(self._pattern)
        filled.data = values
        return filled

    @functools.cached_property
    def _entries(self) -> sp.csr_array:
        """What each term gives to each entry (S, terms): of few matrix elements one product."""
        spread = self.before @ self.products + self.after @ self.products.conj()
        return sp.csr_array(self.jumps + spread)

    def jump_matrix(self, weights: FloatArray) -> sp.csc_array:
        """Return the same of the jumps S rho S^+ alone, without what is no jump."""
        return self._filled(self.jumps @ weights)

    def reachable(self) -> NDArray[np.bool_]:
        """Return which matrix elements (P,) populations turn into, by any sequence of terms.

        They form the smallest closed set that holds the stationary state.
        """
        jumps, products = abs(self.jumps), abs(self.products)
        largest = np.maximum(*(part.max(axis=0).toarray().ravel() for part in (jumps, products)))
        scale = sp.diags_array(1 / np.where(largest > 0, largest, 1))
        strongest = [(part @ scale).max(axis=1).toarray().ravel() for part in (jumps, products)]
        coupled = np.maximum(strongest[0], (self.before + self.after) @ strongest[1])
        links = sp.csc_array(
            # sums over channels that cancel leave rounding
            ((coupled > 1e-13).astype(np.int8), self.indices, self.indptr),
            shape=(self.size, self.size),
            copy=True,  # eliminate_zeros works in place, and the pattern is the generator's
        )
        links.eliminate_zeros()
        reached = self.row_state == self.column_state
        while True:
            grown = reached | (links @ reached.astype(np.int64) > 0)
            if np.array_equal(grown, reached):
                return reached
            reached = grown

    def linked(self) -> sp.csc_array:
        """Return which matrix elements (P, P) some term links, at any T and mu."""
        strength = abs(self.jumps).sum(axis=1)
        strength = strength + (self.before + self.after) @ abs(self.products).sum(axis=1)
        shape = (self.size, self.size)
        return sp.csc_array((strength > 0, self.indices, self.indptr), shape=shape)

    def restricted(self, keep: NDArray[np.bool_]) -> Generator:
        """Return the generator on the matrix elements `keep` (P,), a closed set."""
        column = np.repeat(np.arange(self.size), np.diff(self.indptr))
        slots = keep[self.indices] & keep[column]
        renumber = np.cumsum(keep) - 1
        return Generator(
            row_state=self.row_state[keep],
            column_state=self.column_state[keep],
            indices=renumber[self.indices[slots]],
            indptr=pointers(renumber[column[slots]], int(keep.sum())),
            jumps=self.jumps[slots],
            products=self.products,
            before=self.before[slots],
            after=self.after[slots],
            number=self.number[:, keep],
            energy=self.energy[:, keep],
        )

    def as_real(self) -> Generator:
        """Return the generator in real numbers, where populations are all that is kept."""
        return dataclasses.replace(
            self,
            jumps=self.jumps.real,
            products=self.products.real,
            number=self.number.real,
            energy=self.energy.real,
        )


def pointers(sorted_columns: IntArray, size: int) -> IntArray:
    """Return where each column begins (size + 1,) among entries sorted by column."""
    return np.concatenate([[0], np.cumsum(np.bincount(sorted_columns, minlength=size))])
