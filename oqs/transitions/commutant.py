"""How many stationary states a generator has whose levels are single but for a few degenerate ones.

As many as matrices commute with H and all jumps (`oqs.stationary.uniqueness`). X that commutes with
H is a matrix X_l on every level, and a number on a single state, the same on all single states that
are linked. It commutes with the jumps between l and its neighbours where k X_l = X_i k and X_l k^+
= k^+ X_i for the amplitudes k. How far that is missed, weighted with the rates, is a quadratic form
in these unknowns; its zeros count. Of |Y k - k X|^2 + |X k^+ - k^+ Y|^2 the parts of X alone are
X^+ (G x 1 + 1 x G^T) X with G = k^+ k, those of Y the same with k k^+, the mixed ones
-2 Y^+ (k x k*) X and its adjoint, X and Y stacked by rows.
"""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.arguments import ComplexArray
from oqs.transitions.level_coherences import LevelCoherences

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
    """The quadratic form whose zeros commute with H and all jumps."""

    # (S, S) Hermitian; first the sets of linked single states, then X_l level by level
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
        grams = [np.zeros((len(level.states),) * 2, complex) for level in coherences.levels]
        for exchange in coherences.exchanges:
            own = slice(*begins[exchange.level : exchange.level + 2])
            k = np.sqrt(exchange.gamma)[:, None] * exchange.amplitudes
            grams[exchange.level] += k.conj().T @ k
            alone = component[exchange.neighbours]
            for index in np.unique(alone[alone >= 0]).tolist():
                _ask_single(matrix, index, own, k[alone == index])
        for links in coherences.links:
            for number, source, target, members, place, amplitudes in zip(*links, strict=True):
                k = np.zeros_like(amplitudes)
                root = np.sqrt(coherences.exchanges[number].gamma[members])
                k[place] = root[:, None] * amplitudes[place]
                other, own = (slice(*begins[i : i + 2]) for i in (target, source))
                cross = 2 * np.kron(k, k.conj())
                matrix[other, own] -= cross
                matrix[own, other] -= cross.conj().T
                grams[target] += k @ k.conj().T
        for gram, begin, end in zip(grams, begins[:-1], begins[1:], strict=True):
            one = np.eye(len(gram))
            matrix[begin:end, begin:end] += np.kron(gram, one) + np.kron(one, gram.T)
        return cls(matrix)


def _ask_single(matrix: ComplexArray, single: int, own: slice, k: ComplexArray) -> None:
    """Add what |x k - k X|^2 + |X k^+ - k^+ x|^2 has of the number x, alone and with X."""
    gram = k.conj().T @ k
    matrix[single, single] += 2 * np.trace(gram)
    matrix[single, own] -= 2 * gram.T.ravel()
    matrix[own, single] -= 2 * gram.T.ravel().conj()
