"""Reservoirs of energy alone, beside others: one T, no mu, the same outcome by every route."""

import math

import numpy as np
import pytest

import oqs
import thermo
from thermo.evolution.at_once.scalar_rates import scalar_rates
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.reservoirs.reservoir import Reservoirs

NAN = math.nan


class Conduction:
    """Heat along given pairs, K (T_i^s - T_j^s), beside the flows of Eq. (10) between the first."""

    batched = True

    def __init__(self, pairs, strength=1e-3, power=1.0, base=None):
        self.pairs, self.strength, self.power, self.base = pairs, strength, power, base

    def __call__(self, T, mu):
        T, mu = np.asarray(T), np.asarray(mu)
        particle, energy = np.zeros(T.shape), np.zeros(T.shape)
        if self.base is not None:
            k = self.base.contacts
            flows = self.base.law(T[..., :k], mu[..., :k])
            particle[..., :k], energy[..., :k] = flows.particle, flows.energy
        for i, j in self.pairs:
            q = self.strength * (T[..., i] ** self.power - T[..., j] ** self.power)
            energy[..., i] += q
            energy[..., j] -= q
        return oqs.Flows.of(particle, energy, mu)


class Dots:
    """Two dots between k reservoirs, by Eq. (10)."""

    def __init__(self, contacts, w=(21.1, 21.5), rate=1e-4):
        self.contacts = contacts
        system = oqs.QuadraticSystem.from_energies(w)
        self.law = oqs.closed_form(system, [oqs.Contact(oqs.power_law(rate, 0.5))] * contacts)


def bose(alpha, capacity=1.0, name=None):
    return thermo.Reservoir(thermo.BoseGas(alpha), capacity, name)


def test_two_equal_heat_capacities_relax_exponentially():
    """C = const, a hot Debye solid's limit: T_1 - T_2 ~ e^(-2 K t/C), exactly."""
    t = np.geomspace(0.1, 10, 5)
    gas = thermo.TabulatedHeatCapacity(t, 2.0 + 0 * t)
    path = thermo.evolve(
        Conduction([(0, 1)]), [thermo.Reservoir(gas, c) for c in (1.0, 3.0)], T=[2.0, 1.0]
    )
    rate = 1e-3 * (1 / 2 + 1 / 6)
    exact = np.exp(-rate * path.t)
    np.testing.assert_allclose(path.T[:, 0] - path.T[:, 1], exact, atol=1e-10)
    assert path.outcome == "equilibrated"
    assert pytest.approx(5 / 4, rel=1e-14) == path.equilibrium.T
    assert np.isnan(path.mu).all()
    assert np.isnan(path.at(10.0).mu).all()
    assert path.conservation.energy < 1e-12


def test_a_photon_gas_cools_into_a_fixed_one_in_closed_form():
    """dE/dt = -K (T^4 - T_0^4) with E ~ T^4: exponential in E."""
    gas = thermo.BoseGas(3)
    law = Conduction([(0, 1)], strength=1e-2, power=4.0)
    path = thermo.evolve(law, [bose(3), bose(3, math.inf)], T=[2.0, 0.5])
    rate = 1e-2 / float(gas.energy(1.0))
    fourth = 0.5**4 + (2.0**4 - 0.5**4) * np.exp(-rate * path.t)
    np.testing.assert_allclose(path.T[:, 0], fourth**0.25, rtol=1e-9)
    assert path.outcome == "equilibrated"
    np.testing.assert_allclose(path.T[:, 1], 0.5, rtol=1e-15)
    np.testing.assert_allclose(path.E[:, 1], path.E[0, 0] - path.E[:, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(path.entropy[:, 1], path.E[:, 1] / 0.5, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_equilibrium_conserves_the_energy(scale):
    gases = [thermo.BoseGas(3), thermo.DebyeSolid(0.8 * scale), thermo.BoseGas(1.5)]
    reservoirs = [
        thermo.Reservoir(g, c) for g, c in zip(gases, (scale**-3, 2.0, scale**-1.5), strict=True)
    ]
    T = scale * np.array([0.2, 1.0, 3.0])
    found = thermo.equilibrium(reservoirs, T)
    before = sum(float(r.energy(t, 0)) for r, t in zip(reservoirs, T, strict=True))
    after = sum(float(r.energy(found.T, 0)) for r in reservoirs)
    assert after == pytest.approx(before, rel=1e-14)
    assert math.isnan(found.mu)
    assert found.number_residual == 0
    assert found.energy_residual < 1e-14
    photons = thermo.equilibrium([bose(3), bose(3, 2.0)], [1.0, 2.0])
    assert pytest.approx((33 / 3) ** 0.25, rel=1e-14) == photons.T


def random_mixture(seed):
    """Return law, reservoirs, T, mu: fermions in contact through dots, others linked to them."""
    rng = np.random.default_rng(seed)
    fermions, others = int(rng.integers(0, 4)), int(rng.integers(1, 4))
    fermions = 2 if fermions == 1 else fermions
    others = max(others, 2) if not fermions else others
    n = fermions + others
    pairs = [(int(rng.integers(0, j)), j) for j in range(max(fermions, 1), n)]
    scale = 10 ** rng.uniform(-1.5, 1.5)
    base = Dots(fermions, tuple(scale * np.array([21.1, 21.5])), 1e-4 * scale) if fermions else None
    law = Conduction(pairs, 1e-6 * scale, 1.0, base)
    gases = [thermo.FermiDiracGas(1.5)] * fermions
    gases += [
        thermo.BoseGas(float(rng.uniform(0.7, 3)))
        if rng.random() < 0.5
        else thermo.DebyeSolid(scale * float(rng.uniform(0.3, 3)))
        for _ in range(others)
    ]
    capacities = [
        c * scale**-gas.alpha if hasattr(gas, "alpha") else c
        for c, gas in zip(rng.uniform(0.3, 3, n), gases, strict=True)
    ]
    reservoirs = [thermo.Reservoir(g, c) for g, c in zip(gases, capacities, strict=True)]
    T = scale * rng.uniform(0.4, 1.2, n)
    mu = np.append(scale * rng.uniform(17, 21, fermions), np.full(others, NAN))
    return law, reservoirs, T, mu


@pytest.mark.parametrize("seed", range(12))
def test_random_mixtures_reach_one_equilibrium_by_every_route(seed):
    law, reservoirs, T, mu = random_mixture(seed)
    goal = thermo.equilibrium(reservoirs, T, mu)
    path = thermo.evolve(law, reservoirs, T, mu)
    many = thermo.evolve_ensemble(law, reservoirs, np.stack([T, T]), mu)
    own = ~np.isnan(mu)
    assert path.outcome == "equilibrated"
    assert many.outcome.tolist() == ["equilibrated"] * 2
    for T_end, mu_end in ((path.T[-1], path.mu[-1]), (many.T[0], many.mu[0])):
        np.testing.assert_allclose(T_end, goal.T, rtol=1.01e-6)
        np.testing.assert_allclose(mu_end[own], goal.mu, rtol=1.1e-6)
        assert np.isnan(mu_end[~own]).all()
    lowest = [min(c.lowest, t) for c, t in zip(thermo.cooling(path), path.T[0], strict=True)]
    np.testing.assert_allclose(many.lowest_T[0], lowest, rtol=2e-6)
    assert max(path.conservation) < 1e-11
    grown = np.diff(path.entropy.sum(axis=1))
    assert grown.min() >= -1e-10 * abs(path.entropy.sum(axis=1)).max()
    number = sum(
        float(r.number(goal.T, goal.mu)) for r, o in zip(reservoirs, own, strict=True) if o
    )
    assert number == pytest.approx(path.N[0].sum(), rel=1e-12)


@pytest.mark.parametrize("seed", [1, 3, 4])
def test_many_states_at_once_and_step_by_step_agree(seed):
    law, reservoirs, T, mu = random_mixture(seed)
    quick = thermo.evolve(law, reservoirs, T, mu)
    law.batched = False
    stepwise = thermo.evolve(law, reservoirs, T, mu)
    times = np.geomspace(quick.t[-1] * 1e-4, min(quick.t[-1], stepwise.t[-1]), 20)
    np.testing.assert_allclose(quick.at(times).T, stepwise.at(times).T, rtol=1e-8)


def test_jacobian_is_that_of_differences():
    law, reservoirs, T, mu = random_mixture(4)
    group = Reservoirs(reservoirs)
    dynamics = ReservoirDynamics(law, group, T)
    y = dynamics.pack(T, np.nan_to_num(mu))[None]
    here = dynamics.evaluate(y)
    sharp = dynamics.jacobian(y, dynamics.evaluate(y), sharp=True)[0]
    frozen = np.flatnonzero(~group.has_potential) + len(T)
    for jacobian in (dynamics.jacobian(y, here)[0], dynamics.linearised(y)[1][0], sharp):
        np.testing.assert_allclose(jacobian, sharp, atol=3e-7 * np.abs(sharp).max())
        assert not jacobian[frozen].any()
        assert np.abs(jacobian[:, frozen]).max() <= 1e-12 * np.abs(sharp).max()


def test_fixed_heat_reservoir_sets_the_temperature_of_all():
    law = Conduction([(0, 2)], 1e-6, 1.0, Dots(2))
    gas = thermo.FermiDiracGas(1.5)
    reservoirs = [thermo.Reservoir(gas), thermo.Reservoir(gas, 2.0), bose(3, math.inf)]
    path = thermo.evolve(law, reservoirs, [0.6, 1.0, 0.8], [20.8, 16.0, 0.0])
    assert path.outcome == "equilibrated"
    assert path.equilibrium.T == 0.8
    number = sum(float(r.number(0.8, path.equilibrium.mu)) for r in reservoirs[:2])
    assert number == pytest.approx(path.N[0].sum(), rel=1e-13)
    assert reservoirs[2].conserves == ()
    assert reservoirs[0].conserves == ("N", "E")
    assert bose(3).conserves == ("E",)


def test_fixed_heat_reservoirs_that_differ_stall_in_a_stationary_flow():
    path = thermo.evolve(
        Conduction([(0, 1), (1, 2)]), [bose(3, math.inf), bose(3), bose(3, math.inf)], [2.0, 1, 1]
    )
    assert path.outcome == "stalled"
    assert path.equilibrium is None
    assert path.T[-1, 1] == pytest.approx(1.5, rel=1e-6)
    many = thermo.evolve_ensemble(
        Conduction([(0, 1), (1, 2)]), [bose(3, math.inf), bose(3), bose(3, math.inf)], [2.0, 1, 1]
    )
    assert many.outcome.tolist() == ["stalled"]


def test_rest_and_zero_flows():
    nothing = Conduction([])
    for T, outcome in (([1.0, 1.0], "equilibrated"), ([1.0, 2.0], "stalled")):
        path = thermo.evolve(nothing, [bose(3), bose(3)], T)
        many = thermo.evolve_ensemble(nothing, [bose(3), bose(3)], T)
        assert path.outcome == many.outcome[0] == outcome
        assert path.t[-1] == 0
    path = thermo.evolve(nothing, [bose(3), bose(3)], [1.0, 2.0], t_final=10.0)
    assert path.outcome == "t_final"
    np.testing.assert_array_equal(path.T[-1], [1.0, 2.0])


@pytest.mark.parametrize("T", [1e-3, 1e-6])
def test_cold_reservoirs(T):
    path = thermo.evolve(Conduction([(0, 1)], T**3 * 1e-3), [bose(3), bose(3, 2.0)], [T, 3 * T])
    assert path.outcome == "equilibrated"
    np.testing.assert_allclose(path.T[-1], T * (163 / 3) ** 0.25, rtol=1.01e-6)


def test_events_concern_what_there_is():
    """An intermediate bath passes its neighbours; nothing is said of a mu that is none."""
    law = Conduction([(0, 2), (1, 2)], 1e-6, 1.0, Dots(2))
    gas = thermo.FermiDiracGas(1.5)
    reservoirs = [thermo.Reservoir(gas), thermo.Reservoir(gas), bose(3, 0.2, "phonons")]
    path = thermo.evolve(law, reservoirs, [0.6, 1.0, 1.2], [20.8, 16.0, NAN])
    kinds = {(e.kind, e.reservoirs) for e in path.events}
    assert ("T minimum", (2,)) in kinds
    assert ("T crossing", (1, 2)) in kinds
    assert not any(2 in e.reservoirs for e in path.events if not e.kind.startswith("T "))
    lowest = next(e.value for e in path.extrema if e.reservoirs == (2,))
    assert thermo.cooling(path)[2].lowest == pytest.approx(lowest, rel=1e-9)


def test_archive_and_figures(tmp_path):
    table_T = np.geomspace(0.1, 10, 9)
    reservoirs = [
        thermo.Reservoir(thermo.FermiDiracGas(1.5), name="dot side"),
        bose(3, 0.5, "photons"),
        thermo.Reservoir(thermo.DebyeSolid(1.0), 2.0, "lattice"),
        thermo.Reservoir(thermo.TabulatedHeatCapacity(table_T, table_T), 1.0, "substrate"),
    ]
    law = Conduction([(0, 1), (1, 2), (2, 3)])
    path = thermo.evolve(law, reservoirs, [0.6, 1.0, 0.4, 2.0], [18.0, 0, 0, NAN])
    path.save(tmp_path / "path.nc")
    again = thermo.Trajectory.load(tmp_path / "path.nc")
    assert again.gases == tuple(r.gas for r in reservoirs)
    np.testing.assert_array_equal(again.mu, path.mu)
    np.testing.assert_array_equal(again.at(path.t / 2).mu, path.at(path.t / 2).mu)
    assert again.events == path.events
    figure = thermo.plot_trajectory(again, events=True, heat=True, entropy=True)
    assert len(figure.axes) == 4
    curves = [line.get_label() for line in figure.axes[1].lines]
    assert "dot side" in curves
    assert "photons" not in curves
    baths = thermo.evolve(Conduction([(0, 1)]), [bose(3), bose(1)], [1.0, 2.0])
    baths.save(tmp_path / "baths.nc")
    assert thermo.Trajectory.load(tmp_path / "baths.nc").equilibrium.T == baths.equilibrium.T
    figure = thermo.plot_trajectory(baths, entropy=True)
    assert len(figure.axes) == 2
    assert "entropy" in figure.axes[1].get_ylabel()
    baths.to_dataset()


def test_a_device_with_phonons():
    law = Conduction([(0, 2)], 1e-6, 1.0, Dots(2))
    T, mu = [0.6, 1.0, 0.8], [20.8, 16.0, NAN]
    with_nan = thermo.device(law(T, [20.8, 16.0, 0.0]), T, mu)
    other = thermo.device(law(T, [20.8, 16.0, 0.0]), T, [20.8, 16.0, 0.0])
    assert with_nan.power == other.power == pytest.approx(with_nan.heat.sum(), rel=1e-9)
    assert with_nan.entropy_production > 0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda r: thermo.evolve(Conduction([]), r, [1.0, 1.0], [20.0, 0.1]), "0 or nan for Bose"),
        (lambda r: thermo.evolve(Conduction([]), r, [1.0, 1.0]), "`mu` must be given"),
        (lambda r: thermo.equilibrium(r, [1.0, 1.0]), "`mu` must be given"),
        (lambda r: thermo.equilibrium(r, [1.0, 1.0], [20.0, 1.0]), "0 or nan for Bose"),
        (lambda r: thermo.evolve_ensemble(Conduction([]), r, [1.0, 1.0]), "`mu` must be given"),
        (lambda r: thermo.evolve(Conduction([]), r, [1.0, 1.0], [NAN, 0]), "`mu` must be finite"),
        (lambda r: thermo.evolve(Dots(2).law, r, [1.0, 1.0], [20.0, 0.0]), "where particles are"),
        (
            lambda r: thermo.evolve(Conduction([]), r, [-1.0, 1.0], [20.0, 0]),
            "`T` must be positive",
        ),
        (lambda r: thermo.evolve(Conduction([]), r, [1.0, 1.0], [20.0]), "`mu` must have shape"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call([thermo.Reservoir(thermo.FermiDiracGas(1.5)), bose(3)])


def test_a_gas_that_conserves_something_else_is_refused():
    class Strange(thermo.ThermalGas):
        conserves = ("N",)

        def heat_state(self, T):
            return thermo.HeatState(T, T, T)

    with pytest.raises(ValueError, match=r"must conserve .* its `conserves` is \('N',\)"):
        thermo.Reservoir(Strange())


def test_scalar_rates_are_those_of_arrays_and_never_see_a_mu_that_is_none():
    """A solver's difference quotients shift every variable; the first solution needs them."""
    law, reservoirs, T, mu = random_mixture(4)
    group = Reservoirs(reservoirs)
    dynamics = ReservoirDynamics(law, group, T)
    y = dynamics.pack(T, np.nan_to_num(mu))
    rates = scalar_rates(dynamics)
    shifted = y + 1e-9 * np.append(np.zeros(len(T)), ~group.has_potential)
    np.testing.assert_allclose(rates(y, 0.0), dynamics(y), rtol=1e-9, atol=1e-18)
    np.testing.assert_array_equal(rates(shifted, 0.0), rates(y, 0.0))
