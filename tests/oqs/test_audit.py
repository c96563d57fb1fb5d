"""The audit of a Davies model: each ratio against its definition, verdicts, the printed table."""

import numpy as np
import pytest
from systems import SCALES

import oqs
from oqs.verdict import LARGEST_DOUBTFUL, LARGEST_SOUND

SOUND, DOUBTFUL, UNRELIABLE = oqs.Verdict
scales = pytest.mark.parametrize("scale", SCALES)
NAMES = ["secular", "Born-Markov", "line tails", "flat rate", "band edges", "unique state"]


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
    together = oqs.davies(model.system, model.contacts, resolution=0.02 * scale)
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
    assert found["unique state"].ratio == 0
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


def test_an_isolated_mode_is_unreliable_and_nothing_is_solved():
    model = oqs.davies(
        oqs.QuadraticSystem.from_energies([0.5, 1.0]), [oqs.Contact(oqs.flat(0.01), [1, 0])] * 2
    )
    found = oqs.audit(model, [1.0, 2.0], [0.0, 0.1], tau_eq=1e6)
    assert found["unique state"].ratio == 1
    assert found["unique state"].verdict is UNRELIABLE
    assert found["time scales"].ratio == np.inf
    assert found.exact is None


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
    assert "oqs.landauer or HEOM" in " ".join(repr(found).split())  # remedies of what fails only
    sound = oqs.audit(one_level(oqs.flat(1e-3)), [1.0], [0.0], exact=False)
    assert not any(a.remedy in " ".join(repr(sound).split()) for a in sound.assumptions)
    assert repr(sound).endswith("in all: sound")


def test_assumptions_by_name_and_more_of_them():
    found = oqs.audit(one_level(oqs.flat(1e-3)), [1.0], [0.0], exact=False)
    with pytest.raises(KeyError, match=r"no assumption 'markov'; there are \['secular'"):
        found["markov"]
    bad = oqs.Assumption("heat leak", 0.3, oqs.Verdict.of(0.3), "leak over flow", "insulate")
    more = found.with_assumptions(bad)
    assert more["heat leak"] is bad
    assert more.verdict is DOUBTFUL
    assert found.verdict is SOUND
    assert "leak over flow; insulate" in repr(more)
