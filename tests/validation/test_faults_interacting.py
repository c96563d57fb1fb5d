"""Every check beyond quadratic sees the fault it is there for."""

import dataclasses
import sys

import numpy as np
import pytest
import scipy.special

import oqs
from validation import degenerate, families, interacting
from validation.check import Status

FAMILIES = ("interacting", "degenerate")
CHECKS = {check.name: check for check in families.load(FAMILIES)}


def rate_off(monkeypatch):
    """Every rate of the first contact is 1e-6 too large."""
    original = oqs.DaviesModel.weights

    def wrong(self, T, mu):
        weights = original(self, T, mu).copy()
        half = weights.reshape(-1, *self.rates.shape)
        half[:2, 0] *= 1 + 1e-6
        return weights

    monkeypatch.setattr(oqs.DaviesModel, "weights", wrong)


def upward_rate_off(monkeypatch):
    """Rates up are 1e-6 too large: no detailed balance."""
    original = oqs.DaviesModel.weights

    def wrong(self, T, mu):
        weights = original(self, T, mu).copy()
        weights.reshape(-1, *self.rates.shape)[1] *= 1 + 1e-6
        return weights

    monkeypatch.setattr(oqs.DaviesModel, "weights", wrong)


def occupation_inverted(monkeypatch):
    """n and 1 - n exchanged, everywhere."""
    monkeypatch.setattr(sys.modules["oqs.davies"], "expit", lambda x: scipy.special.expit(-x))


def gamma_off(monkeypatch):
    """All rates are 1e-6 too large."""
    original = oqs.Contact.gamma
    monkeypatch.setattr(
        oqs.Contact, "gamma", lambda self, w, index=None: original(self, w, index) * (1 + 1e-6)
    )


def filters_leak(monkeypatch):
    """Contacts have a rate of 1e-9 where they should have none."""
    original = oqs.Contact.gamma
    monkeypatch.setattr(
        oqs.Contact, "gamma", lambda self, w, index=None: original(self, w, index) + 1e-9
    )


def channels_independent(monkeypatch):
    """A collective contact is split into one channel per site: cross terms dropped."""
    original = oqs.Contact.channels

    def wrong(self, sites):
        rows = original(self, sites)
        return np.concatenate([np.diag(row) for row in rows])

    monkeypatch.setattr(oqs.Contact, "channels", wrong)


def populations_only(monkeypatch):
    """Coherences between degenerate levels are ignored by the choice of solver."""
    original = oqs.flow_law

    def wrong(model, *, method=None):
        one_site = oqs.InteractingSystem(model.system.hamiltonian, model.system.annihilators)
        one_site.__dict__["spectrum"] = model.system.spectrum
        spread = oqs.davies(one_site, model.contacts)
        levels = np.arange(len(spread.decomposition.levels))
        decomposition = dataclasses.replace(spread.decomposition, levels=levels)
        return original(dataclasses.replace(spread, decomposition=decomposition))

    monkeypatch.setattr(oqs, "flow_law", wrong)


def shift_of_bare_channels(monkeypatch):
    """The frequency shift is made of S^+ S with S not decomposed by frequency."""
    original = oqs.DaviesModel.lamb_shift

    def wrong(self, T, mu):
        c = self.system.annihilators
        return tuple(
            shift + 1e-6 * (c[0].dag() * c[1] + c[1].dag() * c[0])
            for shift in original(self, T, mu)
        )

    monkeypatch.setattr(oqs.DaviesModel, "lamb_shift", wrong)


def shift_as_rate(monkeypatch):
    """The shift's coefficient is added to the rates, as a wrong factor i would."""
    original = oqs.DaviesModel.weights

    def wrong(self, T, mu):
        weights = original(self, T, mu).copy()
        if self.shifted:
            kinds = weights.reshape(-1, *self.rates.shape)
            kinds[1] += 1e-6 * np.abs(kinds[2])
        return weights

    monkeypatch.setattr(oqs.DaviesModel, "weights", wrong)


def energy_sign(monkeypatch):
    """Every flow law reports heat, energy and particles with the opposite sign."""
    original = oqs.flow_law

    def wrong(model, *, method=None):
        law = original(model, method=method)
        return lambda T, mu: oqs.Flows(*(-getattr(law(T, mu), f) for f in FIELDS))

    monkeypatch.setattr(oqs, "flow_law", wrong)


def energy_not_kept(monkeypatch):
    """The energy that the first reservoir loses is 1e-9 too large."""
    original = oqs.flow_law

    def wrong(model, *, method=None):
        law = original(model, method=method)

        def flows(T, mu):
            found = law(T, mu)
            scale = 1e-9 * np.max(model.rates) * np.max(np.abs(model.frequencies))
            return oqs.Flows.of(found.particle, found.energy + scale, mu)

        return flows

    monkeypatch.setattr(oqs, "flow_law", wrong)


def no_uniqueness_check(monkeypatch):
    """Solvers return whatever they find."""
    law = oqs.closed_form(oqs.QuadraticSystem([[0.3]]), [oqs.Contact(oqs.flat(0.1))] * 2)
    monkeypatch.setattr(oqs, "flow_law", lambda model, *, method=None: law)


FIELDS = ("particle", "energy", "heat")
FAULTS = {
    "published flows of small dots": [rate_off, occupation_inverted, channels_independent],
    "published rate equations of small dots": [gamma_off],
    "Anderson dot": [rate_off, occupation_inverted],
    "two capacitively coupled dots": [rate_off, occupation_inverted],
    "energy harvester": [filters_leak],
    "second law and balance with interactions": [energy_sign, energy_not_kept],
    "KMS and local Gibbs states with interactions": [occupation_inverted, upward_rate_off],
    "interference of two degenerate levels": [channels_independent, rate_off],
    "dark mode refused": [no_uniqueness_check, channels_independent],
    "eigenbasis inside degenerate levels": [populations_only],
    "frequency shift commutes with H_S": [shift_of_bare_channels],
    "frequency shift of distinct levels": [shift_as_rate],
}


@pytest.fixture(autouse=True)
def few_systems(monkeypatch):
    """Enough random systems to see a fault, and none kept from another test."""
    monkeypatch.setattr(interacting, "_SYSTEMS", 12)
    interacting._samples.cache_clear()
    yield
    interacting._samples.cache_clear()


def test_every_check_has_a_fault():
    assert set(FAULTS) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_passes_without_fault(name):
    result = CHECKS[name].run()
    assert result.status is Status.PASSED, result.reason


@pytest.mark.parametrize(
    ("name", "fault"),
    [(name, fault) for name, faults in FAULTS.items() for fault in faults],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_sees_the_fault(name, fault, monkeypatch):
    fault(monkeypatch)
    assert CHECKS[name].run().status is not Status.PASSED


def test_rotation_changes_the_basis():
    system = oqs.anderson_dot(-0.4, 1.2)
    rotated = degenerate.rotated_levels(system, np.random.default_rng(1))
    overlap = np.abs(system.spectrum.vectors.conj().T @ rotated.spectrum.vectors)
    assert np.min(np.max(overlap, axis=0)) < 0.99
