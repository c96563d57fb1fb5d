"""Coherent levels in the cold and over many decades of rates, against exact arithmetic."""

import itertools

import mpmath
import numpy as np
import pytest
from systems import SCALES, random_contacts

import oqs

BLOCK, FULL, GAUSSIAN = oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian(), oqs.GaussianState()
DIGITS = 300  # populations of e^-200 beside 1, twice over
scales = pytest.mark.parametrize("scale", SCALES)


class Exact:
    """Stationary state and flows of sites at energy e with repulsion U[v, w], in 300 digits.

    Written from the rule: occupation states are eigenstates, of one level where energies agree.
    """

    def __init__(self, sites, e, U, contacts, T, mu):
        with mpmath.workdps(DIGITS):
            self.states = range(2**sites)
            energy = {}
            for s in self.states:
                filled = [v for v in range(sites) if s & 1 << (sites - 1 - v)]
                pairs = itertools.combinations(filled, 2)
                repulsion = (mpmath.mpf(U.get(pair, U.get(pair[::-1], 0))) for pair in pairs)
                energy[s] = len(filled) * mpmath.mpf(e) + mpmath.fsum(repulsion)
            self.place = {
                pair: i
                for i, pair in enumerate(
                    (a, b)
                    for a, b in itertools.product(self.states, repeat=2)
                    if a.bit_count() == b.bit_count() and energy[a] == energy[b]
                )
            }
            self.jumps = []  # (contact, +1 in or -1 out, rate, {(target, source): amplitude})
            for j, contact in enumerate(contacts):
                gamma = mpmath.mpf(float(contact.rate(np.array([e]))[0]))
                for row in contact.coupling:
                    lowering = {}  # by frequency
                    for v, upper in itertools.product(range(sites), self.states):
                        bit = 1 << (sites - 1 - v)
                        if upper & bit:
                            sign = (-1) ** (upper >> (sites - v)).bit_count()
                            w = energy[upper] - energy[upper - bit]
                            amplitude = sign * mpmath.mpmathify(complex(row[v]))
                            lowering.setdefault(w, {})[upper - bit, upper] = amplitude
                    for w, out in lowering.items():
                        x = (w - mpmath.mpf(float(mu[j]))) / mpmath.mpf(float(T[j]))
                        back = {(b, a): mpmath.conj(z) for (a, b), z in out.items()}
                        self.jumps.append((j, -1, gamma / (mpmath.exp(-x) + 1), out))
                        self.jumps.append((j, +1, gamma / (mpmath.exp(x) + 1), back))
            self.rho = self._kernel()
            self.particle, self.gross = self._flows(len(contacts))

    def _kernel(self):
        size = len(self.place)
        L = mpmath.zeros(size, size)
        for _, _, rate, jump in self.jumps:
            for ((a, b), x), ((c, d), y) in itertools.product(jump.items(), repeat=2):
                value = rate * x * mpmath.conj(y)
                if (a, c) in self.place and (b, d) in self.place:
                    L[self.place[a, c], self.place[b, d]] += value
                if a != c or (b, d) not in self.place:
                    continue
                for s in self.states:  # -(R rho + rho R)/2, R_db = conj(y) x
                    if (d, s) in self.place:
                        L[self.place[d, s], self.place[b, s]] -= value / 2
                        L[self.place[s, b], self.place[s, d]] -= value / 2
        right = mpmath.zeros(size, 1)
        for row in range(1, size):
            largest = max(abs(L[row, column]) for column in range(size))
            for column in range(size):
                L[row, column] /= largest
        for (a, b), column in self.place.items():
            L[0, column] = mpmath.mpf(a == b)  # the trace instead of the empty state's balance
        right[0] = 1
        return mpmath.lu_solve(L, right)

    def _flows(self, contacts):
        net, gross = ([mpmath.mpf(0)] * contacts for _ in range(2))
        for j, sign, rate, jump in self.jumps:
            for ((a, b), x), ((c, d), y) in itertools.product(jump.items(), repeat=2):
                if a == c and (b, d) in self.place:
                    through = (rate * x * mpmath.conj(y) * self.rho[self.place[b, d]]).real
                    net[j] += sign * through
                    gross[j] += through
        return np.array(net, dtype=float), np.array(gross, dtype=float)

    def matrix(self):
        """Return rho as floats, and sqrt(rho_aa rho_bb)."""
        rho = np.zeros((len(self.states),) * 2, dtype=complex)
        for pair, i in self.place.items():
            rho[pair] = complex(self.rho[i])
        return rho, np.sqrt(np.multiply.outer(*[rho.diagonal().real] * 2))


def repelling(seed, *, cold, scale=1.0):
    """Degenerate orbitals with equal repulsion; T of 1e-2 of the gaps, or 12 decades of rates."""
    rng = np.random.default_rng([seed, cold])
    sites, n = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    e, U = rng.uniform(-2, 2), rng.uniform(0.2, 3)
    contacts = []
    for _ in range(n):
        t = rng.normal(size=(2, sites)) + 1j * rng.normal(size=(2, sites))
        rate = 10.0 ** rng.uniform(-3, -1) if cold else 10.0 ** rng.uniform(-12, 0)
        contacts.append(oqs.Contact(oqs.flat(scale * rate), t))
    T = 10 ** rng.uniform(-1.7, -1.2, n) if cold else rng.uniform(0.2, 1.5, n)
    mu = rng.uniform(-2, 2, n)
    equal = dict.fromkeys(itertools.combinations(range(sites), 2), U)
    system = oqs.InteractingSystem.from_terms(
        scale * e * np.eye(sites), {pair: scale * u for pair, u in equal.items()}
    )
    exact = Exact(sites, e, equal, [oqs.Contact(c.rate, c.coupling) for c in contacts], T, mu)
    return oqs.davies(system, contacts), scale * T, scale * mu, exact


@pytest.mark.parametrize("cold", [True, False], ids=["cold", "12 decades"])
@pytest.mark.parametrize("seed", range(8))
def test_each_population_keeps_its_own_precision(seed, cold):
    model, T, mu, exact = repelling(seed, cold=cold)
    rho, size = exact.matrix()
    for method in (BLOCK, FULL):
        found = oqs.stationary_state(model, T, mu, method=method).full()
        assert np.max(np.abs(found - rho)[size > 0] / size[size > 0]) < 1e-9
        assert np.max(np.abs(found[size == 0]), initial=0.0) == 0


@pytest.mark.parametrize("cold", [True, False], ids=["cold", "12 decades"])
@pytest.mark.parametrize("seed", range(8))
def test_flows_are_known_to_rounding_of_their_gross_rates(seed, cold):
    model, T, mu, exact = repelling(seed, cold=cold)
    for method in (BLOCK, FULL):
        flows = oqs.flow_law(model, method=method)(T, mu)
        assert np.all(np.abs(flows.particle - exact.particle) <= 1e-9 * exact.gross)


@scales
def test_the_unit_of_energy_does_not_matter(scale):
    model, T, mu, exact = repelling(3, cold=True, scale=scale)
    for method in (BLOCK, FULL):
        flows = oqs.flow_law(model, method=method)(T, mu)
        assert np.all(np.abs(flows.particle - exact.particle) <= 1e-12 * exact.gross)


def collective(seed, decades):
    """Two or three degenerate modes between contacts with one to three complex channels."""
    rng = np.random.default_rng([seed, 5])
    g, n = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    contacts = []
    for _ in range(n):
        t = rng.normal(size=(int(rng.integers(1, 4)), g, 2)) @ [1, 1j]
        contacts.append(oqs.Contact(oqs.flat(10.0 ** rng.uniform(-decades, 0)), t))
    system = oqs.QuadraticSystem.from_energies(np.full(g, rng.uniform(0.2, 2)))
    return system, contacts, rng.uniform(-1, 1, n), rng


def covariance(system, contacts, T, mu):
    """C and the flows of one degenerate level in 60 digits: {G, C}/2 = sum_j n_j G_j."""
    g, w = system.sites, mpmath.mpf(float(system.energies[0]))
    rates, filled = [], []
    for contact, t, m in zip(contacts, T, mu, strict=True):
        a = mpmath.matrix(contact.coupling.tolist())
        gamma = mpmath.mpf(float(contact.rate(system.energies[:1])[0]))
        rates.append(gamma * (a.H * a))
        filled.append(1 / (mpmath.exp((w - mpmath.mpf(float(m))) / mpmath.mpf(float(t))) + 1))
    total = sum(rates[1:], rates[0])
    one = mpmath.eye(g)
    left = mpmath.zeros(g * g, g * g)
    for a, b, c, d in itertools.product(range(g), repeat=4):
        left[a * g + b, c * g + d] = (total[a, c] * one[b, d] + one[a, c] * total[d, b]) / 2

    def flow(j, q):  # from reservoir q to j when only q is full
        x = mpmath.lu_solve(
            left, mpmath.matrix([rates[q][a, b] for a in range(g) for b in range(g)])
        )
        return sum(rates[j][a, b] * x[b * g + a] for a in range(g) for b in range(g)).real

    n = range(len(contacts))
    P = [mpmath.fsum(flow(j, q) * (filled[j] - filled[q]) for q in n if q != j) for j in n]
    return np.array(P, dtype=float)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("temperature", "decades"), [(1.0, 1), (1e-2, 2), (3e-3, 2), (1.0, 12), (1e-2, 12)]
)
def test_quadratic_flows_keep_their_relative_precision(seed, temperature, decades):
    system, contacts, mu, rng = collective(seed, decades)
    T = temperature * rng.uniform(0.5, 1.5, len(contacts))
    try:
        law = oqs.flow_law(oqs.davies(system, contacts))
    except oqs.NonUniqueStationaryState:
        pytest.skip("fewer channels than modes")
    assert law.method == GAUSSIAN
    with mpmath.workdps(60):
        exact = covariance(system, contacts, T, mu)
    flows = law(T, mu)
    x = np.max(np.abs(system.energies[0] - mu) / T)  # (w - mu)/T is known to 1e-16 of itself
    np.testing.assert_allclose(flows.particle, exact, rtol=1e-12 + 1e-15 * x)
    assert oqs.clausius_sum(flows, T) <= 0


@scales
@pytest.mark.parametrize("levels", [(1, 1), (1, 1, 2), (0, 0, 1), (-1, -1, 1, 1), (1, 1, 1)])
@pytest.mark.parametrize("lamb_shift", [False, True])
def test_the_gaussian_state_is_the_density_matrix(levels, lamb_shift, scale):
    rng = np.random.default_rng([len(levels), 8])
    contacts = [
        oqs.Contact(
            oqs.lorentzian(0.1 * scale, scale * rng.normal(), scale),
            rng.normal(size=(2, len(levels), 2)) @ [1, 1j],
            band=(-20 * scale, 20 * scale),
        )
        for _ in range(3)
    ]
    system = oqs.QuadraticSystem.from_energies(scale * np.array(levels, dtype=float))
    model = oqs.davies(system, contacts, lamb_shift=lamb_shift)
    at = scale * rng.uniform(0.3, 1.5, 3), scale * rng.uniform(-1, 1, 3)
    gaussian = oqs.stationary_state(model, *at)
    assert gaussian.method == GAUSSIAN
    for method in (BLOCK, FULL):
        other = oqs.stationary_state(model, *at, method=method)
        # the shifts' integrals, which each method takes anew, hold to 1e-10
        assert (gaussian - other).norm() < (1e-8 if lamb_shift else 1e-12)
    L = model.liouvillian(*at).full()
    residual = np.abs(L @ gaussian.full().ravel(order="F"))
    assert np.max(residual) < (1e-8 if lamb_shift else 1e-14) * np.max(np.abs(L))


def test_a_cold_gaussian_state_keeps_its_small_populations():
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 0.4j]), oqs.Contact(oqs.flat(0.02), [0.3, 1])]
    system = oqs.QuadraticSystem.from_energies([1.0, 1.0])
    T, mu = np.array([0.02, 0.02]), np.array([-0.1, -0.1])
    rho = oqs.stationary_state(oqs.davies(system, contacts), T, mu).full()
    n = 1 / (np.exp(1.1 / 0.02) + 1)
    np.testing.assert_allclose(rho.diagonal().real, [(1 - n) ** 2, n, n, n * n], rtol=1e-13)


def test_gaussian_states_refuse_interactions_and_split_levels():
    contacts = [oqs.Contact(oqs.flat(0.1), [1, 1]), oqs.Contact(oqs.flat(0.2), [1, 0.5])]
    repelling = oqs.InteractingSystem.from_terms(np.eye(2), {(0, 1): 0.5})
    with pytest.raises(ValueError, match=r"must have a QuadraticSystem, .* Interacting.*Use Zero"):
        oqs.flow_law(oqs.davies(repelling, contacts), method=GAUSSIAN)
    split = oqs.QuadraticSystem.from_energies([1.0, 1.0 + 1e-6])
    model = oqs.davies(split, contacts, resolution=1e-4)
    with pytest.raises(ValueError, match=r"`resolution` = 0\.0001 counts split energies as one"):
        oqs.flow_law(model, method=GAUSSIAN)
    assert oqs.flow_law(model).method == BLOCK


def test_many_degenerate_modes_need_no_fock_space():
    rng = np.random.default_rng(0)
    contacts = random_contacts(rng, 40, 2, 1.0, "collective")
    contacts.append(oqs.Contact(oqs.flat(0.1)))
    system = oqs.QuadraticSystem.from_energies(np.repeat([0.5, 1.0], 20))
    T, mu = [0.3, 0.5, 0.2], [0.1, 0.2, 0.3]
    flows = oqs.flow_law(oqs.davies(system, contacts))(T, mu)
    exact = oqs.gaussian_law(system, contacts)(T, mu)
    np.testing.assert_array_equal(flows.particle, exact.particle)


@pytest.mark.parametrize("mode", ["cold", "12 decades"])
def test_the_second_law_holds_and_nothing_is_refused(mode):
    for seed in range(60):
        rng = np.random.default_rng([seed, 11])
        sites, n = int(rng.integers(2, 4)), int(rng.integers(2, 4))
        U, e = rng.uniform(-1, 3), rng.uniform(-2, 2)
        pairs = {(v, w): U for w in range(sites) for v in range(w)}
        system = oqs.InteractingSystem.from_terms(e * np.eye(sites), pairs)
        strengths = 10 ** rng.uniform(-3 if mode == "cold" else -12, -1, n)
        contacts = [oqs.Contact(oqs.flat(x), rng.normal(size=(sites, sites))) for x in strengths]
        T = 10 ** rng.uniform(-3, 0, n) if mode == "cold" else rng.uniform(0.2, 1.5, n)
        mu = rng.uniform(-2, 2, n)
        flows = oqs.flow_law(oqs.davies(system, contacts), method=BLOCK)(T, mu)
        gross = 1e-14 * np.sum(np.abs(flows.energy) + np.abs(mu * flows.particle)) / np.min(T)
        assert oqs.clausius_sum(flows, T) <= gross


@scales
@pytest.mark.parametrize("U", [0.0, 0.5])
@pytest.mark.parametrize("seed", range(12))
def test_flows_below_the_rounding_of_gross_rates_are_zero(seed, U, scale):
    # two degenerate orbitals, nearly equal reservoirs: rounding would break the second law
    rng = np.random.default_rng(seed)
    T = scale * rng.uniform(0.05, 0.3) * np.array([1.0, 1.0 + 1e-15])
    couplings = rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2))
    contacts = [
        oqs.Contact(oqs.flat(g * scale), t) for g, t in zip((0.01, 0.02), couplings, strict=False)
    ]
    model = oqs.davies(oqs.coupled_dots([scale, scale], U * scale), contacts)
    for method in (oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian()):
        flows = oqs.flow_law(model, method=method)(T, [0.1 * scale] * 2)
        assert not np.any([flows.particle, flows.energy, flows.heat])
        known = oqs.flow_law(model, method=method)(T * [1, 1.5], [0.1 * scale] * 2)
        assert oqs.clausius_sum(known, T * [1, 1.5]) < 0


def mixing_leads(rng):
    """Two channels a contact, which mix four orbitals at random."""
    rows = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    rates = (0.01, 0.02)
    return [oqs.Contact(oqs.flat(g), t) for g, t in zip(rates, np.split(rows, 2), strict=True)]


EQUAL = dict.fromkeys(itertools.combinations(range(4), 2), 0.5)
WITHIN_DOTS = {(0, 1): 0.5, (2, 3): 0.5}


@pytest.mark.parametrize("method", [BLOCK, FULL])
@pytest.mark.parametrize("U", [EQUAL, WITHIN_DOTS], ids=["equal U", "U within dots"])
@pytest.mark.parametrize("seed", [0, 1])
def test_flows_of_states_beside_far_rarer_ones(seed, U, method):
    # populations of 1e-60 are not known to their own precision here, but nothing flows by them
    rng = np.random.default_rng(seed)
    T, mu = rng.uniform(0.02, 0.06, 2), rng.uniform(-0.2, 0.2, 2)
    leads = mixing_leads(rng)
    model = oqs.davies(oqs.InteractingSystem.from_terms(np.eye(4), U), leads)
    exact = Exact(4, 1.0, U, leads, T, mu)
    flows = oqs.flow_law(model, method=method)(T, mu)
    assert np.all(np.abs(flows.particle - exact.particle) <= 1e-13 * exact.gross)


@pytest.mark.parametrize(
    ("T", "mu", "seed"),
    [
        ([0.0221, 0.0204], [0.147, 0.493], 16),
        ([0.0094, 0.0434], [0.050, 0.370], 30),
        ([0.0116, 0.0451], [0.461, 0.104], 2),
    ],
)
def test_flows_where_one_contact_moves_far_less_than_the_other(T, mu, seed):
    # gross rates 1e-7 to 1e-10 apart: the rounding of the larger says nothing of the smaller
    leads = mixing_leads(np.random.default_rng(seed))
    exact = Exact(4, 1.0, WITHIN_DOTS, leads, T, mu)
    law = oqs.flow_law(oqs.davies(oqs.spinful_dots([1, 1], 0, U=0.5), leads))
    assert np.all(np.abs(law(T, mu).particle - exact.particle) <= 1e-13 * exact.gross)


def test_cold_dots_between_mixing_leads_are_not_refused():
    rng = np.random.default_rng(0)
    dots = oqs.spinful_dots([1, 1], 0, U=0.5)
    for _ in range(100):
        law = oqs.flow_law(oqs.davies(dots, mixing_leads(rng)))
        T, mu = 10 ** rng.uniform(-2.7, -1, 2), rng.uniform(0, 2, 2)
        flows = law(T, mu)
        gross = 1e-14 * np.sum(np.abs(flows.energy) + np.abs(mu * flows.particle)) / np.min(T)
        assert oqs.clausius_sum(flows, T) <= gross
