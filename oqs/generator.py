"""A Davies generator as a weighted sum of fixed superoperators on a closed set of matrix elements.

In the energy basis D_j = sum_kappa [ down_jk G_jk + up_jk G'_jk ] with down = gamma_j (1 - n_j) and
up = gamma_j n_j at the Bohr frequency w_kappa. The G do not depend on T and mu: their entries are
found once, and at new T, mu one sparse product makes the generator.

The matrix elements rho_ab kept are those of states with equal `labels`. All labels equal: the whole
4^N superoperator. Labels = levels (equal particle number and energy): the zero-frequency block,
which a Davies generator maps into itself, since it commutes with the free evolution.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.clusters import IntArray, pairs_within
from oqs.eigenoperators import Elements
from oqs.spectrum import Spectrum


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Generator:
    """Superoperator terms on the P matrix elements rho_ab with labels[a] == labels[b].

    Parameters
    ----------
    row_state, column_state : (P,) the states a and b of each matrix element.
    indices, indptr : sparsity pattern of the generator, compressed by columns, S entries.
    values : (S, terms) sparse; entry s of the generator is values[s] @ weights.
    number, energy : (terms, P) sparse; tr(N_S G_t rho) and tr(H_S G_t rho) are their rows @ rho.
    """

    row_state: IntArray
    column_state: IntArray
    indices: IntArray
    indptr: IntArray
    values: sp.csr_array
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

    @functools.cached_property
    def diagonal(self) -> IntArray:
        """Positions of the populations among the matrix elements."""
        return np.flatnonzero(self.row_state == self.column_state)

    def square(self, values: FloatArray | ComplexArray) -> sp.csr_array:
        """Return rho (D, D) of its matrix elements (P,)."""
        places = (self.row_state, self.column_state)
        return sp.csr_array(sp.coo_array((values, places), shape=(self.dimension,) * 2))

    def elements(self, rho: sp.csr_array) -> ComplexArray:
        """Return the matrix elements (P,) of rho (D, D)."""
        found: ComplexArray = np.asarray(rho[self.row_state, self.column_state])
        return found

    def matrix(self, weights: FloatArray) -> sp.csc_array:
        """Return sum_t weights[t] G_t as a (P, P) sparse array."""
        return sp.csc_array(
            (self.values @ weights, self.indices, self.indptr), shape=(self.size, self.size)
        )

    def reachable(self) -> NDArray[np.bool_]:
        """Return which matrix elements (P,) populations turn into, by any sequence of terms.

        They form the smallest closed set that holds the stationary state.
        """
        magnitude = abs(self.values)
        largest = magnitude.max(axis=0).toarray()
        scaled = magnitude @ sp.diags_array(1 / np.where(largest > 0, largest, 1))
        coupled = scaled.max(axis=1).toarray() > 1e-13  # sums over channels that cancel: rounding
        links = sp.csc_array(
            (coupled.astype(np.int8), self.indices, self.indptr),
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

    def restricted(self, keep: NDArray[np.bool_]) -> Generator:
        """Return the generator on the matrix elements `keep` (P,), a closed set."""
        column = np.repeat(np.arange(self.size), np.diff(self.indptr))
        slots = keep[self.indices] & keep[column]
        renumber = np.cumsum(keep) - 1
        return Generator(
            row_state=self.row_state[keep],
            column_state=self.column_state[keep],
            indices=renumber[self.indices[slots]],
            indptr=_pointers(renumber[column[slots]], int(keep.sum())),
            values=self.values[slots],
            number=self.number[:, keep],
            energy=self.energy[:, keep],
        )


def build_generator(
    elements: tuple[Elements, ...],
    labels: IntArray,
    spectrum: Spectrum,
    frequencies: int,
    *,
    shifted: bool = False,
) -> Generator:
    """Build the generator terms on the matrix elements rho_ab with labels[a] == labels[b].

    Terms are numbered kind * (n K) + j K + kappa: kind 0 is D[S] (a particle leaves the system), 1
    is D[S^+], and with `shifted` 2 is -i[S^+ S, .] and 3 is -i[S S^+, .]. `weights` has that order.
    """
    places = _Places(labels)
    parts = []
    for j, e in enumerate(elements):
        for direction in (0, 1):
            offset = (direction * len(elements) + j) * frequencies
            turn = offset + 2 * len(elements) * frequencies
            source, target = (e.upper, e.lower) if direction == 0 else (e.lower, e.upper)
            amplitude = e.amplitude if direction == 0 else e.amplitude.conj()
            jump = _Jump(source, target, amplitude, e.channel, e.kappa)
            parts += [(*_gain(jump, places), offset)]
            parts += [(*piece, offset) for piece in _products(jump, places, -0.5, -0.5)]
            if shifted:
                parts += [(*piece, turn) for piece in _products(jump, places, -1j, 1j)]
    row = np.concatenate([p[0] for p in parts])
    column = np.concatenate([p[1] for p in parts])
    value = np.concatenate([p[2] for p in parts])
    term = np.concatenate([p[3] + p[4] for p in parts])
    terms = (4 if shifted else 2) * len(elements) * frequencies
    return _assemble(row, column, value, term, places, spectrum, terms)


def commutator(operator: sp.csr_array, generator: Generator) -> sp.csc_array:
    """Return -i[H, .] (P, P) on a generator's matrix elements, for H (D, D) that keeps labels."""
    size = generator.dimension
    states = generator.row_state, generator.column_state
    h = operator.tocoo()
    rows, columns, entries = [], [], []
    for ends, sign in ((states, -1j), (states[::-1], 1j)):
        place = sp.csr_array((np.arange(generator.size), ends), shape=(size, size))
        place.sort_indices()  # states of one label then have their partners in one order
        row, column = (h.row, h.col) if sign == -1j else (h.col, h.row)
        count = np.diff(place.indptr)[row]
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        rows.append(place.data[np.repeat(place.indptr[row], count) + within])
        columns.append(place.data[np.repeat(place.indptr[column], count) + within])
        entries.append(sign * np.repeat(h.data, count))
    places = np.concatenate(rows), np.concatenate(columns)
    shape = (generator.size, generator.size)
    return sp.csc_array(sp.coo_array((np.concatenate(entries), places), shape=shape))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Jump:
    """Elements <target| L |source> of jump operators L, one per (channel, kappa)."""

    source: IntArray
    target: IntArray
    amplitude: ComplexArray
    channel: IntArray
    kappa: IntArray


@final
class _Places:
    """Where the matrix element (a, b) of two states of equal label stands."""

    def __init__(self, labels: IntArray) -> None:
        self.labels = labels
        self.row, self.column = pairs_within(labels)
        self.size = len(self.row)
        self.members = np.argsort(labels, kind="stable")
        _, self.first, self.count = np.unique(
            labels[self.members], return_index=True, return_counts=True
        )
        rank = np.empty(len(labels), dtype=np.intp)
        rank[self.members] = np.arange(len(labels))
        group = np.searchsorted(np.unique(labels), labels)
        self.group = group
        self.rank = rank - self.first[group]  # within the label
        self.offset = (np.cumsum(self.count**2) - self.count**2)[group] + self.rank * self.count[
            group
        ]

    def __call__(self, a: IntArray, b: IntArray) -> IntArray:
        return self.offset[a] + self.rank[b]

    def spectators(self, states: IntArray) -> tuple[IntArray, IntArray]:
        """Return (index into states, d) for every state d with the label of that state."""
        size = self.count[self.group[states]]
        index = np.repeat(np.arange(len(states)), size)
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        return index, self.members[np.repeat(self.first[self.group[states]], size) + within]


_Entries = tuple[IntArray, IntArray, ComplexArray, IntArray]  # row, column, value, kappa


def _gain(jump: _Jump, places: _Places) -> _Entries:
    """Entries of L rho L^+: L_ab conj(L_cd) from (b, d) to (a, c)."""
    i, k = pairs_within(
        _group_of(jump.channel, jump.kappa, places.labels[jump.source], places.labels[jump.target])
    )
    return (
        places(jump.target[i], jump.target[k]),
        places(jump.source[i], jump.source[k]),
        jump.amplitude[i] * jump.amplitude[k].conj(),
        jump.kappa[i],
    )


def _products(jump: _Jump, places: _Places, before: complex, after: complex) -> list[_Entries]:
    """Entries of before R rho + after rho R with R = L^+ L."""
    i, k = pairs_within(_group_of(jump.channel, jump.kappa, jump.target))
    same = places.labels[jump.source[i]] == places.labels[jump.source[k]]
    i, k = i[same], k[same]
    left, right = jump.source[i], jump.source[k]
    product = jump.amplitude[i].conj() * jump.amplitude[k]  # R_{left,right}
    entry, d = places.spectators(left)
    b, c, value, kappa = left[entry], right[entry], product[entry], jump.kappa[i][entry]
    return [
        (places(b, d), places(c, d), before * value, kappa),
        (places(d, b), places(d, c), after * value.conj(), kappa),
    ]


def _group_of(*columns: IntArray) -> IntArray:
    """Return the index (M,) of each row of these columns among the distinct rows."""
    if len(columns[0]) == 0:
        return np.zeros(0, dtype=np.intp)
    key = np.zeros(len(columns[0]), dtype=np.intp)
    for column in columns:
        _, inverse = np.unique(key * (int(column.max()) + 1) + column, return_inverse=True)
        key = inverse.astype(np.intp)
    return key


def _assemble(
    row: IntArray,
    column: IntArray,
    value: ComplexArray,
    term: IntArray,
    places: _Places,
    spectrum: Spectrum,
    terms: int,
) -> Generator:
    size = places.size
    slots, slot = np.unique(column * size + row, return_inverse=True)
    diagonal = places.row == places.column

    def functional(observable: NDArray[np.float64] | IntArray) -> sp.csr_array:
        weight = np.where(diagonal, observable[places.row], 0.0)
        return sp.csr_array(
            sp.coo_array((value * weight[row], (term, column)), shape=(terms, size))
        )

    return Generator(
        row_state=places.row,
        column_state=places.column,
        indices=slots % size,
        indptr=_pointers(slots // size, size),
        values=sp.csr_array(sp.coo_array((value, (slot, term)), shape=(len(slots), terms))),
        number=functional(spectrum.particles),
        energy=functional(spectrum.energies),
    )


def _pointers(sorted_columns: IntArray, size: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(sorted_columns, minlength=size))])
