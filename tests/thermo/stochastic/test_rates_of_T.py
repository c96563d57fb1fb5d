"""Rates that depend on T and mu between small reservoirs, whose T and mu change with each jump."""

import numpy as np
import pytest
import qutip
from systems import SCALES

import oqs
import thermo

T, MU = np.array([0.3, 0.6]), np.array([1.2, 0.9])


def leads(scale, *, scaled=False):
    def rate(w, T, mu):
        return 0.02 * scale * (T / (0.4 * scale)) ** 1.5

    def other(w, T, mu):
        return 0.01 * scale * (1 + 0.5 * np.tanh((w - mu) / scale))

    if scaled:
        rate = oqs.temperature_scaled(oqs.flat(0.02 * scale), 1.5, 0.4 * scale)
    return oqs.Contact(other, name="a"), oqs.Contact(rate, name="b")


def level(scale, **options):
    system = oqs.QuadraticSystem.from_energies([1.3 * scale])
    return oqs.davies(system, leads(scale, **options))


def boxes(capacity, scale=1.0):
    gas = thermo.FermiDiracGas(alpha=1.0)
    return [thermo.Reservoir(gas, capacity / scale, name=name) for name in "ab"]


@pytest.mark.parametrize("scale", SCALES)
def test_detailed_balance_holds_with_one_rate_for_both_ways(scale):
    model = level(scale)
    chain = thermo.master_equation(model, boxes(20.0, scale), scale * T, scale * MU)
    law = chain.stationary_distribution
    flux = chain.W.multiply(law[None, :]).toarray()
    np.testing.assert_allclose(flux, flux.T, rtol=1e-12, atol=1e-16 * np.abs(flux).max())
    assert abs(chain.fluctuation_theorem(3e3 / scale) - 1) < 1e-10
    fermi = thermo.master_equation(
        model, boxes(20.0, scale), scale * T, scale * MU, occupations="fermi"
    )
    assert abs(fermi.fluctuation_theorem(3e4 / scale) - 1) > 1e-6


@pytest.mark.parametrize("occupations", ["entropic", "fermi"])
def test_rates_are_those_at_the_states_that_a_jump_links(occupations):
    """Every entry of W, from gamma and occupation written out."""
    chain = thermo.master_equation(level(1.0), boxes(20.0), T, MU, occupations=occupations)
    here, c = chain.chain.reservoirs, chain.chain
    contacts = leads(1.0)
    for i, f, line in zip(c.source[:40], c.target[:40], c.line[:40], strict=True):
        j = int(line)  # one level: line j is that of contact j
        gamma = [float(contacts[j].rate(1.3, here.T[a, j], here.mu[a, j])) for a in (i, f)]
        if occupations == "entropic":
            loss = here.entropy[i, j] - here.entropy[f, j]
            expected = np.mean(gamma) / (1 + np.exp(loss)), np.mean(gamma) / (1 + np.exp(-loss))
        else:
            x, y = ((1.3 - here.mu[a, j]) / here.T[a, j] for a in (i, f))
            expected = gamma[0] / (1 + np.exp(x)), gamma[1] / (1 + np.exp(-y))
        assert (chain.W[f, i], chain.W[i, f]) == pytest.approx(expected, rel=1e-12)


def test_jumps_follow_the_master_equation():
    options = {"trajectories": 600, "t_final": 4e3, "times": [1e3, 4e3], "seed": 3}
    chain = thermo.master_equation(level(1.0), boxes(20.0), T, MU)
    runs = [
        thermo.evolve_stochastic(level(1.0, scaled=scaled), boxes(20.0), T, MU, **options)
        for scaled in (False, True)
    ]
    np.testing.assert_array_equal(runs[0].N, runs[1].N)  # asked state by state, or all at once
    for k, t in enumerate(options["times"]):
        exact = chain.at(t)
        for name in ("T", "mu", "N", "E"):
            mean, deviation = getattr(exact, f"{name}_mean"), getattr(exact, f"{name}_std")
            missed = np.abs(getattr(runs[0], f"{name}_mean")[k] - mean) / deviation
            assert np.all(missed < 4 / 600**0.5), name


def test_the_mean_field_is_their_limit():
    model, law = level(1.0), oqs.flow_law(level(1.0))
    missed = []
    for capacity in (100.0, 1000.0):
        group, t = boxes(capacity), 100 * capacity
        path = thermo.evolve(law, group, T, MU, t_final=t)
        missed.append(path.T[-1] - thermo.master_equation(model, group, T, MU).at(t).T_mean)
    np.testing.assert_allclose(missed[0], 10 * missed[1], rtol=0.05)


def test_bosons():
    qubit = oqs.OperatorSystem(0.5 * qutip.sigmaz())
    rates = [lambda w, T, mu: 0.02 * w * T, oqs.temperature_scaled(oqs.ohmic(0.01), 2, 1.0)]
    baths = [oqs.BosonicContact(r, qutip.sigmax(), n) for r, n in zip(rates, "ab", strict=True)]
    model = oqs.davies(qubit, baths)
    group = [thermo.Reservoir(thermo.BoseGas(3), 4.0, name=n) for n in "ab"]
    chain = thermo.master_equation(model, group, [0.9, 1.4])
    assert abs(chain.fluctuation_theorem(50.0) - 1) < 1e-10
    ensemble = thermo.evolve_stochastic(
        model, group, [0.9, 1.4], trajectories=400, t_final=100.0, times=[100.0], seed=1
    )
    exact = chain.at(100.0)
    missed = np.abs(ensemble.T_mean[0] - exact.T_mean) / exact.T_std
    assert np.all(missed < 4 / 400**0.5)


def test_wave_functions_take_the_same_rates():
    """Two levels that one contact drives together: coherences, so wave functions."""
    system = oqs.QuadraticSystem.from_energies([1.3, 1.3])
    a, b = leads(1.0)
    together = [oqs.Contact(a.rate, [1.0, 0.0], name="a"), oqs.Contact(b.rate, [1, 1], name="b")]
    plain = [
        oqs.Contact(c.at(t, m).rate, c.coupling, c.name)
        for c, t, m in zip(together, T, MU, strict=True)
    ]
    endless = [thermo.Reservoir(thermo.FermiDiracGas(1.0), np.inf, name=n) for n in "ab"]
    options = {"trajectories": 100, "t_final": 300.0, "times": [100.0, 300.0], "seed": 5}
    varying, fixed = (
        thermo.evolve_stochastic(oqs.davies(system, c), endless, T, MU, **options)
        for c in (together, plain)
    )
    np.testing.assert_array_equal(varying.state, fixed.state)
    np.testing.assert_array_equal(varying.jumps, fixed.jumps)
    balance = thermo.evolve_stochastic(
        oqs.davies(system, together),
        boxes(20.0),
        T,
        MU,
        trajectories=400,
        t_final=300.0,
        preparation="canonical",
        seed=6,
    ).fluctuation_theorem()
    assert balance.deviation(1.0) < 4
