"""The spread of N, E, T, mu of finite reservoirs along a path, to first order in 1/capacity."""

import math

import numpy as np
import pytest

import oqs
import thermo
from thermo.evolution.linear_noise.expansion import linearised

GAS = thermo.SommerfeldGas(1.5)


def law_of(levels=(21.1, 21.5), reservoirs=2):
    rate = oqs.power_law(1e-4, 0.5)
    contacts = [oqs.Contact(rate, name=f"r{j}") for j in range(reservoirs)]
    return oqs.flow_law(oqs.davies(oqs.QuadraticSystem.from_energies(levels), contacts))


def figure_1(capacity, **options):
    box = [thermo.Reservoir(GAS, capacity=capacity)] * 2
    return thermo.evolve(law_of(), box, T=[0.6, 1.0], mu=[20.8, 16.0], **options)


def canonical(gas, capacity, T, mu):
    """Covariance (2, 2) of N and E of a gas open to a large reservoir of T, mu."""
    to_affinities = np.array([[0.0, T**2], [T, mu * T]])  # of mu/T and -1/T
    return capacity * gas.jacobian(T, mu) @ to_affinities


@pytest.mark.parametrize("gases", [(GAS, GAS), (GAS, thermo.FermiDiracGas(1.0))])
def test_at_equilibrium_it_is_that_of_a_closed_pair(gases):
    """Each takes what the other gives: K_1 - K_1 (K_1 + K_2)^-1 K_1, whatever came before."""
    sizes = (10.0, 30.0)
    box = [thermo.Reservoir(g, capacity=c) for g, c in zip(gases, sizes, strict=True)]
    path = thermo.evolve(law_of(), box, T=[0.6, 1.0], mu=[20.8, 19.0])
    assert path.outcome == "equilibrated"
    found = path.fluctuations()
    T, mu = path.equilibrium
    K = [canonical(g, c, T, mu) for g, c in zip(gases, sizes, strict=True)]
    exact = K[0] - K[0] @ np.linalg.solve(K[0] + K[1], K[0])
    for j in range(2):
        for q in range(2):
            sign = 1 if j == q else -1
            np.testing.assert_allclose(found.exchanged[-1, :, j, :, q], sign * exact, rtol=1e-4)
    slope = np.linalg.inv(box[0].jacobian(T, mu))  # (T, mu) by (N, E)
    np.testing.assert_allclose(found.thermal[-1, :, 0, :, 0], slope @ exact @ slope.T, rtol=1e-4)


def test_what_is_conserved_does_not_spread():
    found = figure_1(10.0).fluctuations()
    total = found.exchanged.sum(axis=(2, 4))
    assert np.abs(total).max() < 1e-9 * np.abs(found.exchanged).max()
    assert found.N_std[0].max() == 0


def test_it_grows_as_the_root_of_the_capacity():
    paths = [figure_1(size).fluctuations() for size in (10.0, 1000.0)]
    small, large = (path.T_std[-1] for path in paths)
    np.testing.assert_allclose(small, 10 * large, rtol=1e-6)
    np.testing.assert_allclose(10 * paths[0].N_std[-1], paths[1].N_std[-1], rtol=1e-6)


def test_it_is_the_spread_of_many_trajectories_of_jumps():
    capacity, count, t = 60.0, 200, 8.6e4 * 60.0
    path = figure_1(capacity, t_final=t)
    found = path.fluctuations()
    law = path.law
    box = [thermo.Reservoir(GAS, capacity=capacity)] * 2
    runs = thermo.evolve_stochastic(
        law.model,
        box,
        [0.6, 1.0],
        [20.8, 16.0],
        trajectories=count,
        t_final=t,
        seed=5,
        times=[0, t],
    )
    std = runs.T_std[-1]
    error = 1 / math.sqrt(2 * (count - 1))  # relative, of a standard deviation
    assert np.all(np.abs(std / found.T_std[-1] - 1) < 4 * error)


def test_between_fixed_reservoirs_the_counts_spread_like_a_walk():
    """A small box beside an endless one, and two endless ones: variance D t."""
    law = law_of((21.1,))
    endless = [thermo.Reservoir(GAS, capacity=math.inf)] * 2
    path = thermo.evolve(law, endless, T=[0.6, 1.0], mu=[20.8, 19.0], t_final=1e6)
    found = path.fluctuations()
    D = oqs.counting_statistics(law.model, [0.6, 1.0], [20.8, 19.0]).covariance()
    np.testing.assert_allclose(found.exchanged[-1, 0, :, 0], D * 1e6, rtol=1e-9)
    assert found.T_std.max() == found.mu_std.max() == 0


def test_other_laws_models_and_files(tmp_path):
    law = law_of()
    closed = oqs.closed_form(law.model.system, law.model.contacts)
    box = [thermo.Reservoir(GAS, capacity=10.0)] * 2
    path = thermo.evolve(closed, box, T=[0.6, 1.0], mu=[20.8, 16.0], t_final=1e5)
    with pytest.raises(ValueError, match="`model`"):
        path.fluctuations()
    found = path.fluctuations(law.model)
    same = thermo.evolve(law, box, T=[0.6, 1.0], mu=[20.8, 16.0], t_final=1e5).fluctuations()
    np.testing.assert_allclose(found.T_std[-1], same.T_std[-1], rtol=1e-5)
    path.save(tmp_path / "path.nc")
    loaded = thermo.Trajectory.load(tmp_path / "path.nc").fluctuations(law.model)
    np.testing.assert_allclose(loaded.T_std, found.T_std, rtol=1e-9)
    with pytest.raises(ValueError, match="one contact per reservoir of the path, 2, but has 3"):
        path.fluctuations(law_of(reservoirs=3).model)
    table = found.to_dataset()
    assert table["T_std"].sel(reservoir="r0").shape == path.t.shape
    assert "+-" in repr(found)


def scaled(exponent):
    rate = oqs.temperature_scaled(oqs.power_law(1e-4, 0.5), exponent, 0.8)
    contacts = [oqs.Contact(rate, name=f"r{j}") for j in range(2)]
    return oqs.flow_law(oqs.davies(oqs.QuadraticSystem.from_energies([21.1]), contacts))


def test_rates_that_change_with_T():
    """Exponent 0 is a constant rate."""
    box = [thermo.Reservoir(GAS, capacity=10.0)] * 2
    start = {"T": [0.6, 1.0], "mu": [20.8, 16.0]}
    same = thermo.evolve(scaled(0.0), box, **start, t_final=1e5).fluctuations()
    reference = thermo.evolve(law_of((21.1,)), box, **start, t_final=1e5).fluctuations()
    for part in ("noise", "exchanged", "thermal"):
        found, expected = getattr(same, part)[-1], getattr(reference, part)[-1]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9 * expected.max())
    moving = thermo.evolve(scaled(2.0), box, **start, t_final=1e5).fluctuations()
    assert np.abs(moving.T_std[-1] / same.T_std[-1] - 1).max() > 0.02


def test_the_drift_holds_the_rates_own_change():
    """A = -d(P, J)/d(N, E) against differences of flows at shifted N, E, rates moving along."""
    law, n = scaled(2.0), 2
    reservoirs = thermo.Reservoirs([thermo.Reservoir(GAS, capacity=10.0)] * 2)
    T, mu = np.array([[0.6, 1.0], [0.9, 0.7]]), np.array([[20.8, 16.0], [19.0, 20.0]])
    found = linearised(law.model, law, reservoirs, T, mu)
    step = 1e-5
    for column in range(2 * n):
        moved = step * found.response[:, :, column]  # of T, mu, for a little of N or E
        there = [law(T + s * moved[:, :n], mu + s * moved[:, n:]) for s in (1, -1)]
        change = np.concatenate(
            [getattr(there[0], k) - getattr(there[1], k) for k in ("particle", "energy")], axis=1
        ) / (2 * step)
        scale = np.abs(change).max()
        np.testing.assert_allclose(-found.drift[:, :, column], change, rtol=1e-6, atol=1e-6 * scale)


@pytest.mark.parametrize("exponent", [0.0, 2.0])
def test_links_count_in_the_spread_whatever_their_derivatives(exponent):
    """A link without `slopes`, or rates of T, call for differences."""
    box = [thermo.Reservoir(GAS, capacity=10.0)] * 2
    law, spreads = scaled(exponent), []
    for link in (1e-4, lambda hot, cold: 1e-4 * (hot - cold)):
        linked = thermo.with_links(law, {("r0", "r1"): link})
        path = thermo.evolve(linked, box, T=[0.6, 1.0], mu=[20.8, 16.0], t_final=1e5)
        spreads.append(path.fluctuations().exchanged[-1])
    np.testing.assert_allclose(spreads[1], spreads[0], rtol=1e-5, atol=1e-7 * spreads[0].max())
    alone = thermo.evolve(law, box, T=[0.6, 1.0], mu=[20.8, 16.0], t_final=1e5).fluctuations()
    assert np.abs(alone.exchanged[-1] / spreads[0] - 1).max() > 0.01
