"""The quick evolution at loose tolerances: its rates, its accuracy, and when it steps back."""

import sys

import numpy as np
import pytest
from slow_systems import FIGURES, DotsBetweenReservoirs, LinearPair

import oqs
import thermo
from thermo.plain_rates import plain_rates
from thermo.quick_run import LOOSE, quick
from thermo.reservoir import Reservoirs
from thermo.slow_flow import SlowFlow
from thermo.watch import never

GASES = [thermo.SommerfeldGas(1.5), thermo.SommerfeldGas(2.5), thermo.FermiDiracGas(1.5)]


def flow(law, gases, T, capacities=None):
    sizes = capacities or [1.0] * len(gases)
    members = [thermo.Reservoir(gas, size) for gas, size in zip(gases, sizes, strict=True)]
    return SlowFlow(law, Reservoirs(members), np.asarray(T))


def random_law(rng, levels, reservoirs):
    contacts = [
        oqs.Contact(oqs.power_law(10 ** rng.uniform(-5, -3), 0.5)) for _ in range(reservoirs)
    ]
    return oqs.closed_form(
        oqs.QuadraticSystem.from_energies(np.sort(rng.uniform(15, 22, levels))), contacts
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [(1, 2), (2, 2), (3, 3), (2, 4)])
def test_plain_numbers_are_those_of_numpy(size, seed):
    rng = np.random.default_rng(seed)
    levels, n = size
    law = random_law(rng, levels, n)
    gases = [GASES[i] for i in rng.integers(0, 3, n)]
    slow = flow(law, gases, rng.uniform(0.5, 1.5, n), rng.uniform(0.5, 2, n).tolist())
    plain = plain_rates(slow)
    for _ in range(5):
        y = slow.pack(rng.uniform(0.3, 2, n), rng.uniform(14, 22, n))
        expected = slow(y)
        assert np.max(np.abs(plain(y, 0.0) - expected)) < 1e-12 * np.max(np.abs(expected))


@pytest.mark.parametrize("mu", [-30.0, -3.0, 0.2, 9.0, 400.0])
def test_plain_exact_gas_everywhere(mu):
    law = random_law(np.random.default_rng(0), 2, 2)
    slow = flow(law, [thermo.FermiDiracGas(0.7)] * 2, [1.0, 1.0])
    y = slow.pack(np.array([0.6, 2.0]), np.array([mu, mu + 0.5]))
    np.testing.assert_allclose(plain_rates(slow)(y, 0.0), slow(y), rtol=1e-11)


def test_unequal_ways_there_and_back():
    # a Gaussian law of collective contacts, w_jq != w_qj
    rng = np.random.default_rng(3)
    h = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    system = oqs.QuadraticSystem(18 * np.eye(3) + 0.1 * (h + h.conj().T))
    couplings = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    law = oqs.gaussian_law(system, [oqs.Contact(oqs.flat(1e-3), c) for c in couplings])
    slow = flow(law, [GASES[2]] * 3, [1.0, 0.8, 1.2])
    y = slow.pack(np.array([1.0, 0.8, 1.2]), np.array([17.0, 18.0, 19.0]))
    np.testing.assert_allclose(plain_rates(slow)(y, 0.0), slow(y), rtol=1e-11)


@pytest.mark.parametrize(
    "slow",
    [
        flow(LinearPair().law, [GASES[0]] * 2, [1.0, 1.0]),
        flow(random_law(np.random.default_rng(0), 17, 2), [GASES[0]] * 2, [1.0, 1.0]),
        flow(
            random_law(np.random.default_rng(0), 2, 2),
            [GASES[0], thermo.TabulatedGas([1.0, 2.0], [1.0, 3.0])],
            [1.0, 1.0],
        ),
    ],
    ids=["another law", "many levels", "another gas"],
)
def test_what_has_no_plain_form(slow):
    assert plain_rates(slow) is None


@pytest.mark.parametrize("gas", [GASES[0], GASES[2]], ids=repr)
@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
@pytest.mark.parametrize("figure", [1, 2, 3, 4])
def test_as_good_as_its_tolerance(figure, rtol, gas, monkeypatch):
    system = FIGURES[figure]
    arguments = system.closed_form(), system.reservoirs(gas), system.T, system.mu
    exact = thermo.evolve(*arguments, events=False)
    used = []
    monkeypatch.setattr(
        sys.modules["thermo.evolve"], "quick", lambda *a: used.append(quick(*a)) or used[-1]
    )
    path = thermo.evolve(*arguments, rtol=rtol, tolerance=1e3 * rtol, events=False)
    assert used[0] is not None
    assert path.outcome == "equilibrated"
    assert max(path.conservation) < rtol
    t = np.geomspace(path.t[1] / 3, path.t[-1], 500)
    state, reference = path.at(t), exact.at(t)
    np.testing.assert_allclose(state.T, reference.T, rtol=2 * rtol)
    scale = np.maximum(np.abs(reference.mu), reference.T)
    assert np.max(np.abs(state.mu - reference.mu) / scale) < 2 * rtol


def test_it_ends_at_t_final_and_its_events_are_confirmed():
    system = FIGURES[2]
    arguments = system.closed_form(), system.reservoirs(GASES[0]), system.T, system.mu
    path = thermo.evolve(*arguments, rtol=1e-6, t_final=3e5, tolerance=1e-3)
    assert path.outcome == "t_final"
    assert path.t[-1] == 3e5
    exact = thermo.evolve(*arguments, t_final=3e5)
    assert [e.kind for e in path.events] == [e.kind for e in exact.events]
    for mine, other in zip(path.events, exact.events, strict=True):
        assert mine.time == pytest.approx(other.time, rel=1e-3)


def test_a_gas_left_behind_is_told_as_always():
    # reservoir 1 warms to mu/T < 4, where the expanded gas ends
    system = DotsBetweenReservoirs((1.0, 2.0), (0.05, 1.5), (0.3, 6.1), (1e-2, 1e-2))
    gas = thermo.SommerfeldGas(2.0)
    reasons = []
    for rtol in (1e-6, 1e-8):
        with pytest.raises(thermo.EvolutionFailed, match="must be at least 4 T") as caught:
            thermo.evolve(
                system.closed_form(),
                system.reservoirs(gas),
                system.T,
                system.mu,
                rtol=rtol,
                tolerance=1e-3,
                t_final=1e5,
                events=False,
            )
        reasons.append(type(caught.value))
    assert reasons[0] is reasons[1]


def test_tight_tolerances_and_rough_flows_are_not_its_business():
    system = FIGURES[2]
    slow = SlowFlow(
        system.closed_form(), Reservoirs(system.reservoirs(GASES[0])), np.array(system.T)
    )
    y = slow.pack(np.array(system.T), np.array(system.mu))
    arguments = slow, y, 1e6
    assert quick(*arguments, LOOSE, 2000, never).outcome == "t_final"
    assert quick(*arguments, LOOSE / 2, 2000, never) is None
    assert quick(*arguments, LOOSE, 1, never) is None  # LSODA would need more steps
    assert quick(slow, y, np.inf, LOOSE, 2000, never) is None  # no verdict by the end
