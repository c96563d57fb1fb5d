"""What a device is, by exact values, both laws and Carnot's bounds on random systems."""

import hypothesis
import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from systems import COUPLINGS, SCALES, random_case, random_interacting

import oqs
import thermo
from thermo import Regime

seeds = st.integers(0, 2**32 - 1)
few = hypothesis.settings(max_examples=40, deadline=None)
MACHINES = (Regime.ENGINE, Regime.REFRIGERATOR)


def level(w, T, mu, rates=(1e-3, 1e-3)):
    contacts = [oqs.Contact(oqs.flat(g)) for g in rates]
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([w]), contacts)
    return thermo.device(law(T, mu), T, mu)


def flows(heat, T=(1.0, 0.5)):
    """A Device of two reservoirs with these heats; the hot one is first, mu = (0, 1)."""
    lifted = heat[0] + heat[1]
    particle = [lifted, -lifted]
    mu = [0.0, 1.0]
    energy = np.array(heat) + np.multiply(mu, particle)
    return thermo.device(oqs.Flows.of(particle, energy, mu), T, mu)


@pytest.mark.parametrize(
    ("heat", "mode"),
    [
        ((3.0, -2.0), Regime.ENGINE),
        ((-3.0, 1.0), Regime.REFRIGERATOR),
        ((1.0, -2.0), Regime.ACCELERATOR),
        ((-1.0, -2.0), Regime.HEATER),
        ((0.0, -2.0), Regime.HEATER),
        ((-2.0, 0.0), Regime.HEATER),
        ((2.0, -2.0), Regime.CONDUCTOR),
        ((0.0, 0.0), Regime.BALANCED),
    ],
)
def test_modes_of_two_reservoirs(heat, mode):
    found = flows(heat)
    assert found.mode is mode
    assert found.power == sum(heat)
    assert found.cooling_power == heat[1]
    assert found.entropy_production == -heat[0] - 2 * heat[1]


def test_modes_agree_with_the_regimes_of_one_frequency():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(400):
        T, mu, w = rng.uniform(0.2, 2, 2), rng.uniform(-1, 1, 2), rng.uniform(-1, 3)
        found = level(w, T, mu)
        assert found.mode is thermo.regimes(T, mu, [w])[0]
        seen.add(found.mode)
    assert seen == {Regime.ENGINE, Regime.REFRIGERATOR, Regime.ACCELERATOR, Regime.HEATER}


@pytest.mark.parametrize(
    ("T", "mu", "mode"),
    [
        ([1.0, 0.5], [0.0, 0.0], Regime.CONDUCTOR),
        ([1.0, 1.0], [0.0, 0.3], Regime.TRANSPORTER),
        ([1.0, 1.0], [0.0, 2.0], Regime.HEATER),
        ([1.0, 1.0], [0.2, 0.2], Regime.BALANCED),
        ([1.0, 0.5], [0.0, 0.5], Regime.BALANCED),  # equal occupations: stopped
    ],
)
def test_modes_where_a_difference_vanishes(T, mu, mode):
    assert level(1.0, T, mu).mode is mode


@pytest.mark.parametrize("scale", SCALES)
def test_a_single_level_is_tightly_coupled(scale):
    T = [scale, 0.5 * scale]
    engine = level(2 * scale, T, [0.0, 0.6 * scale])
    assert engine.mode is Regime.ENGINE
    assert engine.power > 0
    assert engine.efficiency == pytest.approx(0.3, rel=1e-13)
    assert engine.carnot == pytest.approx(0.5, rel=1e-14)
    assert engine.over_carnot == pytest.approx(0.6, rel=1e-13)
    cooler = level(2 * scale, T, [0.0, 1.5 * scale])
    assert cooler.mode is Regime.REFRIGERATOR
    assert cooler.cooling_power > 0
    assert cooler.cop == pytest.approx(0.5 / 1.5, rel=1e-13)
    assert cooler.heating_cop == pytest.approx(2 / 1.5, rel=1e-13)
    assert cooler.carnot == pytest.approx(1.0, rel=1e-14)


def test_a_single_level_is_reversible_where_it_stops():
    for side in (1 - 1e-8, 1 + 1e-8):
        assert level(2.0, [1.0, 0.5], [0.0, side]).over_carnot == pytest.approx(1, abs=1e-7)


def test_the_origin_of_energy_does_not_matter():
    near, far = (level(2.0 + s, [1.0, 0.5], [s, 0.6 + s]) for s in (0.0, 50.0))
    assert near.power == pytest.approx(far.power, rel=1e-12)
    assert near.efficiency == pytest.approx(far.efficiency, rel=1e-12)


def check_laws(found, given, T, mu):
    T, heat = np.asarray(T), given.heat
    gross = np.sum(np.abs(given.energy) + np.abs(np.asarray(mu) * given.particle))
    assert found.power == pytest.approx(heat.sum(), abs=1e-12 * gross)
    assert found.entropy_production > -1e-12 * gross / T.min()
    if found.mode in MACHINES:
        assert 0 < found.over_carnot < 1


@few
@hypothesis.given(seeds, st.sampled_from(COUPLINGS), st.sampled_from(SCALES))
def test_both_laws_for_random_quadratic_systems(seed, coupling, scale):
    case = random_case(seed, 2, 2, scale=scale, coupling=coupling)
    given = oqs.flow_law(case.model)(case.T, case.mu)
    check_laws(thermo.device(given, case.T, case.mu), given, case.T, case.mu)


@few
@hypothesis.given(seeds, st.sampled_from(SCALES))
def test_both_laws_for_random_interacting_systems(seed, scale):
    model, T, mu = random_interacting(seed, 2, 2, scale=scale)
    given = oqs.flow_law(model)(T, mu)
    found = thermo.device(given, T, mu)
    check_laws(found, given, T, mu)
    hot, cold = np.argmax(T), np.argmin(T)
    carnot, lost = 1 - T[cold] / T[hot], found.entropy_production
    if found.mode is Regime.ENGINE:
        expected = carnot - T[cold] * lost / given.heat[hot]
        assert found.efficiency == pytest.approx(expected, abs=1e-11)
    if found.mode is Regime.REFRIGERATOR:
        work = found.cooling_power * carnot / (1 - carnot) + T[hot] * lost
        assert found.cooling_power / found.cop == pytest.approx(work, rel=1e-10)


def single_mode(found):
    try:
        return found.mode
    except ValueError:
        return None


@pytest.mark.parametrize("reservoirs", [3, 4, 5])
def test_bounds_between_many_temperatures(reservoirs):
    counts = dict.fromkeys((*MACHINES, None), 0)
    for seed in range(150):
        model, T, mu = random_interacting(seed, 2, reservoirs)
        mu = 0.3 * mu
        found = thermo.device(oqs.flow_law(model)(T, mu), T, mu)
        mode = single_mode(found)
        counts[mode] = counts.get(mode, 0) + 1
        if mode in MACHINES:
            assert 0 < found.over_carnot < 1
    assert min(counts.values()) > 0, counts


@pytest.mark.parametrize(
    "heat",
    [
        [3.0, -2.0, 0.1],  # power and cooling at once
        [-3.0, 1.0, 0.0],  # power goes in, the middle one is cooled, the coldest is left alone
    ],
)
def test_two_things_at_once_have_no_single_mode(heat):
    T, mu = [2.0, 1.0, 0.5], [0.0, 1.0, 0.0]
    particle = np.array([sum(heat), -sum(heat), 0.0])
    found = thermo.device(oqs.Flows.of(particle, heat + mu * particle, mu), T, mu)
    with pytest.raises(ValueError, match="between 3 temperatures must do one thing"):
        _ = found.mode
    assert found.power == pytest.approx(sum(heat))


def test_reservoirs_of_one_temperature_are_one_bath():
    T, mu = [1.0, 0.5, 1.0, 0.5], [0.0, 0.6, 0.0, 0.6]
    four = level(2.0, T, mu, rates=[1e-3] * 4)
    assert four.mode is Regime.ENGINE
    assert four.efficiency == pytest.approx(0.3, rel=1e-13)
    assert four.carnot == pytest.approx(0.5, rel=1e-13)


def test_an_absorption_refrigerator():
    """Rates that filter two frequencies: energy 0.4 of cold for U = 1 of hot, at one mu."""
    dots = oqs.InteractingSystem.from_terms(np.diag([0.4, -0.5]), U={(0, 1): 1.0})
    cold, middle = (
        oqs.Contact(lambda x, w=w: np.where(abs(x - w) < 0.5, 0.01, 0.0), [1, 0])
        for w in (0.4, 1.4)
    )
    law = oqs.flow_law(oqs.davies(dots, [cold, middle, oqs.Contact(oqs.flat(0.01), [0, 1])]))
    T, mu = np.array([0.5, 0.8, 2.0]), np.zeros(3)
    found = thermo.device(law(T, mu), T, mu)
    assert found.mode is Regime.REFRIGERATOR
    assert found.power == 0
    assert found.cop == pytest.approx(0.4, rel=1e-12)
    assert found.carnot == pytest.approx(0.5 * (1 - 0.8 / 2.0) / 0.3, rel=1e-12)
    # reversible where affinities cancel: 0.4 (1/T_c - 1/T_m) = U (1/T_m - 1/T_h)
    T[2] = (1 + 1e-7) / (1 / 0.8 - 0.4 * (1 / 0.5 - 1 / 0.8))
    assert thermo.device(law(T, mu), T, mu).over_carnot == pytest.approx(1, abs=1e-6)


def at_maximum_power(eta):
    """Efficiency of one level at maximum power: f'(x_h)/f'(x_c) = T_h/T_c and dP/dx_h = 0."""
    with mpmath.workdps(30):
        cold = 1 - mpmath.mpf(eta)

        def f(x):
            return 1 / (mpmath.exp(x) + 1)

        def slope(x):
            return -1 / (2 * mpmath.cosh(x / 2)) ** 2

        def gradient(h, c):
            gain, lift = f(h) - f(c), h - cold * c
            return gain + lift * slope(h), cold * gain + lift * slope(c)

        h, c = mpmath.findroot(gradient, (2.4 - eta, 2.4))
        return float(1 - cold * c / h), float(h), float(h - cold * c)


@pytest.mark.parametrize("eta", [0.02, 0.1, 0.5])
def test_efficiency_at_maximum_power(eta):
    T = [1.0, 1 - eta]
    best = thermo.maximum_power(
        lambda w, lift: level(w, T, [0.0, lift]), {"w": (0.5, 6.0), "lift": (0.0, 2 * eta)}
    )
    efficiency, w, lift = at_maximum_power(eta)
    assert best.parameters["w"] == pytest.approx(w, abs=1e-6)
    assert best.parameters["lift"] == pytest.approx(lift, abs=1e-7)
    found = level(best.parameters["w"], T, [0.0, best.parameters["lift"]])
    assert best.value == found.power
    assert best.at_bounds == ()
    assert found.efficiency == pytest.approx(efficiency, rel=1e-6)
    if eta < 0.05:
        assert efficiency == pytest.approx(eta / 2 + eta**2 / 8, abs=0.08 * eta**3)


@pytest.mark.parametrize("quantity", ["efficiency", "cop", "heating_cop", "carnot", "over_carnot"])
def test_what_is_not_defined_is_refused(quantity):
    with pytest.raises(ValueError, match="its mode is conductor"):
        getattr(level(1.0, [1.0, 0.5], [0.0, 0.0]), quantity)


def test_an_engine_has_no_cop_and_a_refrigerator_no_efficiency():
    with pytest.raises(ValueError, match="must be a refrigerator to have `cop`"):
        _ = level(2.0, [1.0, 0.5], [0.0, 0.6]).cop
    with pytest.raises(ValueError, match="must be an engine to have `efficiency`"):
        _ = level(2.0, [1.0, 0.5], [0.0, 1.5]).efficiency


def test_what_the_flows_leave_unknown_has_no_sign():
    mu = [1.0 - 1e-10, 0.5]
    energy = [1.0, -1.0 - 1e-9]  # a law by quadrature: 1e-9 of the energy is missing
    found = thermo.device(oqs.Flows.of([1.0, -1.0], energy, mu), [1.0, 0.5], mu)
    assert found.floor > 1e-9
    assert 0 < found.heat[0] < found.floor
    assert found.mode is Regime.HEATER  # not an accelerator


def case():
    T, mu = [1.0, 0.5], [0.0, 0.6]
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([2.0]), [oqs.Contact(oqs.flat(1))] * 2)
    return law(T, mu), T, mu


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f, T, mu: (f.heat, T, mu), TypeError, "`flows` must be oqs.Flows of shape"),
        (
            lambda f, T, mu: (oqs.Flows(*[np.ones((3, 2))] * 3), T, mu),
            TypeError,
            r"is shape \(3, 2\)",
        ),
        (lambda f, T, mu: (f, T[:1], mu), ValueError, "`T` must have shape"),
        (lambda f, T, mu: (f, T[::-1], mu), ValueError, "must obey the second law at `T`"),
        (lambda f, T, mu: (f, T, [0.0, 0.7]), ValueError, "`mu` must be what the flows"),
        (
            lambda f, T, mu: (oqs.Flows.of([1.0, 0.0], [1.0, -1.0], mu), T, mu),
            ValueError,
            "must be stationary, but its particle flows",
        ),
        (
            lambda f, T, mu: (oqs.Flows.of([1.0, -1.0], [1.0, 0.0], mu), T, mu),
            ValueError,
            "must be stationary, but its energy flows",
        ),
    ],
)
def test_bad_arguments(change, error, message):
    with pytest.raises(error, match=message):
        thermo.device(*change(*case()))
