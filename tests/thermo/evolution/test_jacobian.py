"""The Jacobian of Eq. (5): from the law's own derivatives, or by differences, for one or many."""

import dataclasses

import numpy as np
import pytest
from slow_systems import FIGURES

import oqs
import thermo
from thermo.evolution.dynamics import ReservoirDynamics


@dataclasses.dataclass
class KnowsItsDerivatives:
    """Eq. (10) for flat rates, P_j = sum_kq w_jq (n_j - n_q), with d P, d Y in closed form."""

    frequencies: np.ndarray
    weights: np.ndarray  # (n, n) symmetric
    batched: bool = True
    asked: int = 0

    def __call__(self, T, mu):
        T, mu = np.asarray(T), np.asarray(mu)
        self.asked += T.size // T.shape[-1]
        through = self._through(self._filled(T, mu))
        energy = (through * self.frequencies).sum(-1)
        return oqs.Flows.of(through.sum(-1), energy, mu)

    def jacobian(self, T, mu):
        T, mu = np.asarray(T), np.asarray(mu)
        n = self._filled(T, mu)  # (..., n, K)
        slope = n * (1 - n) / T[..., None]
        x = (self.frequencies - mu[..., None]) / T[..., None]
        above = self.frequencies - mu[..., None]
        coupling = np.diag(self.weights.sum(1)) - self.weights
        table = {}
        for name, part in (("T", slope * x), ("mu", slope)):
            through = coupling[:, :, None] * part[..., None, :, :]  # (..., j, q, K)
            table[f"particle_{name}"] = through.sum(-1)
            table[f"energy_{name}"] = (through * self.frequencies).sum(-1)
            table[f"heat_{name}"] = (through * above[..., :, None, :]).sum(-1)
        lost = self._through(n).sum(-1)
        table["heat_mu"] = table["heat_mu"] - lost[..., None] * np.eye(T.shape[-1])
        return oqs.FlowJacobian(**table)

    def _filled(self, T, mu):
        return 1 / (1 + np.exp((self.frequencies - mu[..., None]) / T[..., None]))

    def _through(self, n):
        return np.einsum("jq,...jqk->...jk", self.weights, n[..., :, None, :] - n[..., None, :, :])


@dataclasses.dataclass
class WithoutDerivatives:
    law: KnowsItsDerivatives
    batched: bool = True

    def __call__(self, T, mu):
        return self.law(T, mu)


GASES = {
    "sommerfeld": thermo.SommerfeldGas(1.5),
    "exact": thermo.FermiDiracGas(1.5),
    "tabulated": thermo.TabulatedGas(np.linspace(0, 60, 601), np.linspace(0, 60, 601) ** 0.5),
}


def case(seed, gas, n=3, batch=4):
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0, 1e-3, (n, n))
    law = KnowsItsDerivatives(rng.uniform(15, 25, 3), weights + weights.T)
    group = thermo.Reservoirs([thermo.Reservoir(gas, c) for c in 10 ** rng.uniform(-3, 3, n)])
    T, mu = rng.uniform(0.5, 2, (batch, n)), rng.uniform(14, 26, (batch, n))
    return law, group, T, mu


def jacobians(law, group, T, mu, **options):
    dynamics = ReservoirDynamics(law, group, np.ones(len(group)))
    y = dynamics.pack(T, mu)
    return dynamics.jacobian(y, dynamics.evaluate(y), **options)


@pytest.mark.parametrize("gas", GASES.values(), ids=GASES)
@pytest.mark.parametrize("seed", range(5))
def test_it_is_that_of_differences(gas, seed):
    law, group, T, mu = case(seed, gas)
    exact = jacobians(law, group, T, mu)
    size = np.abs(exact).max(axis=2, keepdims=True)
    assert np.max(np.abs(jacobians(WithoutDerivatives(law), group, T, mu) - exact) / size) < 1e-5
    sharp = jacobians(WithoutDerivatives(law), group, T, mu, sharp=True)
    assert np.max(np.abs(sharp - exact) / size) < 1e-8


@pytest.mark.parametrize("seed", range(5))
def test_slopes_keep_the_totals_as_the_flows_do(seed):
    """What the flows alone contribute moves particles, and energy with T, between reservoirs."""
    law, group, T, mu = case(seed, GASES["exact"], batch=1)
    dynamics = ReservoirDynamics(law, group, np.ones(3))
    y = dynamics.pack(T, mu)
    here = dynamics.evaluate(y)
    nothing = here._replace(particle=0 * here.particle, heat=0 * here.heat, rates=0 * here.rates)
    slopes = dynamics.jacobian(y, nothing)[0].reshape(2, 3, 6)
    warming, rising = slopes[0] * T[0][:, None], slopes[1]
    gas = group.jacobian(T, mu)[0]
    for row, columns in ((0, slice(None)), (1, slice(3))):
        change = (gas[:, row, 0, None] * warming + gas[:, row, 1, None] * rising)[:, columns]
        assert np.max(np.abs(change.sum(0))) < 1e-12 * np.max(np.abs(change))


def test_one_state_after_the_other_is_the_same():
    law, group, T, mu = case(7, GASES["exact"])
    together = jacobians(law, group, T, mu)
    law.batched = False
    np.testing.assert_allclose(jacobians(law, group, T, mu), together, rtol=1e-12)


def test_a_law_that_knows_its_derivatives_is_not_asked_for_differences():
    law, group, T, mu = case(3, GASES["exact"])
    dynamics = ReservoirDynamics(law, group, np.ones(3))
    y = dynamics.pack(T, mu)
    here = dynamics.evaluate(y)
    before = law.asked
    dynamics.jacobian(y, here)
    assert law.asked == before


def test_fixed_reservoirs_and_those_without_mu_do_not_move():
    law, _, T, mu = case(1, GASES["exact"], n=2)
    none = np.zeros((4, 2, 2))
    known = law.jacobian(T, 0 * mu)
    heat_only = oqs.FlowJacobian(
        none, none, known.heat_T, known.heat_mu, known.heat_T, known.heat_mu
    )

    class Heat:
        batched = True

        def __call__(self, T, mu):
            energy = np.stack([T[..., 0] - T[..., 1], T[..., 1] - T[..., 0]], axis=-1)
            return oqs.Flows.of(0 * energy, energy, mu)

        def jacobian(self, T, mu):
            return heat_only

    bosons = [thermo.Reservoir(thermo.BoseGas(3)), thermo.Reservoir(thermo.BoseGas(3), np.inf)]
    found = jacobians(Heat(), thermo.Reservoirs(bosons), T, 0 * mu)
    assert np.all(found[:, [1, 2, 3]] == 0)
    assert np.any(found[:, 0] != 0)


@pytest.mark.parametrize("figure", [1, 4])
def test_evolutions_by_both_agree(figure):
    system = FIGURES[figure]
    gas = GASES["exact"]
    energies = np.array(system.frequencies)
    rate = np.array(system.rates) * energies.mean() ** 0.5
    law = KnowsItsDerivatives(energies, np.outer(rate, rate) / rate.sum())
    group = system.reservoirs(gas)
    one, other = (
        thermo.evolve(each, group, system.T, system.mu, events=False)
        for each in (law, WithoutDerivatives(law))
    )
    assert one.outcome == other.outcome == "equilibrated"
    times = np.geomspace(1, min(one.t[-1], other.t[-1]), 50)
    np.testing.assert_allclose(one.at(times).T, other.at(times).T, rtol=1e-8)
    starts = np.array(system.T) * np.linspace(0.99, 1.01, 3)[:, None]
    laws = (law, WithoutDerivatives(law))
    ends = [thermo.evolve_ensemble(each, group, starts, system.mu) for each in laws]
    np.testing.assert_allclose(ends[0].T, ends[1].T, rtol=1e-6)
    np.testing.assert_allclose(ends[0].lowest_T, ends[1].lowest_T, rtol=1e-6)


def test_rates_that_depend_on_T_and_mu():
    dots = oqs.QuadraticSystem.from_energies(FIGURES[1].frequencies)

    def evolved(rate):
        law = oqs.flow_law(oqs.davies(dots, [oqs.Contact(rate)] * 2))
        group = FIGURES[1].reservoirs(GASES["sommerfeld"])
        return thermo.evolve(law, group, FIGURES[1].T, FIGURES[1].mu, events=False)

    varying = evolved(lambda w, T, mu: 1e-4 * w**0.5 * (1 + 0 * T))
    same = evolved(oqs.power_law(1e-4, 0.5))
    np.testing.assert_allclose(varying.T[-1], same.T[-1], rtol=1e-8)
    hotter = evolved(lambda w, T, mu: 1e-4 * w**0.5 * (1 + 0.1 * T))
    assert hotter.outcome == "equilibrated"
