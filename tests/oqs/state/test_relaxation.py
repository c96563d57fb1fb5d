"""rho_S(t): against QuTiP's integrator, against rates in closed form, over any time."""

import itertools

import numpy as np
import pytest
import qutip
from systems import SCALES, random_case, random_interacting, random_state

import oqs

scales = pytest.mark.parametrize("scale", SCALES)


def start(model, seed, *, kind):
    """A state with every coherence, or a ket that superposes particle numbers."""
    rng = np.random.default_rng(seed)
    dimension = model.system.spectrum.dimension
    if kind == "mixed":
        return qutip.Qobj(random_state(rng, dimension), dims=model.system.dims)
    ket = rng.normal(size=dimension) + 1j * rng.normal(size=dimension)
    return qutip.Qobj(ket, dims=[model.system.dims[0], [1] * model.system.sites]).unit()


def mesolve(model, rho0, T, mu, times):
    options = {"method": "vern9", "atol": 1e-14, "rtol": 1e-13, "nsteps": 10**7, "progress_bar": ""}
    rho = qutip.ket2dm(rho0) if rho0.isket else rho0
    return qutip.mesolve(model.liouvillian(T, mu), rho, times, options=options).states


@pytest.mark.parametrize("kind", ["mixed", "ket"])
@pytest.mark.parametrize("make", ["quadratic", "interacting", "degenerate"])
@pytest.mark.parametrize("few", [0, 16], ids=["coupled elements", "all elements"])
@scales
def test_against_mesolve(monkeypatch, make, kind, few, scale):
    # coherences between particle numbers included
    monkeypatch.setattr("oqs.state.occupied.FEW", few)
    if make == "interacting":
        model, T, mu = random_interacting(0, 2, 2, scale=scale)
    else:
        case = random_case(0, 2, 2, scale=scale, coupling="collective")
        system = case.system if make == "quadratic" else oqs.QuadraticSystem(scale * np.eye(2))
        model, T, mu = oqs.davies(system, case.contacts), case.T, case.mu
    rho0 = start(model, 1, kind=kind)
    times = np.array([0.0, 0.3, 1.0, 7.0, 20.0]) / scale
    found = oqs.relax(model, rho0, T, mu, times)
    for ours, theirs in zip(found.states, mesolve(model, rho0, T, mu, times), strict=True):
        assert np.max(np.abs(ours.full() - theirs.full())) < 1e-11
    sectors = np.rint(model.system.number.diag()).astype(int)
    mixed = np.abs(found.states[1].full())[sectors[:, None] != sectors]
    assert mixed.max() > 1e-2  # they are there


@scales
def test_flows_and_entropies_along_the_way(scale):
    model, T, mu = random_interacting(2, 3, 3, scale=scale)
    found = oqs.relax(model, start(model, 2, kind="mixed"), T, mu, np.array([0, 3, 30]) / scale)
    N, H = model.system.number, model.system.hamiltonian
    for i, rho in enumerate(found.states):
        for j in range(3):
            change = qutip.vector_to_operator(
                model.dissipator(j, T, mu) * qutip.operator_to_vector(rho)
            )
            gross = np.max(model.rates)
            assert (change * N).tr().real == pytest.approx(
                found.flows.particle[i, j], abs=1e-13 * gross
            )
            assert (change * H).tr().real == pytest.approx(
                found.flows.energy[i, j], abs=1e-12 * gross * scale
            )
        assert found.entropy[i] == pytest.approx(qutip.entropy_vn(rho), rel=1e-11)
        direct = oqs.entropy_production(model, rho, T, mu)
        assert found.entropy_production[i] == pytest.approx(direct, rel=1e-10)
    np.testing.assert_array_equal(found.flows.heat, found.flows.energy - mu * found.flows.particle)


def test_entropy_production_is_the_slope_of_the_entropy_plus_that_of_the_reservoirs():
    model, T, mu = random_interacting(3, 2, 2)
    h = 1e-3
    found = oqs.relax(model, start(model, 3, kind="mixed"), T, mu, [5 - h, 5, 5 + h])
    slope = (found.entropy[2] - found.entropy[0]) / (2 * h)
    expected = slope - np.sum(found.flows.heat[1] / T)
    assert found.entropy_production[1] == pytest.approx(expected, rel=1e-6)


@scales
@pytest.mark.parametrize("fraction", [1e3, 1e6, 1e9, 1e12, 1e15])
def test_over_any_time_the_state_becomes_stationary(fraction, scale):
    # each squaring of a propagator doubles the rounding of its eigenvalue 1, were it not split off
    for model, T, mu in (
        random_interacting(4, 2, 2, scale=scale),
        _quadratic(4, 2, 2, scale=scale, coupling="collective"),
    ):
        time = fraction * oqs.relaxation_time(model, T, mu)
        rho0 = start(model, 4, kind="mixed")
        found = oqs.relax(model, rho0, T, mu, [0.0, 0.5 * time, time])
        assert found.states[0].tr() == pytest.approx(1, abs=1e-14)
        for rho in found.states[1:]:
            assert abs(rho.tr() - 1) < 1e-13
            assert (rho - oqs.stationary_state(model, T, mu)).norm() < 1e-12
        assert found.entropy_production[-1] == pytest.approx(
            -oqs.clausius_sum(oqs.flow_law(model)(T, mu), T), rel=1e-9
        )


def test_what_no_contact_touches_stays_for_ever():
    # an isolated mode keeps its occupation, and its coherence turns, however long the time
    system = oqs.QuadraticSystem.from_energies([1.0, 2.0])
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.1), [1, 0])])
    ket = qutip.tensor(qutip.basis(2, 0), (qutip.basis(2, 0) + qutip.basis(2, 1)).unit())
    a = system.annihilators[1]
    for time in (1e2, 1e5, 1e9):
        rho = oqs.relax(model, ket, [1.0], [0.2], [time]).states[0]
        assert (a.dag() * a * rho).tr() == pytest.approx(0.5, abs=1e-13)
        assert rho.tr() == pytest.approx(1.0, abs=1e-13)


def _quadratic(seed, sites, reservoirs, **options):
    case = random_case(seed, sites, reservoirs, **options)
    return case.model, case.T, case.mu


@scales
@pytest.mark.parametrize("sites", [1, 2, 3])
def test_relaxation_time_from_the_eigenvalues(sites, scale):
    makers = (_quadratic, random_interacting)
    for make, seed in itertools.product(makers, range(3)):
        model, T, mu = make(seed, sites, 2, scale=scale, coupling="collective")
        number = np.rint(model.system.number.diag().real)
        keep = (number[:, None] == number).ravel(order="F")  # QuTiP stacks columns
        L = model.liouvillian(T, mu).full()[np.ix_(keep, keep)]
        decays = np.sort(-np.linalg.eigvals(L).real)
        assert abs(decays[0]) < 1e-13 * scale
        assert oqs.relaxation_time(model, T, mu) == pytest.approx(1 / decays[1], rel=1e-9)


@scales
@pytest.mark.parametrize("coupling", ["every site", "collective"])
def test_relaxation_time_of_independent_modes(coupling, scale):
    case = random_case(7, 3, 3, scale=scale, coupling=coupling)
    slowest = oqs.closed_form(case.system, case.contacts).rates.sum(axis=0).min()
    found = oqs.relaxation_time(case.model, case.T, case.mu)
    assert found == pytest.approx(1 / slowest, rel=1e-10)


def test_relaxation_time_is_that_of_the_relaxation():
    model, T, mu = random_interacting(8, 2, 2)
    tau = oqs.relaxation_time(model, T, mu)
    found = oqs.relax(model, start(model, 8, kind="mixed"), T, mu, [12 * tau, 13 * tau])
    final = oqs.stationary_state(model, T, mu)
    sectors = model.system.number.diag().real
    keep = sectors[:, None] == sectors
    left = [np.linalg.norm(np.where(keep, (s - final).full(), 0)) for s in found.states]
    assert left[1] / left[0] == pytest.approx(np.exp(-1), rel=0.02)


def test_times_in_any_steps_give_the_same_states():
    model, T, mu = random_interacting(9, 2, 2)
    rho0 = start(model, 9, kind="mixed")
    few = oqs.relax(model, rho0, T, mu, [0.0, 5.0])
    many = oqs.relax(model, rho0, T, mu, np.concatenate([np.linspace(0, 4, 9), [4.1, 4.1, 5.0]]))
    assert (few.states[-1] - many.states[-1]).norm() < 1e-13
    assert (many.states[0] - rho0).norm() < 1e-14


@pytest.mark.parametrize("kind", ["mixed", "ket", "diagonal"])
@pytest.mark.parametrize("complex_couplings", [False, True])
def test_many_elements_are_carried_by_products(kind, complex_couplings, monkeypatch):
    # a real generator takes real and imaginary parts side by side, or what is real alone
    couplings = np.array([[1.0, 0.3, 0.0], [0.2, 0.0, 1.0]]) * (1 + 0.5j * complex_couplings)
    couplings[0, 1] *= np.exp(0.4j * complex_couplings)
    system = oqs.InteractingSystem.from_terms(
        [[0.2, 0.3, 0.0], [0.3, 0.1, 0.4], [0.0, 0.4, 0.2]], {(0, 1): 0.7, (1, 2): 0.4}
    )
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.05), row) for row in couplings])
    T, mu, times = [0.4, 0.7], [0.3, -0.2], [0.0, 3.0, 3.0, 10.0, 100.0]
    real = kind == "diagonal"
    rho = oqs.gibbs_state(system, 0.2, 0.0) if real else start(model, 5, kind=kind)
    dense = oqs.relax(model, rho, T, mu, times)
    for module in ("relaxation", "occupied"):
        monkeypatch.setattr(f"oqs.state.{module}.FEW", 0)
    monkeypatch.setattr("oqs.state.relaxation._DENSE", 0)
    found = oqs.relax(model, rho, T, mu, times)
    for one, other in zip(found.states, dense.states, strict=True):
        assert (one - other).norm() < 1e-13
    gross = np.max(np.abs(dense.flows.particle))
    np.testing.assert_allclose(found.flows.particle, dense.flows.particle, atol=1e-12 * gross)


def test_results_are_read_only():
    model, T, mu = random_interacting(10, 1, 2)
    found = oqs.relax(model, start(model, 10, kind="ket"), T, mu, [0.0, 1.0])
    for array in (found.times, found.entropy, found.entropy_production, found.flows.heat):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    assert found.entropy[0] == pytest.approx(0, abs=1e-13)
    assert found.entropy_production[0] == np.inf  # a pure state, being mixed


@pytest.mark.parametrize("seed", range(8))
def test_relaxation_time_without_interactions_is_that_of_all_states(seed):
    # the same dots as an interacting system without interactions: its whole generator is solved
    rng = np.random.default_rng(seed)
    energies = rng.normal(size=3)
    if seed % 2:
        energies[1] = energies[0]
    contacts = [
        oqs.Contact(
            oqs.lorentzian(0.01 * (j + 1), 0.3, 0.5),
            rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)),
            band=(-6.0, 5.0),
        )
        for j in range(2)
    ]
    T, mu = [0.5, 0.7], [0.1, -0.2]
    options = {"lamb_shift": bool(seed % 4 > 1)}
    quadratic = oqs.davies(oqs.QuadraticSystem.from_energies(energies), contacts, **options)
    states = oqs.davies(oqs.InteractingSystem.from_terms(np.diag(energies)), contacts, **options)
    assert oqs.relaxation_time(quadratic, T, mu) == pytest.approx(
        oqs.relaxation_time(states, T, mu), rel=1e-9
    )


def test_relaxation_time_of_ten_levels():
    energies = np.linspace(-1.0, 1.0, 10)
    contacts = [oqs.Contact(oqs.flat(1e-3), np.linspace(0.3, 1.2, 10)), oqs.Contact(oqs.flat(2e-3))]
    model = oqs.davies(oqs.QuadraticSystem.from_energies(energies), contacts)
    slowest = 1e-3 * 0.3**2 + 2e-3
    assert oqs.relaxation_time(model, [1.0, 2.0], [0.0, 0.1]) == pytest.approx(1 / slowest)
