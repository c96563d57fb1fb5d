"""Many-body Fock space: occupations, sparse fermion operators, and energy eigenbases."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Final, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.clusters import IntArray

DENSE: Final = 1024  # sparse indexing costs more than a dense copy up to this dimension


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Spectrum:
    """Energy eigenbasis of the D many-body states.

    Parameters
    ----------
    energies : (D,) units of energy.
    particles : (D,) particle number of each state.
    make_vectors : gives the (D, D) unitary `vectors` when it is first needed; can be pickled.
    """

    energies: FloatArray
    particles: IntArray
    make_vectors: Callable[[], ComplexArray]

    def __post_init__(self) -> None:
        read_only(self.energies)
        read_only(self.particles)

    @property
    def dimension(self) -> int:
        """Number D of many-body states."""
        return len(self.energies)

    @functools.cached_property
    def vectors(self) -> ComplexArray:
        """Unitary (D, D); column i is state i in the basis of the system's operators."""
        vectors = self.make_vectors()
        read_only(vectors)
        return vectors


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Block:
    """Eigenstates of one invariant set of basis states of one particle number.

    Parameters
    ----------
    particles : their particle number.
    basis : (d,) indices of the basis states.
    first : index of the first eigenstate in the spectrum; the others follow.
    energies : (d,) ascending.
    vectors : (d, d) real where H is; column i is eigenstate first + i on `basis`.
    """

    particles: int
    basis: IntArray
    first: int
    energies: FloatArray
    vectors: NDArray[Any]

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
    return sp.csr_array((sign, (upper - bit, upper)), shape=(2**sites, 2**sites))


def hopping(v: int, w: int, sites: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Return rows, columns and signs of c_v^+ c_w (2^N, 2^N) for v != w."""
    states = np.arange(2**sites, dtype=np.intp)
    to, out = 1 << (sites - 1 - v), 1 << (sites - 1 - w)
    columns = states[(states & (to | out)) == out]
    low, high = sorted((v, w))
    between = (columns >> (sites - high)) & ((1 << (high - low - 1)) - 1)
    return columns - out + to, columns, 1.0 - 2.0 * (np.bitwise_count(between) % 2)


def mode_fock_basis(modes: ComplexArray) -> ComplexArray:
    """Return the occupation states of the modes as columns (2^N, 2^N) in the sites' Fock basis.

    The state with modes k1 < k2 < ... occupied is a_k1^+ a_k2^+ ... |0>, so that a_k has in this
    basis exactly the Jordan-Wigner matrix of `annihilator(k, N)`.
    """
    sites = len(modes)
    creators = [
        sum(modes[v, k] * annihilator(v, sites).T for v in range(sites)) for k in range(sites)
    ]
    basis = np.zeros((2**sites, 2**sites), dtype=np.complex128)
    basis[0, 0] = 1.0
    for k in reversed(range(sites)):  # states of the modes k+1.. are there already: put k in front
        bit = 1 << (sites - 1 - k)
        basis[:, bit : 2 * bit] = creators[k] @ basis[:, :bit]
    return basis


def diagonalise(hamiltonian: sp.csr_array, particles: IntArray) -> tuple[Block, ...]:
    """Return the eigenstates of H (D, D) by particle number and by invariant sets of basis states.

    Sets of basis states that H does not connect, such as those of given spin up and down, are found
    from its sparsity and diagonalised one by one. A real H keeps real vectors.

    Parameters
    ----------
    hamiltonian : Hermitian, connecting only states of equal particle number.
    particles : (D,) particle number of each basis state.
    """
    matrix = hamiltonian if np.any(hamiltonian.data.imag) else hamiltonian.real
    _, label = connected_components(matrix != 0, directed=False)
    piece = submatrices(matrix)
    order = np.lexsort((label, particles))
    ends = np.flatnonzero(np.diff(label[order])) + 1
    blocks, first = [], 0
    for basis in np.split(order, ends):
        energies, vectors = np.linalg.eigh(piece(basis, basis))
        blocks.append(Block(int(particles[basis[0]]), basis, first, energies, vectors))
        first += len(basis)
    return tuple(blocks)


def submatrices(matrix: sp.csr_array) -> Callable[[IntArray, IntArray], NDArray[Any]]:
    """Return (rows, columns) -> the dense submatrix; small matrices are made dense only once."""
    if matrix.shape[0] <= DENSE:
        dense = matrix.toarray()
        return lambda rows, columns: dense[np.ix_(rows, columns)]
    return lambda rows, columns: matrix[rows, :][:, columns].toarray()


def spectrum_of(blocks: tuple[Block, ...], rotation: ComplexArray | None) -> Spectrum:
    """Return the spectrum of these blocks, whose basis states are the columns of `rotation`."""
    return Spectrum(
        energies=np.concatenate([block.energies for block in blocks]),
        particles=np.concatenate([np.full(len(b.basis), b.particles) for b in blocks]),
        make_vectors=functools.partial(_vectors_of, blocks, rotation),
    )


def _vectors_of(blocks: tuple[Block, ...], rotation: ComplexArray | None) -> ComplexArray:
    size = sum(len(block.basis) for block in blocks)
    found = np.zeros((size, size), dtype=np.complex128)
    for block in blocks:
        found[block.basis, block.states] = block.vectors
    return found if rotation is None else rotation @ found
