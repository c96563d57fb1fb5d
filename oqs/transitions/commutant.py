"""How many stationary states a generator has whose levels are single but for a few degenerate ones.

As many as matrices commute with H and all jumps (`oqs.stationary.uniqueness`). X that commutes with
H is a matrix X_l on every level, and a number on a single state, the same on all single states that
are linked. It commutes with the jumps between l and its neighbours where k X_l = X_i k and X_l k^+
= k^+ X_i for the amplitudes k. How far that is missed, weighted with the rates, is a quadratic form
in these unknowns; its zeros count.
"""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import ComplexArray
from oqs.transitions.level_coherences import Exchange, LevelCoherences

_ZERO = 1e-12  # relative size of a zero; rounding is 1e-15


def commutant_dimension(coherences: LevelCoherences) -> int:
    """Return the dimension of the commutant of H and all jumps, and so of the generator's kernel.

    Coherences between unequal quantum numbers are not counted: they are none where this is 1.
    """
    if not coherences.levels:
        return coherences.blocks.components
    form = _Form.of(coherences)
    if form.size == 1:
        return 1
    values = np.linalg.eigvalsh(form.matrix)
    return int(np.sum(values <= _ZERO * values[-1]))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Form:
    """The quadratic form whose zeros commute with H and all jumps.

    Parameters
    ----------
    matrix : (S, S) Hermitian; first the sets of linked single states, then X_l level by level.
    """

    matrix: ComplexArray

    @property
    def size(self) -> int:
        """Number S of unknowns."""
        return len(self.matrix)

    @classmethod
    def of(cls, coherences: LevelCoherences) -> _Form:
        """Add what every exchange asks for."""
        single = np.ones(coherences.blocks.dimension, dtype=np.bool_)
        for level in coherences.levels:
            single[level.states] = False
        sets, component = coherences.blocks.components_among(single)
        sizes = [len(level.states) ** 2 for level in coherences.levels]
        begins = (sets + np.cumsum([0, *sizes])).tolist()
        matrix = np.zeros((begins[-1],) * 2, dtype=np.complex128)
        for level, begin, end in zip(coherences.levels, begins[:-1], begins[1:], strict=True):
            apart = np.abs(np.subtract.outer(level.detuning, level.detuning)).ravel()
            matrix[range(begin, end), range(begin, end)] += apart  # precession does not commute
        for exchange in coherences.exchanges:
            own = slice(*begins[exchange.level : exchange.level + 2])
            alone = component[exchange.neighbours]
            for index in np.unique(alone[alone >= 0]).tolist():
                _ask_single(matrix, index, own, _weighted(exchange, alone == index))
            for index, members in coherences.degenerate_neighbours(exchange):
                other = slice(*begins[index : index + 2])
                chosen = np.zeros(len(alone), dtype=np.bool_)
                chosen[members] = True
                shape = (len(coherences.levels[index].states), exchange.amplitudes.shape[1])
                rows = np.zeros(shape, dtype=np.complex128)
                place = coherences.places(index, exchange.neighbours[members])
                rows[place] = _weighted(exchange, chosen)
                _ask_level(matrix, other, own, rows)
        return cls(matrix)


def _weighted(exchange: Exchange, chosen: NDArray[np.bool_]) -> ComplexArray:
    """Return sqrt(gamma) k of some neighbours."""
    weighted: ComplexArray = np.sqrt(exchange.gamma[chosen])[:, None] * exchange.amplitudes[chosen]
    return weighted


def _ask_single(matrix: ComplexArray, single: int, own: slice, k: ComplexArray) -> None:
    """Add |x k - k X|^2 + |X k^+ - k^+ x|^2 with x a number."""
    gram = k.conj().T @ k
    one = np.eye(len(gram))
    matrix[single, single] += 2 * np.trace(gram)
    matrix[single, own] -= 2 * gram.T.ravel()
    matrix[own, single] -= 2 * gram.T.ravel().conj()
    matrix[own, own] += np.kron(gram, one) + np.kron(one, gram.T)


def _ask_level(matrix: ComplexArray, other: slice, own: slice, k: ComplexArray) -> None:
    """Add |Y k - k X|^2 + |X k^+ - k^+ Y|^2 with Y the matrix of the neighbouring level."""
    here, there = np.eye(k.shape[1]), np.eye(k.shape[0])
    adjoint = k.conj().T
    for left, right in (
        (np.kron(there, k.T), np.kron(k, here)),  # Y k and k X, stacked by rows
        (np.kron(adjoint, there), np.kron(here, adjoint.T)),  # k^+ Y and X k^+
    ):
        matrix[other, other] += left.conj().T @ left
        matrix[own, own] += right.conj().T @ right
        cross = left.conj().T @ right
        matrix[other, own] -= cross
        matrix[own, other] -= cross.conj().T
