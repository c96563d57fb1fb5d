"""Faults in the equations of state, the slow equations and Table I."""

import dataclasses
import importlib

import numpy as np
from faults.fault import Fault, faults, wrapping

import oqs
import thermo
from thermo.gases import GasState
from thermo.machines import regimes
from validation.families.finite_reservoirs import coevolution, reservoirs, table_one

FAMILIES = ("reservoirs", "slow_evolution", "equilibrium", "coevolution", "table_one")


def off(state, **factors):
    """The state of a gas with some of its functions multiplied."""
    return state._replace(**{name: getattr(state, name) * f for name, f in factors.items()})


def gas(kind, **factors):
    return wrapping(kind, "state", lambda state: off(GasState(*state), **factors))


def scaled_flows(monkeypatch):
    """The law used beside the run is another one."""
    original = oqs.ClosedForm.__call__
    calls = []

    def wrong(self, T, mu):
        flows = original(self, T, mu)
        calls.append(1)
        if np.ndim(T) == 1 and len(calls) > 1:
            return oqs.Flows.of(flows.particle * (1 + 1e-4), flows.energy, mu)
        return flows

    monkeypatch.setattr(oqs.ClosedForm, "__call__", wrong)


def rates(change):
    return wrapping(thermo, "reservoir_rates", change)


def noise_off(monkeypatch):
    """The covariance of the flows along a path is 1e-3 too large."""
    module = importlib.import_module("thermo.evolution.linear_noise.spread")
    wrapping(module, "linearised", lambda at: at._replace(noise=1.001 * at.noise))(monkeypatch)


def equilibrium_off(monkeypatch):
    wrapping(thermo, "equilibrium", lambda e: dataclasses.replace(e, T=e.T * (1 + 1e-6)))(
        monkeypatch
    )


def two_equilibria(monkeypatch):
    """A transfer that does not keep the energy: the starts differ in their totals."""
    original, calls = thermo.invert, []

    def wrong(gas, N, E):
        calls.append(N)
        return original(gas, N, E + np.array([1e-2, 0.0]) * (len(calls) == 2))

    monkeypatch.setattr(thermo, "invert", wrong)


def second_frequency(monkeypatch):
    """The single mode is joined by another one."""
    original = oqs.QuadraticSystem.from_energies
    monkeypatch.setattr(
        oqs.QuadraticSystem,
        "from_energies",
        lambda energies: original([*energies, energies[0] + 0.4]),
    )


def joint(owner, name, change):
    """Plant: a result of the joint run is changed; nothing is kept from another test."""

    def plant(monkeypatch):
        monkeypatch.setattr(coevolution, "together", coevolution.together.__wrapped__)
        wrapping(owner, name, change)(monkeypatch)

    return plant


def produced(change):
    return joint(
        thermo,
        "coevolve",
        lambda run: dataclasses.replace(run, entropy_production=change(run.entropy_production)),
    )


def moved(**factors):
    return joint(thermo.CoTrajectory, "at", lambda state: off(state, **factors))


def leaky_links(monkeypatch):
    """A thousandth of what links carry is lost on the way."""
    original = thermo.LinkedLaw.__call__

    def wrong(self, T, mu=None):
        flows = original(self, T, mu)
        lost = np.where(flows.energy > 0, 1.001, 1.0)
        return oqs.Flows(flows.particle, flows.energy * lost, flows.heat * lost, names=flows.names)

    monkeypatch.setattr(thermo.LinkedLaw, "__call__", wrong)


def signs(change):
    return wrapping(
        table_one.SpectralSigns,
        "of_flows",
        lambda s: dataclasses.replace(s, **change(s)),
    )


FAULTS = [
    *faults(
        gas(thermo.SommerfeldGas, number=1 + 1e-6), "N off by 1e-6", "truncated gas as printed"
    ),
    *faults(gas(thermo.SommerfeldGas, number=1 + 1e-5), "N off by 1e-5", "truncation error"),
    *faults(gas(thermo.FermiDiracGas, energy=1 + 1e-6), "E off by 1e-6", "exact gas by quadrature"),
    *faults(
        gas(thermo.FermiDiracGas, entropy=1 + 1e-4), "S off by 1e-4", "thermodynamics of every gas"
    ),
    Fault("what a reservoir loses", "flows off by 1e-4", scaled_flows),
    *faults(rates(lambda r: (r[0] * (1 + 1e-6), r[1])), "dT/dt off by 1e-6", "rates of T and mu"),
    *faults(
        wrapping(thermo, "sommerfeld_rates", lambda r: r._replace(ratio=r.potential)),
        "dmu/dt for dx/dt",
        "rates of the truncated gas",
    ),
    *faults(
        wrapping(reservoirs, "sommerfeld_d", lambda d: d * (1 + 1e-6)),
        "D off by 1e-6",
        "determinant of the truncated Jacobian",
    ),
    *faults(
        noise_off,
        "noise of the flows 1e-3 too large",
        "spread of two reservoirs at equilibrium",
    ),
    *faults(
        equilibrium_off,
        "T_eq off by 1e-6",
        "equilibrium keeps the totals",
        "equilibrium of a constant density of states",
    ),
    *faults(
        wrapping(thermo, "constant_density_equilibrium", lambda e: (e[0] * (1 + 1e-6), e[1])),
        "closed form off by 1e-6",
        "equilibrium of a constant density of states",
    ),
    *faults(
        wrapping(regimes.Window, "ends", lambda e: (e[1], e[0])),
        "windows never sampled",
        "Table I, T_1 < T_2",
        "Table I, T_1 > T_2",
    ),
    Fault("one equilibrium for all starts", "energy not kept", two_equilibria),
    Fault("one frequency stalls", "a second frequency", second_frequency),
    *faults(
        moved(T=1 + 1e-5),
        "T off by 1e-5 whatever the capacity",
        "deviation from the quasi-stationary picture",
    ),
    *faults(
        moved(mu=1 + 1e-6),
        "mu off by 1e-6 whatever the capacity",
        "deviation from the quasi-stationary picture",
        slow=True,
    ),
    *faults(
        produced(lambda rate: -rate),
        "sign of the production",
        "second law of system and reservoirs together",
    ),
    *faults(
        signs(lambda s: {"heat": -s.heat}),
        "sign of heat",
        "Table I, T_1 < T_2",
        "Table I, T_1 > T_2",
    ),
    *faults(
        wrapping(thermo, "omega_bar", lambda w: w * (1 + 1e-6)),
        "omega-bar off by 1e-6",
        "omega-bar",
    ),
    *faults(
        leaky_links,
        "links lose a thousandth of what they carry",
        "links beside a system that evolves with its reservoirs",
    ),
]
