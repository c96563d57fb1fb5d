"""Every check of the family `trust` sees the fault it is there for."""

import dataclasses
import sys

import numpy as np
import pytest

import oqs
from validation import exact_references, families, trust
from validation.check import Status

CHECKS = {check.name: check for check in families.load(("trust",))}


def self_energy_off(monkeypatch):
    """The rate in the Green's function is 1e-5 too small."""
    original = oqs.Landauer._self_energy

    def wrong(self, w):
        gammas, total = original(self, w)
        return gammas, total.real + 1j * total.imag * (1 - 1e-5)

    monkeypatch.setattr(oqs.Landauer, "_self_energy", wrong)


def shift_sign(monkeypatch):
    """The real part of the self-energy has the wrong sign."""
    original = oqs.Landauer._self_energy

    def wrong(self, w):
        gammas, total = original(self, w)
        hermitian = (total + total.conj().T) / 2
        return gammas, total - 2 * hermitian

    monkeypatch.setattr(oqs.Landauer, "_self_energy", wrong)


def rate_off(monkeypatch):
    """Rates of Davies are 1e-3 too large: it no longer tends to the exact flow."""
    original = oqs.Contact.gamma
    module = sys.modules["oqs.davies"]

    def davies(system, contacts, **options):
        with monkeypatch.context() as patch:
            patch.setattr(
                oqs.Contact,
                "gamma",
                lambda self, w, index=None: original(self, w, index) * (1 + 1e-3),
            )
            return module.davies(system, contacts, **options)

    monkeypatch.setattr(oqs, "davies", davies)


def shift_forgotten(monkeypatch):
    """The frequency shift is not applied."""
    original = oqs.davies

    def wrong(system, contacts, *, lamb_shift=False):
        return original(system, contacts)

    monkeypatch.setattr(oqs, "davies", wrong)


def one_pade_term(monkeypatch):
    """The Fermi function of the hierarchy is cut after one term."""
    original = exact_references.hierarchy
    monkeypatch.setattr(
        trust, "hierarchy", lambda *a, **options: original(*a, **{**options, "terms": 1})
    )


def shallow_hierarchy(monkeypatch):
    """The hierarchy is cut after the first tier: second order only."""
    original = exact_references.hierarchy
    monkeypatch.setattr(
        trust, "hierarchy", lambda *a, **options: original(*a, **{**options, "depth": 1})
    )


def splitting_forgotten(monkeypatch):
    """Levels counted as one do not turn at their energy differences."""
    monkeypatch.setattr(
        oqs.DaviesModel, "turning", lambda self, generator: np.zeros(generator.size)
    )


def mixing_unseen(monkeypatch):
    """The audit finds no contact that mixes levels."""
    monkeypatch.setattr(sys.modules["oqs.audit"], "worst_mixing", lambda model: (0.0, 0.0, 0.0))


def always_sound(monkeypatch):
    """The audit calls everything sound."""
    original = oqs.audit

    def wrong(*arguments, **options):
        found = original(*arguments, **options)
        sound = [dataclasses.replace(a, verdict=oqs.Verdict.SOUND) for a in found.assumptions]
        return dataclasses.replace(found, assumptions=tuple(sound))

    monkeypatch.setattr(oqs, "audit", wrong)


def always_unreliable(monkeypatch):
    """The audit calls everything unreliable."""
    original = oqs.audit

    def wrong(*arguments, **options):
        found = original(*arguments, **options)
        worst = [dataclasses.replace(a, verdict=oqs.Verdict.UNRELIABLE) for a in found.assumptions]
        return dataclasses.replace(found, assumptions=tuple(worst))

    monkeypatch.setattr(oqs, "audit", wrong)


def secular_without_diagonal(monkeypatch):
    """Every mode counts as mixed with every other, gaps a hundred times too small."""
    original = sys.modules["oqs.audit"].worst_mixing
    monkeypatch.setattr(
        sys.modules["oqs.audit"],
        "worst_mixing",
        lambda model: (100 * max(original(model)[0], 0.01), 0.0, 0.0),
    )


FAULTS = {
    "Landauer of one level": [self_energy_off],
    "Landauer of published dots": [self_energy_off],
    "Landauer with band edges": [shift_sign, self_energy_off],
    "Landauer with filters": [shift_sign, self_energy_off],
    "Davies tends to Landauer": [rate_off],
    "degenerate levels tend to Landauer with the frequency shift": [shift_forgotten],
    "hierarchy without interactions": [one_pade_term, shallow_hierarchy],
    "Davies tends to the hierarchy": [rate_off, shallow_hierarchy],
    "audit of a near degeneracy": [mixing_unseen],
    "near degeneracy counted as one level": [splitting_forgotten],
    "audit of Fig. 1": [secular_without_diagonal],
    "sound means accurate": [always_sound],
    "unreliable means wrong": [always_unreliable],
}


@pytest.fixture(autouse=True)
def few_double_dots(monkeypatch):
    """Enough double dots to see a fault, and none kept from another test."""
    monkeypatch.setattr(trust, "_DOUBLE_DOTS", 16)
    trust._audits.cache_clear()
    yield
    trust._audits.cache_clear()


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


@pytest.mark.slow
def test_hierarchy_is_converged():
    """Depth 2 is within 1e-4 of depth 3 where the deviation of Davies is 5e-2."""
    shallow, _ = trust.hierarchy_and_davies(0.2, 1.5)
    deep, _ = trust.hierarchy_and_davies(0.2, 1.5, depth=3)
    assert abs(shallow / deep - 1) < 1e-4
