"""Levels followed one by one: against matrix exponentials, rates, the slow evolution."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
from scipy.special import expit

import oqs
import thermo

LEVEL = oqs.QuadraticSystem.from_energies([1.3])
CONTACTS = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
GAS = thermo.FermiDiracGas(1.0)
WEAK = [oqs.Contact(oqs.flat(0.001), name="cold"), oqs.Contact(oqs.flat(0.002), name="hot")]
T, MU = [0.3, 0.6], [1.2, 0.9]


def boxes(capacity, gas=GAS):
    return [thermo.Reservoir(gas, capacity)] * 2


def explicit(capacity=1000.0, system=LEVEL, contacts=CONTACTS, **options):
    return thermo.explicit_reservoirs(
        system, contacts, boxes(capacity), **{"levels": 60, **options}
    )


def start(exact, modes):
    filled = [expit((MU[j] - part.energy) / T[j]) for j, part in enumerate(exact.levels)]
    return np.concatenate([modes, *filled])


def two_modes(phase):
    h = np.array([[1.2, 0.1 * phase], [0.1 * np.conj(phase), 1.35]])
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 0.5j]), oqs.Contact(oqs.flat(0.02))]
    return {"system": oqs.QuadraticSystem(h), "contacts": contacts}


@pytest.mark.parametrize("phase", [None, 1.0, 1j], ids=["one mode", "two, real", "two, complex"])
def test_free_evolution_is_the_matrix_exponential(phase):
    exact = explicit(300.0, **({} if phase is None else two_modes(phase)))
    modes = np.linspace(0.2, 0.7, exact.system.sites)
    h, before = exact.hamiltonian, start(exact, modes)
    np.testing.assert_allclose(h, h.conj().T, atol=1e-15)
    path = exact.evolve(T, MU, [0.0, 70.0, 300.0], modes=modes)
    for place, t in enumerate(path.times):
        U = scipy.linalg.expm(-1j * h * t)
        filled = np.diag((U * before) @ U.conj().T).real
        np.testing.assert_allclose(path.modes[place], filled[: len(modes)], atol=1e-10)
        energy = h.diagonal().real
        for j in range(2):
            part = slice(len(modes) + 60 * j, len(modes) + 60 * (j + 1))
            gained = path.N[place, j] - boxes(300.0)[0].number(T[j], MU[j])
            assert gained == pytest.approx((filled - before)[part].sum(), abs=1e-9)
            warmed = path.E[place, j] - boxes(300.0)[0].energy(T[j], MU[j])
            assert warmed == pytest.approx((filled - before)[part] @ energy[part], abs=1e-9)
    np.testing.assert_allclose(path.level_occupations.ravel(), filled[len(modes) :], atol=1e-10)
    np.testing.assert_allclose(
        path.N.sum(axis=1) + path.modes.sum(axis=1), path.N[0].sum() + modes.sum(), rtol=1e-12
    )


def test_relaxing_levels_follow_their_equation(monkeypatch):
    """Against Runge and Kutta on the whole correlation matrix."""
    exact = explicit(40.0, levels=16, band=(0.9, 1.7))
    kappa, sites, members = 0.05, 1, [thermo.Reservoir(GAS, 40.0)] * 2
    h = exact.hamiltonian
    P = np.diag(np.r_[np.zeros(sites), np.ones(32)])
    energy = h.diagonal().real
    parts = [slice(1, 17), slice(17, 33)]
    N0 = [m.number(*s) for m, s in zip(members, zip(T, MU, strict=True), strict=True)]
    E0 = [m.energy(*s) for m, s in zip(members, zip(T, MU, strict=True), strict=True)]

    def rates(_, y):
        C = y[: 33 * 33].reshape(33, 33)
        gains = y[33 * 33 :].real.reshape(2, 2)
        dC = -1j * (h @ C - C @ h)
        currents = np.diag(dC).real
        filling, change = np.zeros(33), []
        for j, part in enumerate(parts):
            number, held = (N0[j] + gains[j, 0]) / 40, (E0[j] + gains[j, 1]) / 40
            temperature, potential = thermo.invert(GAS, number, held, guess=(T[j], MU[j]))
            filling[part] = expit((potential - energy[part]) / temperature)
            change += [currents[part].sum(), currents[part] @ energy[part]]
        dC = dC - kappa / 2 * (P @ C + C @ P) + kappa * np.diag(filling)
        return np.concatenate([dC.ravel(), change])

    C0 = np.diag(start(exact, [0.0])).astype(complex).ravel()
    y = scipy.integrate.solve_ivp(
        rates, (0, 400.0), np.r_[C0, np.zeros(4)], rtol=1e-9, atol=1e-11, method="DOP853"
    ).y[:, -1]
    for tolerance, error in ((1e-4, 3e-4), (1e-7, 5e-6)):
        monkeypatch.setattr(thermo.stochastic.explicit.thermalised, "_RTOL", tolerance)
        path = exact.evolve(T, MU, [0.0, 150.0, 400.0], thermalisation=kappa)
        np.testing.assert_allclose(path.N[-1] - np.array(N0), y[-4::2].real, atol=error)
        np.testing.assert_allclose(path.E[-1] - np.array(E0), y[-3::2].real, atol=error)
        np.testing.assert_allclose(path.modes[-1, 0], y[0].real, atol=error)
        np.testing.assert_allclose(path.T[0], T, rtol=1e-10)


def test_the_first_particles_move_as_davies_says():
    exact = explicit(5000.0, contacts=WEAK, levels=400)
    assert exact.spacing_over_rate.max() == pytest.approx(0.2, rel=0.02)
    path = exact.evolve(T, MU, [3e3, 6e3])
    flow = oqs.closed_form(LEVEL, WEAK)(T, MU)
    np.testing.assert_allclose((path.N[0] - path.N[1]) / 3e3, flow.particle, rtol=0.02)


def test_a_thermalised_reservoir_follows_the_slow_evolution():
    """Without thermalisation the levels near the mode are emptied, and that is all."""
    times = [3e4, 1e5]
    exact = explicit(60.0, contacts=WEAK, levels=80, band=(0.9, 1.7))
    path = exact.evolve(T, MU, times, thermalisation=0.01)
    slow = thermo.evolve(oqs.closed_form(LEVEL, WEAK), boxes(60.0), T, MU, t_final=1e5)
    np.testing.assert_allclose(path.T, slow.at(np.array(times)).T, rtol=0.01)
    alone = explicit(60.0, contacts=WEAK).evolve(T, MU, times)
    assert abs(alone.T[-1, 0] - T[0]) < 0.1 * abs(slow.T[-1, 0] - T[0])


def test_own_levels_are_those_of_the_density_of_states():
    for alpha, capacity in ((1.5, 80.0), (1.0, 100.0), (0.5, 300.0)):
        exact = thermo.explicit_reservoirs(
            LEVEL, CONTACTS, boxes(capacity, thermo.FermiDiracGas(alpha)), levels=40
        )
        for levels in exact.levels:
            np.testing.assert_allclose(
                np.diff(levels.energy), levels.spacing[1:] / 2 + levels.spacing[:-1] / 2, rtol=1e-3
            )
            np.testing.assert_allclose(levels.spacing * levels.energy ** (alpha - 1), 1 / capacity)
        ours, theirs = (part.energy for part in exact.levels)
        assert np.abs(ours[:, None] - theirs).min() > 0.4 * exact.levels[0].spacing.min()
    banded = explicit(1000.0, levels=40, band=(1.0, 1.6)).levels[0]
    np.testing.assert_allclose(banded.spacing.sum(), 0.6)
    np.testing.assert_allclose(
        2 * math.pi * np.abs(banded.coupling[:, 0]) ** 2 / banded.spacing, 0.01
    )


def test_results_show_themselves_and_become_tables():
    exact = explicit(300.0)
    path = exact.evolve(T, MU, [0.0, 100.0])
    assert repr(exact).startswith("1 mode and 60 levels of each of 2 reservoirs")
    assert "T of cold: 0.3 to 0.3" in repr(path)
    table = path.to_dataset()
    assert table["T"].dims == ("time", "reservoir")
    assert table["level_occupations"].shape == (2, 60)
    with pytest.raises(ValueError, match="read-only"):
        path.T[0] = 1


def test_bad_input():
    dot = oqs.anderson_dot(1.0, 1.0)
    with pytest.raises(TypeError, match="must be a QuadraticSystem, but is InteractingSystem"):
        thermo.explicit_reservoirs(dot, CONTACTS, boxes(10.0), levels=10)
    with pytest.raises(ValueError, match="one entry per contact, 2, but has 1"):
        thermo.explicit_reservoirs(LEVEL, CONTACTS, boxes(10.0)[:1], levels=10)
    with pytest.raises(ValueError, match="`levels` must be a whole number >= 1, but is 0"):
        explicit(levels=0)
    with pytest.raises(ValueError, match=r"at least 2 levels of 'cold' on both sides .*of 2, from"):
        explicit(levels=2)
    with pytest.raises(ValueError, match=r"at least 2 levels .* only 0"):
        explicit(band=(1.4, 1.8))
    with pytest.raises(ValueError, match="`band` must be two ascending energies"):
        explicit(band=(1.8, 1.4))
    with pytest.raises(TypeError, match="whose levels are known, but 'cold' is"):
        thermo.explicit_reservoirs(LEVEL, CONTACTS, boxes(math.inf), levels=10)
    with pytest.raises(MemoryError, match="Give fewer `levels`"):
        explicit(levels=10**6)
    with pytest.raises(ValueError, match="`thermalisation` must be >= 0"):
        explicit().evolve(T, MU, [1.0], thermalisation=-1.0)
    with pytest.raises(ValueError, match="`times` must ascend"):
        explicit().evolve(T, MU, [1.0, 0.5])
    with pytest.raises(ValueError, match=r"`modes` must lie within \[0, 1\]"):
        explicit().evolve(T, MU, [1.0], modes=[2.0])
