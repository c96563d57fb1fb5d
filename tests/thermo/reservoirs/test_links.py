"""Direct links between reservoirs: what they carry, keep and produce, and what is refused."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

import oqs
import thermo

SYSTEM = oqs.QuadraticSystem.from_energies([21.1, 21.5])
NAMED = [oqs.Contact(oqs.power_law(1e-4, 0.5), name=name) for name in ("cold", "hot")]
LAW = oqs.closed_form(SYSTEM, NAMED)
T, MU = np.array([0.6, 1.0, 0.8, 0.5]), np.array([20.8, 16.0, 0.0, 0.0])
GAS = thermo.FermiDiracGas(1.5)
LINKS = {("cold", "phonons"): thermo.HeatLink(1e-6, 5), ("phonons", "substrate"): 3e-6}


def reservoirs():
    gases = [GAS, GAS, thermo.BoseGas(3), thermo.DebyeSolid(2.0)]
    return [thermo.Reservoir(gas) for gas in gases]


def slow_flows(T, mu):
    """The sum written out, for one state."""
    flows = LAW(T[:2], mu[:2])
    energy = np.array([*flows.energy, 0.0, 0.0])
    cooling, leak = 1e-6 * (T[0] ** 5 - T[2] ** 5), 3e-6 * (T[2] - T[3])
    energy += [cooling, 0.0, leak - cooling, -leak]
    return oqs.Flows.of([*flows.particle, 0.0, 0.0], energy, mu)


def test_flows_are_those_of_the_law_and_of_the_links():
    law = thermo.with_links(LAW, LINKS)
    assert law.names == ("cold", "hot", "phonons", "substrate")
    assert law.batched
    rng = np.random.default_rng(0)
    many = T * rng.uniform(0.5, 2, (20, 4)), MU + [1, 1, 0, 0] * rng.normal(size=(20, 4))
    together = law(*many)
    for k, (t, m) in enumerate(zip(*many, strict=True)):
        exact = slow_flows(t, m)
        for kind in ("particle", "energy", "heat"):
            np.testing.assert_allclose(
                getattr(law(t, m), kind), getattr(exact, kind), rtol=1e-13, atol=1e-16
            )
            np.testing.assert_allclose(
                getattr(together, kind)[k], getattr(law(t, m), kind), rtol=1e-13, atol=1e-16
            )
        plain = law.scalar_flows()(t.tolist(), m.tolist())
        np.testing.assert_allclose(plain[0], exact.particle, rtol=1e-9, atol=1e-18)
        np.testing.assert_allclose(plain[1], exact.energy, rtol=1e-9, atol=1e-18)
        assert abs(exact.energy.sum()) < 1e-17
        assert oqs.clausius_sum(law(t, m), t) <= 0
    assert not hasattr(law, "gross")  # Eq. (10) has no rounding to judge
    full = thermo.with_links(oqs.flow_law(oqs.davies(SYSTEM, NAMED)), LINKS)
    assert np.all(full.gross(T, MU).energy >= np.abs(full(T, MU).energy))
    np.testing.assert_allclose(law.heat_of_links(T), [1e-6 * (0.6**5 - 0.8**5), 3e-6 * 0.3])
    again = pickle.loads(pickle.dumps(law))
    np.testing.assert_array_equal(again(T, MU).energy, law(T, MU).energy)


def test_jacobian_is_that_of_differences():
    law = thermo.with_links(LAW, LINKS)
    found = law.jacobian(T, MU)
    many = law.jacobian(np.stack([T, 2 * T]), np.stack([MU, MU]))
    for j in range(4):
        for name, step in (("T", 1e-5), ("mu", 1e-5)):
            shift = step * np.eye(4)[j]
            if name == "mu" and j > 1:
                continue  # no mu
            up = law(T + shift, MU) if name == "T" else law(T, MU + shift)
            down = law(T - shift, MU) if name == "T" else law(T, MU - shift)
            for kind in ("particle", "energy", "heat"):
                exact = (getattr(up, kind) - getattr(down, kind)) / (2 * step)
                column = getattr(found, f"{kind}_{name}")[:, j]
                np.testing.assert_allclose(column, exact, rtol=1e-6, atol=1e-11)
                np.testing.assert_allclose(getattr(many, f"{kind}_{name}")[0, :, j], column)
    free = thermo.with_links(None, {("a", "b"): 2.0}).jacobian([1.0, 2.0], [0, 0])
    np.testing.assert_array_equal(free.heat_T, [[2.0, -2.0], [-2.0, 2.0]])
    assert not hasattr(thermo.with_links(LAW, {("cold", "x"): lambda a, b: a - b}), "jacobian")


def test_every_route_evolves_them_alike():
    law = thermo.with_links(LAW, LINKS)
    path = thermo.evolve(law, reservoirs(), T, MU)

    def plain(T, mu):
        return slow_flows(np.asarray(T), np.asarray(mu))

    slow = thermo.evolve(plain, reservoirs(), T, MU, events=False)
    many = thermo.evolve_ensemble(law, reservoirs(), T, MU)
    goal = thermo.equilibrium(reservoirs(), T, MU)
    assert path.outcome == slow.outcome == many.outcome[0] == "equilibrated"
    assert path.names == law.names
    times = np.geomspace(1.0, min(path.t[-1], slow.t[-1]), 30)
    np.testing.assert_allclose(path.at(times).T, slow.at(times).T, rtol=1e-8)
    np.testing.assert_allclose(many.T[0], goal.T, rtol=1.1e-6)
    assert max(path.conservation) < 1e-12
    assert np.diff(path.entropy.sum(axis=1)).min() > -1e-11


def test_links_alone_and_a_fermionic_reservoir_that_is_only_heated():
    law = thermo.with_links(None, {("a", "b"): 1e-3, ("b", "c"): thermo.HeatLink(1e-3, 4)})
    members = [thermo.Reservoir(g) for g in (thermo.BoseGas(3), GAS, thermo.DebyeSolid(1.0))]
    path = thermo.evolve(law, members, [2.0, 1.0, 0.5], [0, 5.0, 0])
    assert path.outcome == "equilibrated"
    np.testing.assert_allclose(path.N[:, 1], path.N[0, 1], rtol=1e-12)
    np.testing.assert_allclose(path.T[-1], path.equilibrium.T, rtol=1.01e-6)
    assert law([2.0, 1.0, 0.5]).energy == pytest.approx(law([2.0, 1.0, 0.5], [0, 5, 0]).energy)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_linear_link_between_constant_heat_capacities(scale):
    table = thermo.TabulatedHeatCapacity(scale * np.geomspace(0.1, 10, 5), np.full(5, 2.0))
    law = thermo.with_links(None, {("a", "b"): 1e-3 * scale})
    path = thermo.evolve(
        law, [thermo.Reservoir(table), thermo.Reservoir(table, 3.0)], [2 * scale, scale]
    )
    decay = scale * np.exp(-1e-3 * scale * (1 / 2 + 1 / 6) * path.t)
    np.testing.assert_allclose(path.T[:, 0] - path.T[:, 1], decay, atol=1e-10 * scale)


def wired():
    """A wire beside the dots, and phonons: all kinds of links at once."""
    return thermo.with_links(LAW, {("hot", "lead"): thermo.OhmicLink(0.02), **LINKS})


def test_a_wire_is_landauers_integral_of_a_constant_transmission():
    """P = G int (f_a - f_b) dE, J = G int E (f_a - f_b) dE, over all energies."""
    E, step = np.linspace(-60.0, 80.0, 400_001, retstep=True)
    rng = np.random.default_rng(1)
    wire = thermo.with_links(None, {("a", "b"): thermo.OhmicLink(0.3)})
    for _ in range(5):
        t, m = rng.uniform(0.2, 1.5, 2), rng.uniform(5, 15, 2)
        f = 1 / (1 + np.exp(np.clip((E - m[:, None]) / t[:, None], -700, 700)))
        flows = wire(t, m)
        P, J = (0.3 * step * np.sum(w * (f[0] - f[1])) for w in (np.ones_like(E), E))
        assert flows.particle == pytest.approx([P, -P], rel=1e-9)
        assert flows.energy == pytest.approx([J, -J], rel=1e-9)
        assert flows.heat == pytest.approx(flows.energy - m * flows.particle, rel=1e-10)
        assert oqs.clausius_sum(flows, t) < 0
    assert not wire([0.5, 0.5], [1.0, 1.0]).heat.any()
    with pytest.raises(ValueError, match="`mu` must be given, for link of 'a' to 'b'"):
        wire([1.0, 1.0])
    with pytest.raises(ValueError, match="`conductance` must be >= 0"):
        thermo.OhmicLink(-1.0)


def test_wires_in_every_route():
    law = wired()
    members = [thermo.Reservoir(GAS)] * 3 + [thermo.Reservoir(thermo.BoseGas(3))] * 2
    t, m = np.array([0.6, 1.0, 0.9, 0.8, 0.5]), np.array([20.8, 16.0, 17.0, 0.0, 0.0])
    assert law.names == ("cold", "hot", "lead", "phonons", "substrate")
    plain = law.scalar_flows()(t.tolist(), m.tolist())
    np.testing.assert_allclose(plain[0], law(t, m).particle, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(plain[1], law(t, m).energy, rtol=1e-9, atol=1e-15)
    beside = law(t, m).heat[1] - LAW(t[:2], m[:2]).heat[1]
    np.testing.assert_allclose(law.heat_of_links(t, m)[0], beside, rtol=1e-10)
    found = law.jacobian(t, m)
    for j in range(3):
        for name in ("T", "mu"):
            shift = 1e-5 * np.eye(5)[j]
            ends = [
                law(t + s * shift, m) if name == "T" else law(t, m + s * shift) for s in (1, -1)
            ]
            for kind in ("particle", "energy", "heat"):
                exact = (getattr(ends[0], kind) - getattr(ends[1], kind)) / 2e-5
                column = getattr(found, f"{kind}_{name}")[:, j]
                np.testing.assert_allclose(column, exact, rtol=1e-6, atol=1e-9)
    path = thermo.evolve(law, members, t, m)
    many = thermo.evolve_ensemble(law, members, t, m)
    goal = thermo.equilibrium(members, t, m)
    assert path.outcome == many.outcome[0] == "equilibrated"
    np.testing.assert_allclose(path.T[-1], goal.T, rtol=1.1e-6)
    np.testing.assert_allclose(many.mu[0, :3], goal.mu, rtol=1.1e-6)
    assert max(path.conservation) < 1e-11
    wire = {("hot", "lead"): thermo.OhmicLink(0.02)}
    full = thermo.with_links(oqs.flow_law(oqs.davies(SYSTEM, NAMED)), wire)
    assert np.all(full.gross(t[:3], m[:3]).heat >= np.abs(full(t[:3], m[:3]).heat))
    wrong = [members[k] for k in (0, 1, 3, 2, 4)]
    with pytest.raises(ValueError, match="must hold a gas of fermions where particles"):
        thermo.evolve(law, wrong, t, [20.8, 16.0, 0.0, 5.0, 0.0])


def test_names_may_order_further_reservoirs():
    law = thermo.with_links(LAW, LINKS, names=["cold", "hot", "substrate", "phonons", "apart"])
    assert law.names == ("cold", "hot", "substrate", "phonons", "apart")
    assert law.contacts == 2
    assert law(np.ones(5), [20.0, 20.0, 0, 0, 0]).energy[4] == 0


def test_no_conductance_is_no_link():
    law = thermo.with_links(None, {("a", "b"): 0})
    assert not law([1.0, 2.0]).energy.any()
    members = [thermo.Reservoir(thermo.BoseGas(3)) for _ in range(2)]
    assert thermo.evolve(law, members, [1.0, 2.0]).outcome == "stalled"


def test_audit_and_machines_know_them():
    model = oqs.davies(SYSTEM, NAMED)
    law = thermo.with_links(oqs.flow_law(model), LINKS)
    assert law.model is model
    path = thermo.evolve(law, reservoirs(), T, MU, t_final=1e5)
    rows = {row.name: row for row in path.audit.assumptions}
    bare = thermo.evolve(oqs.flow_law(model), reservoirs()[:2], T[:2], MU[:2], t_final=1e5)
    assert set(rows) == {row.name for row in bare.audit.assumptions}
    assert thermo.device(law(T, MU), T, [20.8, 16.0, math.nan, math.nan]).entropy_production > 0


def test_names_of_a_law_that_knows_none():
    anonymous = oqs.closed_form(SYSTEM, [oqs.Contact(oqs.flat(1e-4))] * 2)
    law = thermo.with_links(anonymous, {("b", "c"): 1e-3}, names=["a", "b"])
    assert law.names == ("a", "b", "c")
    with pytest.raises(ValueError, match="`names` must name the reservoirs"):
        thermo.with_links(anonymous, {("b", "c"): 1e-3})
    with pytest.raises(ValueError, match="must begin with the names"):
        thermo.with_links(LAW, {("b", "c"): 1e-3}, names=["cold", "other"])
    with pytest.raises(ValueError, match="must hold different texts"):
        thermo.with_links(anonymous, {("b", "c"): 1e-3}, names=["a", "a"])


@pytest.mark.parametrize(
    ("links", "error", "sentence"),
    [
        ({}, TypeError, "must be a dictionary"),
        ([("a", "b")], TypeError, "must be a dictionary"),
        ({"ab": 1.0}, TypeError, "pairs of names as keys, but has 'ab'"),
        ({(0, 1): 1.0}, TypeError, "pairs of names as keys"),
        ({("a", "a"): 1.0}, ValueError, "join two reservoirs, each pair once"),
        ({("a", "b"): 1.0, ("b", "a"): 2.0}, ValueError, "in both orders"),
        ({("a", "b"): "much"}, TypeError, "conductances or functions"),
        ({("a", "b"): True}, TypeError, "conductances or functions"),
        ({("a", "b"): -1.0}, ValueError, r"conductances >= 0, .* for \('a', 'b'\) holds -1.0"),
        ({("a", "b"): math.inf}, ValueError, "holds inf"),
    ],
)
def test_bad_links(links, error, sentence):
    with pytest.raises(error, match=sentence):
        thermo.with_links(None, links)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (lambda a, b: 1e-3 * (b - a), "from hot to cold, but carries -0.001 from T = 2.0 to T = 1"),
        (lambda a, b: 0 * a + 1e-3, "from hot to cold"),
        (lambda a, b: a * math.nan, "from hot to cold, but carries nan"),
        (lambda a, b: np.zeros(7), "array of the shape"),
    ],
)
def test_a_link_that_breaks_the_second_law_is_refused(link, sentence):
    law = thermo.with_links(None, {("a", "b"): link})
    with pytest.raises(ValueError, match=sentence):
        law([[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]])


def test_bad_temperatures():
    law = thermo.with_links(LAW, LINKS)
    with pytest.raises(ValueError, match=r"must have shape \(..., 4\), one entry for each of cold"):
        law([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="`T` must be positive"):
        law([1.0, 2.0, -1.0, 1.0], MU)
    with pytest.raises(ValueError, match="`exponent` must be positive"):
        thermo.HeatLink(1.0, exponent=-1)
    with pytest.raises(TypeError, match="`law` must be callable"):
        thermo.with_links(3, LINKS)


@pytest.mark.parametrize(
    ("mu", "error", "sentence"),
    [
        ([1.0], ValueError, r"`mu` must have shape \(..., 2\), but has shape \(1,\)"),
        ([1.0, 2.0, 3.0], ValueError, r"`mu` must have shape \(..., 2\), but has shape \(3,\)"),
        ([1.0, math.nan], ValueError, "`mu` must be finite"),
        (["a", "b"], TypeError, "`mu` must hold real numbers, but holds text"),
    ],
)
def test_bad_potentials(mu, error, sentence):
    links = {("cold", "hot"): thermo.OhmicLink(0.1)}
    for law in (None, LAW):
        with pytest.raises(error, match=sentence):
            thermo.with_links(law, links)([1.0, 2.0], mu)


def test_a_name_that_is_mistyped_adds_a_reservoir_and_that_is_said():
    law = thermo.with_links(LAW, {("cold", "hto"): 1.0})
    members = [thermo.Reservoir(GAS, name=name) for name in ("cold", "hot")]
    sentence = r"each of the 3 of the law \(cold, hot, hto\), but holds 2.*names in its links"
    for evolve in (thermo.evolve, thermo.evolve_ensemble):
        with pytest.raises(ValueError, match=sentence):
            evolve(law, members, [1.0, 2.0], [9.0, 9.0])
    unnamed = oqs.closed_form(SYSTEM, [oqs.Contact(oqs.flat(1e-4))] * 2)
    with pytest.raises(ValueError, match="`names` must name all 2 reservoirs of the law"):
        thermo.with_links(unnamed, {("a", "b"): 1e-3}, names=["a"])


def test_a_gas_of_the_other_kind_is_refused():
    """By what a model says of its contacts, before anything is computed."""

    @dataclasses.dataclass
    class Kinds:
        bosonic: np.ndarray

        def __call__(self, T, mu):
            return oqs.Flows.of(np.zeros(2), np.zeros(2), mu)

    members = [thermo.Reservoir(GAS, name="metal"), thermo.Reservoir(thermo.BoseGas(3), name="b")]
    thermo.evolve(Kinds(np.array([False, True])), members, [1.0, 1.0], [9.0, 0.0], t_final=1.0)
    with pytest.raises(ValueError, match="contact 'metal' is bosonic and its gas FermiDiracGas"):
        thermo.evolve(Kinds(np.array([True, True])), members, [1.0, 1.0], [9.0, 0.0])
    with pytest.raises(ValueError, match="contact 'b' is fermionic and its gas BoseGas"):
        thermo.evolve(Kinds(np.array([False, False])), members, [1.0, 1.0], [9.0, 0.0])
