"""Which generator fits, what it costs in thermodynamics, and a window of states."""

import itertools

import numpy as np
import pytest

import oqs

ENDS = [[1, 0], [0, 1]]


def serial(tunnelling, rate=0.02, **options):
    """A double dot between contacts at its ends."""
    dots = oqs.QuadraticSystem([[0.0, tunnelling], [tunnelling, 0.0]])
    return dots, [oqs.Contact(oqs.flat(rate), end, **options) for end in ENDS]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_choice_follows_the_splitting(scale):
    T, mu = [scale, scale], [0.5 * scale, -0.5 * scale]
    kinds = [
        type(oqs.first_order(*serial(t * scale, 0.02 * scale), T, mu)) for t in (0.5, 0.1, 0.05, 0)
    ]
    assert kinds == [oqs.DaviesModel, oqs.DaviesModel, oqs.PerlindModel, oqs.DaviesModel]


def test_the_reason_stands_in_every_summary():
    near, far = (oqs.first_order(*serial(t), [1.0, 1.0], [0.5, -0.5]) for t in (0.01, 0.5))
    assert (
        near.reason == "PERLind: rates mix the levels at -0.01 and 0.01 by 0.71 of their distance"
    )
    assert far.reason.startswith("Davies: the rates that mix levels are at most 0.014")
    for model in (near, far):
        assert model.reason in " ".join(model.summary().page().split())
        assert model.reason in " ".join(repr(oqs.flow_law(model)).split())
    one = oqs.first_order(oqs.QuadraticSystem([[1.0]]), [oqs.Contact(oqs.flat(0.1))], [1.0], [0.0])
    assert one.reason == "Davies: no contact mixes levels of different energies"


def test_bosons_with_close_levels_have_perlind():
    system = oqs.InteractingSystem.from_terms([[0.0, 0.01], [0.01, 0.0]])
    density = system.annihilators[0].dag() * system.annihilators[0]
    phonons = oqs.BosonicContact(oqs.ohmic(0.1), density)
    contacts = [oqs.Contact(oqs.flat(0.1), [1, 0]), phonons]
    model = oqs.first_order(system, contacts, [1.0, 1.0], [0.0, 0.0])
    assert model.reason.startswith("PERLind: rates mix the levels at -0.01 and 0.01")
    assert oqs.audit(model.secular, [1.0, 2.0], [0.0, 0.0])["secular"].measure.startswith("deviat")


def test_davies_pays_nothing():
    price = oqs.thermodynamic_price(oqs.davies(*serial(0.5)), [1.0, 1.5], [0.5, -0.5])
    assert price.ratio < 1e-12
    assert price.clausius < 0
    assert price.energy == "H_S"


@pytest.mark.parametrize("interacting", [True, False])
def test_the_price_falls_with_the_square_of_rate_over_temperature(interacting):
    found = []
    for rate in (0.02, 0.01, 0.005):
        dots = oqs.QuadraticSystem(rate * np.array([[0.0, 0.5], [0.5, 1.0]]))
        contacts = [
            oqs.Contact(oqs.flat(g * rate), end) for g, end in zip((1, 2), ENDS, strict=True)
        ]
        if interacting:
            dots = oqs.InteractingSystem.from_terms(dots.h, {(0, 1): 0.3})
        model = oqs.perlind(dots, contacts)
        found.append(oqs.thermodynamic_price(model, [0.2, 0.3], [0.1, -0.1]))
    for kind in (lambda p: p.equilibrium, lambda p: p.gibbs.max()):
        ratios = [kind(a) / kind(b) for a, b in itertools.pairwise(found)]
        assert all(ratio > 3.5 for ratio in ratios)  # 8 where it vanishes by symmetry


def test_a_contact_that_leaves_the_state_open_has_no_gibbs_distance():
    model = oqs.davies(oqs.QuadraticSystem(np.diag([0.1, 0.5])), serial(0.0)[1])
    assert np.isnan(oqs.thermodynamic_price(model, [1.0, 1.0], [0.5, -0.5]).gibbs).all()


def clustered(energy):
    """Two levels within a resolution, whose Clausius sum by H_S is positive."""
    dots = oqs.QuadraticSystem([[0.01, 0.01], [0.01, -0.01]])
    contacts = [oqs.Contact(oqs.flat(g), end) for g, end in zip((0.02, 0.005), ENDS, strict=True)]
    return oqs.davies(dots, contacts, resolution=0.0284, energy=energy)


def test_energy_of_levels_obeys_the_second_law():
    T, mu = [0.5, 1.0], [0.1485, 0.3]
    by_hamiltonian, by_level = (
        oqs.thermodynamic_price(clustered(energy), T, mu) for energy in ("hamiltonian", "level")
    )
    assert by_hamiltonian.clausius == pytest.approx(4.66e-9, rel=2e-3)
    assert by_level.clausius < 0
    assert (by_hamiltonian.energy, by_level.energy) == ("H_S", "level")


@pytest.mark.parametrize("seed", range(20))
def test_energy_of_levels_on_random_clusters(seed):
    rng = np.random.default_rng(seed)
    h = 0.01 * rng.normal(size=(3, 3))
    dots = oqs.QuadraticSystem(h + h.T + rng.normal() * np.eye(3))
    contacts = [oqs.Contact(oqs.flat(g), rng.normal(size=3)) for g in (0.02, 0.005)]
    T, mu = rng.uniform(0.2, 1.0, 2), rng.normal(size=2)
    model = oqs.davies(dots, contacts, resolution=0.1, energy="level")
    law = oqs.flow_law(model)
    flows = law(T, mu)
    assert oqs.clausius_sum(flows, T) < 0
    gross = np.abs(law.gross(T, mu).energy).max()
    assert abs(flows.energy.sum()) < 1e-13 * gross
    rho = oqs.stationary_state(model, T, mu)
    momentary = oqs.momentary_flows(model, rho, T, mu)
    assert np.allclose(momentary.energy, flows.energy, rtol=0, atol=1e-12 * gross)
    assert oqs.entropy_production(model, rho, T, mu) > -1e-12 * gross
    stats = oqs.counting_statistics(model, T, mu)
    assert np.allclose(stats.flows.energy, flows.energy, rtol=0, atol=1e-12 * gross)


def test_unequal_distances_that_count_as_one_are_told():
    """With interactions a resolution may join Bohr frequencies that no levels' energies give."""
    h = [[0.05, 0.005], [0.005, 0.054]]
    ends = [oqs.Contact(oqs.flat(g), end) for g, end in zip((0.02, 0.005), ENDS, strict=True)]
    told = {}
    for U in (0.0, 0.02):
        dots = oqs.InteractingSystem.from_terms(h, {(0, 1): U} if U else None)
        for energy in ("hamiltonian", "level"):
            model = oqs.davies(dots, ends, resolution=0.05, energy=energy)
            told[U, energy] = model.detailed_balance
    assert told == {
        (0.0, "hamiltonian"): False,
        (0.0, "level"): True,
        (0.02, "hamiltonian"): False,
        (0.02, "level"): False,
    }
    assert oqs.davies(dots, ends).detailed_balance


@pytest.fixture(scope="module")
def chain():
    """Four spinful sites, most of whose 256 states lie far above the bias."""
    ends = np.eye(4)[[0, 3]]
    contacts = [oqs.Contact(oqs.flat(0.05), oqs.spin_channels(end)) for end in ends]
    return oqs.hubbard_chain(4, 0.5, U=4.0, level=0.5), contacts


def test_a_window_keeps_the_flows(chain):
    T, mu = [0.1, 0.1], [0.2, -0.2]
    whole = oqs.flow_law(oqs.perlind(*chain))(T, mu)
    law = oqs.flow_law(oqs.perlind(*chain, window=oqs.Window(2.5)))
    assert law.problem.layout.size < 600
    found = law(T, mu)
    weight = law.weight_dropped(T, mu)
    assert 0 < weight < 1e-3
    off = np.abs(found.particle / whole.particle - 1).max()
    assert off < 10 * weight + (0.05 / 2.5) ** 2  # and coherences with what is left out
    assert oqs.flow_law(oqs.perlind(*chain)).weight_dropped(T, mu) == 0.0


def test_the_weight_dropped_is_that_of_the_whole(chain):
    """What a window leaves out has, in the state of all, about the weight that it says."""
    T, mu = [0.3, 0.3], [0.2, -0.2]
    model = oqs.perlind(*chain, window=oqs.Window(2.0, weight=1.0))
    kept = model.window.kept(model.system.spectrum)
    rho = oqs.stationary_state(oqs.perlind(*chain), T, mu).full()
    v = model.system.spectrum.vectors
    populations = np.einsum("ai,ab,bi->i", v.conj(), rho, v).real
    found = oqs.flow_law(model).weight_dropped(T, mu)
    assert found == pytest.approx(populations[~kept].sum(), rel=0.1)


def test_a_window_that_cuts_into_weight_is_refused(chain):
    law = oqs.flow_law(oqs.perlind(*chain, window=oqs.Window(1.0)))
    message = r"`window` must leave out states of weight up to 0.001, but .* have weight 0\.\d+"
    with pytest.raises(ValueError, match=message):
        law([0.5, 0.5], [0.2, -0.2])
    pair = oqs.InteractingSystem.from_terms([[1.0, 0.1], [0.1, 1.0]], {(0, 1): -2.0})
    model = oqs.perlind(pair, serial(0.1)[1], window=oqs.Window(0.5))
    with pytest.raises(ValueError, match=r"`window` must keep states that contacts connect"):
        oqs.flow_law(model)
    alone = oqs.perlind(*chain, window=oqs.Window(1e-6, mu=-9.0))
    with pytest.raises(ValueError, match=r"keeps one state alone. Give a larger `energy`"):
        oqs.flow_law(alone)
