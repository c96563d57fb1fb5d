"""Sets of linked indices beside SciPy's graphs, graded singular vectors beside 60 digits."""

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from oqs.numerics.blocks import set_labels
from oqs.numerics.graded_basis import graded_basis


@pytest.mark.parametrize("size", [1, 2, 7, 33, 64, 65])
@pytest.mark.parametrize("links", [0.0, 0.3, 1.0, 3.0])
def test_sets_are_the_connected_components(size, links):
    rng = np.random.default_rng(size)
    ends = rng.integers(size, size=(2, round(links * size)))
    matrix = sp.csr_array(sp.coo_array((np.ones(ends.shape[1]), ends), shape=(size, size)))
    expected = connected_components(matrix, directed=False)[1]
    np.testing.assert_array_equal(set_labels(matrix), expected)


def test_a_chain_of_all_states_is_one_set():
    assert not set_labels(sp.csr_array(np.eye(64, k=1))).any()


@pytest.mark.parametrize("seed", range(8))
def test_graded_rows_keep_every_singular_value(seed):
    rng = np.random.default_rng(seed)
    m, g = rng.integers(1, 6, 2)
    rows = rng.normal(size=(m, g)) + 1j * rng.normal(size=(m, g))
    rows *= 10.0 ** rng.uniform(-25, 0, (m, 1))
    basis, rotated = graded_basis(rows)
    np.testing.assert_allclose(basis.conj().T @ basis, np.eye(g), atol=1e-14)
    np.testing.assert_allclose(rotated, rows @ basis, atol=1e-15 * np.abs(rows).max())
    sizes = np.sort(np.linalg.norm(rotated, axis=0))[::-1]
    with mpmath.workdps(60):
        exact = mpmath.svd_c(mpmath.matrix(rows.tolist()), compute_uv=False)
    some = min(m, g)
    np.testing.assert_allclose(sizes[:some], [float(s) for s in exact][:some], rtol=1e-13)
    assert not sizes[some:].any() or sizes[some:].max() < 1e-15 * sizes[0]
