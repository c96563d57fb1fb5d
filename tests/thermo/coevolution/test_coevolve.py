"""System and reservoirs together: what is conserved, what grows, and both limits of capacity."""

import numpy as np
import pytest
import qutip

import oqs
import thermo
from oqs.state.states import energy_basis
from thermo.coevolution.coevolve import CoevolutionFailed, SystemGas, coevolve
from thermo.coevolution.joint_entropy import production_of_populations
from thermo.coevolution.joint_flow import JointFlow
from thermo.evolution.evolve import evolve
from thermo.reservoirs.reservoir import Reservoirs

GAS = thermo.FermiDiracGas(1.5)
EMPTY = qutip.fock_dm([2, 2], [0, 0])
START = {"T": [0.6, 1.0], "mu": [20.8, 16.0]}  # Fig. 1


def reservoirs(capacity, n=2):
    return [thermo.Reservoir(GAS, capacity) for _ in range(n)]


def modes(energies=(21.1, 21.5), rates=(1e-4, 1e-4)):
    contacts = [oqs.Contact(rate=oqs.power_law(g, 0.5)) for g in rates]
    return oqs.davies(oqs.QuadraticSystem.from_energies(energies), contacts)


def collective(lamb_shift=False):
    """Two degenerate dots that each contact touches through one channel: coherences matter."""
    contacts = [
        oqs.Contact(rate=oqs.flat(0.02), coupling=[1, 0.3], band=(0.0, 40.0)),
        oqs.Contact(rate=oqs.flat(0.01), coupling=[0.5, 1], band=(0.0, 40.0)),
    ]
    dots = oqs.QuadraticSystem.from_energies([20.0, 20.0])
    return oqs.davies(dots, contacts, lamb_shift=lamb_shift)


def coherent():
    rng = np.random.default_rng(3)
    root = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    rho = root @ root.conj().T
    return qutip.Qobj(rho / np.trace(rho), dims=[[2, 2], [2, 2]])


@pytest.fixture(scope="module")
def figure_1():
    """Fig. 1 from an empty system to equilibrium; capacities small enough for N_S to count."""
    return coevolve(modes(), reservoirs(1.0), EMPTY, **START)


def test_totals_are_conserved(figure_1):
    assert figure_1.outcome == "equilibrated"
    assert figure_1.conservation.number < 1e-9
    assert figure_1.conservation.energy < 1e-9
    assert np.ptp(figure_1.N.sum(axis=1)) > 0.1  # of the reservoirs alone they are not
    # and so are what the properties are made of
    before = figure_1.system_energy[0] + figure_1.E[0].sum()
    assert figure_1.system_energy[-1] + figure_1.E[-1].sum() == pytest.approx(before, rel=1e-9)


def test_equilibrium_counts_the_system(figure_1):
    goal, group = figure_1.equilibrium, Reservoirs(reservoirs(1.0))
    T, mu = np.full(2, goal.T), np.full(2, goal.mu)
    system = modes().system
    gibbs = oqs.gibbs_state(system, float(goal.T), float(goal.mu))
    held = qutip.expect(system.hamiltonian, gibbs)
    assert held + group.energy(T, mu).sum() == pytest.approx(figure_1.E[0].sum(), rel=1e-11)
    np.testing.assert_allclose(figure_1.T[-1], goal.T, rtol=1e-6)
    np.testing.assert_allclose(figure_1.mu[-1], goal.mu, rtol=1e-6)
    final = figure_1.state(figure_1.t[-1])
    assert abs((final - gibbs).full()).max() < 1e-6


def test_the_state_stays_a_state(figure_1):
    for t in np.concatenate([[0.0], np.geomspace(1e-3, figure_1.t[-1], 30)]):
        rho = figure_1.state(t)
        assert rho.tr() == pytest.approx(1, abs=1e-9)
        assert rho.eigenenergies()[0] > -1e-15


def test_entropy_never_falls(figure_1):
    assert np.all(figure_1.entropy_production >= 0)
    assert np.isinf(figure_1.entropy_production[0])  # the empty system begins to fill
    assert np.all(np.isfinite(figure_1.entropy_production[1:]))
    growth = np.diff(figure_1.total_entropy)
    assert np.all(growth > -1e-13 * figure_1.total_entropy[-1])


@pytest.mark.parametrize(("make", "start"), [(modes, EMPTY), (collective, coherent())])
def test_eq_3_against_the_state_and_against_the_growth_of_entropy(make, start):
    model, group = make(), Reservoirs(reservoirs(3.0))
    path = coevolve(model, group, start, **START, t_final=3e4)
    for k in range(len(path.t) // 4, len(path.t) - 1, 40):
        t = path.t[k]
        rho = path.state(t)
        direct = oqs.entropy_production(model, rho, path.T[k], path.mu[k])
        assert path.entropy_production[k] == pytest.approx(direct, rel=1e-6)
        flows = oqs.momentary_flows(model, rho, path.T[k], path.mu[k])
        np.testing.assert_allclose(path.flows.heat[k], flows.heat, rtol=1e-8, atol=1e-14)
        h = 1e-2 * (t - path.t[k - 1])
        total = [
            qutip.entropy_vn(path.state(s)) + group.entropy(*path.at(s)).sum()
            for s in (t - 2 * h, t - h)
        ]
        growth = (path.system_entropy[k] + path.entropy[k].sum() - total[0]) / (2 * h)
        rounding = 1e-15 * path.total_entropy[k] / h
        middle = path.entropy_production[k]
        assert growth == pytest.approx(middle, rel=1e-2, abs=100 * rounding)


def test_deviation_from_evolve_falls_as_one_over_the_capacity():
    model = modes()
    law, rho = oqs.flow_law(model), oqs.stationary_state(model, **START)
    at = np.array([1e6, 1e7, 3e7])  # t / (A V)

    quasi = evolve(law, reservoirs(1.0), **START, t_final=3e7, rtol=1e-11, events=False).at(at)
    capacities = np.array([10.0, 1e3, 1e4])
    deviation = []
    for capacity in capacities:
        path = coevolve(model, reservoirs(capacity), rho, **START, t_final=3e7 * capacity)
        found = path.at(at * capacity)
        deviation.append([np.abs(found.T - quasi.T).max(), np.abs(found.mu - quasi.mu).max()])
    exponent = np.diff(np.log(deviation), axis=0) / np.diff(np.log(capacities))[:, None]
    np.testing.assert_allclose(exponent, -1, atol=0.005)
    assert deviation[0][0] > 1e-3  # it is a deviation, not noise


@pytest.mark.parametrize("shifted", [False, True], ids=["", "frequency shifts"])
def test_equals_relax_when_the_reservoirs_are_huge(shifted):
    model, rho0 = collective(shifted), coherent()
    times = np.array([0.0, 3.0, 30.0, 300.0])
    path = coevolve(model, reservoirs(1e13), rho0, **START, t_final=300.0)
    fixed = oqs.relax(model, rho0, **START, times=times)
    for t, expected in zip(times, fixed.states, strict=True):
        np.testing.assert_allclose(path.state(t).full(), expected.full(), atol=1e-8)
    np.testing.assert_allclose(path.flows.heat[-1], fixed.flows.heat[-1], rtol=1e-6)
    assert path.system_entropy[-1] == pytest.approx(fixed.entropy[-1], rel=1e-8)
    np.testing.assert_allclose(path.T[-1], START["T"], rtol=1e-12)


@pytest.mark.parametrize("make", [modes, collective])
def test_nothing_moves_in_a_common_equilibrium(make):
    model = make()
    rho = oqs.gibbs_state(model.system, 0.8, 19.0)
    path = coevolve(model, reservoirs(1.0), rho, [0.8, 0.8], [19.0, 19.0], t_final=1e7)
    np.testing.assert_allclose(path.T, 0.8, rtol=1e-10)
    np.testing.assert_allclose(path.mu, 19.0, rtol=1e-10)
    assert np.max(np.abs(path.flows.particle)) < 1e-15
    there = coevolve(model, reservoirs(1.0), rho, [0.8, 0.8], [19.0, 19.0])
    assert there.outcome == "equilibrated"
    assert there.t.tolist() == [0.0]
    assert there.state(0.0) == rho


def test_interactions_change_where_it_ends():
    dots = oqs.InteractingSystem.from_terms(np.diag([19.0, 20.0]), U={(0, 1): 2.0})
    model = oqs.davies(dots, [oqs.Contact(rate=oqs.flat(1e-3)) for _ in range(2)])
    path = coevolve(model, reservoirs(0.5), EMPTY, **START)
    assert path.outcome == "equilibrated"
    assert path.conservation.energy < 1e-9
    gibbs = oqs.gibbs_state(dots, float(path.equilibrium.T), float(path.equilibrium.mu))
    assert abs((path.state(path.t[-1]) - gibbs).full()).max() < 1e-6


def test_one_frequency_stalls():
    model = modes(energies=(21.1,))
    path = coevolve(model, reservoirs(1.0), qutip.fock_dm(2, 0), **START)
    assert path.outcome == "stalled"
    x = (21.1 - path.mu[-1]) / path.T[-1]
    assert x[0] == pytest.approx(x[1], rel=1e-6)
    assert abs(path.T[-1, 0] / path.T[-1, 1] - 1) > 0.1


def test_cold_reservoirs_whose_populations_span_forty_decades():
    model = modes(energies=(17.0, 25.0))
    rho = oqs.stationary_state(model, [0.06, 0.08], [20.0, 21.0])
    path = coevolve(model, reservoirs(1.0), rho, [0.06, 0.08], [20.0, 21.0], t_final=1e7)
    assert np.all(np.isfinite(path.entropy_production))
    assert np.all(path.entropy_production >= 0)


def perlind(shifts=False, U=0.0):
    h = [[21.0, 0.01], [0.01, 21.03]]
    system = oqs.InteractingSystem.from_terms(h, U={(0, 1): U}) if U else oqs.QuadraticSystem(h)
    contacts = [
        oqs.Contact(oqs.flat(0.01), [1.0, 0.3j], band=(18.0, 25.0)),
        oqs.Contact(oqs.lorentzian(0.02, 21.0, 0.5), [[0.2, 1.0], [1.0, 0.0]], band=(18.0, 25.0)),
    ]
    return oqs.perlind(system, contacts, lamb_shift=shifts)


JACOBIANS = {
    "populations": (modes, EMPTY),
    "coherences": (collective, coherent()),
    "PERLind": (perlind, coherent()),
    "PERLind, shifts": (lambda: perlind(shifts=True), coherent()),
    "PERLind, interactions": (lambda: perlind(U=2.0), coherent()),
}


@pytest.mark.parametrize(("make", "start"), JACOBIANS.values(), ids=JACOBIANS)
def test_jacobian_against_differences(make, start):
    model, group = make(), Reservoirs(reservoirs(2.0))
    T, mu = (np.array(START[k]) for k in ("T", "mu"))
    state = energy_basis(model, start)
    joint = JointFlow(model, group, state, T)
    y = joint.pack(state, T, mu)
    step = 1e-5
    shifted = [(joint(y + step * e) - joint(y - step * e)) / (2 * step) for e in np.eye(len(y))]
    scale = np.abs(joint.jacobian(y)).max()
    np.testing.assert_allclose(joint.jacobian(y), np.transpose(shifted), atol=1e-8 * scale)


def test_production_of_populations_against_the_density_matrix():
    model = modes(energies=(15.0, 18.0, 21.1), rates=(1e-4, 3e-4))
    rng = np.random.default_rng(11)
    for _ in range(10):
        p = rng.dirichlet(np.ones(8))
        T, mu = rng.uniform(0.5, 2.0, 2), rng.uniform(14, 22, 2)
        vectors = model.system.spectrum.vectors
        rho = qutip.Qobj((vectors * p) @ vectors.conj().T, dims=model.system.dims)
        found = production_of_populations(model, p[None], T[None], mu[None])
        assert found[0] == pytest.approx(oqs.entropy_production(model, rho, T, mu), rel=1e-10)


def test_system_gas_against_the_gibbs_state():
    system = oqs.InteractingSystem.from_terms(np.diag([1.0, 1.5]), U={(0, 1): 0.7})
    gas = SystemGas(system.spectrum)
    T, mu, h = 0.6, 1.2, 1e-5
    gibbs = oqs.gibbs_state(system, T, mu)
    assert float(gas.energy(T, mu)) == pytest.approx(qutip.expect(system.hamiltonian, gibbs))
    assert float(gas.entropy(T, mu)) == pytest.approx(qutip.entropy_vn(gibbs))
    for row, function in enumerate((gas.number, gas.energy)):
        by_T = (function(T + h, mu) - function(T - h, mu)) / (2 * h)
        by_mu = (function(T, mu + h) - function(T, mu - h)) / (2 * h)
        np.testing.assert_allclose(gas.jacobian(T, mu)[row], [by_T, by_mu], rtol=1e-8)
    jacobian = gas.jacobian(T, mu)
    assert jacobian[1, 1] == pytest.approx(mu * jacobian[0, 1] + T * jacobian[0, 0])
    assert gas.jacobian(np.full(3, T), mu).shape == (3, 2, 2)


@pytest.mark.parametrize("capacity", [1e2, 1e7])
def test_equilibrium_takes_the_same_steps_at_any_capacity(capacity):
    """At 1e7 the mean field's path, to 1/(A V): rounding in the trace does not limit the steps."""
    model = modes(energies=(21.1, 21.5), rates=(1e-4, 1e-4))
    gas = thermo.SommerfeldGas(1.5)
    group = [thermo.Reservoir(gas, capacity, name=name) for name in ("a", "b")]
    T, mu = [0.6, 1.0], [20.8, 16.0]
    path = coevolve(model, group, EMPTY, T, mu, max_steps=4000)
    assert path.outcome == "equilibrated"
    slow = thermo.evolve(oqs.flow_law(model), group, T, mu)
    times = capacity * np.array([1e4, 1e6, 1e8])
    np.testing.assert_allclose(path.at(times).T, slow.at(times).T, rtol=1e-8 + 1 / capacity)
    assert path.system_number[-1] == pytest.approx(
        oqs.gibbs_state(model.system, *(float(x) for x in path.equilibrium)).diag()
        @ model.system.spectrum.particles,
        rel=1e-4,
    )


def test_a_run_that_fails_leaves_what_it_has():
    with pytest.raises(CoevolutionFailed, match="5 steps") as caught:
        coevolve(modes(), reservoirs(1.0), EMPTY, **START, max_steps=5)
    assert caught.value.trajectory.outcome == "failed"
    assert len(caught.value.trajectory.t) == 6


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"model": oqs.QuadraticSystem.from_energies([1.0])},
            TypeError,
            "`model` must be an oqs.Model",
        ),
        ({"reservoirs": reservoirs(1.0, 3)}, ValueError, "`T` must have shape"),
        (
            {"reservoirs": reservoirs(1.0, 3), "T": [1.0] * 3, "mu": [20.0] * 3},
            ValueError,
            "`reservoirs` must have one entry for each of the 2",
        ),
        ({"rho0": np.eye(4) / 4}, TypeError, "`rho` must be a Qobj"),
        ({"rho0": 2 * EMPTY}, ValueError, "`rho` must be Hermitian with trace 1"),
        ({"T": [0.6, -1.0]}, ValueError, "`T` must be positive"),
        ({"mu": [20.0, np.nan]}, ValueError, "`mu` must be finite"),
        ({"t_final": -1.0}, ValueError, "`t_final` must be positive"),
        ({"t_final": np.nan}, ValueError, "`t_final` must be finite"),
        ({"rtol": 1e-14}, ValueError, "`rtol` must be at least 1e-11"),
        ({"tolerance": 1e-9}, ValueError, "`tolerance` must be at least 1000 rtol"),
        ({"max_steps": 0}, ValueError, "`max_steps` must be at least 1"),
    ],
)
def test_bad_arguments(change, error, message):
    arguments = {"model": modes(), "reservoirs": reservoirs(1.0), "rho0": EMPTY, **START}
    with pytest.raises(error, match=message):
        coevolve(**{**arguments, **change})


def test_times_outside_are_refused(figure_1):
    with pytest.raises(ValueError, match="`t` must lie in"):
        figure_1.at(2 * figure_1.t[-1])
    with pytest.raises(ValueError, match="`t` must lie in"):
        figure_1.state(-1.0)
    with pytest.raises(TypeError, match="`t` must be a real number"):
        figure_1.state([1.0])
    with pytest.raises(ValueError, match="read-only"):
        figure_1.T[0, 0] = 1.0


def test_split_levels_that_count_as_one_keep_turning():
    dots = oqs.QuadraticSystem.from_energies([20.0, 20.003])
    contacts = [
        oqs.Contact(rate=oqs.flat(0.02), coupling=[1, 0.3]),
        oqs.Contact(rate=oqs.flat(0.01), coupling=[0.5, 1]),
    ]
    model, rho0, times = oqs.davies(dots, contacts, resolution=0.02), coherent(), [0.0, 40.0, 300.0]
    path = coevolve(model, reservoirs(1e13), rho0, **START, t_final=300.0)
    fixed = oqs.relax(model, rho0, **START, times=times)
    for t, expected in zip(times, fixed.states, strict=True):
        np.testing.assert_allclose(path.state(t).full(), expected.full(), atol=1e-8)
    bound = oqs.relax(oqs.davies(dots, contacts), rho0, **START, times=times).states[-1]
    assert abs((path.state(300.0) - bound).full()).max() > 1e-3  # it is not the model of two lines
