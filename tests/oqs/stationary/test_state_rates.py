"""The rate equation between single eigenstates: many T, mu at once as one after the other."""

import bosons
import numpy as np
import pytest
import qutip

import oqs
from oqs.flow_jacobian import DERIVATIVES


def refrigerator():
    fridge = oqs.absorption_refrigerator(1.0, 3.0, 0.05)
    return oqs.davies(
        fridge,
        [
            oqs.BosonicContact(oqs.flat(0.01), oqs.on_factor(fridge, k, qutip.sigmax()))
            for k in range(3)
        ],
    )


def dots_with_phonons():
    dots = oqs.QuadraticSystem([[0.0, 0.1, 0.0], [0.1, 1.0, 0.2], [0.0, 0.2, 0.5]])
    contacts = [
        oqs.Contact(oqs.flat(0.01), coupling=[1, 0, 0]),
        oqs.Contact(oqs.power_law(0.02, 0.5), coupling=[0, 0, 1]),
        oqs.BosonicContact(oqs.ohmic(0.02, cutoff=5.0), [1.0, -1.0, 0.5]),
    ]
    return oqs.davies(dots, contacts)


def chain(sites):
    rng = np.random.default_rng(sites)
    system = oqs.OperatorSystem(bosons.spin_chain(sites, rng))
    return oqs.davies(system, bosons.baths_at_the_ends(sites))


MODELS = [refrigerator, dots_with_phonons, lambda: chain(1), lambda: chain(4)]


@pytest.mark.parametrize("make", MODELS, ids=["refrigerator", "dots", "one spin", "chain"])
@pytest.mark.parametrize("cold", [1.0, 1e-3])
def test_a_batch_is_its_states_one_after_the_other(make, cold):
    law = oqs.flow_law(make())
    rng, n = np.random.default_rng(1), law.reservoirs
    T = rng.uniform(0.3, 3.0, (5, n))
    T[1, 0] *= cold  # of the gaps: rates underflow to zero
    mu = np.where(law.model.bosonic, 0.0, rng.uniform(0.0, 0.8, (5, n)))
    together, slopes = law(T, mu), law.jacobian(T, mu)
    for row in range(len(T)):
        alone, own = law(T[row], mu[row]), law.jacobian(T[row], mu[row])
        gross = law.gross(T[row], mu[row]).energy.max()
        np.testing.assert_allclose(together.energy[row], alone.energy, rtol=0, atol=1e-14 * gross)
        np.testing.assert_allclose(together.particle[row], alone.particle, rtol=0, atol=1e-14)
        for name in DERIVATIVES:
            exact = getattr(own, name)
            size = max(np.max(np.abs(exact)), 1e-300)
            np.testing.assert_allclose(getattr(slopes, name)[row] / size, exact / size, atol=1e-12)


def test_rates_of_T_have_their_own_value_at_each_state():
    qubit = oqs.OperatorSystem(0.5 * qutip.sigmaz())
    baths = [
        oqs.BosonicContact(lambda w, T, mu: 0.01 * w * T**2, qutip.sigmax()),
        oqs.BosonicContact(oqs.ohmic(0.02), qutip.sigmax()),
    ]
    law = oqs.flow_law(oqs.davies(qubit, baths))
    T = np.array([[0.5, 1.0], [2.0, 1.0], [1.0, 1.0]])
    n, g = 1 / np.expm1(1 / T), np.stack([0.01 * T[:, 0] ** 2, np.full(3, 0.02)], axis=1)
    exact = g.prod(axis=1) * (n[:, 0] - n[:, 1]) / (g * (1 + 2 * n)).sum(axis=1)
    np.testing.assert_allclose(law(T).energy[:, 0], exact, rtol=1e-12, atol=1e-17)
    slopes = law.jacobian(T).energy_T
    for row in range(3):
        np.testing.assert_allclose(slopes[row], law.jacobian(T[row]).energy_T, rtol=1e-10)
