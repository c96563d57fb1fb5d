"""Eigenvalues of matrices whose diagonal spans many decades, against 60 digits."""

import mpmath
import numpy as np
import pytest

import oqs
from oqs.numerics.far_levels import graded_eigh
from oqs.validity.secular import worst_mixing


def graded(seed, *, scale=1.0):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    h = rng.normal(size=(n, n)) + 1j * (seed % 2) * rng.normal(size=(n, n))
    h = (h + h.conj().T) / 2
    for k in range(int(rng.integers(1, n))):
        h[k, k] = 10.0 ** rng.choice([5, 9, 15]) * rng.choice([-1, 1]) * rng.uniform(1, 3)
    turned = rng.permutation(n)
    h = scale * h[np.ix_(turned, turned)]
    return h if seed % 2 else h.real


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("seed", range(12))
def test_near_levels_have_the_rounding_of_near_ones(seed, scale):
    h = graded(seed, scale=scale)
    energies, vectors, own = graded_eigh(h)
    with mpmath.workdps(60):
        exact = np.array([float(x) for x in mpmath.eighe(mpmath.matrix(h.tolist()))[0]])
    assert np.all(np.abs(energies - exact) <= 1e-14 * np.maximum(own, scale))
    assert np.min(own) < 100 * scale < np.max(own)
    np.testing.assert_allclose(vectors.conj().T @ vectors, np.eye(len(h)), atol=1e-14)


def test_without_far_levels_it_is_the_diagonaliser():
    h = graded(1)
    h = h - np.diag(np.diag(h)) + np.diag(np.arange(len(h)))
    for ours, theirs in zip(graded_eigh(h), np.linalg.eigh(h), strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_no_mixing_is_found_with_a_far_level():
    h = np.diag([0.3, 0.5, 1e9])
    h[0, 2] = h[2, 0] = 0.2
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 0.5, 0]), oqs.Contact(oqs.flat(0.02), [0.3, 1, 0])]
    alone = [oqs.Contact(c.rate, c.coupling[..., :2]) for c in contacts]
    whole, near = (
        worst_mixing(oqs.davies(oqs.QuadraticSystem(part), own))
        for part, own in ((h, contacts), (h[:2, :2], alone))
    )
    np.testing.assert_allclose(whole, near, rtol=1e-6)
