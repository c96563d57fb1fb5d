"""Linear response: closed forms, symmetries, fluctuation-dissipation, floating reservoirs."""

import numpy as np
import pytest
from systems import COUPLINGS, SCALES, random_case, random_interacting

import oqs

scales = pytest.mark.parametrize("scale", SCALES)


def anderson(left=0.01, right=0.03):
    rates = (left, right)
    return oqs.davies(oqs.anderson_dot(-0.4, U=1.2), [oqs.Contact(oqs.flat(g)) for g in rates])


def test_an_anderson_dot_has_the_known_coefficients():
    found = oqs.linear_response(anderson(), T=0.2, mu=0.05)
    for measured, exact in (
        (found.onsager[0, 0, 0, 0], 8.337114818e-4),
        (found.onsager[0, 1, 0, 0], -1.808964285e-4),
        (found.onsager[1, 1, 0, 0], 2.271086966e-4),
        (found.seebeck, -1.084886273),
        (found.ZT, 0.208936275),
    ):
        assert abs(measured / exact - 1) < 3e-9
    assert found.peltier == pytest.approx(0.2 * found.seebeck, rel=1e-13)
    assert found.conductance == pytest.approx(found.onsager[0, 0, 0, 0] / 0.2, rel=1e-15)


def proportional(model, T, mu):
    """L^(q) = sum over transitions of g_LR (w - mu)^q p_lower n(w), p of Gibbs."""
    energies, particles = model.system.spectrum.energies, model.system.spectrum.particles
    weight = energies - mu * particles
    p = np.exp(-(weight - weight.min()) / T)
    p /= p.sum()
    found = np.zeros(3)
    for step in model.transitions.steps:
        left, right = step.rate
        both = np.where(left > 0, left * right / np.where(left > 0, left + right, 1), 0)
        above = step.frequency - mu
        current = both * p[step.lower] / (1 + np.exp(above / T))
        found += [(current * above**q).sum() for q in range(3)]
    return found


@scales
@pytest.mark.parametrize("sites", [2, 3, 5])
def test_proportional_contacts_have_a_closed_form(sites, scale):
    model, T, _ = random_interacting(31, sites, 2, scale=scale)
    coupling = model.contacts[0].coupling
    contacts = [oqs.Contact(oqs.flat(g * scale), coupling) for g in (0.01, 0.04)]
    model = oqs.davies(model.system, contacts)
    exact = proportional(model, T[0], 0.3 * scale)
    found = oqs.linear_response(model, T[0], 0.3 * scale).onsager[:, :, 0, 0]
    expected = np.array([[exact[0], exact[1]], [exact[1], exact[2]]])
    size = np.array([1.0, scale])
    atol = 1e-12 * exact[0] * np.multiply.outer(size, size)
    assert np.all(np.abs(found - expected) < atol)


@scales
@pytest.mark.parametrize("reservoirs", [2, 3, 4])
def test_onsager_and_conservation_hold_on_random_systems(reservoirs, scale):
    for seed in range(25):
        model, T, mu = random_interacting(seed, 2 + seed % 3, reservoirs, scale=scale)
        found = oqs.linear_response(model, T[0], mu[0])
        assert found.asymmetry < 1e-12
        size = np.abs(found.onsager).max(axis=(2, 3), keepdims=True)
        assert np.all(np.abs(found.onsager.sum(axis=2, keepdims=True)) < 1e-13 * size)
        assert np.all(np.abs(found.onsager.sum(axis=3, keepdims=True)) < 1e-12 * size)
        second_law = found.onsager.transpose(0, 2, 1, 3).reshape(2 * reservoirs, -1)
        second_law = second_law / np.sqrt(np.outer(*2 * [np.diagonal(second_law)]))
        assert np.linalg.eigvalsh((second_law + second_law.T) / 2)[0] > -1e-12


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_equilibrium_noise_is_twice_the_response(coupling):
    for seed in range(15):
        for model, T, mu in (
            random_interacting(seed, 3, 2 + seed % 3, coupling=coupling),
            collective(seed, 0.0),
        ):
            n = model.reservoirs
            found = oqs.linear_response(model, T[0], mu[0])
            noise = oqs.counting_statistics(model, np.full(n, T[0]), np.full(n, mu[0]))
            for a, first in enumerate(("particle", "heat")):
                for b, second in enumerate(("particle", "heat")):
                    twice = 2 * found.onsager[a, b]
                    covariance = noise.covariance(first, second)
                    atol = 1e-12 * np.abs(twice).max()
                    np.testing.assert_allclose(covariance, twice, rtol=0, atol=atol)


def collective(seed, flux):
    """A ring of degenerate levels between three contacts that drive coherences: a field matters."""
    rng = np.random.default_rng(seed)
    t = np.exp(1j * flux / 3)
    h = 0.3 * np.eye(3, dtype=complex)
    couplings = rng.normal(size=(3, 2, 3)) * np.array([1, t, t**2])
    contacts = [oqs.Contact(oqs.flat(0.01 * (j + 1)), t) for j, t in enumerate(couplings)]
    return oqs.davies(oqs.QuadraticSystem(h), contacts), [0.4], [0.1]


def ring(flux):
    """Three sites in a ring threaded by a flux, one contact each: exact, at strong coupling."""
    h = np.zeros((3, 3), dtype=complex)
    for v in range(3):
        h[v, (v + 1) % 3] = 0.3 * np.exp(1j * flux / 3)
    h += h.conj().T + np.diag([0.1, 0.2, 0.4])
    contacts = [oqs.Contact(oqs.flat(0.1 * (j + 1)), np.eye(3)[j]) for j in range(3)]
    return oqs.landauer(oqs.QuadraticSystem(h), contacts, accuracy=1e-11)


def turning(phase):
    """Degenerate levels whose coherences the frequency shifts turn; complex amplitudes."""
    rng = np.random.default_rng(32)
    contacts = []
    for j in range(3):
        t = rng.normal(size=(2, 3)) + 1j * phase * rng.normal(size=(2, 3))
        contacts.append(oqs.Contact(oqs.flat(0.01 * (j + 1)), t, band=(-3.0, 2.0 + j)))
    return oqs.davies(oqs.QuadraticSystem(0.3 * np.eye(3)), contacts, lamb_shift=True)


@pytest.mark.parametrize("system", [ring, turning], ids=["flux", "frequency shifts"])
def test_a_magnetic_phase_turns_the_matrix_over(system):
    """L(phi) = L(-phi)^T."""
    none, there, back = (oqs.linear_response(system(phi), 0.4, 0.1) for phi in (0.0, 1.0, -1.0))
    size = np.abs(there.onsager).max()
    assert none.asymmetry < 1e-10
    assert there.asymmetry > 1e-3
    transposed = back.onsager.transpose(1, 0, 3, 2)
    np.testing.assert_allclose(there.onsager, transposed, rtol=0, atol=1e-10 * size)


def test_jumps_alone_know_no_magnetic_field():
    """Detailed balance of Davies' jumps makes L symmetric, complex amplitudes or not."""
    model, T, mu = collective(3, 1.0)
    assert oqs.linear_response(model, T[0], mu[0]).asymmetry < 1e-13


def test_response_is_the_derivative_of_the_law():
    model, _, _ = random_interacting(33, 3, 3)
    law, T, mu, step = oqs.flow_law(model), 0.6, 0.2, 1e-3
    found = oqs.linear_response(law, T, mu)
    for q in range(3):
        for b, affinity in enumerate(("mu", "T")):
            sides = []
            for sign in (2, 1, -1, -2):
                at = {"T": np.full(3, T), "mu": np.full(3, mu)}
                at[affinity][q] += sign * step
                flows = law(at["T"], at["mu"])
                sides.append(np.array([flows.particle, flows.energy - mu * flows.particle]))
            slope = (-sides[0] + 8 * sides[1] - 8 * sides[2] + sides[3]) / (12 * step)
            exact = slope * (T if affinity == "mu" else T**2)
            atol = 1e-7 * np.abs(exact).max()
            np.testing.assert_allclose(found.onsager[:, b, :, q], exact, rtol=0, atol=atol)


@pytest.mark.parametrize("cold", [1.0, 1e-3])
def test_one_level_couples_heat_tightly_to_particles(cold):
    case = random_case(34, 1, 2)
    w = case.system.energies[0]
    for law in (oqs.closed_form(case.system, case.contacts), oqs.flow_law(case.model)):
        found = oqs.linear_response(law, cold, w - 3 * cold)
        assert found.seebeck == pytest.approx(3.0, rel=1e-9)
        assert found.thermal_conductance == 0.0
        assert np.isposinf(found.ZT)


def test_a_cold_blockaded_dot_responds_with_all_its_digits():
    T = 1e-2
    found = oqs.linear_response(anderson(), T, 0.05)
    exact = proportional(anderson_by_blocks(), T, 0.05)
    measured = [found.onsager[0, 0, 0, 0], found.onsager[0, 1, 0, 0], found.onsager[1, 1, 0, 0]]
    assert 0 < exact[0] < 1e-19
    np.testing.assert_allclose(measured, exact, rtol=1e-11)


def anderson_by_blocks():
    model = anderson()
    return oqs.davies(
        oqs.InteractingSystem(model.system.hamiltonian, model.system.annihilators), model.contacts
    )


@pytest.mark.parametrize("reservoirs", [3, 4])
def test_other_reservoirs_float_without_flows(reservoirs):
    model, _, _ = random_interacting(35, 3, reservoirs)
    found = oqs.linear_response(model, 0.5, 0.1)
    size = 2 * reservoirs
    whole = found.onsager.transpose(2, 0, 3, 1).reshape(size, size)
    others = np.arange(4, size)
    response = np.zeros((2, 2))
    for b in (0, 1):  # affinity 1 of reservoir 0, none of reservoir 1, no flow of the others
        floating = np.linalg.solve(whole[np.ix_(others, others)], -whole[others, b])
        affinity = np.zeros(size)
        affinity[b], affinity[others] = 1, floating
        flows = whole @ affinity
        assert np.abs(flows[others]).max() < 1e-12 * np.abs(flows).max()
        response[:, b] = flows[:2]
    mine = found.pair(0, 1)
    assert mine.conductance == pytest.approx(response[0, 0] / 0.5, rel=1e-11)
    assert mine.seebeck == pytest.approx(response[0, 1] / 0.5 / response[0, 0], rel=1e-11)
    assert found.conductance[0, 1] == mine.conductance
    assert np.isnan(found.ZT[0, 0])
    assert found.seebeck[1, 0] == pytest.approx(mine.seebeck, rel=1e-11)


def test_a_floating_reservoir_on_one_level_takes_part_in_one_combination():
    dots = oqs.QuadraticSystem.from_energies([0.2, 0.7])
    contacts = [
        oqs.Contact(oqs.flat(0.01)),
        oqs.Contact(oqs.flat(0.02)),
        oqs.Contact(oqs.flat(0.03), [1, 0]),
    ]
    found = oqs.linear_response(oqs.closed_form(dots, contacts), 0.3, 0.1).pair(0, 1)
    through = [(0.01 * 0.02 / 0.03, w) for w in (0.2, 0.7)]
    # a probe on one level that carries nothing leaves that level as it would be without: in series
    L = sum(
        g / (4 * np.cosh((w - 0.1) / 0.6) ** 2) * np.array([1, w - 0.1, (w - 0.1) ** 2])
        for g, w in through
    )
    assert found.conductance == pytest.approx(L[0] / 0.3, rel=1e-12)
    assert found.seebeck == pytest.approx(L[1] / L[0] / 0.3, rel=1e-12)
    assert found.thermal_conductance == pytest.approx((L[2] - L[1] ** 2 / L[0]) / 0.09, rel=1e-11)


def test_landauer_tends_to_davies_linearly():
    dots, off = oqs.QuadraticSystem([[0.1, 0.3], [0.3, 0.4]]), []
    for gamma in (0.004, 0.002, 0.001):
        contacts = [oqs.Contact(oqs.flat(gamma), [1, 0]), oqs.Contact(oqs.flat(gamma), [0, 1])]
        exact = oqs.linear_response(oqs.landauer(dots, contacts, accuracy=1e-10), 0.2, 0.05)
        weak = oqs.linear_response(oqs.davies(dots, contacts), 0.2, 0.05)
        assert exact.asymmetry < 1e-9
        off.append(weak.conductance / exact.conductance - 1)
    assert off[0] / off[1] == pytest.approx(2, rel=0.05)
    assert off[1] / off[2] == pytest.approx(2, rel=0.03)


def test_a_contact_that_touches_nothing_conducts_nothing():
    dots = oqs.QuadraticSystem.from_energies([0.3])
    law = oqs.closed_form(dots, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.0))])
    found = oqs.linear_response(law, 0.2, 0.0)
    assert found.conductance == 0.0
    assert np.isnan(found.seebeck)


def test_results_show_themselves_and_make_tables():
    found = oqs.linear_response(anderson(), 0.2, 0.05)
    assert repr(found).startswith("Linear response of 2 reservoirs")
    assert not found.onsager.flags.writeable
    table = found.to_dataset()
    assert float(table.ZT) == found.ZT
    assert table.onsager.sel(flow="heat", affinity="particle").shape == (2, 2)
    model, _, _ = random_interacting(36, 2, 3)
    assert oqs.linear_response(model, 0.5, 0).to_dataset().ZT.dims == ("reservoir", "driven")


def test_bad_arguments_are_refused_in_one_sentence():
    model = anderson()
    with pytest.raises(ValueError, match=r"Argument `T` must be the same for all reservoirs"):
        oqs.linear_response(model, [0.2, 0.3], 0.0)
    with pytest.raises(ValueError, match=r"Argument `mu` must be a number or have shape \(2,\)"):
        oqs.linear_response(model, 0.2, [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"Argument `T` must be positive"):
        oqs.linear_response(model, -0.2, 0.0)
    with pytest.raises(TypeError, match=r"which has no `jacobian`"):
        oqs.linear_response(lambda T, mu: None, 0.2, 0.0)
    found = oqs.linear_response(model, [0.2, 0.2], 0.0)
    with pytest.raises(ValueError, match=r"Argument `q` must be another reservoir"):
        found.pair(0, -2)
    with pytest.raises(IndexError, match=r"Argument `j` must be an index below 2"):
        found.pair(2, 0)


@pytest.mark.parametrize("n", [2, 3])
def test_a_batch_is_its_points(n):
    contacts = [oqs.Contact(oqs.flat(g), name=f"r{g}") for g in (0.01, 0.03, 0.02)[:n]]
    models = (
        oqs.davies(oqs.anderson_dot(-0.4, U=1.2), contacts),
        oqs.perlind(oqs.QuadraticSystem([[0.1, 0.02], [0.02, 0.2]]), contacts),
    )
    T, mu = np.linspace(0.1, 0.4, 3)[:, None, None], np.linspace(-0.2, 0.3, 2)[:, None]
    for model in models:
        found = oqs.linear_response(model, T, mu)
        assert found.onsager.shape == (3, 2, 2, 2, n, n)
        table = found.to_dataset()
        assert table.ZT.dims[:2] == ("batch_0", "batch_1")
        assert len(repr(found).splitlines()) <= 3
        for i, k in np.ndindex(3, 2):
            one = oqs.linear_response(model, float(T[i, 0, 0]), float(mu[k, 0]))
            np.testing.assert_allclose(found.onsager[i, k], one.onsager, rtol=1e-13, atol=1e-18)
            for name in ("conductance", "seebeck", "peltier", "thermal_conductance", "ZT"):
                mine, exact = getattr(found, name)[i, k], getattr(one, name)
                np.testing.assert_allclose(mine, exact, rtol=1e-9)
                np.testing.assert_array_equal(table[name][i, k], mine)
            assert found.asymmetry[i, k] == pytest.approx(one.asymmetry, abs=1e-14)


def test_a_batch_must_have_one_value_for_all_reservoirs():
    with pytest.raises(ValueError, match="`T` must be the same for all reservoirs"):
        oqs.linear_response(anderson(), [[0.2, 0.2], [0.2, 0.3]], 0.0)
    with pytest.raises(ValueError, match="`mu` must be a number"):
        oqs.linear_response(anderson(), 0.2, [[0.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="`T`"):
        oqs.linear_response(anderson(), [[0.2], [-0.1]], 0.0)


@pytest.mark.parametrize("T", [0.4, np.array([[0.3], [0.8]])])
def test_at_equilibrium_no_flow_answers_to_a_rate(T):
    import qutip

    def made(T_0):
        first = lambda w, T, mu: 0.01 * w * T**2  # noqa: E731
        if T_0:
            first = oqs.temperature_scaled(oqs.ohmic(0.01), 2.0, T_0)
        baths = [oqs.BosonicContact(s, qutip.sigmax()) for s in (first, oqs.ohmic(0.02))]
        return oqs.davies(oqs.OperatorSystem(0.5 * qutip.sigmaz()), baths)

    found = oqs.linear_response(made(1.0), T).onsager
    np.testing.assert_allclose(oqs.linear_response(made(0), T).onsager, found, rtol=1e-12)
    law, step = oqs.flow_law(made(1.0)), 1e-4
    for t, onsager in zip(np.ravel(T), found.reshape(-1, 2, 2, 2, 2), strict=True):
        up, down = law([t + step, t]).energy, law([t - step, t]).energy
        slope = (up - down) / (2 * step)
        np.testing.assert_allclose(onsager[1, 1, :, 0], t**2 * slope, rtol=1e-6)


@pytest.mark.parametrize("T", [0.2, [[0.2], [0.3]]])
@pytest.mark.parametrize("interacting", [False, True])
def test_a_response_that_symmetry_forbids_is_zero_and_no_ratio_of_rounding(T, interacting):
    h = np.array([[1.0, 0.3], [0.3, 1.0]])
    system = oqs.InteractingSystem.from_terms(h) if interacting else oqs.QuadraticSystem(h)
    contacts = [oqs.Contact(oqs.flat(0.01), own) for own in ([0.1, 0.1], [0.1, -0.1])]
    response = oqs.linear_response(oqs.davies(system, contacts), T, 0.3)
    assert not np.any(response.onsager)
    assert np.all(np.isnan(response.seebeck))
    assert np.all(np.isnan(response.ZT))


def test_a_response_far_below_that_of_other_levels_stays():
    # a cold level far above mu beside none: gross rates are as small
    system = oqs.QuadraticSystem.from_energies([1.0])
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    response = oqs.linear_response(oqs.davies(system, contacts), 0.01, 0.0)
    exact = oqs.linear_response(oqs.closed_form(system, contacts), 0.01, 0.0)
    assert 0 < response.conductance < 1e-40
    assert response.conductance == pytest.approx(exact.conductance, rel=1e-10)
