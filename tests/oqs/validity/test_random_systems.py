"""What an audit says of random systems, without looking at their exact flows, and what is true."""

import numpy as np
import pytest
from systems import random_interacting

import oqs
from oqs.validity.secular import worst_mixing
from oqs.validity.verdict import LARGEST_SOUND


def random_system(rng, fewest=1, most=4):
    """One to four levels, splittings from far below the rates to far above, any channels."""
    sites, scale = int(rng.integers(fewest, most + 1)), 10 ** rng.uniform(-2.5, 0.5)
    a = rng.normal(size=(sites, sites)) + 1j * rng.normal(size=(sites, sites)) * (
        rng.random() < 0.3
    )
    h = scale * (a + a.conj().T) / 2 + rng.uniform(-1, 1) * np.eye(sites)
    n = int(rng.integers(2, 4))
    contacts = []
    for rate in 10 ** rng.uniform(-4, -0.5, size=n):
        two = rng.normal(size=(2, sites)) + 1j * rng.normal(size=(2, sites))
        channels = (
            None,
            np.eye(sites)[int(rng.integers(sites))],
            rng.normal(size=sites) / np.sqrt(sites),
            two / np.sqrt(2 * sites),
        )[int(rng.integers(4))]
        filtered = oqs.lorentzian(rate, rng.normal(), 10 ** rng.uniform(-0.5, 1))
        contacts.append(oqs.Contact(oqs.flat(rate) if rng.random() < 0.7 else filtered, channels))
    T, mu = 10 ** rng.uniform(-0.7, 0.5, size=n), rng.uniform(-1, 1, size=n)
    return oqs.QuadraticSystem(h), contacts, T, mu


def judged(found):
    """Return the verdict without looking at exact flows."""
    return oqs.Audit(tuple(a for a in found.assumptions if a.name != "exact flows")).verdict


def count(pairs):
    """Return how many are right, wrong, right but unreliable, of pairs (actual error, verdict)."""
    right, wrong, unreliable = 0, 0, 0
    for error, verdict in pairs:
        if error >= LARGEST_SOUND:
            wrong += 1
            assert verdict is not oqs.Verdict.SOUND
        else:
            right += 1
            unreliable += verdict is oqs.Verdict.UNRELIABLE
    print(f"{right} right, {unreliable} of them unreliable; {wrong} wrong, none sound")
    return right, wrong, unreliable


@pytest.mark.parametrize(
    ("samples", "seed"), [(40, 7), pytest.param(1000, 8, marks=pytest.mark.slow)]
)
def test_none_that_is_wrong_is_called_sound_and_few_that_are_right_unreliable(samples, seed):
    def measured(rng):
        system, contacts, T, mu = random_system(rng)
        found = oqs.audit(oqs.davies(system, contacts), T, mu)
        return found.error, judged(found)

    right, _, unreliable = count(map(measured, np.random.default_rng(seed).spawn(samples)))
    assert right > samples / 2
    assert unreliable < 0.15 * right


@pytest.mark.parametrize(
    ("samples", "seed"), [(3, 7), pytest.param(100, 8, marks=pytest.mark.slow)]
)
def test_so_it_is_where_perlind_is_iterated(samples, seed):
    """Six sites without interactions, given as an InteractingSystem: 924 matrix elements."""

    def measured(rng):
        system, contacts, T, mu = random_system(rng, 6, 6)
        found = oqs.audit(oqs.davies(system, contacts), T, mu)
        states = oqs.davies(oqs.InteractingSystem.from_terms(system.h), contacts)
        return found.error, judged(oqs.audit(states, T, mu))

    right, _, unreliable = count(map(measured, np.random.default_rng(seed).spawn(samples)))
    assert unreliable <= 0.15 * right


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_mixing_from_blocks_of_sectors_is_that_from_single_transitions(scale):
    for seed in range(4):
        model, _, _ = random_interacting(seed, 4, 3, scale=scale)
        np.testing.assert_allclose(worst_mixing(model), worst_mixing(model, model.rates), rtol=1e-9)
