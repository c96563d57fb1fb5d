"""Derivatives of the flows: against 60 digits, against each other, at the edges, and refused."""

import mpmath
import numpy as np
import pytest
from systems import COUPLINGS, SCALES, hermitian, random_case, random_contacts, random_interacting

import oqs
from oqs.stationary.rates.krylov import KrylovProblem
from oqs.stationary.rates.sectors import SectorProblem

KINDS = ("particle_T", "particle_mu", "energy_T", "energy_mu", "heat_T", "heat_mu")
scales = pytest.mark.parametrize("scale", SCALES)


def exact_flows(model, T, mu):
    """P, J, Y (n,) of the populations' rate equation, in mpmath's precision."""
    blocks = model.transitions
    blocks = blocks if hasattr(blocks, "steps") else blocks.blocks()
    size, n = blocks.dimension, len(T)
    matrix, moves = mpmath.zeros(size), []
    for step in blocks.steps:
        rates, frequency = step.rate, step.frequency
        for j, b, a in zip(*np.nonzero(rates), strict=True):
            w, g = mpmath.mpf(float(frequency[b, a])), mpmath.mpf(float(rates[j, b, a]))
            up = g / (mpmath.exp((w - mu[j]) / T[j]) + 1)
            down = g / (mpmath.exp((mu[j] - w) / T[j]) + 1)
            lower, upper = int(step.lower[a]), int(step.upper[b])
            moves.append((j, w, lower, upper, up, down))
            matrix[upper, lower] += up
            matrix[lower, lower] -= up
            matrix[lower, upper] += down
            matrix[upper, upper] -= down
    for a in range(size):
        matrix[0, a] = 1
    p = mpmath.lu_solve(matrix, mpmath.matrix([1] + [0] * (size - 1)))
    flows = [[mpmath.mpf(0)] * n for _ in range(3)]
    for j, w, lower, upper, up, down in moves:
        net = up * p[lower] - down * p[upper]
        for kind, carried in enumerate((1, w, w - mu[j])):
            flows[kind][j] += net * carried
    return flows


def exact_jacobian(model, T, mu, digits=60):
    """The derivatives (6, n, n) by differences with 1e-20 of T, of flows with many digits."""
    n = len(T)
    found = np.empty((6, n, n))
    with mpmath.workdps(digits):
        at = [[mpmath.mpf(float(x)) for x in values] for values in (T, mu)]
        for theta in (0, 1):
            for q in range(n):
                step = at[0][q] * mpmath.mpf(10) ** -20
                sides = []
                for sign in (1, -1):
                    moved = [list(values) for values in at]
                    moved[theta][q] += sign * step
                    sides.append(exact_flows(model, *moved))
                for kind in range(3):
                    for j in range(n):
                        slope = (sides[0][kind][j] - sides[1][kind][j]) / (2 * step)
                        found[2 * kind + theta, j, q] = float(slope)
    return found


def table(jacobian):
    return np.array([getattr(jacobian, kind) for kind in KINDS])


def worst(jacobian, exact):
    """Largest deviation of a kind of derivative, relative to its own largest."""
    size = np.abs(exact).max(axis=(-2, -1), keepdims=True)
    size = np.where(size > 0, size, 1.0)
    return float(np.max(np.abs(table(jacobian) - exact) / size))


@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_quadratic_system_against_60_digits(coupling, scale):
    for sites, reservoirs in ((1, 2), (2, 3), (3, 2)):
        case = random_case(21, sites, reservoirs, scale=scale, coupling=coupling)
        exact = exact_jacobian(case.model, case.T, case.mu)
        laws = [
            oqs.closed_form(case.system, case.contacts),
            oqs.gaussian_law(case.system, case.contacts),
            oqs.flow_law(case.model),
            oqs.flow_law(case.model, method=oqs.ZeroFrequencyBlock()),
            oqs.flow_law(case.model, method=oqs.FullLiouvillian()),
        ]
        for law in laws:
            assert worst(law.jacobian(case.T, case.mu), exact) < 1e-12


@scales
@pytest.mark.parametrize("reservoirs", [2, 3])
def test_an_interacting_system_against_60_digits(reservoirs, scale):
    for sites in (2, 3, 4):
        model, T, mu = random_interacting(22, sites, reservoirs, scale=scale)
        exact = exact_jacobian(model, T, mu)
        assert worst(oqs.flow_law(model).jacobian(T, mu), exact) < 1e-12


def anderson(**options):
    system = oqs.anderson_dot(-0.4, U=1.2)
    contacts = [
        oqs.Contact(oqs.flat(0.01), oqs.spin_channels([1], up=1, down=0.5)),
        oqs.Contact(oqs.flat(options.get("right", 0.02)), oqs.spin_channels([1])),
    ]
    return oqs.davies(system, contacts)


@pytest.mark.parametrize("mu", [(0.0, 0.0), (0.1, -0.1), (0.7, -0.3), (2.0, -2.0)], ids=str)
@pytest.mark.parametrize("cold", [0.3, 0.02, 1e-3])
def test_a_cold_blockaded_dot_keeps_its_digits(cold, mu):
    T, mu = np.array([cold, 1.3 * cold]), np.array(mu)
    exact = exact_jacobian(anderson(), T, mu, digits=900)
    found = oqs.flow_law(anderson()).jacobian(T, mu)
    for q in (0, 1):  # each column on its own: the colder contact's derivatives are e^-100 smaller
        size = np.abs(exact[..., q]).max(axis=1, keepdims=True)
        np.testing.assert_allclose(
            table(found)[..., q], exact[..., q], rtol=0, atol=1e-11 * size.max()
        )


def test_a_far_weaker_contact_keeps_its_digits():
    model = anderson(right=1e-12)
    T, mu = np.array([0.2, 0.3]), np.array([0.1, -0.1])
    exact = exact_jacobian(model, T, mu)
    np.testing.assert_allclose(
        table(oqs.flow_law(model).jacobian(T, mu)), exact, rtol=1e-9, atol=1e-24
    )


@pytest.mark.parametrize("sites", [5, 7])
def test_the_routes_of_many_states_agree_with_60_digits_or_each_other(sites):
    model, T, mu = random_interacting(23, sites, 2)
    law = oqs.flow_law(model)
    by_sectors = SectorProblem.of(model, law.method, model.transitions).jacobian(T, mu)
    assert worst(by_sectors, table(law.jacobian(T, mu))) < 1e-12
    rows = [T, T[::-1], 0.3 * T], [mu, mu, -mu]
    together = law.jacobian(*rows)
    assert together.particle_T.shape == (3, 2, 2)
    for row, at in enumerate(zip(*rows, strict=True)):
        alone = table(law.jacobian(*at))
        np.testing.assert_allclose(
            table(together)[:, row], alone, rtol=0, atol=1e-12 * np.abs(alone).max()
        )


def test_occupation_eigenstates_by_iteration():
    rng = np.random.default_rng(4)
    pairs = {(v, w): rng.uniform(0, 1) for v in range(6) for w in range(v)}
    system = oqs.InteractingSystem.from_terms(np.diag(rng.normal(size=6)), pairs)
    model = oqs.davies(system, random_contacts(rng, 6, 3, 1.0, "every site"))
    T, mu = rng.uniform(0.2, 2, 3), rng.normal(size=3)
    law = oqs.flow_law(model)
    iterated = KrylovProblem(model, law.method, model.transitions).jacobian(T, mu)
    assert worst(iterated, table(law.jacobian(T, mu))) < 1e-11


def test_twelve_interacting_sites_differ_as_the_flows_do():
    rng = np.random.default_rng(5)
    pairs = {(v, w): rng.uniform(0, 1) for v in range(12) for w in range(v)}
    system = oqs.InteractingSystem.from_terms(np.diag(rng.normal(size=12)), pairs)
    law = oqs.flow_law(oqs.davies(system, random_contacts(rng, 12, 2, 1.0, "every site")))
    T, mu, step = np.array([0.5, 0.7]), np.array([0.2, -0.1]), 1e-3
    sides = [law(T, mu + sign * np.array([step, 0])) for sign in (2, 1, -1, -2)]
    found = law.jacobian(T, mu)
    for kind in ("particle", "energy", "heat"):
        far, near, back, farther = (getattr(side, kind) for side in sides)
        slope = (-far + 8 * near - 8 * back + farther) / (12 * step)
        atol = 1e-8 * np.abs(slope).max()
        np.testing.assert_allclose(getattr(found, f"{kind}_mu")[:, 0], slope, rtol=0, atol=atol)


@scales
@pytest.mark.parametrize("levels", [(0.3, 0.3), (0.3, 0.3, 1.1, 1.1)], ids=str)
@pytest.mark.parametrize("shifted", [False, True])
def test_collective_contacts_on_degenerate_levels(levels, scale, shifted):
    sites, rng = len(levels), np.random.default_rng(6)
    u = np.linalg.qr(hermitian(rng, sites))[0]
    system = oqs.QuadraticSystem(scale * (u * levels) @ u.conj().T)
    contacts = [
        oqs.Contact(oqs.flat(0.01 * scale * (j + 1)), rng.normal(size=(2, sites))) for j in range(3)
    ]
    if shifted:
        band = (-3 * scale, 5 * scale)
        contacts = [oqs.Contact(c.rate, c.coupling, band=band) for c in contacts]
    T, mu = scale * rng.uniform(0.2, 2, 3), scale * rng.normal(size=3)
    exact = oqs.gaussian_law(system, contacts, lamb_shift=shifted).jacobian(T, mu)
    model = oqs.davies(system, contacts, lamb_shift=shifted)
    for method in (oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian(), oqs.GaussianState()):
        found = oqs.flow_law(model, method=method).jacobian(T, mu)
        assert worst(found, table(exact)) < 1e-10 if shifted else 1e-12


def test_a_shift_that_depends_on_occupations_is_differentiated():
    """Two interacting degenerate dots whose coherence turns by the temperatures' own shift."""
    system = oqs.InteractingSystem.from_terms(0.3 * np.eye(2), {(0, 1): 0.7})
    contacts = [
        oqs.Contact(oqs.flat(0.01), [1.0, 0.4], band=(-4.0, 5.0)),
        oqs.Contact(oqs.flat(0.02), [0.3, -1.0], band=(-4.0, 5.0)),
    ]
    law = oqs.flow_law(oqs.davies(system, contacts, lamb_shift=True))
    T, mu, step = np.array([0.4, 0.6]), np.array([0.3, -0.2]), 1e-3
    found = law.jacobian(T, mu)
    for theta, name in enumerate(("T", "mu")):
        for q in (0, 1):
            sides = []
            for sign in (2, 1, -1, -2):
                at = [T.copy(), mu.copy()]
                at[theta][q] += sign * step
                sides.append(law(*at).energy)
            slope = (-sides[0] + 8 * sides[1] - 8 * sides[2] + sides[3]) / (12 * step)
            mine = getattr(found, f"energy_{name}")[:, q]
            np.testing.assert_allclose(mine, slope, rtol=0, atol=1e-8 * np.abs(slope).max())


def test_landauer_differs_as_its_flows_do():
    case = random_case(24, 2, 2, coupling="collective")
    contacts = [oqs.Contact(oqs.flat(0.1), c.coupling, name=c.name) for c in case.contacts]
    law = oqs.landauer(case.system, contacts, accuracy=1e-12)
    found = law.jacobian(case.T, case.mu)
    assert found.names == law.names
    step = 1e-3
    for theta, name in enumerate(("T", "mu")):
        for q in (0, 1):
            sides = []
            for sign in (2, 1, -1, -2):
                at = [case.T.copy(), case.mu.copy()]
                at[theta][q] += sign * step
                sides.append(law(*at))
            for kind in ("particle", "energy", "heat"):
                far, near, back, farther = (getattr(side, kind) for side in sides)
                slope = (-far + 8 * near - 8 * back + farther) / (12 * step)
                mine = getattr(found, f"{kind}_{name}")[:, q]
                np.testing.assert_allclose(mine, slope, rtol=0, atol=1e-7 * np.abs(slope).max())


@pytest.mark.parametrize("sites", [1, 3, 5])
def test_particles_and_energy_are_conserved(sites):
    case = random_case(25, sites, 3)
    found = oqs.flow_law(case.model).jacobian(case.T, case.mu)
    for kind in KINDS[:4]:
        columns = getattr(found, kind)
        assert np.abs(columns.sum(axis=0)).max() < 1e-13 * np.abs(columns).max()


def test_one_reservoir_drives_nothing():
    case = random_case(26, 2, 1)
    for law in (oqs.closed_form(case.system, case.contacts), oqs.flow_law(case.model)):
        assert np.all(np.abs(table(law.jacobian(case.T, case.mu))) < 1e-17)


def test_levels_far_from_all_potentials_give_zero():
    model = oqs.davies(oqs.QuadraticSystem.from_energies([50.0]), [oqs.Contact(oqs.flat(0.1))] * 2)
    found = oqs.flow_law(model).jacobian([1e-3, 1e-3], [0.0, 0.1])
    assert np.all(table(found) == 0.0)


def test_batches_have_the_shape_of_the_arguments_and_names_travel():
    case = random_case(27, 2, 2)
    for law in (oqs.closed_form(case.system, case.contacts), oqs.flow_law(case.model)):
        found = law.jacobian(np.ones((3, 1, 2)), np.zeros((4, 2)))
        assert found.heat_mu.shape == (3, 4, 2, 2)
        assert found.names == ("r0", "r1")
        assert not found.heat_mu.flags.writeable


def test_bad_arguments_are_refused_in_one_sentence():
    law = oqs.closed_form(
        oqs.QuadraticSystem.from_energies([1.0]), [oqs.Contact(oqs.flat(0.1))] * 2
    )
    with pytest.raises(ValueError, match=r"Argument `T` must be positive, but holds 0\.0"):
        law.jacobian([0.0, 1.0], [0.0, 0.0])
    with pytest.raises(ValueError, match=r"Argument `mu` must have shape \(\.\.\., 2\)"):
        law.jacobian([1.0, 1.0], [0.0])
    square = np.zeros((2, 2))
    with pytest.raises(ValueError, match=r"Argument `heat_mu` must have shape \(\.\.\., n, n\)"):
        oqs.FlowJacobian(square, square, square, square, square, np.zeros(2))
