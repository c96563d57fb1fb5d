"""Table I and the regimes, against the flows of Eq. (10) and of a density matrix."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oqs
from thermo.machines.regimes import (
    TABLE_I,
    Regime,
    SpectralSigns,
    omega_bar,
    regimes,
    spectral_signs,
)

energies = st.floats(0.05, 30.0)


def random_pairs(panel, size=40):
    """Reservoirs of one panel, mu_1 > mu_2, at several energy scales; no occupation underflows."""
    rng = np.random.default_rng(5)
    for _ in range(size):
        scale = 10 ** rng.uniform(-3, 3)
        T = np.cumsum(rng.uniform(0.2, 1.5, 2)) * scale
        mu = np.sort(rng.uniform(0.5, 25.0, 2))[::-1] * scale
        yield (T if panel == "T_1 < T_2" else T[::-1]), mu, scale


def inside(lower, upper, scale):
    top = min(upper, lower + 30 * scale)
    return lower + (top - lower) * np.linspace(0.02, 0.98, 7)


@pytest.mark.parametrize("panel", TABLE_I)
def test_table_against_the_flows_of_eq_10(panel):
    seen = set()
    for T, mu, scale in random_pairs(panel):
        for window in TABLE_I[panel]:
            lower, upper = window.ends(T, mu)
            lower = max(lower, 0.0)
            if upper <= lower:
                continue
            seen.add(window)
            w = inside(lower, upper, scale)
            law = oqs.closed_form(
                oqs.QuadraticSystem.from_energies(w),
                [oqs.Contact(rate=oqs.flat(g * scale)) for g in (0.01, 0.03)],
            )
            signs = SpectralSigns.of_flows(law.spectral(T, mu))
            assert np.all(signs.particle == [window.particle_1, window.particle_2])
            assert np.all(signs.energy == [window.particle_1, window.particle_2])
            assert np.all(signs.heat == [window.heat_1, window.heat_2])
            direct = spectral_signs(T, mu, w)
            for field in ("particle", "energy", "heat"):
                assert np.array_equal(getattr(direct, field), getattr(signs, field))
            assert set(regimes(T, mu, w)) == {window.regime}
    assert seen == set(TABLE_I[panel])


def test_signs_of_a_density_matrix():
    model = oqs.davies(
        oqs.QuadraticSystem.from_energies([15.0, 18.0, 21.1, 35.0]),
        [oqs.Contact(rate=oqs.flat(1e-4)), oqs.Contact(rate=oqs.flat(3e-4))],
    )
    law = oqs.flow_law(model)
    T, mu = [0.6, 1.0], [20.8, 16.0]  # omega-bar = 28
    found = SpectralSigns.of_flows(law.spectral(T, mu))
    assert [w.heat_1 for w in TABLE_I["T_1 < T_2"]] == found.heat[:, 0].tolist()
    assert [w.heat_2 for w in TABLE_I["T_1 < T_2"]] == found.heat[:, 1].tolist()


@given(T=st.tuples(energies, energies), mu=st.tuples(energies, energies))
def test_occupations_agree_at_omega_bar(T, mu):
    w = float(omega_bar(T, mu))
    if np.isfinite(w):
        x = [(mpmath.mpf(w) - m) / t for t, m in zip(T, mu, strict=True)]
        size = max(abs(w), *mu)
        # w itself is rounded, after a difference of temperatures amplified its error
        slack = 8e-16 * size * (1 / min(T)) * (1 + max(T) / abs(T[0] - T[1]))
        assert abs(x[0] - x[1]) <= slack


@given(T=st.tuples(energies, energies), mu=st.tuples(energies, energies), w=energies)
def test_a_regime_does_not_depend_on_the_order_of_the_pair(T, mu, w):
    assert regimes(T, mu, [w], (0, 1)) == regimes(T, mu, [w], (1, 0))
    assert regimes(T, mu, [w]) == regimes(T[::-1], mu[::-1], [w])


@given(T=st.tuples(energies, energies), mu=st.tuples(energies, energies), w=energies)
def test_each_regime_has_the_signs_it_is_documented_by(T, mu, w):
    (name,) = regimes(T, mu, [w])
    signs = spectral_signs(T, mu, [w])
    hot = int(np.argmax(T))
    high = int(np.argmax(mu))
    heat_hot, heat_cold = signs.heat[0, hot], signs.heat[0, 1 - hot]
    falls = signs.particle[0, high]
    expected = {
        Regime.ENGINE: heat_hot > 0 > heat_cold and falls < 0,
        Regime.REFRIGERATOR: heat_cold > 0 > heat_hot and falls > 0,
        Regime.ACCELERATOR: heat_hot > 0 > heat_cold and falls > 0,
        Regime.HEATER: max(heat_hot, heat_cold) <= 0 and min(heat_hot, heat_cold) < 0 < falls,
        Regime.CONDUCTOR: mu[0] == mu[1] and heat_hot > 0 > heat_cold,
        Regime.TRANSPORTER: T[0] == T[1] and heat_hot * heat_cold < 0 < falls,
        Regime.BALANCED: falls == 0,
    }
    assert expected[name]
    assert not (heat_hot > 0 and heat_cold > 0)  # the second law


@pytest.mark.parametrize(
    ("T", "mu", "w", "name"),
    [
        ([1.0, 2.0], [5.0, 5.0], 4.0, Regime.CONDUCTOR),
        ([1.0, 2.0], [5.0, 5.0], 6.0, Regime.CONDUCTOR),
        ([1.0, 2.0], [5.0, 5.0], 5.0, Regime.BALANCED),
        ([1.0, 1.0], [6.0, 5.0], 4.0, Regime.TRANSPORTER),
        ([1.0, 1.0], [6.0, 5.0], 5.5, Regime.HEATER),
        ([1.0, 1.0], [6.0, 5.0], 6.0, Regime.HEATER),
        ([1.0, 1.0], [6.0, 5.0], 9.0, Regime.TRANSPORTER),
        ([1.0, 1.0], [6.0, 6.0], 9.0, Regime.BALANCED),
        ([1.0, 2.0], [6.0, 5.0], 7.0, Regime.BALANCED),  # at omega-bar
        ([1.0, 2.0], [6.0, 5.0], 6.0, Regime.HEATER),  # the cold one's heat is zero at its mu
        ([0.01, 0.02], [6.0, 5.0], 50.0, Regime.ENGINE),  # both occupations underflow
    ],
)
def test_limits(T, mu, w, name):
    assert regimes(T, mu, [w])[0] is name


def test_omega_bar_where_something_is_equal_or_negative():
    assert np.isinf(omega_bar([1.0, 1.0], [6.0, 5.0]))
    assert np.isnan(omega_bar([1.0, 1.0], [6.0, 6.0]))
    assert omega_bar([0.1, 0.7], [6.0, 6.0]) == 6.0
    assert omega_bar([1.1, 1.0], [9.0, 2.0]) == pytest.approx(-68.0)
    # then the second panel's first window is absent
    first, second = TABLE_I["T_1 > T_2"][:2]
    assert first.ends([1.1, 1.0], [9.0, 2.0])[1] < 0
    assert regimes([1.1, 1.0], [9.0, 2.0], [0.1])[0] is second.regime


def test_a_negative_frequency_turns_the_energy_but_not_the_particles():
    signs = spectral_signs([0.6, 1.0], [-1.0, -2.0], [-3.0])
    assert signs.particle[0].tolist() == [1, -1]
    assert signs.energy[0].tolist() == [-1, 1]


def test_pairs_of_many_and_batches():
    T = np.array([[0.3, 0.2, 0.1], [0.3, 0.4, 0.1]])
    mu = np.array([[21.0, 19.0, 20.2], [21.0, 19.0, 20.2]])
    w = [20.5, 21.2]
    found = regimes(T, mu, w, (2, 1))
    assert found.shape == (2, 2)
    for row, t, m in zip(found, T, mu, strict=True):
        assert row.tolist() == regimes(t[[2, 1]], m[[2, 1]], w).tolist()
    assert omega_bar(T, mu, (2, 1)).shape == (2,)
    assert regimes(T, mu, w, (0, -1)).tolist() == regimes(T, mu, w, (0, 2)).tolist()


@pytest.mark.parametrize("pair", [(0, 0), (0, -2), (0, 2), (0,), (0, 1, 1), 1, ("a", "b")])
def test_bad_pairs(pair):
    with pytest.raises(ValueError, match="`pair` must name two different of the 2 reservoirs"):
        omega_bar([1.0, 2.0], [3.0, 4.0], pair)


def test_bad_arguments():
    with pytest.raises(ValueError, match="`T` must have shape"):
        omega_bar(1.0, [3.0, 4.0])
    with pytest.raises(ValueError, match="`mu` must have shape"):
        omega_bar([1.0, 2.0], [3.0])
    with pytest.raises(ValueError, match="`T` must be positive"):
        regimes([1.0, -2.0], [3.0, 4.0], [1.0])
    with pytest.raises(ValueError, match="`frequencies` must have shape"):
        regimes([1.0, 2.0], [3.0, 4.0], 1.0)
    flows = oqs.Flows.of(np.ones((4, 3)), np.ones((4, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="`spectral` must have shape"):
        SpectralSigns.of_flows(flows)
