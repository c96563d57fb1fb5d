"""Many-body Fock space: occupations, sparse fermion operators, eigenstates by invariant sets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.numerics.blocks import real_if_it_is, set_labels
from oqs.numerics.clusters import IntArray
from oqs.numerics.far_levels import graded_eigh

DENSE: Final = 1024  # sparse indexing costs more than a dense copy up to this dimension


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Block:
    """Eigenstates of one invariant set of basis states of one particle number."""

    particles: int  # their particle number
    basis: IntArray  # (d,) indices of the basis states
    first: int  # index of the first eigenstate in the spectrum; the others follow
    energies: FloatArray  # (d,) ascending
    vectors: NDArray[Any]  # (d, d) real where H is; column i is eigenstate first + i on `basis`
    scale: FloatArray  # (d,) energy of whose rounding each of `energies` is known

    @property
    def states(self) -> slice:
        """Positions of the eigenstates in the spectrum."""
        return slice(self.first, self.first + len(self.basis))


def number_of_bits(sites: int) -> IntArray:
    """Return the occupations (2^N, N) of each basis state; site 0 is the most significant bit.

    This is the order of QuTiP's tensor products, |n_0 n_1 ...>.
    """
    states = np.arange(2**sites, dtype=np.intp)
    return (states[:, None] >> np.arange(sites - 1, -1, -1)) & 1


def occupation_sum(values: FloatArray) -> FloatArray:
    """Return sum_v n_v values[v] (2^N,) for every occupation state, in the order above."""
    total = np.zeros(1)
    for value in values:
        total = np.add.outer(total, np.array([0.0, value])).ravel()
    return total


def annihilator(site: int, sites: int) -> sp.csr_array:
    """Return c_site (2^N, 2^N) with the Jordan-Wigner sign of the preceding sites (as QuTiP's)."""
    states = np.arange(2**sites, dtype=np.intp)
    bit = 1 << (sites - 1 - site)
    upper = states[(states & bit) != 0]
    preceding = upper >> (sites - site)
    sign = 1.0 - 2.0 * (np.bitwise_count(preceding) % 2)
    begins = np.concatenate([[0], np.cumsum((states & bit) == 0)])  # of the rows, one entry each
    return sp.csr_array((sign, upper, begins), shape=(2**sites, 2**sites))


def hopping(v: int, w: int, sites: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Return rows, columns and signs of c_v^+ c_w (2^N, 2^N) for v != w."""
    states = np.arange(2**sites, dtype=np.intp)
    to, out = 1 << (sites - 1 - v), 1 << (sites - 1 - w)
    columns = states[(states & (to | out)) == out]
    low, high = sorted((v, w))
    between = (columns >> (sites - high)) & ((1 << (high - low - 1)) - 1)
    return columns - out + to, columns, 1.0 - 2.0 * (np.bitwise_count(between) % 2)


def invariant_sets(hamiltonian: sp.csr_array, particles: IntArray) -> tuple[IntArray, ...]:
    """Return the sets of basis states that H (D, D) does not connect, by particle number.

    They are found from the sparsity of H: the states of given spin up and down are one.

    `hamiltonian`: connecting only states of equal particle number; `particles` (D,): particle
    number of each basis state.
    """
    label = set_labels(hamiltonian)
    order = np.lexsort((label, particles))
    return tuple(np.split(order, np.flatnonzero(np.diff(label[order])) + 1))


def diagonalise(
    hamiltonian: sp.csr_array, particles: IntArray, sets: tuple[IntArray, ...]
) -> tuple[Block, ...]:
    """Return the eigenstates of H (D, D) on each of its invariant sets of basis states.

    A real H keeps real vectors.
    """
    piece = submatrices(real_if_it_is(hamiltonian))
    blocks, first = [], 0
    for basis in sets:
        energies, vectors, scale = graded_eigh(piece(basis, basis))
        blocks.append(Block(int(particles[basis[0]]), basis, first, energies, vectors, scale))
        first += len(basis)
    return tuple(blocks)


def rotated(operator: sp.csr_array, rotation: NDArray[Any]) -> sp.csr_array:
    """Return rotation^+ operator rotation, its rounding zeros dropped."""
    dense = rotation.conj().T @ (operator @ rotation)
    dense[np.abs(dense) < 1e-14 * np.max(np.abs(dense), initial=0.0)] = 0.0
    return sp.csr_array(dense)


def submatrices(matrix: sp.csr_array) -> Callable[[IntArray, IntArray], NDArray[Any]]:
    """Return (rows, columns) -> the dense submatrix; small matrices are made dense only once."""
    if matrix.shape[0] <= DENSE:
        dense = matrix.toarray()
        return lambda rows, columns: dense[np.ix_(rows, columns)]
    return lambda rows, columns: matrix[rows, :][:, columns].toarray()
