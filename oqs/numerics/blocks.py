"""Sets of states, or of other indices, that the elements of a sparse matrix link."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.clusters import IntArray

SMALL = 64  # indices up to which one dense matrix is quicker than its sets

Matrix: TypeAlias = Any  # sp.csr_array | ComplexArray, of which SciPy has no types
"""A matrix (D, D) on the states: dense of up to `SMALL` states, sparse of more."""


def set_labels(matrix: sp.sparray | ComplexArray) -> IntArray:
    """Return the label (D,) of the set of each index; between sets a square matrix is zero.

    Elements that are stored and zero link nothing.
    """
    if matrix.shape[0] <= SMALL:
        return _labels_of_few(dense_if_small(matrix) != 0)
    rows = sp.csr_array(matrix)
    links = rows.data != 0
    pattern = (links.astype(np.int8), rows.indices, rows.indptr)
    graph = sp.csr_array(pattern, shape=rows.shape, copy=not links.all())
    graph.eliminate_zeros()  # in place: the matrix keeps its own
    return connected_components(graph, directed=False)[1].astype(np.intp)


def _labels_of_few(linked: NDArray[np.bool_]) -> IntArray:
    """Return the label (D,) of the set of each index, where (D, D) says which are linked."""
    if np.count_nonzero(linked) == np.count_nonzero(linked.diagonal()):
        return np.arange(len(linked))
    reached = linked | linked.T | np.eye(len(linked), dtype=np.bool_)
    while True:
        walks = reached.astype(np.float32)  # BLAS multiplies no booleans
        further = walks @ walks > 0
        if np.array_equal(further, reached):
            break
        reached = further
    return np.unique(reached.argmax(axis=1), return_inverse=True)[1].astype(np.intp)


def labels_of_links(first: IntArray, second: IntArray, size: int) -> IntArray:
    """Return the label (size,) of the set of each index, where pairs (M,) of indices are linked."""
    links = np.ones(len(first), dtype=np.bool_)  # sums of equal pairs stay true
    return set_labels(sp.coo_array((links, (first, second)), shape=(size, size)))


def linked_sets(matrix: sp.sparray | ComplexArray) -> list[IntArray]:
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


def alone_and_linked(matrix: sp.sparray | ComplexArray) -> tuple[IntArray, list[IntArray]]:
    """Return the indices that nothing links, and the sets of several indices."""
    sets = linked_sets(matrix)
    alone = np.array([members[0] for members in sets if len(members) == 1], dtype=np.intp)
    return alone, [members for members in sets if len(members) > 1]


def block(matrix: Matrix, members: IntArray) -> ComplexArray:
    """Return the elements (d, d) between these indices."""
    if matrix.shape[0] <= SMALL:
        return dense_if_small(matrix)[np.ix_(members, members)]
    return matrix[members, :][:, members].toarray()


def diagonal_matrix(values: FloatArray | ComplexArray) -> sp.csr_array:
    """Return the matrix (D, D) with these values (D,) on its diagonal."""
    size = len(values)
    places = np.arange(size + 1, dtype=np.int32)
    return sp.csr_array((values, places[:-1], places), shape=(size, size))


def square(
    values: FloatArray | ComplexArray, rows: IntArray, columns: IntArray, size: int
) -> Matrix:
    """Return the matrix (D, D) of these elements (P,), each place once; others are zero."""
    if size > SMALL:
        return sp.csr_array(sp.coo_array((values, (rows, columns)), shape=(size, size)))
    dense = np.zeros((size, size), dtype=np.complex128)
    dense[rows, columns] = values
    return dense


def dense_if_small(matrix: Matrix) -> Matrix:
    """Return a matrix (D, D) as it is, or one of few indices as a dense one."""
    few = matrix.shape[0] <= SMALL and not isinstance(matrix, np.ndarray)
    return matrix.toarray() if few else matrix


def for_qutip(matrix: Matrix) -> sp.csr_matrix | ComplexArray:
    """Return a matrix as what a Qobj takes without a copy."""
    if isinstance(matrix, np.ndarray):
        return matrix
    places = (matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32))  # QuTiP's type
    return sp.csr_matrix((matrix.data, *places), shape=matrix.shape)


def real_if_it_is(matrix: Matrix) -> Matrix:
    """Return a matrix in real numbers where it has no others: products take half as long."""
    entries = matrix if isinstance(matrix, np.ndarray) else matrix.data
    return matrix if np.any(entries.imag) else matrix.real


def eigenvalues(hermitian: Matrix) -> FloatArray:
    """Return the eigenvalues (D,) in no order, of a sparse matrix set by set."""
    if isinstance(hermitian, np.ndarray):
        return np.asarray(np.linalg.eigvalsh(hermitian), dtype=np.float64)
    alone, sets = alone_and_linked(hermitian)
    parts = [hermitian.diagonal().real[alone]]
    parts += [np.linalg.eigvalsh(block(hermitian, members)) for members in sets]
    return np.concatenate(parts)


def positive_above(hermitian: Matrix, bound: float) -> bool:
    """Return whether no eigenvalue is below `bound`, to rounding; of a sparse matrix set by set.

    By a Cholesky factorisation of what is above it, which takes a tenth of the time of the
    eigenvalues; they decide where it fails.
    """
    if isinstance(hermitian, np.ndarray):
        return _positive(hermitian, bound)
    matrix = real_if_it_is(hermitian)
    alone, sets = alone_and_linked(matrix)
    if not np.all(matrix.diagonal().real[alone] >= bound):
        return False
    return all(_positive(block(matrix, members), bound) for members in sets)


def _positive(hermitian: ComplexArray, bound: float) -> bool:
    above = hermitian.copy()
    above.reshape(-1)[:: len(above) + 1] -= bound
    try:
        np.linalg.cholesky(above)
    except np.linalg.LinAlgError:
        return bool(np.linalg.eigvalsh(above)[0] >= 0)
    return True
