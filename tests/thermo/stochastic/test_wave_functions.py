"""Monte Carlo wave functions between small reservoirs, for generators that keep coherences."""

import math
from dataclasses import replace

import numpy as np
import pytest
import qutip
import scipy.linalg

import oqs
import thermo
import thermo.stochastic.prepared_runs as prepared
from thermo.stochastic.wave_functions import effective
from thermo.stochastic.wave_functions.jump_operators import WavePlan, jump_operators

FERMI = thermo.FermiDiracGas(1.0)
DOTS = oqs.QuadraticSystem([[1.2, 0.03], [0.03, 1.25]])
ENDS = [oqs.Contact(oqs.flat(0.02), [1, 0]), oqs.Contact(oqs.flat(0.03), [0, 1])]
EQUAL = oqs.QuadraticSystem.from_energies([1.3, 1.3])
COLLECTIVE = [oqs.Contact(oqs.flat(0.01), [1, 1]), oqs.Contact(oqs.flat(0.02), [1, -0.5])]
CROSS = oqs.davies(EQUAL, COLLECTIVE)
SERIES = oqs.perlind(DOTS, ENDS)
CLUSTER = oqs.davies(DOTS, ENDS, resolution=0.2)
COULOMB = oqs.perlind(
    oqs.InteractingSystem.from_terms([[1.2, 0.05], [0.05, 1.25]], U={(0, 1): 0.8}), ENDS
)
BOTH = oqs.davies(
    oqs.InteractingSystem.from_terms([[1.2, 0.0], [0.0, 1.2]], U={(0, 1): 0.8}), COLLECTIVE
)
SPINS = qutip.tensor(qutip.sigmaz(), qutip.qeye(2)) + qutip.tensor(qutip.qeye(2), qutip.sigmaz())
TOGETHER = qutip.tensor(qutip.sigmax(), qutip.qeye(2)) + qutip.tensor(qutip.qeye(2), qutip.sigmax())
ONE = qutip.tensor(qutip.sigmaz() + qutip.sigmax(), qutip.qeye(2))
ATOMS = oqs.davies(
    oqs.OperatorSystem(0.5 * SPINS),
    [oqs.BosonicContact(oqs.ohmic(0.02), TOGETHER), oqs.BosonicContact(oqs.ohmic(0.01), ONE)],
)
START = ([0.3, 0.6], [1.2, 0.9])
MODELS = {
    "cross": CROSS,
    "PERLind": SERIES,
    "cluster": CLUSTER,
    "Coulomb": COULOMB,
    "degenerate": BOTH,
}


def boxes(capacity, gas=FERMI):
    return [thermo.Reservoir(gas, capacity)] * 2


def waves(model=CROSS, reservoirs=None, start=START, **options):
    options = {"trajectories": 40, "t_final": 500.0, "seed": 5, "times": [0.0, 50.0, 5e2]} | options
    return thermo.evolve_stochastic(model, reservoirs or boxes(20.0), *start, **options)


def populations(model, start, times):
    """Return those of the eigenstates by exp(L t), from the empty system, T and mu kept."""
    vectors = model.system.spectrum.vectors
    L = model.liouvillian(*start).full()
    first = int(np.lexsort((model.system.spectrum.energies, model.system.spectrum.particles))[0])
    rho = np.outer(vectors[:, first], vectors[:, first].conj()).ravel(order="F")
    found = []
    for t in times:
        later = (scipy.linalg.expm(L * t) @ rho).reshape(vectors.shape, order="F")
        found.append(np.einsum("ai,ab,bi->i", vectors.conj(), later, vectors).real)
    return np.array(found)


@pytest.mark.parametrize("model", [*MODELS, "atoms"])
def test_populations_at_fixed_T_and_mu_are_those_of_the_generator(model):
    M, times = 2000, [5.0, 30.0, 100.0]
    if model == "atoms":
        chosen, start = ATOMS, ([0.7, 1.5], [0.0, 0.0])
        gas = thermo.BoseGas(3)
    else:
        chosen, start, gas = MODELS[model], START, FERMI
    ensemble = waves(
        chosen, boxes(math.inf, gas), start, trajectories=M, t_final=100.0, times=times
    )
    exact = populations(chosen, start, times)
    for k in range(len(times)):
        share = np.bincount(ensemble.state[:, k], minlength=exact.shape[1]) / M
        error = np.sqrt(exact[k] * (1 - exact[k]) / M) + 1e-12
        assert np.all(np.abs(share - exact[k]) < 4.5 * error)


@pytest.mark.parametrize(
    "model", ["cross", pytest.param("PERLind", marks=pytest.mark.slow), "cluster"]
)
def test_large_reservoirs_follow_the_mean_field(model):
    chosen, M, t = MODELS[model], 300, 400.0
    reservoirs = boxes(500.0)
    empty = qutip.basis([2, 2], [0, 0])
    path = thermo.coevolve(chosen, reservoirs, empty, *START, t_final=t, rtol=1e-6, tolerance=1e-2)
    ensemble = waves(chosen, reservoirs, trajectories=M, t_final=t, times=[t])
    for name in ("T", "mu"):
        mean, spread = getattr(ensemble, f"{name}_mean")[-1], getattr(ensemble, f"{name}_std")[-1]
        off = np.abs(mean - getattr(path, name)[-1])
        assert np.all(off < 4.5 * spread / math.sqrt(M) + 1e-5)


def test_one_level_is_followed_as_its_populations_are():
    level = oqs.QuadraticSystem.from_energies([1.3])
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    M, t = 1500, 1e3
    moments = thermo.master_equation(oqs.davies(level, contacts), boxes(5.0), *START).at(t)
    ensemble = waves(oqs.perlind(level, contacts), boxes(5.0), trajectories=M, t_final=t, times=[t])
    for name in ("T", "mu", "N", "E"):
        spread = getattr(moments, f"{name}_std")
        off = np.abs(getattr(ensemble, f"{name}_mean")[0] - getattr(moments, f"{name}_mean"))
        assert np.all(off < 4.5 * spread / math.sqrt(M))
    total = ensemble.E.sum(axis=2) - 1.3 * ensemble.N.sum(axis=2)
    np.testing.assert_allclose(total, total[0, 0], atol=1e-9)


def test_a_nondegenerate_system_takes_either_route(monkeypatch):
    """Davies, levels apart: wave functions are eigenstates, and the master equation is theirs."""
    pair = oqs.QuadraticSystem.from_energies([1.1, 1.4])
    model = oqs.davies(pair, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    M, t = 1000, 1e3
    moments = thermo.master_equation(model, boxes(2.0), *START).at(t)
    options = {"trajectories": M, "t_final": t, "times": [t], "below": [0.2, 0.5]}
    populations = waves(model, boxes(2.0), **options, seed=6)
    monkeypatch.setattr(prepared, "follows_populations", lambda model: False)
    ensemble = waves(model, boxes(2.0), **options)
    for name in ("jumps", "closed", "flips_T", "flips_mu", "lowest_T", "entropy_production"):
        one, other = getattr(ensemble, name), getattr(populations, name)
        error = np.sqrt((one.var(axis=0) + other.var(axis=0)) / M)
        assert np.all(np.abs(one.mean(axis=0) - other.mean(axis=0)) < 4.5 * error), name
    assert ensemble.closed.sum() > 0
    for name in ("T", "mu", "N", "E"):
        off = np.abs(getattr(ensemble, f"{name}_mean")[0] - getattr(moments, f"{name}_mean"))
        assert np.all(off < 4.5 * getattr(moments, f"{name}_std") / math.sqrt(M))


@pytest.mark.parametrize("model", MODELS)
def test_the_total_energy_stays_on_every_trajectory(model):
    """What the reservoirs have lost is <H> of the wave function, within its particle number."""
    ensemble = waves(MODELS[model], trajectories=2, t_final=1e3)
    spectrum = MODELS[model].system.spectrum
    for i in range(2):
        path = ensemble.trajectory(i)
        number = np.round(path.N[0].sum() - path.N.sum(axis=1)).astype(int)
        energy = path.E[0].sum() - path.E.sum(axis=1)
        lowest = np.array([spectrum.energies[spectrum.particles == n].min() for n in range(3)])
        highest = np.array([spectrum.energies[spectrum.particles == n].max() for n in range(3)])
        assert np.all(energy > lowest[number] - 1e-9)
        assert np.all(energy < highest[number] + 1e-9)
        assert len(path.t) == ensemble.jumps[i] + 1 > 10
        place = np.searchsorted(path.t, ensemble.times, side="right") - 1
        np.testing.assert_allclose(path.E[place], ensemble.E[i], rtol=1e-12)


def test_the_fluctuation_theorem_of_degenerate_levels():
    options = {"trajectories": 1500, "t_final": 300.0, "times": [300.0], "preparation": "canonical"}
    estimate = waves(CROSS, boxes(4.0), **options).fluctuation_theorem()
    assert estimate.error < 0.05
    assert estimate.deviation(1.0) < 4.5


def test_a_trajectory_is_the_same_whatever_is_computed_with_it(monkeypatch, tmp_path):
    alone = waves(SERIES, trajectories=3)
    more = waves(SERIES, trajectories=12, executor=2)
    np.testing.assert_array_equal(alone.E, more.E[:3])
    np.testing.assert_array_equal(alone.lowest_T, more.lowest_T[:3])
    monkeypatch.setattr(WavePlan, "batch_length", 5)
    store = tmp_path / "waves.db"
    for _ in range(2):
        again = waves(SERIES, trajectories=12, store=store)
        np.testing.assert_array_equal(again.E, more.E)
        np.testing.assert_array_equal(again.state, more.state)
    with pytest.raises(ValueError, match="must hold results of"):
        waves(SERIES, trajectories=12, store=store, seed=6)
    assert not np.array_equal(waves(SERIES, trajectories=3, seed=6).jumps, alone.jumps)


def test_a_step_is_the_exponential_and_its_moment_a_root():
    rng = np.random.default_rng(1)
    # an exceptional point too: A has one eigenvector only
    A = rng.normal(size=(4, 3, 3)) + 1j * rng.normal(size=(4, 3, 3))
    A = -A @ np.swapaxes(A.conj(), 1, 2) / 2
    A[0] = [[-1.0, 1.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]
    phi = rng.normal(size=(4, 3)) + 0j
    phi /= np.linalg.norm(phi, axis=1)[:, None]
    end = 0.5 / np.max(np.sum(np.abs(A), axis=2), axis=1)
    terms = effective.series(A, phi)
    for i in range(4):
        exact = scipy.linalg.expm(A[i] * end[i]) @ phi[i]
        np.testing.assert_allclose(effective.at(terms, end)[i], exact, atol=1e-14)
    wanted = 0.3 + 0.7 * effective.norm(effective.at(terms, end))
    s = effective.moment(terms, end, wanted)
    np.testing.assert_allclose(effective.norm(effective.at(terms, s)), wanted, rtol=1e-14)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_unit_of_energy_does_not_matter(scale):
    dots = oqs.QuadraticSystem(scale * np.array([[1.2, 0.03], [0.03, 1.25]]))
    ends = [
        oqs.Contact(oqs.flat(0.02 * scale), [1, 0]),
        oqs.Contact(oqs.flat(0.03 * scale), [0, 1]),
    ]
    found = thermo.evolve_stochastic(
        oqs.perlind(dots, ends),
        boxes(20.0 / scale),
        *(scale * np.array(row) for row in START),
        trajectories=5,
        t_final=500 / scale,
        seed=5,
        times=np.array([50.0, 500.0]) / scale,
    )
    plain = waves(SERIES, trajectories=5, times=[50.0, 500.0])
    np.testing.assert_array_equal(found.jumps, plain.jumps)
    np.testing.assert_allclose(found.T, scale * plain.T, rtol=1e-9)


def test_at_the_edge_and_in_the_cold():
    """Small boxes close jumps; at T = 1e-3 a wave function waits to the end without a jump."""
    edge = waves(SERIES, boxes(2.0), trajectories=100)
    assert edge.closed.sum() > 0
    assert edge.N.min() > 0
    cold = waves(CROSS, boxes(1e6), ([1e-3, 2e-3], [1.1, 1.1]), trajectories=3, t_final=1e4)
    assert cold.jumps.sum() == 0
    np.testing.assert_array_equal(cold.state, 0)


def test_bad_input():
    shifted = [replace(contact, band=(-3.0, 3.0)) for contact in COLLECTIVE]
    with pytest.raises(ValueError, match="must have no frequency shifts"):
        waves(oqs.davies(EQUAL, shifted, lamb_shift=True))
    with pytest.raises(TypeError, match=r"an oqs[.]Model"):
        waves("dots")
    window = oqs.Window(3.0, mu=1.0)
    model = oqs.perlind(COULOMB.system, ENDS, window=window)
    with pytest.raises(ValueError, match="must keep all eigenstates"):
        waves(model)
    chain = oqs.QuadraticSystem.from_energies(np.linspace(1.0, 1.1, 9))
    many = oqs.perlind(chain, [oqs.Contact(oqs.flat(0.01), np.ones(9))] * 2)
    with pytest.raises(ValueError, match=r"at most 256 states .* but has 512"):
        waves(many)
    idle = [oqs.Contact(oqs.flat(0.0), [1, 0]), oqs.Contact(oqs.flat(0.0), [0, 1])]
    with pytest.raises(ValueError, match="must have jumps"):
        waves(oqs.perlind(DOTS, idle))
    with pytest.raises(ValueError, match=r"one for each of the 2 of the law.*, but holds 1"):
        waves(CROSS, boxes(20.0)[:1])


def test_quanta_are_bohr_frequencies_not_their_rounding():
    jumps = jump_operators(SERIES)
    np.testing.assert_allclose(np.unique(jumps.frequency), DOTS.energies, rtol=1e-14)
    assert len(jumps.frequency) == 8  # two levels, two contacts, in and out
    options = {"trajectories": 200, "preparation": "canonical", "t_final": 50.0, "times": [50.0]}
    assert waves(SERIES, boxes(4.0), **options).fluctuation_theorem().deviation(1.0) < 5


def operators_at(jumps, T, mu):
    """Return L_o (O, D, D) at fixed T, mu."""
    j, sign, w = jumps.quantum_reservoir, jumps.sign, jumps.frequency
    factor = 1 / (1 + np.exp(sign * (w - mu[j]) / T[j]))
    L = np.zeros((jumps.operators, jumps.states, jumps.states), dtype=complex)
    root = np.sqrt(jumps.gamma * factor[jumps.quantum])
    L[jumps.operator, jumps.target, jumps.source] = root * jumps.amplitude
    return L


@pytest.mark.parametrize("model", MODELS)
def test_jumps_and_waiting_move_the_energy_of_the_flow_law(model):
    """For any psi of one particle: <H> over the jumps, and over the waiting, is tr(D_j[psi] H)."""
    chosen, (T, mu) = MODELS[model], map(np.array, START)
    jumps = jump_operators(chosen)
    L = operators_at(jumps, T, mu)
    rng = np.random.default_rng(3)
    psi = (rng.normal(size=4) + 1j * rng.normal(size=4)) * (jumps.particles == 1)
    psi /= np.linalg.norm(psi)
    held = np.abs(psi) ** 2 @ jumps.counted
    K = np.zeros((1, 2, 4, 4), dtype=complex)
    exact = []
    for contact in range(2):
        mine = np.flatnonzero(jumps.reservoir == contact)
        K[0, contact] = sum(L[o].conj().T @ L[o] for o in mine)
        rho = np.outer(psi, psi.conj())
        D = sum(L[o] @ rho @ L[o].conj().T for o in mine)
        D = D - (K[0, contact] @ rho + rho @ K[0, contact]) / 2
        exact.append(np.trace(D @ np.diag(jumps.counted)).real)
    A = -1j * np.diag(jumps.rotation) - K[0].sum(axis=0) / 2
    step = np.array([1e-6])
    terms = effective.series(A[None], psi[None])
    found = effective.energy_drift(terms, step, K, jumps.counted)[0] / step
    for o, contact in enumerate(jumps.reservoir.tolist()):
        reached = L[o] @ psi
        weight = np.linalg.norm(reached) ** 2
        found[contact] += np.abs(reached) ** 2 @ jumps.counted - weight * held
    np.testing.assert_allclose(found, exact, atol=1e-8)
    # and over a long wait: the drifts of all reservoirs are what <H> has changed by
    end = 0.5 / np.abs(A).sum(axis=1).max() * np.ones(1)
    later = effective.at(terms, end)[0]
    gained = (np.abs(later) ** 2 @ jumps.counted) / np.linalg.norm(later) ** 2 - held
    drift = effective.energy_drift(terms, end, K, jumps.counted)
    assert drift.sum() == pytest.approx(gained, abs=1e-10)


def test_operators_are_those_of_the_generator():
    """sum_o L rho L^+ at one T, mu is the jump part of the dissipators, to rounding."""
    for model in MODELS.values():
        jumps = jump_operators(model)
        T, mu = map(np.array, START)
        L = operators_at(jumps, T, mu)
        vectors = model.system.spectrum.vectors
        rho = np.diag(np.arange(1.0, 1 + jumps.states)).astype(complex)
        for contact in range(2):
            mine = jumps.reservoir == contact
            change = sum(
                op @ rho @ op.conj().T - (op.conj().T @ op @ rho + rho @ op.conj().T @ op) / 2
                for op in L[mine]
            )
            D = model.dissipator(contact, T, mu).full()
            turned = (vectors @ rho @ vectors.conj().T).ravel(order="F")
            exact = (D @ turned).reshape(rho.shape, order="F")
            exact = vectors.conj().T @ exact @ vectors
            np.testing.assert_allclose(change, exact, atol=1e-13)
