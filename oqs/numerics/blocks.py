"""Sets of states, or of other indices, that the elements of a sparse matrix link."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.clusters import IntArray

SMALL = 32  # indices up to which one dense matrix is quicker than its sets


def set_labels(matrix: sp.sparray) -> IntArray:
    """Return the label (D,) of the set of each index; between sets a square matrix is zero.

    Elements that are stored and zero link nothing.
    """
    rows = sp.csr_array(matrix)
    links = rows.data != 0
    pattern = (links.astype(np.int8), rows.indices, rows.indptr)
    graph = sp.csr_array(pattern, shape=rows.shape, copy=not links.all())
    graph.eliminate_zeros()  # in place: the matrix keeps its own
    return connected_components(graph, directed=False)[1].astype(np.intp)


def labels_of_links(first: IntArray, second: IntArray, size: int) -> IntArray:
    """Return the label (size,) of the set of each index, where pairs (M,) of indices are linked."""
    links = np.ones(len(first), dtype=np.int8)
    return set_labels(sp.coo_array((links, (first, second)), shape=(size, size)))


def linked_sets(matrix: sp.sparray) -> list[IntArray]:
    """Return the sets of indices, each ascending, between which a square matrix has no elements.

    Examples
    --------
    >>> matrix = sp.csr_array([[1, 0, 1], [0, 1, 0], [0, 0, 1]])
    >>> [members.tolist() for members in linked_sets(matrix)]
    [[0, 2], [1]]
    """
    label = set_labels(matrix)
    order = np.argsort(label, kind="stable")
    return np.split(order, np.cumsum(np.bincount(label))[:-1])


def alone_and_linked(matrix: sp.sparray) -> tuple[IntArray, list[IntArray]]:
    """Return the indices that nothing links, and the sets of several indices."""
    sets = linked_sets(matrix)
    alone = np.array([members[0] for members in sets if len(members) == 1], dtype=np.intp)
    return alone, [members for members in sets if len(members) > 1]


def block(matrix: sp.csr_array, members: IntArray) -> ComplexArray:
    """Return the elements (d, d) between these indices."""
    dense: ComplexArray = matrix[members, :][:, members].toarray()
    return dense


def eigenvalues(hermitian: sp.csr_array | ComplexArray) -> FloatArray:
    """Return the eigenvalues (D,) in no order, of a sparse matrix set by set."""
    if isinstance(hermitian, np.ndarray):
        return np.asarray(np.linalg.eigvalsh(hermitian), dtype=np.float64)
    alone, sets = alone_and_linked(hermitian)
    parts = [hermitian.diagonal().real[alone]]
    parts += [np.linalg.eigvalsh(block(hermitian, members)) for members in sets]
    return np.concatenate(parts)


def positive_above(hermitian: sp.csr_array, bound: float) -> bool:
    """Return whether no eigenvalue of a sparse matrix is below `bound`, to rounding.

    By a Cholesky factorisation of what is above it, set by set, which takes a tenth of the time of
    the eigenvalues; they decide where it fails.
    """
    matrix = hermitian if np.any(hermitian.data.imag) else hermitian.real
    alone, sets = alone_and_linked(matrix)
    if not np.all(matrix.diagonal().real[alone] >= bound):
        return False
    for members in sets:
        above = block(matrix, members) - bound * np.eye(len(members))
        try:
            np.linalg.cholesky(above)
        except np.linalg.LinAlgError:
            if not np.linalg.eigvalsh(above)[0] >= 0:
                return False
    return True
