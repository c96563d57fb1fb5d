"""System and reservoirs together: direct links between reservoirs, rates that change with T."""

import numpy as np
import pytest
import qutip

import oqs
import thermo
from oqs.state.states import energy_basis
from thermo.coevolution.joint_flow import JointFlow
from thermo.reservoirs.reservoir import Reservoirs

T = np.array([0.5, 1.0, 0.8])
LINKS = {
    ("cold", "hot"): 2e-6,
    ("hot", "substrate"): thermo.HeatLink(1e-6, exponent=5),
}


def qubit(scaled=False):
    rate = oqs.ohmic(0.01)
    rates = oqs.temperature_scaled(rate, 1.5, 0.5) if scaled else rate, oqs.ohmic(0.02)
    return oqs.davies(
        oqs.OperatorSystem(0.5 * qutip.sigmaz()),
        [
            oqs.BosonicContact(r, qutip.sigmax(), name=name)
            for r, name in zip(rates, ("cold", "hot"), strict=True)
        ],
    )


def gases(capacity):
    names = "cold", "hot", "substrate"
    return [thermo.Reservoir(thermo.BoseGas(3), capacity, name) for name in names]


def electrons():
    dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    leads = [oqs.Contact(oqs.power_law(1e-4, 0.5), name=name) for name in ("cold", "hot")]
    return oqs.davies(dots, leads)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize(
    "links", [LINKS, None, {("hot", "substrate"): lambda a, b: 2e-6 * (a - b)}]
)
def test_it_follows_evolve_as_reservoirs_grow(links, scaled):
    model, n = qubit(scaled), 2 if links is None else 3
    law = oqs.flow_law(model)
    linked = law if links is None else thermo.with_links(law, links)
    rho = oqs.stationary_state(model, T[:2])
    off = []
    for capacity in (3.0, 30.0):
        members, end = gases(capacity)[:n], 1e3 * capacity
        given = model if links is None else linked
        path = thermo.coevolve(given, members, rho, T[:n], t_final=end, rtol=1e-8, tolerance=1e-5)
        slow = thermo.evolve(linked, members, T[:n], t_final=end, events=False)
        assert abs(path.T[-1, 0] / T[0] - 1) > 0.05
        off.append(np.max(np.abs(path.T[-1] / slow.T[-1] - 1)))
        assert path.conservation.energy < 1e-6
        assert path.entropy_production.min() >= 0
        assert np.diff(path.total_entropy).min() >= -1e-9
        assert path.names == tuple(member.name for member in members)
    assert off[1] < 0.2 * off[0] < 2e-3


def test_what_it_produces_is_the_entropy_that_grows():
    model = qubit()
    strong = {("hot", "substrate"): thermo.HeatLink(1e-3, exponent=5)}
    law = thermo.with_links(oqs.flow_law(model), strong)
    path = thermo.coevolve(law, gases(1.0), qutip.basis(2, 1), T, t_final=3e2)
    late = path.t > 1.0
    grown = np.diff(path.total_entropy[late])
    means = (path.entropy_production[late][1:] + path.entropy_production[late][:-1]) / 2
    assert np.sum(means * np.diff(path.t[late])) == pytest.approx(grown.sum(), rel=1e-3)
    leaked = -np.sum(law.alone(path.T[-1]).heat / path.T[-1])
    assert leaked > 0.05 * path.entropy_production[-1]


def test_all_come_to_one_temperature():
    law = thermo.with_links(oqs.flow_law(qubit(scaled=True)), LINKS)
    path = thermo.coevolve(law, gases(0.1), qutip.basis(2, 1), T, rtol=1e-8, tolerance=1e-5)
    assert path.outcome == "equilibrated"
    np.testing.assert_allclose(path.T[-1], path.equilibrium.T, rtol=1.01e-5)


def test_a_wire_carries_electrons_beside_the_dots():
    model = electrons()
    links = {("cold", "hot"): thermo.OhmicLink(1e-5), ("hot", "substrate"): 1e-4}
    law = thermo.with_links(oqs.flow_law(model), links)
    gas = thermo.SommerfeldGas(1.5)
    members = [
        *(thermo.Reservoir(gas, 100.0, name) for name in ("cold", "hot")),
        thermo.Reservoir(thermo.BoseGas(3), 1.0, "substrate"),
    ]
    start, mu = [0.6, 1.0, 0.3], [20.8, 16.0, np.nan]
    rho = oqs.stationary_state(model, start[:2], mu[:2])
    path = thermo.coevolve(law, members, rho, start, mu, t_final=1e6)
    slow = thermo.evolve(law, members, start, mu, t_final=1e6)
    np.testing.assert_allclose(path.T[-1], slow.T[-1], rtol=1e-3)
    np.testing.assert_allclose(path.mu[-1, :2], slow.mu[-1, :2], rtol=1e-4)
    assert max(path.conservation) < 1e-9
    assert np.diff(path.total_entropy).min() >= 0


@pytest.mark.parametrize("make", [qubit, electrons])
def test_jacobian(make):
    model = make()
    bosonic = bool(model.bosonic[0])
    link = 1e-3 if bosonic else thermo.OhmicLink(1e-3)
    links = thermo.with_links(oqs.flow_law(model), {("cold", "hot"): link, ("hot", "other"): 1e-2})
    gas = thermo.BoseGas(3) if bosonic else thermo.FermiDiracGas(1.5)
    group = Reservoirs([thermo.Reservoir(gas)] * 2 + [thermo.Reservoir(thermo.BoseGas(2))])
    start = np.array([0.6, 1.0, 0.7])
    mu = np.zeros(3) if bosonic else np.array([1.0, 0.7, 0.0])
    state = energy_basis(model, oqs.stationary_state(model, [2.0, 3.0], mu[:2]))
    joint = JointFlow(model, group, state, start, links)
    y = joint.pack(state, start, mu)
    exact = joint.jacobian(y)
    for k in range(len(y)):
        shift = np.zeros(len(y))
        shift[k] = 1e-5
        slope = (joint(y + shift) - joint(y - shift)) / 2e-5
        np.testing.assert_allclose(exact[:, k], slope, rtol=1e-6, atol=1e-9 * np.abs(exact).max())


def test_what_does_not_fit_is_refused():
    law = thermo.with_links(oqs.flow_law(qubit()), LINKS)
    rho = qutip.basis(2, 0)
    with pytest.raises(ValueError, match="one entry for each of the 3 reservoirs of links"):
        thermo.coevolve(law, gases(1.0)[:2], rho, T[:2])
    with pytest.raises(TypeError, match="links without a model"):
        thermo.coevolve(thermo.with_links(None, {("a", "b"): 1.0}), gases(1.0)[:2], rho, T[:2])
    closed = oqs.closed_form(
        oqs.QuadraticBosons([[1.0]]),
        [oqs.BosonicContact(oqs.flat(0.1), [1.0], name=n) for n in "ab"],
    )
    with pytest.raises(TypeError, match="links without a model"):
        thermo.coevolve(thermo.with_links(closed, {("a", "b"): 1.0}), gases(1.0)[:2], rho, T[:2])


@pytest.mark.parametrize("tilt", [0.0, 0.3], ids=["populations alone", "with coherences"])
def test_perlind_of_a_spin_beside_links(tilt):
    """Its levels are far apart, where PERLind is Davies to the rates over the splitting."""
    system = oqs.OperatorSystem(0.5 * qutip.sigmaz() + tilt * qutip.sigmax())
    baths = [oqs.BosonicContact(oqs.ohmic(1e-3), qutip.sigmax(), name=n) for n in ("cold", "hot")]
    ends = []
    for make in (oqs.perlind, oqs.davies):
        law = thermo.with_links(oqs.flow_law(make(system, baths)), {("cold", "hot"): 1e-4})
        members, ket = gases(0.01)[:2], qutip.basis(2, 0)
        path = thermo.coevolve(law, members, ket, T[:2], t_final=3.0, rtol=1e-8, tolerance=1e-5)
        assert path.conservation.energy < 1e-9
        ends.append(path.T[-1])
    assert abs(ends[0][0] / T[0] - 1) > 1e-3
    np.testing.assert_allclose(ends[0], ends[1], rtol=5e-3)  # T[0] moves by 0.16
