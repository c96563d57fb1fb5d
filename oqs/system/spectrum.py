"""Energy eigenvectors of many-body systems, block by block.

H conserves the particle number and often more, so the unitary matrix V of eigenvectors is made of
blocks, and so is a stationary density matrix V rho V^+ in the basis of the system's operators: at
12 modes 2.7 million elements of 16.8 million, at 16 spinful ones 166 million of 4295 million.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Iterator
from typing import Any, NamedTuple, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.numerics.blocks import SMALL, Matrix, dense_if_small, linked_sets, real_if_it_is
from oqs.numerics.clusters import IntArray
from oqs.system.fock import Block, annihilator

_ROUNDING = float(np.finfo(np.float64).eps)
_FULL = 0.1  # share of elements from which on dense products are quicker


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Spectrum:
    """Energy eigenbasis of the D many-body states."""

    energies: FloatArray  # (D,) units of energy
    particles: IntArray  # (D,) particle number of each state
    eigenvectors: Eigenvectors  # the states themselves

    def __post_init__(self) -> None:
        read_only(self.energies)
        read_only(self.particles)

    @classmethod
    def of_blocks(cls, blocks: tuple[Block, ...], rotation: ComplexArray | None) -> Spectrum:
        """Return the eigenstates of the blocks of H, one block after the other."""
        return cls(
            energies=np.concatenate([block.energies for block in blocks]),
            particles=np.concatenate([np.full(len(b.basis), b.particles) for b in blocks]),
            eigenvectors=BlockVectors(blocks, rotation),
        )

    @property
    def dimension(self) -> int:
        """Number D of many-body states."""
        return len(self.energies)

    @functools.cached_property
    def vectors(self) -> ComplexArray:
        """Unitary (D, D); column i is state i in the basis of the system's operators."""
        return self.eigenvectors.matrix

    @functools.cached_property
    def sparse_vectors(self) -> sp.csr_array:
        """The same, without the zeros between unequal quantum numbers."""
        return self.eigenvectors.sparse()


class Eigenvectors(abc.ABC):
    """The unitary V (D, D); column i is eigenstate i in the basis of the system's operators."""

    @functools.cached_property
    def matrix(self) -> ComplexArray:
        """V (D, D), kept."""
        vectors = self.dense()
        read_only(vectors)
        return vectors

    @abc.abstractmethod
    def dense(self) -> ComplexArray:
        """Return V (D, D)."""

    @abc.abstractmethod
    def sparse(self) -> sp.csr_array:
        """Return V (D, D) without the zeros between unequal quantum numbers."""

    @abc.abstractmethod
    def to_operator_basis(self, rho: Matrix) -> Matrix:
        """Return V rho V^+ (D, D) of a Hermitian rho (D, D) given in the energy basis."""

    @abc.abstractmethod
    def to_energy_basis(self, operator: Matrix) -> Matrix:
        """Return V^+ O V (D, D) of an operator O (D, D) given in the operators' basis.

        Where V turns states, elements below the rounding of those that they are made of are zero.
        """


@final
@dataclasses.dataclass(frozen=True)
class OccupationVectors(Eigenvectors):
    """The basis states themselves: V = 1 (D, D)."""

    dimension: int

    def dense(self) -> ComplexArray:
        """Return the unit matrix."""
        return np.eye(self.dimension, dtype=np.complex128)

    def sparse(self) -> sp.csr_array:
        """Return the unit matrix."""
        return sp.csr_array(sp.eye_array(self.dimension, dtype=np.complex128))

    def to_operator_basis(self, rho: Matrix) -> Matrix:
        """Return rho itself."""
        return dense_if_small(rho)

    def to_energy_basis(self, operator: Matrix) -> Matrix:
        """Return the operator itself."""
        return dense_if_small(operator)


@final
class Piece(NamedTuple):
    """Eigenstates on the same basis states."""

    # basis, states: (d,) indices of the basis states and of the eigenstates
    basis: IntArray
    states: IntArray
    vectors: NDArray[Any]  # (d, d) real or complex; column i is eigenstate states[i] on `basis`


class _Pieced(Eigenvectors):
    """V made of pieces on the basis states, of which `rotation` makes those of the operators."""

    rotation: ComplexArray | None = None  # (D, D) to the basis of the operators; None is none

    @property
    @abc.abstractmethod
    def _pieces(self) -> list[Piece]: ...

    def dense(self) -> ComplexArray:
        """Return V (D, D)."""
        vectors = _dense(self._pieces)
        return vectors if self.rotation is None else self.rotation @ vectors

    def sparse(self) -> sp.csr_array:
        """Return V (D, D); the rotation fills it."""
        if self.rotation is not None:
            return sp.csr_array(self.dense())
        return _sparse(self._pieces)

    def to_operator_basis(self, rho: Matrix) -> Matrix:
        """Return V rho V^+; dense inside where the operators' basis mixes particle numbers."""
        if rho.shape[0] <= SMALL:
            return self._few.to_operator_basis(rho)
        inner = _rotated(self._pieces, rho)
        if self.rotation is None:
            return inner
        return sp.csr_array(self.rotation @ (inner @ self.rotation.conj().T))

    def to_energy_basis(self, operator: Matrix) -> Matrix:
        """Return V^+ O V, piece by piece of V."""
        if operator.shape[0] <= SMALL:
            return self._few.to_energy_basis(operator)
        if self.rotation is not None:
            operator = sp.csr_array(self.rotation.conj().T @ (operator @ self.rotation))
        return _between(self._pieces, operator)

    @functools.cached_property
    def _few(self) -> _Few:
        return _Few.of(self.matrix, self._pieces)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class BlockVectors(_Pieced):
    """Eigenvectors of invariant sets of basis states, the columns of `rotation` if there is one."""

    blocks: tuple[Block, ...]  # one after the other in the spectrum
    rotation: ComplexArray | None = None

    @property
    def _pieces(self) -> list[Piece]:
        return [
            Piece(block.basis, np.arange(block.states.start, block.states.stop), block.vectors)
            for block in self.blocks
        ]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ModeVectors(_Pieced):
    """Occupation states of normal modes in the sites' Fock basis.

    The state with modes k1 < k2 < ... occupied is a_k1^+ a_k2^+ ... |0>, so that a_k has in this
    basis exactly the Jordan-Wigner matrix of `annihilator(k, N)`.
    """

    modes: ComplexArray  # (N, N) unitary; column k is mode k

    @functools.cached_property
    def _pieces(self) -> list[Piece]:
        """Blocks of n particles from those of n - 1: the first occupied mode is put in front."""
        sites = len(self.modes)
        particles = np.bitwise_count(np.arange(2**sites))
        creators = [
            sp.csr_array(sum(self.modes[v, k] * annihilator(v, sites).T for v in range(sites)))
            for k in range(sites)
        ]
        pieces = [Piece(np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp), np.eye(1))]
        for n in range(1, sites + 1):
            states = np.flatnonzero(particles == n)
            fewer = pieces[-1]
            vectors = np.empty((len(states), len(states)), dtype=np.complex128)
            first = sites - np.floor(np.log2(states)).astype(np.intp) - 1  # occupied mode
            for k in np.unique(first).tolist():
                here = np.flatnonzero(first == k)
                rest = np.searchsorted(fewer.states, states[here] - (1 << (sites - 1 - k)))
                create = creators[k][states, :][:, fewer.basis]
                vectors[:, here] = create @ fewer.vectors[:, rest]
            pieces.append(Piece(states, states, vectors))
        return pieces


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Few:
    """V of few states as one dense matrix."""

    vectors: ComplexArray  # (D, D)
    piece: IntArray  # (D,) which piece of V each eigenstate belongs to
    rounding: FloatArray  # (D, D) of an element made of such pieces, over the largest of them

    @classmethod
    def of(cls, vectors: ComplexArray, pieces: list[Piece]) -> _Few:
        label = np.empty(len(vectors), dtype=np.intp)
        for index, piece in enumerate(pieces):
            label[piece.states] = index
        sizes = np.bincount(label)[label]
        return cls(vectors, label, _ROUNDING * np.maximum.outer(sizes, sizes))

    def to_operator_basis(self, rho: Matrix) -> ComplexArray:
        """Return V rho V^+ (D, D)."""
        few = dense_if_small(rho)
        diagonal = few.diagonal()
        if np.count_nonzero(few) == np.count_nonzero(diagonal):
            weighted = self.vectors * diagonal
        else:
            weighted = self.vectors @ few
        return weighted @ self.vectors.conj().T

    def to_energy_basis(self, operator: Matrix) -> ComplexArray:
        """Return V^+ O V (D, D)."""
        rotated = self.vectors.conj().T @ dense_if_small(operator) @ self.vectors
        between, magnitude = (self.piece[:, None], self.piece), np.abs(rotated)
        largest = np.zeros((self.piece.max() + 1,) * 2)
        np.maximum.at(largest, between, magnitude)
        rotated[magnitude <= self.rounding * largest[between]] = 0.0
        return rotated


def _dense(pieces: list[Piece]) -> ComplexArray:
    size = sum(len(piece.basis) for piece in pieces)
    vectors = np.zeros((size, size), dtype=np.complex128)
    for piece in pieces:
        vectors[np.ix_(piece.basis, piece.states)] = piece.vectors
    return vectors


def _sparse(pieces: list[Piece]) -> sp.csr_array:
    size = sum(len(piece.basis) for piece in pieces)
    inside = [np.nonzero(piece.vectors) for piece in pieces]
    parts = list(zip(pieces, inside, strict=True))
    rows = np.concatenate([piece.basis[place[0]] for piece, place in parts])
    columns = np.concatenate([piece.states[place[1]] for piece, place in parts])
    values = np.concatenate([piece.vectors[place] for piece, place in parts])
    entries = values.astype(np.complex128), (rows, columns)
    return sp.csr_array(sp.coo_array(entries, shape=(size, size)))


def _between(pieces: list[Piece], operator: sp.csr_array) -> sp.csr_array:
    """Return V^+ O V (D, D) with V made of these pieces, of those that O links."""
    matrix = real_if_it_is(operator)
    size = matrix.shape[0]
    piece_of = np.empty(size, dtype=np.intp)
    for index, piece in enumerate(pieces):
        piece_of[piece.basis] = index
    entries = matrix.tocoo()
    linked = np.unique(piece_of[entries.coords[0]] * len(pieces) + piece_of[entries.coords[1]])
    none = np.zeros(0, dtype=np.intp)
    rows, columns, values = [none], [none], [np.zeros(0)]
    for link in linked.tolist():
        p, q = pieces[link // len(pieces)], pieces[link % len(pieces)]
        inside = matrix[p.basis, :][:, q.basis]
        if inside.nnz > _FULL * len(p.basis) * len(q.basis):
            inside = inside.toarray()
        block = p.vectors.conj().T @ (inside @ q.vectors)
        magnitude = np.abs(block)
        row, column = np.nonzero(magnitude > max(block.shape) * _ROUNDING * magnitude.max())
        rows.append(p.states[row])
        columns.append(q.states[column])
        values.append(block[row, column])
    places = (np.concatenate(rows), np.concatenate(columns))
    return sp.csr_array(sp.coo_array((np.concatenate(values), places), shape=(size, size)))


def _rotated(pieces: list[Piece], rho: sp.csr_array) -> sp.csr_array:
    """Return V rho V^+ with V made of these pieces; those that rho links are taken together."""
    return _block_diagonal(list(_blocks(pieces, rho)), rho.shape[0])


def _blocks(pieces: list[Piece], rho: sp.csr_array) -> Iterator[tuple[IntArray, NDArray[Any]]]:
    """Yield the basis states of each group of pieces that rho links, and V rho V^+ on them."""
    size, count = rho.shape[0], len(pieces)
    piece_of = np.empty(size, dtype=np.intp)
    for index, piece in enumerate(pieces):
        piece_of[piece.states] = index
    entries = rho.tocoo()
    ends = piece_of[entries.coords[0]], piece_of[entries.coords[1]]
    links = sp.coo_array((entries.data != 0, ends), shape=(count, count))
    for members in linked_sets(links):
        together = _joined([pieces[index] for index in members])
        inside = rho[together.states, :][:, together.states]
        diagonal = inside.diagonal()
        if inside.count_nonzero() > np.count_nonzero(diagonal):
            weighted = together.vectors @ inside.toarray()
        else:
            weighted = together.vectors * diagonal
        yield together.basis, weighted @ together.vectors.conj().T


def _joined(pieces: list[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    sizes = [len(piece.basis) for piece in pieces]
    ends = np.cumsum([0, *sizes])
    dtype = np.result_type(*(piece.vectors for piece in pieces))
    vectors = np.zeros((ends[-1], ends[-1]), dtype=dtype)
    for piece, begin, end in zip(pieces, ends[:-1], ends[1:], strict=True):
        vectors[begin:end, begin:end] = piece.vectors
    return Piece(
        np.concatenate([piece.basis for piece in pieces]),
        np.concatenate([piece.states for piece in pieces]),
        vectors,
    )


def _block_diagonal(parts: list[tuple[IntArray, NDArray[Any]]], size: int) -> sp.csr_array:
    """Return the matrix (D, D) of dense blocks, each on its own basis states; no second copy."""
    width = np.zeros(size, dtype=np.intp)
    for basis, _ in parts:
        width[basis] = len(basis)
    pointers = np.concatenate([[0], np.cumsum(width)])
    small = np.int32 if pointers[-1] < np.iinfo(np.int32).max else np.int64
    columns = np.empty(pointers[-1], dtype=small)
    values = np.empty(pointers[-1], dtype=np.complex128)
    for basis, block in parts:
        order = np.argsort(basis)
        ascending = basis[order]
        for source, start in zip(order.tolist(), pointers[ascending].tolist(), strict=True):
            place = slice(start, start + len(basis))
            columns[place] = ascending
            values[place] = block[source, order]
    return sp.csr_array((values, columns, pointers.astype(small)), shape=(size, size))
