"""PERLind with bosonic contacts and rates that depend on T and mu, and its full Liouvillian."""

import numpy as np
import pytest
import qutip
from systems import SCALES

import oqs
import thermo

T, MU = np.array([1.0, 0.6]), np.array([0.2, -0.3])


def dots_with_phonons(scale=1.0, rate=0.05):
    """Two dots between two leads, phonons on the first one."""
    dots = oqs.spinless_dots(scale * np.array([0.1, 0.15]), 0.02 * scale, U=0.7 * scale)
    leads = [oqs.Contact(oqs.flat(rate * scale), row) for row in np.eye(2)]
    return dots, [*leads, oqs.BosonicContact(oqs.ohmic(rate), [1.0, 0.0])]


def qubits(coupling, strength, splitting=0.0):
    """Two qubits between two baths."""
    system = oqs.exchange_qubits([1.0, 1.0 + splitting], coupling)
    baths = [
        oqs.BosonicContact(oqs.ohmic(strength), oqs.on_factor(system, k, qutip.sigmax()))
        for k in (0, 1)
    ]
    return system, baths


def bosonic_jump(contact, system, temperature):
    """sum_w sqrt(J (1 + n)) S(w) over w of both signs, dense, from eigenvectors."""
    energies, v = np.linalg.eigh(system.hamiltonian.full())
    s = v.conj().T @ contact.operator[0].full() @ v
    s -= np.trace(s) / len(s) * np.eye(len(s))
    w = energies - energies[:, None]  # <a|S|b> lowers the energy by E_b - E_a
    size = np.where(np.abs(w) > 1e-9, np.abs(w), 1.0)
    n = 1 / np.expm1(size / temperature)
    rate = np.where(w > 0, 1 + n, n) * contact.spectrum(size)
    slope = contact.spectrum(np.array([1e-9]))[0] / 1e-9
    rate = np.where(np.abs(w) > 1e-9, rate, temperature * slope)
    return qutip.Qobj(v @ (np.sqrt(rate) * s) @ v.conj().T, dims=system.dims)


def test_a_bosonic_channel_has_one_jump_operator_of_all_frequencies():
    system, baths = qubits(0.01, 0.1, splitting=0.03)
    model = oqs.perlind(system, baths)
    for j, bath in enumerate(baths):
        expected = qutip.lindblad_dissipator(bosonic_jump(bath, system, T[j]))
        assert (model.dissipator(j, T) - expected).norm("max") < 1e-12


@pytest.mark.parametrize("scale", SCALES)
def test_state_and_flows_are_those_of_the_liouvillian(scale):
    system, contacts = dots_with_phonons(scale)
    model = oqs.perlind(system, contacts)
    temperature, potential = scale * np.array([1.0, 0.6, 0.8]), scale * np.array([0.2, -0.3, 0.0])
    rho = oqs.stationary_state(model, temperature, potential)
    left = model.liouvillian(temperature, potential)(rho)
    assert left.norm("max") < 1e-14 * scale
    flows = oqs.flow_law(model)(temperature, potential)
    for j in range(3):
        change = model.dissipator(j, temperature, potential)(rho)
        unit = 0.05 * scale
        assert (change * system.number).tr() == pytest.approx(flows.particle[j], abs=1e-13 * unit)
        moved = (change * system.hamiltonian).tr()
        assert moved == pytest.approx(flows.energy[j], abs=1e-13 * unit * scale)
    assert flows.particle[2] == 0
    assert abs(flows.particle.sum()) < 1e-15 * scale
    assert abs(flows.energy.sum()) < 1e-15 * scale**2
    full = oqs.flow_law(model, method=oqs.FullLiouvillian())(temperature, potential)
    assert np.allclose(full.energy, flows.energy, rtol=1e-10)


def test_the_full_liouvillian_is_the_reference_of_the_blocks():
    system, contacts = dots_with_phonons()
    small = oqs.perlind(system, contacts[:2])
    for kind in ("particle", "energy"):
        values = [
            getattr(oqs.flow_law(small, method=method)(T, MU), kind)
            for method in (None, oqs.FullLiouvillian())
        ]
        assert np.allclose(*values, rtol=1e-11)
    with pytest.raises(ValueError, match=r"at most 2000 matrix elements .* 256 states has 65536"):
        oqs.flow_law(
            oqs.perlind(oqs.spinless_dots([0.1] * 8, 0.02, U=0.7), [oqs.Contact(oqs.flat(0.1))]),
            method=oqs.FullLiouvillian(),
        )
    rho = oqs.stationary_state(small, T, MU, method=oqs.FullLiouvillian())
    assert small.liouvillian(T, MU)(rho).norm("max") < 1e-15


def test_bosonic_far_levels_tend_to_davies():
    errors = []
    for strength in (1e-3, 1e-4):
        system, baths = qubits(0.3, strength, splitting=0.4)
        davies, perlind = (
            oqs.flow_law(make(system, baths))(T) for make in (oqs.davies, oqs.perlind)
        )
        errors.append(np.max(np.abs(perlind.energy / davies.energy - 1)))
    assert errors[1] < 0.2 * errors[0] < 1e-2


def test_bosonic_close_levels_do_not_make_a_short_cut():
    # two qubits exchange through a coupling far below the rates: Davies lets it all through
    system, baths = qubits(1e-4, 0.05)
    davies, perlind = (oqs.flow_law(make(system, baths))(T) for make in (oqs.davies, oqs.perlind))
    assert perlind.energy[0] < 1e-3 * davies.energy[0]
    # each qubit relaxes by itself, and the exchange g moves excitations at 4 g^2/(G_1 + G_2)
    rates, excited = 0.05 / np.tanh(0.5 / T), 1 / (1 + np.exp(1 / T))
    expected = 4 * 1e-8 / rates.sum() * (excited[0] - excited[1])
    assert perlind.energy[0] == pytest.approx(expected, rel=0.01)
    price = oqs.thermodynamic_price(oqs.perlind(system, baths), T)
    assert max(price.gibbs[~np.isnan(price.gibbs)], default=0.0) < 0.05**2 * 10


def test_equal_baths_of_bosons_carry_little():
    system, baths = qubits(0.02, 0.02, splitting=0.05)
    law = oqs.flow_law(oqs.perlind(system, baths))
    assert np.max(np.abs(law([0.8, 0.8]).energy)) < 0.02**2 * np.max(np.abs(law([1.0, 0.6]).energy))


def test_derivatives_with_bosons_are_differences_of_flows():
    system, contacts = dots_with_phonons()
    law = oqs.flow_law(oqs.perlind(system, contacts))
    temperature, potential = np.array([1.0, 0.6, 0.8]), np.array([0.2, -0.3, 0.0])
    found, h = law.jacobian(temperature, potential), 1e-4
    for q in range(3):
        step = h * np.eye(3)[q]
        ends = [law(temperature + k * step, potential) for k in (-2, -1, 1, 2)]
        f = [flow.energy for flow in ends]
        slope = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
        assert np.allclose(found.energy_T[:, q], slope, rtol=1e-7, atol=1e-12)
    many = np.array([temperature, 2 * temperature, 0.3 * temperature])
    batch = law(many, np.tile(potential, (3, 1)))
    for k in range(3):
        assert np.allclose(batch.energy[k], law(many[k], potential).energy, rtol=1e-10)
    resolved = law.spectral(temperature, potential)
    assert np.allclose(resolved.energy.sum(axis=0), law(temperature, potential).energy, rtol=1e-9)
    assert np.allclose(resolved.particle.sum(axis=0), law(temperature, potential).particle)


def test_rates_of_T_and_mu_are_those_at_T_and_mu():
    def rate(w, T, mu):
        return 0.02 * (1 + np.tanh((w - mu) / T) ** 2)

    dots = oqs.spinless_dots([0.1, 0.15], 0.02, U=0.7)
    contacts = [oqs.Contact(rate, row) for row in np.eye(2)]
    law = oqs.flow_law(oqs.perlind(dots, contacts))
    there = [c.at(t, m) for c, t, m in zip(contacts, T, MU, strict=True)]
    expected = oqs.flow_law(oqs.perlind(dots, there))(T, MU)
    for kind in ("particle", "energy", "heat"):
        assert np.allclose(getattr(law(T, MU), kind), getattr(expected, kind), rtol=1e-11)
    assert np.allclose(law(np.tile(T, (4, 1)), np.tile(MU, (4, 1))).heat[3], expected.heat)
    one = oqs.perlind(oqs.QuadraticSystem([[0.2]]), [oqs.Contact(rate), oqs.Contact(rate)])
    assert oqs.flow_law(one)(T, MU).particle[0] != 0


def test_a_choice_between_generators_takes_any_contact():
    system, baths = qubits(1e-4, 0.05)
    assert oqs.first_order(system, baths, T).kind == "PERLind model"
    system, baths = qubits(0.5, 0.005)
    assert oqs.first_order(system, baths, T).kind == "Davies model"


def test_counting_with_bosons_has_the_flows_as_means():
    system, baths = qubits(0.02, 0.02, splitting=0.05)
    model = oqs.perlind(system, baths)
    stats = oqs.counting_statistics(model, T)
    assert np.allclose(stats.flows.energy, oqs.flow_law(model)(T).energy, rtol=1e-9)
    assert stats.covariance("energy")[0, 0] > 0


def test_trajectories_of_a_boson_that_gives_and_takes_are_refused():
    system, baths = qubits(0.02, 0.02, splitting=0.05)
    bath = thermo.Reservoir(thermo.BoseGas(3.0))
    with pytest.raises(ValueError, match=r"`model` must have contacts that exchange particles"):
        thermo.evolve_stochastic(
            oqs.perlind(system, baths), [bath] * 2, T, [0.0, 0.0], trajectories=1, t_final=1.0
        )


@pytest.mark.parametrize("option", [{"lamb_shift": True}, {"window": oqs.Window(3.0)}])
def test_what_does_not_go_with_bosons(option):
    system, contacts = dots_with_phonons()
    (name,) = option
    with pytest.raises(ValueError, match=f"`{name}` must be omitted here, .* contact 2 is bosonic"):
        oqs.perlind(system, contacts, **option)
