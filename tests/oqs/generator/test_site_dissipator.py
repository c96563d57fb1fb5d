"""Dissipators built on sites against the rotation of those between eigenstates."""

import numpy as np
import pytest
from systems import SCALES

import oqs
from oqs.generator.model import Model


def quadratic(sites, seed, scale, *, degenerate=False):
    rng = np.random.default_rng(seed)
    shape = (sites, sites)
    h = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    h = (h + h.conj().T) * scale
    if degenerate:
        _, vectors = np.linalg.eigh(h)
        h = (vectors * (np.arange(sites) // 2 * scale)) @ vectors.conj().T
        h = (h + h.conj().T) / 2
    channels = rng.normal(size=(2, sites)) + 1j * rng.normal(size=(2, sites))
    contacts = [
        oqs.Contact(oqs.flat(0.01 * scale)),
        oqs.Contact(oqs.flat(0.02 * scale), channels[0]),
        oqs.Contact(oqs.flat(0.03 * scale), channels),
    ]
    return oqs.davies(oqs.QuadraticSystem(h), contacts)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("degenerate", [False, True])
@pytest.mark.parametrize("sites", [1, 2, 4])
def test_sites_and_eigenstates_give_the_same(sites, degenerate, scale):
    model = quadratic(sites, sites, scale, degenerate=degenerate)
    T, mu = np.array([0.3, 1.0, 2.0]) * scale, np.array([0.5, -0.5, 0.1]) * scale
    for j in range(3):
        which = np.arange(3) == j
        rotated = Model._in_operator_basis(model, T, mu, which).toarray()
        np.testing.assert_allclose(
            model.dissipator(j, T, mu).full(), rotated, atol=1e-14 * np.abs(rotated).max()
        )


def test_nothing_but_products_of_the_operators_is_stored():
    # c_v rho c_w^+ and the sums over the other states: 139,264 of 16.8 million entries
    rng = np.random.default_rng(0)
    h = np.diag(20 + rng.uniform(0, 1, 6)) + 0.3 * (np.eye(6, k=1) + np.eye(6, k=-1))
    contacts = [oqs.Contact(oqs.flat(1e-4), np.eye(6)[v]) for v in (0, -1)]
    chain = oqs.davies(oqs.QuadraticSystem(h), contacts)
    assert chain.dissipator(0, [0.6, 1.0], [20.8, 16.0]).data_as("csr_matrix").nnz == 139_264
    apart = oqs.davies(oqs.QuadraticSystem(np.diag(np.diag(h))), contacts)
    assert apart.dissipator(0, [0.6, 1.0], [20.8, 16.0]).data_as("csr_matrix").nnz == 6144
