"""Coherences of degenerate levels beside blocks of populations, against the generator's matrix."""

import numpy as np
import pytest

import oqs
from oqs.stationary.coherent.coherent_sectors import CoherentSectorProblem
from oqs.stationary.rates import sectors
from oqs.stationary.rates.sectors import SectorProblem
from oqs.transitions import commutant

T, MU = np.array([0.4, 0.6]), np.array([0.5, -0.5])


def hubbard(up=1.0):
    """Four equal spinful sites: among six particles two states of one energy and equal spin."""
    dots = np.eye(4)
    contacts = [
        oqs.Contact(oqs.flat(0.01), oqs.spin_channels(dots[0], up=up)),
        oqs.Contact(oqs.flat(0.02), oqs.spin_channels(dots[-1])),
    ]
    system = oqs.spinful_dots(np.full(4, -2.0), 1.0, U=4.0, U_inter=0.5)
    return oqs.davies(system, contacts)


def ring(sites, flux, seed, channels, scale=1.0):
    """Electrons with opposite momenta are degenerate."""
    rng = np.random.default_rng(seed)
    h = np.zeros((sites, sites), dtype=complex)
    for v in range(sites):
        h[v, (v + 1) % sites] += -0.4 * np.exp(1j * flux)
    U = {tuple(sorted((v, (v + 1) % sites))): 0.7 * scale for v in range(sites)}
    shape = (2, channels, sites)
    couplings = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    system = oqs.InteractingSystem.from_terms((h + h.conj().T) * scale, U)
    rates = (0.01 * scale, 0.03 * scale)
    return oqs.davies(
        system, [oqs.Contact(oqs.flat(g), t) for g, t in zip(rates, couplings, strict=True)]
    )


def problem_of(model):
    method = oqs.ZeroFrequencyBlock()
    rates = SectorProblem.of(model, method, model.transitions)
    return CoherentSectorProblem(model, method, rates, model.level_coherences)


MODELS = {
    "Hubbard chain": (hubbard(), 1.0),
    "polarised": (hubbard(0.3), 1.0),
    "ring of three, one channel": (ring(3, 0.0, 1, 1), 1.0),
    "ring of four": (ring(4, 0.0, 2, 2), 1.0),
    "ring of four in a flux": (ring(4, np.pi / 2, 3, 2), 1.0),
    "ring of five, small units": (ring(5, 0.0, 4, 1, 1e-9), 1e-9),
    "ring of five, large units": (ring(5, 0.0, 5, 1, 1e9), 1e9),
}


@pytest.mark.parametrize(("model", "scale"), MODELS.values(), ids=MODELS.keys())
def test_flows_and_state_are_those_of_the_whole_block(model, scale):
    assert model.level_coherences.driven > 0
    reference = oqs.flow_law(model, method=oqs.ZeroFrequencyBlock()).problem
    problem = problem_of(model)
    for heat in (1.0, 5.0):
        mine = problem.solve(heat * T * scale, MU * scale)
        theirs = reference.solve(heat * T * scale, MU * scale)
        assert mine.residual < 1e-12
        for ours, other in ((mine.particle, theirs.particle), (mine.energy, theirs.energy)):
            np.testing.assert_allclose(ours, other, rtol=0, atol=1e-12 * np.abs(other).max())
        difference = problem.matrix(mine) - reference.matrix(theirs)
        assert abs(difference).max() < 1e-12


COLD = ["Hubbard chain", "ring of four", "ring of four in a flux", "ring of five, large units"]


@pytest.mark.parametrize("name", COLD)
@pytest.mark.parametrize("heat", [0.01, 1e-3])
def test_flows_where_rates_underflow(name, heat):
    model, scale = MODELS[name]
    reference = oqs.flow_law(model, method=oqs.ZeroFrequencyBlock()).problem
    mine, theirs = (p.solve(heat * T * scale, MU * scale) for p in (problem_of(model), reference))
    np.testing.assert_allclose(mine.particle, theirs.particle, rtol=1e-11)
    np.testing.assert_allclose(mine.energy, theirs.energy, rtol=1e-11)


def test_a_state_that_underflow_hides_is_refused_by_name():
    model, _ = MODELS["ring of three, one channel"]
    for heat in (3e-3, 1e-3):  # flows of 1e-75 and less beside populations of 1
        with pytest.raises(oqs.StationaryStateNotFound, match="raise T"):
            problem_of(model).solve(heat * T, MU)


def test_rates_are_weighted_once_for_the_start_and_the_sweep(monkeypatch):
    weighted = []
    original = SectorProblem._step_rates

    def counted(self, k, *args):
        weighted.append(k)
        return original(self, k, *args)

    monkeypatch.setattr(SectorProblem, "_step_rates", counted)
    problem_of(MODELS["ring of four"][0]).solve(T, MU)
    assert sorted(weighted) == [0, 1, 2, 3]


@pytest.mark.parametrize(("model", "scale"), MODELS.values(), ids=MODELS.keys())
def test_flows_by_frequency_add_up(model, scale):
    problem = problem_of(model)
    particle, energy = problem.spectral(T * scale, MU * scale)
    whole = problem.solve(T * scale, MU * scale)
    gross = np.abs(whole.particle).max()
    np.testing.assert_allclose(particle.sum(axis=0), whole.particle, rtol=0, atol=1e-11 * gross)
    gross = np.abs(whole.energy).max()
    np.testing.assert_allclose(energy.sum(axis=0), whole.energy, rtol=0, atol=1e-11 * gross)


def commutant_dimension(model):
    """How many matrices within the sectors commute with H and all jump operators."""
    vectors = model.system.spectrum.vectors
    size = len(vectors)
    operators = [np.diag(model.system.spectrum.energies)]
    for j in range(model.reservoirs):
        for level in model.eigenoperators(j):
            for s in level:
                inside = vectors.conj().T @ s.full() @ vectors
                operators += [inside, inside.conj().T]
    one = np.eye(size)
    rows = np.concatenate([np.kron(one, s) - np.kron(s.T, one) for s in operators])
    sector = model.transitions.sector
    within = (sector[:, None] == sector).ravel()
    sizes = np.linalg.svd(rows[:, within], compute_uv=False)
    return int(np.sum(sizes < 1e-9 * sizes[0]))


def quadratic(sites, equal, contacts, seed):
    """Some equal levels, as an interacting system: dark modes where contacts are few."""
    rng = np.random.default_rng(seed)
    energies = np.r_[np.ones(equal), 2 + rng.random(sites - equal)]
    rotation = np.linalg.qr(rng.normal(size=(sites, sites)))[0]
    system = oqs.InteractingSystem.from_terms(rotation @ np.diag(energies) @ rotation.T)
    couplings = rng.normal(size=(contacts, sites))
    return oqs.davies(system, [oqs.Contact(oqs.flat(0.01), t) for t in couplings])


@pytest.mark.parametrize(
    ("sites", "equal", "contacts"),
    [(2, 2, 1), (2, 2, 2), (3, 2, 1), (3, 3, 1), (3, 3, 2), (4, 2, 1), (4, 3, 1), (4, 4, 2)],
)
def test_kernels_of_dark_modes(sites, equal, contacts):
    model = quadratic(sites, equal, contacts, sites + equal)
    dimension = commutant_dimension(model)
    assert commutant.commutant_dimension(model.level_coherences) == dimension
    assert (dimension == 1) == (contacts >= equal)


@pytest.mark.parametrize("contact", [[1, 0, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]], ids=str)
def test_kernels_of_interacting_rings(contact):
    one = ring(4, 0.0, 1, 1)
    model = oqs.davies(one.system, [oqs.Contact(oqs.flat(0.1), contact)])
    assert commutant.commutant_dimension(model.level_coherences) == commutant_dimension(model)


def test_six_equal_spinful_sites_cost_what_others_do(monkeypatch):
    # 4096 states, hundreds of levels of several spins at one energy: sectors keep them apart
    ends = [oqs.spin_channels(np.eye(6)[v]) for v in (0, -1)]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip((0.01, 0.02), ends, strict=True)]
    model = oqs.davies(oqs.spinful_dots(np.full(6, -2.0), 1.0, U=4.0, U_inter=0.5), contacts)
    law = oqs.flow_law(model)
    assert law.method == oqs.Populations()
    assert len(np.unique(model.transitions.sector)) == 49
    assert max(part.rate.shape[1] for s in model.transitions.steps for part in s.parts) == 400
    iterated = law(T, MU).particle
    monkeypatch.setattr(sectors, "_MANY", 10**9)
    eliminated = law(T, MU).particle
    np.testing.assert_allclose(iterated, eliminated, rtol=1e-10)
    np.testing.assert_allclose(iterated, [1.67767e-3, -1.67767e-3], rtol=1e-5)


@pytest.mark.slow
def test_seven_equal_spinful_sites_have_four_accidental_pairs():
    ends = [oqs.spin_channels(np.eye(7)[v]) for v in (0, -1)]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip((0.01, 0.02), ends, strict=True)]
    model = oqs.davies(oqs.spinful_dots(np.full(7, -2.0), 1.0, U=4.0, U_inter=0.5), contacts)
    assert len(model.level_coherences.levels) == 4
    flows = oqs.flow_law(model)(T, MU)
    np.testing.assert_allclose(flows.particle, [1.677760e-3, -1.677760e-3], rtol=1e-5)
