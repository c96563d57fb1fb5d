"""Flows in scalars: the law's own, up to the rounding of what cancels in them."""

import numpy as np
import pytest

import oqs


def random_system(rng, levels):
    return oqs.QuadraticSystem.from_energies(np.sort(rng.uniform(15, 22, levels)))


def contacts(rng, n):
    return [oqs.Contact(oqs.power_law(10 ** rng.uniform(-5, -3), 0.5)) for _ in range(n)]


def gaussian(rng):
    # three collective contacts send particles round: w_jq != w_qj
    h = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    system = oqs.QuadraticSystem(18 * np.eye(3) + 0.1 * (h + h.conj().T))
    couplings = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    return oqs.gaussian_law(system, [oqs.Contact(oqs.flat(1e-3), c) for c in couplings])


def interacting(rng, sites):
    h = np.diag(rng.uniform(15, 22, sites)) + 0.3 * (1 - np.eye(sites))
    system = oqs.InteractingSystem.from_terms(h, {(0, 1): 1.5})
    return oqs.flow_law(oqs.davies(system, contacts(rng, 2)))


LAWS = {
    "one level": lambda rng: oqs.closed_form(random_system(rng, 1), contacts(rng, 2)),
    "two levels": lambda rng: oqs.closed_form(random_system(rng, 2), contacts(rng, 2)),
    "five reservoirs": lambda rng: oqs.closed_form(random_system(rng, 6), contacts(rng, 5)),
    "many reservoirs": lambda rng: oqs.closed_form(random_system(rng, 2), contacts(rng, 20)),
    "many levels": lambda rng: oqs.closed_form(random_system(rng, 150), contacts(rng, 3)),
    "gaussian": gaussian,
    "density matrix, 4 states": lambda rng: oqs.flow_law(
        oqs.davies(random_system(rng, 2), contacts(rng, 3))
    ),
    "density matrix, 8 states": lambda rng: oqs.flow_law(
        oqs.davies(random_system(rng, 3), contacts(rng, 2))
    ),
    "interacting": lambda rng: interacting(rng, 2),
    "interacting, 32 states": lambda rng: interacting(rng, 5),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("scale", [0.02, 1.0, 50.0])
def test_the_same_flows(name, seed, scale):
    rng = np.random.default_rng(seed)
    law = LAWS[name](rng)
    plain = law.scalar_flows()
    n = law.reservoirs if hasattr(law, "reservoirs") else law.model.reservoirs
    T, mu = scale * rng.uniform(0.3, 2, n), rng.uniform(14, 23, n)
    flows = law(T, mu)
    particle, energy = plain(T.tolist(), mu.tolist())
    # rates are up to 5e-3: rounding where occupations of 0 or 1 cancel is below 1e-18
    rounding = 1e-12 * np.max(np.abs(flows.particle)) + 1e-18
    np.testing.assert_allclose(particle, flows.particle, rtol=0, atol=rounding)
    np.testing.assert_allclose(energy, flows.energy, rtol=0, atol=22 * rounding)


def test_what_has_no_scalar_form():
    rng = np.random.default_rng(0)
    assert oqs.closed_form(random_system(rng, 251), contacts(rng, 2)).scalar_flows() is None
    assert oqs.flow_law(oqs.davies(random_system(rng, 7), contacts(rng, 2))).scalar_flows() is None
