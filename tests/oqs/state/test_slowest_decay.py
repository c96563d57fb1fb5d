"""relaxation_time of interacting systems: the few coupled elements against all of them, densely."""

import numpy as np
import pytest
import qutip
from systems import random_interacting

import oqs
from oqs.generator.davies.davies_model import DaviesModel
from oqs.state import sector_pairs, slowest_decay
from oqs.state.coupled_elements import CoupledElements


def of_all_elements(model, T, mu):
    """1/gap from every eigenvalue of the generator on the elements of equal particle number."""
    elements = model.elements_of_equal_number
    generator = elements.at(np.array(T), np.array(mu)).matrix().toarray()
    decays = np.linalg.eigvals(generator - 1j * np.diag(model.precession(elements))).real
    return 1 / np.sort(-decays)[1]


def spinful(levels, *, U=4.0, U_inter=0.5, hop=1.0, zeeman=0.0, channels=None, **options):
    sites = len(levels)
    dots = oqs.spinful_dots(levels, hop, U=U, U_inter=U_inter, zeeman=zeeman)
    if channels is None:
        channels = [oqs.spin_channels(np.eye(sites)[site]) for site in (0, -1)]
    contacts = [
        oqs.Contact(oqs.lorentzian(0.01 * (j + 1), 0.3, 5.0), own, band=(-30.0, 30.0))
        for j, own in enumerate(channels)
    ]
    return oqs.davies(dots, contacts, **options)


RNG = np.random.default_rng(0)
MODELS = {
    "one equal site": lambda: spinful([0.0]),
    "three equal sites": lambda: spinful([-2.0] * 3),
    "three sites without interactions": lambda: spinful([0.0] * 3, U=0.0, U_inter=0.0),
    "disordered, in a field": lambda: spinful([-2.0, -1.7, -2.2], zeeman=0.13),
    "isolated sites, all channels": lambda: spinful([0.0, 0.0], hop=0.0, channels=[np.eye(4)] * 2),
    "complex channels": lambda: spinful(
        [0.0, 0.1], channels=RNG.normal(size=(2, 4)) + 1j * RNG.normal(size=(2, 4))
    ),
    "frequency shifts": lambda: spinful([0.0, 0.0], lamb_shift=True),
    "close levels taken together": lambda: spinful([-2.0, -1.99], hop=0.01, resolution=0.05),
    "equal repulsion everywhere": lambda: oqs.davies(
        oqs.coupled_dots([0.3, 0.3, 0.0, 0.5], 1.0),
        [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.03), [1.0, 1.0, 0.5, 0.2])],
    ),
    "qubits": lambda: qubits([1.0, 1.0, 1.3]),
    "equal qubits": lambda: qubits([1.0, 1.0, 1.0]),
}
T, MU = [1.0, 1.4], [0.5, -0.5]


def qubits(energies):
    system = oqs.exchange_qubits(energies, 0.2)
    ends = [oqs.on_factor(system, place, qutip.sigmax()) for place in (0, len(energies) - 1)]
    return oqs.davies(system, [oqs.BosonicContact(oqs.ohmic(0.01, 10.0), end) for end in ends])


@pytest.fixture(autouse=True)
def _no_system_is_small(monkeypatch):
    for module in ("oqs.state.relaxation", "oqs.state.occupied"):
        monkeypatch.setattr(f"{module}.FEW", 0)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("T", [[1.0, 1.4], [0.1, 0.1]])
def test_it_is_that_of_all_elements(name, T):
    model = MODELS[name]()
    mu = [0.0, 0.0] if "qubits" in name else MU
    assert oqs.relaxation_time(model, T, mu) == pytest.approx(
        of_all_elements(model, T, mu), rel=1e-9
    )


@pytest.fixture
def blocks(monkeypatch):
    """Take dense blocks between pairs of sectors, for any number of accidental coincidences."""
    monkeypatch.setattr(sector_pairs, "MANY", 0)
    monkeypatch.setattr(sector_pairs, "_ACCIDENTAL", np.inf)
    original, made = sector_pairs.SectorPairs.families, []
    monkeypatch.setattr(
        sector_pairs.SectorPairs, "families", lambda self: made.append(self) or original(self)
    )
    return made


IN_BLOCKS = [
    "three equal sites",
    "three sites without interactions",
    "disordered, in a field",
    "complex channels",
    "ring in a flux",
]


@pytest.mark.parametrize("name", IN_BLOCKS)
@pytest.mark.parametrize("T", [[1.0, 1.4], [0.1, 0.1]])
def test_blocks_of_pairs_of_sectors_have_the_same_slowest_decay(name, T, blocks):
    model = ring() if name == "ring in a flux" else MODELS[name]()
    exact = of_all_elements(model, T, MU)
    assert oqs.relaxation_time(model, T, MU) == pytest.approx(exact, rel=1e-9)
    (pairs,) = blocks
    assert np.any(pairs.distance) == (name != "complex channels")  # distances of levels recur


def ring():
    """Four equal sites: opposite momenta are degenerate in one sector, and channels complex."""
    h = 0.3 * np.roll(np.eye(4), 1, axis=0) * np.exp(0.5j * np.pi)
    system = oqs.InteractingSystem.from_terms(h + h.conj().T, {(0, 1): 0.7, (2, 3): 0.7})
    couplings = RNG.normal(size=(2, 1, 4)) + 1j * RNG.normal(size=(2, 1, 4))
    return oqs.davies(system, [oqs.Contact(oqs.flat(0.02), t) for t in couplings])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_blocks_at_several_energy_scales(scale, blocks):
    for seed in range(3):
        model, T, mu = random_interacting(seed, 4, 3, scale=scale)
        exact = of_all_elements(model, T, mu)
        assert oqs.relaxation_time(model, T, mu) == pytest.approx(exact, rel=1e-9)
    assert len(blocks) == 3


@pytest.mark.parametrize("T", [[1.0, 1.4], [0.05, 0.05], [0.02, 0.05]])
def test_large_blocks_are_iterated_to_the_same(T, blocks, monkeypatch):
    model = spinful([-2.0] * 4)
    found = oqs.relaxation_time(model, T, MU)
    monkeypatch.setattr(slowest_decay, "_DENSE", 10**4)
    assert found == pytest.approx(oqs.relaxation_time(model, T, MU), rel=1e-9)
    monkeypatch.setattr(sector_pairs, "MANY", 10**9)
    assert found == pytest.approx(oqs.relaxation_time(model, T, MU), rel=1e-9)


def test_where_thousands_of_distances_recur_single_transitions_are_asked(monkeypatch):
    monkeypatch.setattr(sector_pairs, "MANY", 0)
    model = MODELS["three sites without interactions"]()
    assert sector_pairs.SectorPairs.of(model, np.array(T), np.array(MU)) is None


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_random_systems_at_several_energy_scales(scale):
    for seed in range(4):
        model, T, mu = random_interacting(seed, 4, 3, scale=scale)
        exact = of_all_elements(model, T, mu)
        assert oqs.relaxation_time(model, T, mu) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("T", [[1.0, 1.4], [0.05, 0.05], [0.02, 0.05]])
def test_large_sets_are_iterated_to_the_same(T, monkeypatch):
    model = spinful([-2.0] * 4)
    iterated = []
    own = slowest_decay._iterated

    def watched(generator):
        iterated.append(generator.shape[0])
        return own(generator)

    monkeypatch.setattr(slowest_decay, "_iterated", watched)
    found = oqs.relaxation_time(model, T, MU)
    assert max(iterated) < 260  # the 256 populations, and few others of 12,870
    monkeypatch.setattr(slowest_decay, "_DENSE", 10**4)
    assert found == pytest.approx(oqs.relaxation_time(model, T, MU), rel=1e-9)


def test_what_does_not_converge_is_diagonalised(monkeypatch):
    model = spinful([-2.0] * 4)
    found = oqs.relaxation_time(model, T, MU)
    monkeypatch.setattr(slowest_decay, "_RESTARTS", 1)
    monkeypatch.setattr(slowest_decay, "_BASIS", 5)
    assert found == pytest.approx(oqs.relaxation_time(model, T, MU), rel=1e-9)


@pytest.mark.parametrize("T", [0.03, 0.003])
def test_a_decay_below_the_rounding_of_the_fastest_is_no_result(T):
    # one electron, blockaded: up and down turn into each other by rates of e^(-1/T)
    contacts = [oqs.Contact(oqs.flat(0.01), oqs.spin_channels([1.0], down=0.0)) for _ in range(2)]
    contacts[1] = oqs.Contact(oqs.flat(0.01), oqs.spin_channels([1.0], up=0.0))
    model = oqs.davies(oqs.anderson_dot(-1.0, 2.0), contacts)
    with pytest.raises(oqs.StationaryStateNotFound, match=r"slowest decay of the system.*Raise T"):
        oqs.relaxation_time(model, [T, T], [0.0, 0.0])


def test_a_slow_decay_above_it_is_one():
    contacts = [oqs.Contact(oqs.flat(0.01), oqs.spin_channels([1.0]))]
    model = oqs.davies(oqs.anderson_dot(-1.0, 2.0), contacts)
    # detailed balance, levels +-1 around mu: up and down relax by gamma n(1) each way and path
    T = 1 / 15
    rate = 0.01 / (1 + np.exp(1 / T))
    assert oqs.relaxation_time(model, [T], [0.0]) == pytest.approx(1 / (2 * rate), rel=1e-6)


def test_neither_it_nor_a_relaxation_makes_a_generator_on_all_elements(monkeypatch):
    def refused(*_):
        raise AssertionError("all elements of equal number")

    monkeypatch.setattr(DaviesModel, "generator_on", refused)
    monkeypatch.setattr(DaviesModel, "_generator", refused)
    model = spinful([-2.0] * 5)
    tau = oqs.relaxation_time(model, T, MU)
    start = oqs.stationary_state(model, [1.0, 1.0], [0.0, 0.0])
    found = oqs.relax(model, start, T, MU, [0.0, 0.1 * tau])
    exact = oqs.momentary_flows(model, start, T, MU)
    np.testing.assert_allclose(found.flows.particle[0], exact.particle, rtol=1e-10)
    np.testing.assert_allclose(found.flows.energy[0], exact.energy, rtol=1e-10)


@pytest.mark.parametrize(("many", "memory"), [(0, 1e4), (10**9, 1e5)])
def test_a_transition_count_that_does_not_fit_is_refused_before_the_work(many, memory, monkeypatch):
    monkeypatch.setattr(sector_pairs, "MANY", many)
    model = spinful([-2.0] * 3)
    monkeypatch.setattr("oqs.memory.physical_memory", lambda: memory)
    with pytest.raises(MemoryError, match=r"The relaxation by .* transitions.* fewer sites"):
        oqs.relaxation_time(model, T, MU)


def test_of_two_conjugate_sets_one_is_asked(monkeypatch):
    asked = []
    own = slowest_decay._decays
    monkeypatch.setattr(slowest_decay, "_decays", lambda g: asked.append(g.shape[0]) or own(g))
    model = spinful([-2.0] * 3)
    assert oqs.relaxation_time(model, T, MU) == pytest.approx(
        of_all_elements(model, T, MU), rel=1e-9
    )
    coupled = CoupledElements.of(model, np.array(T), np.array(MU), model.system.spectrum.particles)
    assert sum(asked) < 0.75 * len(coupled.row_state)
