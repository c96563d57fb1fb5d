"""The checks of a user's own system of spins, oscillators, phonons and links; planted faults."""

import dataclasses

import numpy as np
import pytest
from faults.fault import ChangedLaw

import thermo.scenario
from validation.framework.check import Status
from validation.own.own_checks import checks_of
from validation.own.own_system import OwnSystem

ALWAYS = {"balance", "Clausius", "Clausius around"}
EVOLVED = {"Clausius along the evolution", "entropy grows", "conservation", "equilibrium"}
OF_STATES = {"other solvers", "detailed balance", "local Gibbs states", "weak coupling"}
PASSED = {
    "three_baths": ALWAYS | EVOLVED | {"covariance matrix"},
    "absorption_refrigerator": ALWAYS | EVOLVED | OF_STATES | {"weak coupling along the evolution"},
    "heat_valve": ALWAYS | OF_STATES,
}


def results(own):
    return {check.name: check.run() for check in checks_of(own)}


def of(name):
    return OwnSystem.of(thermo.scenario.read(name))


@pytest.mark.parametrize("name", PASSED)
def test_which_checks_apply(name):
    found = results(of(name))
    assert {n for n, r in found.items() if r.status is Status.PASSED} == PASSED[name]
    assert {r.status for n, r in found.items() if n not in PASSED[name]} == {Status.SKIPPED}
    assert all(r.reason for r in found.values() if r.status is Status.SKIPPED)


def lost(energy):
    return energy * np.array([1.0 + 1e-3, *[1.0] * (energy.shape[-1] - 1)])


FAULTS = {  # scenario, change of the law's energies, checks that fail
    "heat from cold to hot": ("heat_valve", np.negative, {"Clausius", "other solvers"}),
    "energy is lost": ("absorption_refrigerator", lost, {"balance", "conservation"}),
    "energy is lost beside links": ("phonon_leak", lost, {"balance", "conservation"}),
    "uphill beside links": ("phonon_leak", np.negative, {"Clausius along the evolution"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults(name):
    scenario, change, expected = FAULTS[name]
    own = of(scenario)
    end = 1e6 if scenario == "absorption_refrigerator" else 1e3
    law = ChangedLaw(own.law, lambda flows: (flows.particle, change(flows.energy)))
    own = dataclasses.replace(own, law=law, t_final=end)
    found = results(own)
    failed = {n for n, r in found.items() if r.status is Status.FAILED}
    assert expected <= failed, {n: r for n, r in found.items() if n in expected}


def test_a_link_that_carries_heat_uphill_is_an_error():
    own = of("phonon_leak")
    pairs = [(pair, lambda a, b: 1e-3 * (b - a)) for pair, _ in own.links.links]
    wrong = dataclasses.replace(own.links, links=tuple(pairs))
    found = results(dataclasses.replace(own, links=wrong, t_final=1e3))
    assert found["Clausius around"].status is Status.ERROR
    assert "must carry heat from hot to cold" in found["Clausius around"].reason
