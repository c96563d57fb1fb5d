"""What an audit says of random systems, without looking at their exact flows, and what is true."""

import numpy as np
import pytest

import oqs
from oqs.validity.verdict import LARGEST_SOUND


def random_system(rng):
    """One to four levels, splittings from far below the rates to far above, any channels."""
    sites, scale = int(rng.integers(1, 5)), 10 ** rng.uniform(-2.5, 0.5)
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


@pytest.mark.parametrize(
    ("count", "seed"), [(40, 7), pytest.param(1000, 8, marks=pytest.mark.slow)]
)
def test_none_that_is_wrong_is_called_sound_and_few_that_are_right_unreliable(count, seed):
    right, unreliable = 0, 0
    for rng in np.random.default_rng(seed).spawn(count):
        system, contacts, T, mu = random_system(rng)
        found = oqs.audit(oqs.davies(system, contacts), T, mu)
        judged = oqs.Audit(tuple(a for a in found.assumptions if a.name != "exact flows"))
        if found.error >= LARGEST_SOUND:
            assert judged.verdict is not oqs.Verdict.SOUND, (system, contacts, T, mu)
            continue
        right += 1
        unreliable += judged.verdict is oqs.Verdict.UNRELIABLE
    assert right > count / 2
    assert unreliable < 0.15 * right
