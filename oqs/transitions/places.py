"""Where matrix elements rho_ab between states of equal label stand, and products with operators."""

from __future__ import annotations

from typing import Protocol, final

import numpy as np
import scipy.sparse as sp

from oqs.numerics.clusters import IntArray, numbered, pairs_within

_LARGEST = 2**62  # of the whole numbers that columns are put together to


@final
class Places:
    """Where the matrix element (a, b) of two states of equal label stands."""

    def __init__(self, labels: IntArray) -> None:
        self.labels = labels
        self.row_state, self.column_state = pairs_within(labels)
        self.size = len(self.row_state)
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
        """Return the places of rho_ab."""
        return self.offset[a] + self.rank[b]

    def spectators(self, states: IntArray) -> tuple[IntArray, IntArray]:
        """Return (index into states, d) for every state d with the label of that state."""
        size = self.count[self.group[states]]
        index = np.repeat(np.arange(len(states)), size)
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        return index, self.members[np.repeat(self.first[self.group[states]], size) + within]


def group_of(*columns: IntArray) -> IntArray:
    """Return the index (M,) of each row of these columns among the distinct rows."""
    if len(columns[0]) == 0:
        return np.zeros(0, dtype=np.intp)
    key, size = columns[0], int(columns[0].max()) + 1
    for column in columns[1:]:
        width = int(column.max()) + 1
        if size * width >= _LARGEST:
            key = numbered(key)[1]
            size = int(key.max()) + 1
        key, size = key * width + column, size * width
    return numbered(key)[1]


class MatrixElements(Protocol):
    """What has the states a and b (P,) of matrix elements rho_ab."""

    @property
    def row_state(self) -> IntArray:
        """The states a (P,)."""

    @property
    def column_state(self) -> IntArray:
        """The states b (P,)."""


def transposed_places(elements: MatrixElements) -> IntArray:
    """Return where rho_ba stands (P,) of each rho_ab; both are among the elements."""
    row, column = elements.row_state, elements.column_state
    size = int(max(row.max(initial=0), column.max(initial=0))) + 1
    order = np.argsort(row * size + column)
    transposed = np.argsort(column * size + row)
    places = np.empty(len(row), dtype=np.intp)
    places[transposed] = order
    return places


def commutator(operator: sp.csr_array, elements: MatrixElements) -> sp.csc_array:
    """Return -i[H, .] (P, P) on matrix elements, for H (D, D) that keeps labels."""
    return two_sided(sp.csr_array(-1j * operator), elements)


def two_sided(operator: sp.csr_array, elements: MatrixElements) -> sp.csc_array:
    """Return B rho + rho B^+ (P, P) on matrix elements, for B (D, D) that keeps labels."""
    count = len(elements.row_state)
    b = operator.tocoo()
    sides = two_sided_places(b.row, b.col, operator.shape, elements)
    rows, columns, source = zip(*sides, strict=True)
    entries = np.concatenate([b.data[source[0]], b.data.conj()[source[1]]])
    index = sp.get_index_dtype(maxval=max(count, len(entries)))  # scipy keeps what it is given
    places = np.concatenate(rows).astype(index), np.concatenate(columns).astype(index)
    return sp.csc_array(sp.coo_array((entries, places), shape=(count, count)))


def two_sided_places(
    row: IntArray, column: IntArray, shape: tuple[int, int], elements: MatrixElements
) -> list[tuple[IntArray, IntArray, IntArray]]:
    """Return for B rho and for rho B^+ where each entry (M,) of B (D, D) comes to stand.

    Rows, columns and the index of the entry; of rho B^+ it is the entry's conjugate.
    """
    states = elements.row_state, elements.column_state
    sides = []
    for ends in (states, states[::-1]):
        place = sp.csr_array((np.arange(len(states[0])), ends), shape=shape)
        place.sort_indices()  # states of one label then have their partners in one order
        partners = np.diff(place.indptr)[row]
        within = np.arange(partners.sum()) - np.repeat(np.cumsum(partners) - partners, partners)
        sides.append(
            (
                place.data[np.repeat(place.indptr[row], partners) + within],
                place.data[np.repeat(place.indptr[column], partners) + within],
                np.repeat(np.arange(len(row)), partners),
            )
        )
    return sides
