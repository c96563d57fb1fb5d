"""Finite bosonic baths joined by spins, oscillators, or dots that shake phonons."""

import math

import numpy as np
import pytest
import qutip

import oqs
import thermo

NAMES = ("cold", "middle", "hot")
T = np.array([0.4, 0.6, 1.0])


def baths(*capacities):
    return [thermo.Reservoir(thermo.BoseGas(3), c) for c in capacities]


def oscillator(levels, rates, w=1.0):
    """A truncated oscillator whose a + a^+ three baths feel, with J(w) = g_j."""
    a = qutip.destroy(levels)
    system = oqs.OperatorSystem(w * a.dag() * a)
    return oqs.davies(
        system,
        [
            oqs.BosonicContact(oqs.flat(g), a + a.dag(), name=name)
            for g, name in zip(rates, NAMES, strict=True)
        ],
    )


class ClosedForm:
    """J_j = w g_j (n_j - nbar) of an oscillator without end."""

    batched, names = True, NAMES

    def __init__(self, rates, w=1.0):
        self.rates, self.w = np.array(rates), w

    def __call__(self, T, mu=None):
        n = 1 / np.expm1(self.w / np.asarray(T))
        mean = (n @ self.rates / self.rates.sum())[..., None]
        zero = np.zeros(n.shape)
        return oqs.Flows.of(zero, self.w * self.rates * (n - mean), zero, names=NAMES)


def test_flows_of_a_truncated_oscillator_tend_to_the_closed_form():
    rates = (0.01, 0.0002, 0.005)
    exact = ClosedForm(rates)(T)
    off = [
        np.max(np.abs(oqs.flow_law(oscillator(levels, rates))(T).energy - exact.energy))
        for levels in (8, 16, 32)
    ]
    assert off[0] > 1e2 * off[1] > 1e4 * off[2]
    assert off[2] < 1e-13


@pytest.mark.parametrize(
    ("rates", "capacities", "crossing", "extremum"),
    [
        ((1e-2, 2e-4, 1e-2), (0.3, 1, 1), (0, 1), "T maximum"),  # the middle one is the coldest
        ((1e-2, 2e-4, 1e-2), (1, 1, 0.1), (1, 2), "T minimum"),  # ... the hottest
    ],
)
def test_an_intermediate_bath_becomes_coldest_or_hottest(rates, capacities, crossing, extremum):
    path = thermo.evolve(ClosedForm(rates), baths(*capacities), T)
    truncated = thermo.evolve(oqs.flow_law(oscillator(24, rates)), baths(*capacities), T)
    many = thermo.evolve_ensemble(ClosedForm(rates), baths(*capacities), T)
    assert [e.reservoirs for e in path.crossings] == [crossing]
    other = crossing[0] if crossing == (0, 1) else crossing[1]
    assert (extremum, (other,)) in [(e.kind, e.reservoirs) for e in path.extrema]
    when = path.crossings[0].time
    after = path.at(2 * when).T
    assert np.argmin(after) == 1 if crossing == (0, 1) else np.argmax(after) == 1
    for one in (path.T[-1], truncated.T[-1], many.T[0]):
        np.testing.assert_allclose(one, path.equilibrium.T, rtol=1.1e-6)
    times = np.geomspace(1, path.t[-1] * 0.9, 20)
    np.testing.assert_allclose(truncated.at(times).T, path.at(times).T, rtol=1e-6)
    total = sum(c * t**4 for c, t in zip(capacities, T, strict=True))
    assert pytest.approx((total / sum(capacities)) ** 0.25, rel=1e-14) == path.equilibrium.T


def test_oscillators_without_end():
    """`oqs.closed_form` of QuadraticBosons is the law of an oscillator that is not truncated."""
    rates, members = (1e-2, 2e-4, 1e-2), baths(0.3, 1, 1)
    contacts = [
        oqs.BosonicContact(oqs.flat(g), [1], name=name)
        for g, name in zip(rates, NAMES, strict=True)
    ]
    law = oqs.closed_form(oqs.QuadraticBosons([[1.0]]), contacts)
    path, exact = (thermo.evolve(each, members, T) for each in (law, ClosedForm(rates)))
    times = np.geomspace(1, path.t[-1], 20)
    np.testing.assert_allclose(path.at(times).T, exact.at(times).T, rtol=1e-8)
    wrong = [thermo.Reservoir(thermo.FermiDiracGas(1.5)), *members[1:]]
    with pytest.raises(ValueError, match="contact 'cold' is bosonic and its gas FermiDiracGas"):
        thermo.evolve(law, wrong, T, [5.0, 0, 0])
    linked = thermo.with_links(law, {("cold", "hot"): 1e-3})
    with pytest.raises(ValueError, match="contact 'cold' is bosonic and its gas FermiDiracGas"):
        thermo.evolve(linked, wrong, T, [5.0, 0, 0])
    fermions = oqs.closed_form(
        oqs.QuadraticSystem.from_energies([1.0]), [oqs.Contact(oqs.flat(1e-2))] * 3
    )
    with pytest.raises(ValueError, match="must hold a gas of fermions where particles"):
        thermo.evolve(fermions, members, T)


def test_a_refrigerator_and_its_events_near_the_end():
    """At the end flows are rounded at 1e-8 of themselves; events are confirmed all the same."""
    fridge = oqs.absorption_refrigerator(1.0, 3.0, 0.05)
    contacts = [
        oqs.BosonicContact(oqs.flat(0.01), oqs.on_factor(fridge, k, qutip.sigmax()))
        for k in range(3)
    ]
    path = thermo.evolve(
        oqs.flow_law(oqs.davies(fridge, contacts)), baths(1, 1, 1), [1.0, 6.0, 1.5]
    )
    assert path.outcome == "equilibrated"
    assert [(e.kind, e.reservoirs) for e in path.extrema] == [
        ("T minimum", (0,)),
        ("T maximum", (2,)),
    ]
    cooled, warmed = (event.value for event in path.extrema)
    # w_c/T_c + w_h/T_h = (w_c + w_h)/T_m where the cold bath is coldest: the flow turns
    turning = path.at(path.extrema[0].time).T
    assert 1 / turning[0] + 3 / turning[1] == pytest.approx(4 / turning[2], rel=1e-2)
    assert cooled < 0.55
    assert warmed > path.equilibrium.T
    assert path.conservation.energy < 1e-11


def spins(seed):
    """A random chain of two or three qubits, fields and couplings generic, and three baths."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 4))
    sx, sz, one = qutip.sigmax(), qutip.sigmaz(), qutip.qeye(2)

    def at(op, k):
        return qutip.tensor([op if j == k else one for j in range(n)])

    H = sum(float(rng.uniform(0.5, 2)) * at(sz, k) / 2 for k in range(n))
    H += sum(float(rng.uniform(0.1, 0.5)) * at(sx, k) * at(sx, k + 1) for k in range(n - 1))
    contacts = [
        oqs.BosonicContact(oqs.ohmic(float(rng.uniform(1e-3, 1e-2))), at(sx, k % n), name=NAMES[k])
        for k in range(3)
    ]
    return oqs.davies(oqs.OperatorSystem(H), contacts), rng


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), 2, 3])
def test_random_spins_lead_to_one_equilibrium_by_every_route(seed):
    model, rng = spins(seed)
    members = [
        thermo.Reservoir(gas, float(c))
        for gas, c in zip(
            (thermo.BoseGas(3), thermo.DebyeSolid(2.0), thermo.BoseGas(1.5)),
            rng.uniform(200, 500, 3),
            strict=True,
        )
    ]
    start = rng.uniform(0.3, 1.5, 3)
    law = oqs.flow_law(model)
    path = thermo.evolve(law, members, start)
    many = thermo.evolve_ensemble(law, members, start)
    rho = oqs.stationary_state(model, start, np.zeros(3))
    joint = thermo.coevolve(model, members, rho, start)
    assert path.outcome == many.outcome[0] == joint.outcome == "equilibrated"
    np.testing.assert_allclose(path.T[-1], path.equilibrium.T, rtol=1.01e-6)
    np.testing.assert_allclose(many.T[0], path.equilibrium.T, rtol=1.1e-6)
    # what the system takes, over capacities of hundreds
    np.testing.assert_allclose(joint.T[-1], path.equilibrium.T, rtol=1e-2)
    np.testing.assert_allclose(joint.T[-1], joint.equilibrium.T, rtol=1.01e-6)
    times = np.geomspace(0.01, 0.9, 6) * min(path.t[-1], joint.t[-1])
    np.testing.assert_allclose(joint.at(times).T, path.at(times).T, rtol=1e-2)
    assert joint.conservation.energy < 1e-7
    assert joint.conservation.number == 0
    assert joint.entropy_production.min() >= 0
    assert np.isnan(joint.mu).all()
    assert np.diff(path.entropy.sum(axis=1)).min() > -1e-9
    assert np.diff(joint.total_entropy).min() > -1e-6


def test_coevolution_begins_with_the_system_alone_out_of_equilibrium():
    """An excited qubit warms its baths; at T_eq it is in the Gibbs state."""
    model, _ = spins(1)
    members = baths(20.0, 20.0, 20.0)
    dimension = model.system.spectrum.dimension
    dims = model.system.dims
    top = qutip.Qobj(np.diag(np.eye(dimension)[0]), dims=dims)
    path = thermo.coevolve(model, members, top, [0.5, 0.5, 0.5])
    assert path.outcome == "equilibrated"
    assert path.equilibrium.T > 0.5
    assert path.entropy_production.min() >= -1e-12
    H = model.system.hamiltonian
    gibbs = (-H / float(path.equilibrium.T)).expm()
    gibbs /= gibbs.tr()
    assert (path.state(float(path.t[-1])) - gibbs).norm() < 1e-5


def electrons_and_phonons(capacity):
    """Two dots between two leads, and a phonon bath that shakes the hopping between them."""
    system = oqs.QuadraticSystem([[21.1, 0.0], [0.0, 21.5]])
    contacts = [
        oqs.Contact(oqs.power_law(1e-4, 0.5), name="left"),
        oqs.Contact(oqs.power_law(1e-4, 0.5), name="right"),
        oqs.BosonicContact(oqs.ohmic(1e-3), np.array([[0, 1], [1, 0]]), name="phonons"),
    ]
    gas = thermo.FermiDiracGas(1.5)
    members = [thermo.Reservoir(gas, capacity) for _ in range(2)]
    return oqs.davies(system, contacts), [*members, thermo.Reservoir(thermo.BoseGas(3), capacity)]


def test_electrons_and_phonons():
    model, members = electrons_and_phonons(1.0)
    law = oqs.flow_law(model)
    start, mu = [0.6, 1.0, 0.8], [20.8, 16.0, math.nan]
    path = thermo.evolve(law, members, start, mu)
    assert path.outcome == "equilibrated"
    assert not path.flows.particle[:, 2].any()
    assert path.flows.energy[0, 2] != 0
    np.testing.assert_allclose(path.T[-1], path.equilibrium.T, rtol=1.01e-6)
    assert max(path.conservation) < 1e-11
    leaky = thermo.with_links(law, {("left", "phonons"): thermo.HeatLink(1e-6, 5)})
    assert thermo.evolve(leaky, members, start, mu, t_final=1e5).outcome == "t_final"
    joint = thermo.coevolve(
        model, members, oqs.stationary_state(model, start, [20.8, 16, 0]), start, mu, t_final=1e5
    )
    np.testing.assert_allclose(joint.T[-1], path.at(1e5).T, rtol=0.05)
    assert np.isnan(joint.mu[:, 2]).all()


@pytest.mark.parametrize(
    ("place", "gas", "sentence"),
    [
        (2, thermo.FermiDiracGas(1.5), "contact 'phonons' is bosonic and its gas FermiDiracGas"),
        (0, thermo.BoseGas(3), "contact 'left' is fermionic and its gas BoseGas"),
    ],
)
def test_a_gas_of_the_other_kind_is_refused_before_anything_is_computed(place, gas, sentence):
    model, members = electrons_and_phonons(1.0)
    members[place] = thermo.Reservoir(gas)
    mu = [20.8, 16.0, 0.0]
    rho = oqs.stationary_state(model, [0.6, 1.0, 0.8], mu)
    mu = [0.0 if isinstance(r.gas, thermo.BoseGas) else 20.0 for r in members]
    law = oqs.flow_law(model)
    for call in (
        lambda: thermo.evolve(law, members, [0.6, 1.0, 0.8], mu),
        lambda: thermo.evolve_ensemble(law, members, [0.6, 1.0, 0.8], mu),
        lambda: thermo.coevolve(model, members, rho, [0.6, 1.0, 0.8], mu),
        lambda: thermo.evolve(
            thermo.with_links(law, {("left", "right"): 1e-6}), members, [0.6, 1.0, 0.8], mu
        ),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
