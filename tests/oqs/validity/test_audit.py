"""The audit of a Davies model: each ratio against its definition, verdicts, the printed table."""

import dataclasses
import importlib
import math

import numpy as np
import pytest
from systems import SCALES

import oqs
from oqs.generator.linewidths import Linewidths, tail_flows
from oqs.validity.price import audit_price
from oqs.validity.secular import worst_mixing
from oqs.validity.verdict import LARGEST_DOUBTFUL, LARGEST_SOUND

SOUND, DOUBTFUL, UNRELIABLE = oqs.Verdict
scales = pytest.mark.parametrize("scale", SCALES)
NAMES = ["secular", "Born-Markov", "line tails", "flat rate", "band edges", "unique flows"]


def one_level(*rates, level=0.5, **options):
    contacts = [oqs.Contact(rate, name=f"r{j}", **options) for j, rate in enumerate(rates)]
    return oqs.davies(oqs.QuadraticSystem([[level]]), contacts)


def near_degenerate(scale=1.0):
    """Tunnelling 0.002 between two dots, rates 0.02 and 0.03: 38 times too large a flow."""
    return oqs.davies(
        oqs.QuadraticSystem(scale * np.array([[0, 0.002], [0.002, 0]])),
        [
            oqs.Contact(oqs.flat(0.02 * scale), [1, 0]),
            oqs.Contact(oqs.flat(0.03 * scale), [0, 1]),
        ],
    )


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (0.0, SOUND),
        (LARGEST_SOUND, SOUND),
        (np.nextafter(LARGEST_SOUND, 1), DOUBTFUL),
        (LARGEST_DOUBTFUL, DOUBTFUL),
        (np.nextafter(LARGEST_DOUBTFUL, 1), UNRELIABLE),
        (np.inf, UNRELIABLE),
        (np.nan, UNRELIABLE),
    ],
)
def test_verdicts(ratio, verdict):
    assert oqs.Verdict.of(ratio) is verdict


@scales
def test_a_near_degenerate_double_dot_is_unreliable(scale):
    model = near_degenerate(scale)
    T, mu = scale * np.array([1.0, 1.0]), scale * np.array([0.5, -0.5])
    found = oqs.audit(model, T, mu)
    assert found.verdict is UNRELIABLE
    # modes (1, +-1)/sqrt 2 split by 0.004, mixed by half of each rate
    assert found["secular"].ratio >= 0.015 / 0.004
    assert found["secular"].verdict is UNRELIABLE
    exact = oqs.landauer(model.system, model.contacts)(T, mu)
    flow = oqs.flow_law(model)(T, mu)
    assert flow.particle[0] / exact.particle[0] == pytest.approx(38, abs=1)
    np.testing.assert_allclose(found.exact.particle, exact.particle, rtol=1e-6)
    assert found.error > 30
    # counted as one level, the same two dots are fine
    together = oqs.davies(model.system, model.contacts, resolution=0.00402 * scale)
    assert oqs.audit(together, T, mu)["secular"].ratio == 0
    assert oqs.audit(together, T, mu).error < 0.05


@scales
@pytest.mark.parametrize("gammas", [(0.001, 0.002), (0.02, 0.1), (0.3, 0.6)])
def test_ratios_of_one_level(gammas, scale):
    width, level, center, spread = sum(gammas), 0.5, 0.2, 0.8
    model = one_level(
        *(oqs.lorentzian(g * scale, center * scale, spread * scale) for g in gammas),
        level=level * scale,
    )
    T, mu = scale * np.array([0.7, 1.3]), scale * np.array([0.3, 0.8])
    found = oqs.audit(model, T, mu, exact=False)

    def gamma(w):
        return 1 / (1 + ((w - center) / spread) ** 2)

    width *= gamma(level)
    assert found["secular"].ratio == 0
    assert found["Born-Markov"].ratio == pytest.approx(width / 0.7, rel=1e-12)
    change = abs(gamma(level + width / 2) - gamma(level - width / 2)) / gamma(level)
    assert found["flat rate"].ratio == pytest.approx(change, rel=1e-11)
    assert found["band edges"].ratio == 0
    assert found["unique flows"].ratio == 0
    assert found.exact is None
    assert found.error is None
    assert found.verdict == max(oqs.Verdict.of(a.ratio) for a in found.assumptions)


@scales
def test_weak_coupling_is_sound_and_accurate(scale):
    model = one_level(oqs.flat(1e-3 * scale), oqs.flat(2e-3 * scale), level=0.5 * scale)
    found = oqs.audit(model, scale * np.array([0.7, 1.3]), scale * np.array([0.3, 0.8]))
    assert found.verdict is SOUND
    assert found.error < 0.01
    assert [a.name for a in found.assumptions] == [*NAMES, "exact flows"]


def test_far_from_resonance_the_tails_carry_the_flow():
    # level 20 T above both Fermi edges: e^-20 through it, co-tunnelling beside it
    model = one_level(oqs.flat(0.01), oqs.flat(0.01), level=2.0)
    found = oqs.audit(model, [0.1, 0.1], [0.1, -0.1])
    assert found["line tails"].verdict is UNRELIABLE
    assert found["line tails"].remedy.startswith("the flow through the levels is suppressed")
    assert found.error > 0.5
    assert found["Born-Markov"].verdict is DOUBTFUL


@scales
@pytest.mark.parametrize("distance", [0.01, 0.05, 1.0])
def test_distance_to_a_band_edge(distance, scale):
    width = 0.01
    contacts = [
        oqs.Contact(oqs.flat(0.4 * width * scale), name="wide", band=(-9 * scale, 9 * scale)),
        oqs.Contact(
            oqs.flat(0.6 * width * scale),
            name="narrow",
            band=((0.5 - distance) * scale, 9 * scale),
        ),
    ]
    model = oqs.davies(oqs.QuadraticSystem([[0.5 * scale]]), contacts)
    found = oqs.audit(model, [scale, scale], [0.0, 0.3 * scale], exact=False)["band edges"]
    assert found.ratio == pytest.approx(width / distance, rel=1e-10)
    assert found.verdict is oqs.Verdict.of(width / distance)
    assert "contact 'narrow'" in found.measure


def test_what_is_beside_an_isolated_mode_is_judged():
    model = oqs.davies(
        oqs.QuadraticSystem.from_energies([0.5, 1.0]), [oqs.Contact(oqs.flat(0.01), [1, 0])] * 2
    )
    found = oqs.audit(model, [1.0, 2.0], [0.0, 0.1], tau_eq=1e6)
    assert found["unique flows"].ratio == 0
    assert found["unique flows"].verdict is oqs.Verdict.SOUND
    assert "no contact touches, the mode at 1 (contact 0 has no" in found["unique flows"].measure
    alone = oqs.davies(oqs.QuadraticSystem([[0.5]]), [oqs.Contact(oqs.flat(0.01))] * 2)
    expected = oqs.audit(alone, [1.0, 2.0], [0.0, 0.1], tau_eq=1e6)
    for name in ("time scales", "line tails"):
        assert found[name].ratio == pytest.approx(expected[name].ratio, rel=1e-10)
    assert found.error == pytest.approx(expected.error, rel=1e-6)


def test_nothing_is_solved_where_flows_depend_on_the_initial_state():
    dot = oqs.anderson_dot(0.3, 0.7)
    found = oqs.audit(
        oqs.davies(dot, [oqs.Contact(oqs.flat(0.01), [1, 0])] * 2), [1.0, 2.0], [0.0, 0.1], tau_eq=1
    )
    assert found["unique flows"].ratio == 1
    assert found["time scales"].ratio == found["line tails"].ratio == np.inf


@scales
def test_time_scales(scale):
    # one level relaxes at the sum of its rates
    model = one_level(oqs.flat(0.01 * scale), oqs.flat(0.03 * scale), level=0.5 * scale)
    T, mu = [scale, 2 * scale], [0.0, 0.1 * scale]
    found = oqs.audit(model, T, mu, tau_eq=500 / scale, exact=False)
    assert found["time scales"].ratio == pytest.approx(1 / 0.04 / 500, rel=1e-9)
    with pytest.raises(ValueError, match="`tau_eq` must be positive, but is -1"):
        oqs.audit(model, T, mu, tau_eq=-1.0)


def test_interacting_systems_have_no_exact_flows():
    dot = oqs.anderson_dot(-0.3, 1.0)
    contacts = [oqs.Contact(oqs.flat(0.001), oqs.spin_channels([1.0]))] * 2
    found = oqs.audit(oqs.davies(dot, contacts), [1.0, 2.0], [0.0, 0.1])
    assert [a.name for a in found.assumptions] == NAMES
    assert found.exact is None
    assert found.verdict is SOUND


def test_a_contact_without_self_energy_has_no_exact_flows():
    model = one_level(oqs.power_law(1e-3, 0.5), oqs.flat(1e-3))
    found = oqs.audit(model, [1.0, 2.0], [0.0, 0.1])
    assert [a.name for a in found.assumptions] == NAMES
    assert found.error is None


def test_the_table():
    found = oqs.audit(near_degenerate(), [1.0, 1.0], [0.5, -0.5])
    lines = repr(found).splitlines()
    assert lines[0].split() == ["assumption", "ratio", "verdict", "measure;", "remedy"]
    assert lines[-1] == "in all: unreliable"
    assert max(map(len, lines)) <= 100
    for assumption in found.assumptions:
        (row,) = [line for line in lines if line.startswith(f"{assumption.name:<18} ")]
        assert f"{assumption.ratio:9.3g}" in row
        assert assumption.verdict.name.lower() in row
    assert "oqs.landauer or oqs.heom_law" in " ".join(
        repr(found).split()
    )  # remedies of what fails only
    sound = oqs.audit(one_level(oqs.flat(1e-3)), [1.0], [0.0], exact=False)
    assert not any(a.remedy in " ".join(repr(sound).split()) for a in sound.assumptions)
    assert repr(sound).endswith("in all: sound")


def test_small_corrections_that_add_up_are_named():
    dot = one_level(oqs.flat(0.01), oqs.flat(0.01), level=1.2)
    found = oqs.audit(dot, [0.862, 0.345], [0.2, 0.5], exact=False)
    total = found["Born-Markov"].ratio + found["line tails"].ratio
    assert max(a.verdict for a in found.assumptions) == oqs.Verdict.SOUND
    assert found.verdict == oqs.Verdict.DOUBTFUL
    words = f"doubtful, as small corrections add up to {total:.2g}; weaken the contacts"
    assert repr(found).endswith(f"in all: {words}")
    assert words in found._repr_html_()


def test_assumptions_by_name_and_the_worst_of_them():
    found = oqs.audit(one_level(oqs.flat(1e-3)), [1.0], [0.0], exact=False)
    with pytest.raises(KeyError, match=r"no assumption 'markov'; there are \['secular'"):
        found["markov"]
    bad = oqs.Assumption("heat leak", 0.3, oqs.Verdict.of(0.3), "leak over flow", "insulate")
    more = dataclasses.replace(found, assumptions=(*found.assumptions, bad))
    assert more["heat leak"] is bad
    assert more.verdict is DOUBTFUL
    assert found.verdict is SOUND
    assert "leak over flow; insulate" in repr(more)


@scales
def test_flows_that_vanish_are_sound(scale):
    # even and odd mode, a contact each: nothing flows, and rounding is no deviation of it
    h = scale * np.array([[1.0, 0.3], [0.3, 1.0]])
    rate = oqs.flat(0.01 * scale)
    crossed = [oqs.Contact(rate, t) for t in ([0.1, 0.1], [0.1, -0.1])]
    T, mu = scale * np.array([0.2, 0.3]), scale * np.array([1.3, 0.7])
    twice = [oqs.Contact(rate)] * 2
    idle = [oqs.Contact(rate), oqs.Contact(oqs.flat(0.0))]
    for contacts, t, m in ((crossed, T, mu), (twice, T[[0, 0]], mu[[0, 0]]), (idle, T, mu)):
        found = oqs.audit(oqs.davies(oqs.QuadraticSystem(h), contacts), t, m)
        assert found.verdict <= DOUBTFUL
        assert found["line tails"].ratio < 1e-2
        assert found["secular"].ratio == 0
        assert found.error < 1e-2


def test_the_error_covers_the_heat():
    # two dots as one level: P is off by 0.6 %, J by 7 %, the heat out of the cold contact by 9 %
    system = oqs.QuadraticSystem([[0.3, 0.2], [0.2, 0.35]])
    contacts = [oqs.Contact(oqs.flat(0.1), t) for t in ([1, 0], [0, 1])]
    model = oqs.davies(system, contacts, resolution=0.65)
    T, mu = [1.0, 1.4], [0.5, -0.5]
    found = oqs.audit(model, T, mu)
    davies = oqs.flow_law(model)(T, mu)
    off = np.abs(davies.heat - found.exact.heat)
    assert found.error == pytest.approx(np.max(off) / np.max(np.abs(found.exact.heat)), rel=1e-6)
    assert found.error > 0.029
    assert found["exact flows"].measure.endswith("of one reservoir's own heat 0.09")


def test_lines_without_interactions_are_those_of_the_modes():
    # two degenerate modes, independent baths: each is as wide as one, not as both together
    levels = oqs.QuadraticSystem.from_energies([0.5, 0.5])
    model = oqs.davies(levels, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    lines = Linewidths.of(model)
    np.testing.assert_allclose(lines.widths, [0.03], rtol=1e-12)
    np.testing.assert_allclose(lines.products[:, :, 0], 1e-4 * 2 * np.outer([1, 2], [1, 2]))
    # orthogonal couplings: nothing goes through, whatever the width
    crossed = [oqs.Contact(oqs.flat(0.01), t) for t in ([1, 2], [2, -1])]
    assert Linewidths.of(oqs.davies(levels, crossed)).products[0, 1, 0] < 1e-16 * 25e-4


@pytest.mark.parametrize(
    ("scale", "options"), [(1e-3, {}), (1.0, {}), (1e3, {}), (10.0, {"resolution": 0.5})]
)
@pytest.mark.parametrize("energies", [[0.1, 0.4, 0.7], [0.3, 0.3, 0.9], [-1.0, 2.0, 2.0]])
def test_levels_of_modes_are_the_frequencies_of_the_model(energies, scale, options):
    system = oqs.QuadraticSystem.from_energies(scale * np.array(energies))
    contacts = [oqs.Contact(oqs.flat(0.01 * scale), [1, 1, 1])]
    model = oqs.davies(system, contacts, **options)
    lines = Linewidths.of(model)
    np.testing.assert_allclose(lines.frequencies, model.frequencies, rtol=1e-13)
    np.testing.assert_allclose(lines.rates, model.rates, rtol=1e-13)


@pytest.mark.parametrize("sites", [6, 8, 12])
def test_modes_are_audited_without_their_states(sites, monkeypatch):
    rng = np.random.default_rng(sites)
    h = rng.normal(size=(sites, sites))
    system = oqs.QuadraticSystem(h + h.T)
    model = oqs.davies(system, [oqs.Contact(oqs.flat(1e-4)), oqs.Contact(oqs.flat(2e-4))])
    states = property(lambda self: pytest.fail("looked at the 2^N states"))
    monkeypatch.setattr(oqs.DaviesModel, "decomposition", states)
    assert len(Linewidths.of(model).frequencies) == sites
    assert worst_mixing(model)[0] == 0


def test_many_lines_taken_together_are_those_one_by_one(monkeypatch):
    # five dots in a chain with interactions: hundreds of lines, many closer than T/8
    h = np.diag([0.1, -0.3, 0.2, 0.5, 0.0]) + 0.5 * (np.eye(5, k=1) + np.eye(5, k=-1))
    system = oqs.InteractingSystem.from_terms(h, {(v, v + 1): 1.0 + 0.1 * v for v in range(4)})
    ends = [oqs.Contact(oqs.flat(1e-4), t) for t in np.eye(5)[[0, -1]]]
    lines = Linewidths.of(oqs.davies(system, ends))
    T, mu = np.array([0.5, 0.7]), np.array([0.1, -0.2])
    one_by_one = tail_flows(lines, T, mu)
    monkeypatch.setattr(importlib.import_module("oqs.generator.linewidths"), "_LINES", 10)
    np.testing.assert_allclose(tail_flows(lines, T, mu), one_by_one, rtol=0.03)


@pytest.mark.parametrize("seed", range(4))
def test_lines_are_those_of_the_eigen_operators(seed):
    rng = np.random.default_rng(seed)
    channels = rng.normal(size=(2, 2, 4, 2)) @ [1, 1j]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip((0.01, 0.03), channels, strict=True)]
    # degenerate orbitals, of one spin or of two
    dots = (
        oqs.spinful_dots([1, 1], 0.3, U=0.5)
        if seed % 2
        else oqs.InteractingSystem.from_terms(np.eye(4), {(0, 1): 0.5, (2, 3): 0.5})
    )
    model = oqs.davies(dots, contacts)
    lines, size = Linewidths.of(model), model.system.spectrum.dimension
    for kappa in range(len(model.frequencies)):
        emptying, filling = (
            [
                rate * sum(((s.conj().T @ s) if up else (s @ s.conj().T)).toarray() for s in own)
                for rate, own in zip(
                    model.rates[:, kappa],
                    (e.operators(kappa, size) for e in model.decomposition.elements),
                    strict=True,
                )
            ]
            for up in (True, False)
        )
        width = sum(np.max(np.diagonal(g).real) for g in emptying)
        assert lines.widths[kappa] == pytest.approx(width, rel=1e-12, abs=1e-13)
        for j, q in np.ndindex(2, 2):
            products = [np.max(np.abs(np.diagonal(g[j] @ g[q]))) for g in (emptying, filling)]
            assert lines.products[j, q, kappa] == pytest.approx(min(products), rel=1e-12, abs=1e-16)


def chain(sites):
    h = np.diag(np.linspace(-1, 1, sites)) + 0.5 * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    system = oqs.InteractingSystem.from_terms(h, {(v, v + 1): 1.0 for v in range(sites - 1)})
    ends = [oqs.Contact(oqs.flat(1e-4), t) for t in np.eye(sites)[[0, -1]]]
    return oqs.davies(system, ends)


def test_an_audit_says_what_it_costs(monkeypatch, capsys):
    model = chain(4)
    seconds, needed = audit_price(model)
    elements = 2 * sum(math.comb(4, n) * math.comb(4, n + 1) for n in range(4))
    assert needed == 200 * elements
    assert 1e-6 * elements < seconds < 2e-6 * elements
    oqs.audit(model, [1.0, 2.0], [0.0, 0.1])
    assert capsys.readouterr().err == ""
    oqs.audit(model, [1.0, 2.0], [0.0, 0.1], progress=True)
    assert capsys.readouterr().err.startswith("oqs.audit: about 0 s and 0.0 GB\n")
    monkeypatch.setattr("oqs.memory.physical_memory", lambda: 1e4)
    monkeypatch.setattr(
        oqs.DaviesModel, "decomposition", property(lambda self: pytest.fail("began"))
    )
    with pytest.raises(MemoryError, match="An audit of 4 interacting sites, of about 0 s, needs"):
        oqs.audit(model, [1.0, 2.0], [0.0, 0.1])
    without = oqs.davies(oqs.QuadraticSystem.from_energies([0.3]), [oqs.Contact(oqs.flat(0.1))])
    assert audit_price(without) == (0.0, 0.0)
    capacitive = oqs.davies(oqs.coupled_dots((0.1, 0.2), 1.0), [oqs.Contact(oqs.flat(0.1))] * 2)
    assert audit_price(capacitive)[1] == 1100 * 8


def test_the_secular_row_estimates_the_error():
    found = oqs.audit(near_degenerate(), [1.0, 0.5], [0.5, -0.5])
    assert found["secular"].ratio == pytest.approx(found.error, rel=0.05)
    assert oqs.audit(near_degenerate(), [1.0, 0.5], [0.5, -0.5], exact=False)["secular"].ratio > 30
    # rates mix levels by 0.4 of their distance, where the flow hardly notices
    dots = oqs.spinful_dots([0.0, 0.02, 1.0], 0.3, U=1.5)
    ends = [oqs.Contact(oqs.flat(0.02), oqs.spin_channels(np.eye(3)[k])) for k in (0, 2)]
    model = oqs.davies(dots, ends)
    row = oqs.audit(model, [1.0, 1.3], [0.5, -0.5], exact=False)["secular"]
    assert worst_mixing(model)[0] > 4 * LARGEST_SOUND
    assert row.ratio < LARGEST_SOUND
    assert "deviation from oqs.perlind: particle" in row.measure


def test_large_systems_are_compared_where_that_is_wanted(monkeypatch):
    module = importlib.import_module("oqs.validity.secular_error")
    monkeypatch.setattr(module, "_QUICK", 10)
    model = chain(4)
    ratio = oqs.audit(model, [1.0, 2.0], [0.0, 0.1], exact=False)["secular"].ratio
    assert ratio == worst_mixing(model)[0]
    assert oqs.audit(model, [1.0, 2.0], [0.0, 0.1])["secular"].ratio < ratio


def test_the_price_of_coherences_has_a_row():
    dots = oqs.QuadraticSystem([[0.0, 0.01], [0.01, 0.02]])
    ends = [oqs.Contact(oqs.flat(0.02 * (1 + j)), coupling=np.eye(2)[j]) for j in range(2)]
    T, mu = [0.2, 0.3], [0.1, -0.1]
    for model in (oqs.perlind(dots, ends), oqs.davies(dots, ends, resolution=0.0284)):
        price, row = (
            oqs.thermodynamic_price(model, T, mu),
            oqs.audit(model, T, mu)["thermodynamics"],
        )
        assert row.ratio == price.ratio
        assert f"energy of {price.energy}" in row.measure
    names = [a.name for a in oqs.audit(oqs.davies(dots, ends), T, mu).assumptions]
    assert "thermodynamics" not in names


def test_heat_is_part_of_the_tails():
    # P and J pass as they should, but their heat all but cancels, and comes out with a wrong sign
    contacts = [oqs.Contact(oqs.flat(0.025), [0.233]), oqs.Contact(oqs.flat(4.5e-4))]
    model = oqs.davies(oqs.QuadraticSystem([[-0.28184]]), contacts)
    found = oqs.audit(model, [1.1941, 1.7063], [-0.27442, -0.23944])
    assert found.error > 1
    assert found["line tails"].verdict is UNRELIABLE
    lines = Linewidths.of(model)
    _, energy, heat = tail_flows(lines, np.array([1.2, 1.7]), np.array([0.0, 0.0]))
    assert energy == heat


def test_small_corrections_add_up():
    def row(name, ratio):
        return oqs.Assumption(name, ratio, oqs.Verdict.of(ratio), "", "")

    both = (row("secular", 0.06), row("line tails", 0.06))
    assert oqs.Audit(both[:1]).verdict is SOUND
    assert oqs.Audit(both).verdict is DOUBTFUL
    assert oqs.Audit((*both[:1], row("time scales", 0.06))).verdict is SOUND


@pytest.mark.parametrize("T", [[0.2, 0.2], [0.2, 0.2 + 1e-6], [0.2, 0.3]])
@pytest.mark.parametrize("U", [None, 0.5])
def test_flows_of_perlind_at_equal_reservoirs_are_no_error_of_davies(T, U):
    h = np.array([[1.0, 0.3], [0.3, 1.0]])
    system = (
        oqs.QuadraticSystem(h) if U is None else oqs.InteractingSystem.from_terms(h, {(0, 1): U})
    )
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 0]), oqs.Contact(oqs.flat(0.02), [0, 1])]
    row = oqs.audit(oqs.davies(system, contacts), T, [0.3, 0.3], exact=False)["secular"]
    assert row.measure.startswith("deviation from oqs.perlind")
    assert row.ratio < 2e-3  # the square of the mixing, 0.02 to 0.04
