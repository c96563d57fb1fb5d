"""PERLind beside a level or an interaction that is decades away: only its absence is felt."""

import numpy as np
import pytest

import oqs

DERIVATIVES = ("particle_T", "particle_mu", "energy_T", "energy_mu")
T, MU = np.array([0.5, 1.0]), np.array([1.0, 0.9])


def far_level(h, far):
    h = h.copy()
    h[-1, -1] = far
    return oqs.QuadraticSystem(h)


def far_level_of_states(h, far):
    h = h.copy()
    h[-1, -1] = far
    return oqs.InteractingSystem.from_terms(h, U={(0, 1): 0.5 * abs(h[0, 0])})


def far_interaction(h, far):
    return oqs.InteractingSystem.from_terms(h, U={(0, 1): far})


def random_law(make, far, seed, sites=3, scale=1.0):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(sites, sites)) * 0.2 + 0.1j * rng.normal(size=(sites, sites))
    h = scale * (np.diag(rng.uniform(0.5, 1.5, sites)) + (h + h.conj().T) / 2)
    contacts = [oqs.Contact(oqs.flat(r * scale), rng.normal(size=sites)) for r in (0.01, 0.02)]
    return oqs.flow_law(oqs.perlind(make(h, far * scale), contacts))


def same(one, other, rtol):
    for name in ("particle", "energy", "heat"):
        mine, theirs = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=rtol * np.abs(theirs).max())


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e5])
@pytest.mark.parametrize("far", [1e10, 1e12, 1e13, 1e15])
@pytest.mark.parametrize("make", [far_level, far_level_of_states, far_interaction])
def test_it_is_felt_as_its_absence(make, far, scale):
    """What is left of it goes as 1/far."""
    rtol = 1e-11 + 1e3 / far
    for seed in range(3):
        law, limit = (random_law(make, f, seed, scale=scale) for f in (far, 1e16))
        state = scale * T, scale * MU
        same(law(*state), limit(*state), rtol)
        batch = law(*(np.tile(x, (2, 1)) for x in state))
        np.testing.assert_allclose(batch.energy[1], law(*state).energy, rtol=1e-11)
        slopes, goal = law.jacobian(*state), limit.jacobian(*state)
        for name in DERIVATIVES:
            theirs = getattr(goal, name)
            np.testing.assert_allclose(
                getattr(slopes, name), theirs, rtol=rtol, atol=rtol * np.abs(theirs).max()
            )


def test_a_doubly_occupied_state_that_nothing_reaches_adds_no_energy():
    """Two sites: e^{-U/T} is zero, and so is the energy of its rounding."""
    flows = [random_law(far_interaction, far, 0, sites=2)(T, MU) for far in (1e5, 1e16)]
    same(*flows, 1e-12)


@pytest.mark.parametrize("far", [1e10, 1e12])
def test_many_modes(far):
    law, limit = (random_law(far_level, f, 3, sites=9) for f in (far, 1e8))
    same(law(T, MU), limit(T, MU), 1e-6)


def test_beyond_double_precision_the_far_level_is_named():
    law = random_law(far_level, 1e15, 3, sites=9)
    sentence = r"next to the mode at w = 1e\+15 rates of .* are rounding. Leave that mode out"
    for ask in (law, law.jacobian):
        with pytest.raises(oqs.StationaryStateNotFound, match=sentence):
            ask(T, MU)
