"""Stationary states in the operators' basis: sparse, by particle number, equal to the dense way."""

import numpy as np
import pytest
import qutip

import oqs

T, MU = [0.4, 0.7], [0.3, -0.2]


def chain(sites):
    levels = np.linspace(0.0, 0.5, sites)
    contacts = [oqs.Contact(oqs.flat(0.01), np.eye(sites)[v]) for v in (0, -1)]
    return oqs.davies(oqs.spinless_dots(levels, 0.3, U=0.7), contacts)


def quadratic(sites, seed, hopping=0.3j):
    rng = np.random.default_rng(seed)
    h = np.diag(rng.normal(size=sites)).astype(complex)
    for v in range(sites - 1):
        h[v, v + 1], h[v + 1, v] = hopping, np.conj(hopping)
    return oqs.davies(
        oqs.QuadraticSystem(h),
        [oqs.Contact(oqs.flat(0.01), c) for c in rng.normal(size=(2, sites))],
    )


def given(sites):
    """A system whose operators are rotated: no basis state has a definite particle number."""
    system = oqs.spinless_dots(np.linspace(0.0, 0.5, sites), 0.3, U=0.7)
    turn = qutip.rand_unitary(2**sites, seed=1)
    turn.dims = system.hamiltonian.dims
    rotated = oqs.InteractingSystem(
        turn.dag() * system.hamiltonian * turn, [turn.dag() * c * turn for c in system.annihilators]
    )
    contacts = [oqs.Contact(oqs.flat(0.01), np.eye(sites)[v]) for v in (0, -1)]
    return oqs.davies(rotated, contacts)


MODELS = {
    "chain": chain(4),
    "single site": chain(1),
    "modes": quadratic(4, 1),
    "one mode": quadratic(1, 2),
    "without tunnelling": quadratic(3, 3, 0.0),
    "ring": oqs.davies(
        oqs.InteractingSystem.from_terms(
            0.3 * (1 - np.eye(3)), {(0, 1): 0.8, (1, 2): 0.8, (0, 2): 0.8}
        ),
        [oqs.Contact(oqs.flat(0.01), [1, 0.5, 0]), oqs.Contact(oqs.flat(0.02), [0, 1, 2j])],
    ),
    "rotated operators": given(3),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_it_is_the_state_of_the_full_liouvillian(model):
    rho = oqs.stationary_state(model, T, MU)
    reference = oqs.stationary_state(model, T, MU, method=oqs.FullLiouvillian())
    assert np.abs((rho - reference).full()).max() < 1e-11
    assert rho.dims == model.system.dims
    assert isinstance(rho.data, qutip.data.Dense if rho.shape[0] <= 64 else qutip.data.CSR)
    left = model.liouvillian(T, MU) * qutip.operator_to_vector(rho)
    assert np.abs(left.full()).max() < 1e-11


@pytest.mark.parametrize("model", [chain(4), quadratic(4, 1)], ids=["chain", "modes"])
def test_only_elements_within_one_particle_number_are_kept(model):
    rho = oqs.stationary_state(model, T, MU)
    number = np.rint(model.system.number.diag().real)
    rows, columns = rho.full().nonzero()
    np.testing.assert_array_equal(number[rows], number[columns])


def test_twelve_modes_fit():
    rho = oqs.stationary_state(quadratic(12, 5), T, MU)
    assert rho.data_as("csr_matrix").nnz <= 2704156  # the sum of binomial(12, n)^2
    assert abs(rho.tr() - 1) < 1e-12
