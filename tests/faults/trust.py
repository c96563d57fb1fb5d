"""Faults in the exact references, in the frequency shift and in what the audit says."""

import dataclasses
import importlib

import numpy as np
from faults.fault import faults

import oqs
from oqs.laws import heom
from oqs.laws.scatterer import Scatterer
from oqs.validity import secular_error

FAMILIES = ("trust",)


def self_energy_off(monkeypatch):
    """The rate in the Green's function is 1e-5 too small."""
    original = Scatterer.strengths

    def wrong(self, w):
        gammas, strengths = original(self, w)
        return gammas, strengths - 1e-5j * strengths.imag

    monkeypatch.setattr(Scatterer, "strengths", wrong)


def shift_sign(monkeypatch):
    """The real part of the self-energy has the wrong sign."""
    original = Scatterer.strengths

    def wrong(self, w):
        gammas, strengths = original(self, w)
        return gammas, -strengths.conj()

    monkeypatch.setattr(Scatterer, "strengths", wrong)


def rate_off(monkeypatch):
    """Rates of Davies are 1e-3 too large: it no longer tends to the exact flow."""
    original = oqs.Contact.gamma
    module = importlib.import_module("oqs.generator.davies.davies")

    def davies(system, contacts, **options):
        with monkeypatch.context() as patch:
            patch.setattr(
                oqs.Contact,
                "gamma",
                lambda self, *given: original(self, *given) * (1 + 1e-3),
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
    original = heom.Hierarchy
    monkeypatch.setattr(heom, "Hierarchy", lambda *given: original(*given[:5], 1))


def shallow_hierarchy(monkeypatch):
    """The hierarchy is cut after the first tier: second order only."""
    original = heom.Hierarchy
    monkeypatch.setattr(heom, "Hierarchy", lambda *given: original(*given[:4], 1, given[5]))


def splitting_forgotten(monkeypatch):
    """Levels counted as one do not turn at their energy differences."""
    nothing = property(lambda self: np.zeros(self.system.spectrum.dimension))
    monkeypatch.setattr(oqs.DaviesModel, "detuning", nothing)


def mixing_unseen(monkeypatch):
    """The audit finds no contact that mixes levels."""
    monkeypatch.setattr(secular_error, "worst_mixing", lambda model, rates: (0.0, 0.0, 0.0))


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


def every_mode_mixed(monkeypatch):
    """Every mode counts as mixed with every other, and PERLind carries twice the flow."""
    monkeypatch.setattr(secular_error, "worst_mixing", lambda model, rates: (1.0, 0.0, 0.0))
    original = secular_error.relative_deviations
    monkeypatch.setattr(
        secular_error,
        "relative_deviations",
        lambda *given: {kind: 0.5 + value for kind, value in original(*given).items()},
    )


FAULTS = [
    *faults(
        self_energy_off,
        "the rate in the Green's function is 1e-5 too small",
        "Landauer of one level",
        "Landauer of published dots",
        "Landauer with band edges",
        "Landauer with filters",
    ),
    *faults(
        shift_sign,
        "the real part of the self-energy has the wrong sign",
        "Landauer with band edges",
        "Landauer with filters",
    ),
    *faults(
        rate_off,
        "rates of Davies are 1e-3 too large: it no longer tends to the exact flow",
        "Davies tends to Landauer",
        "Davies tends to the hierarchy",
    ),
    *faults(
        shift_forgotten,
        "the frequency shift is not applied",
        "degenerate levels tend to Landauer with the frequency shift",
    ),
    *faults(
        one_pade_term,
        "the Fermi function of the hierarchy is cut after one term",
        "hierarchy without interactions",
    ),
    *faults(
        shallow_hierarchy,
        "the hierarchy is cut after the first tier: second order only",
        "hierarchy without interactions",
        "Davies tends to the hierarchy",
    ),
    *faults(
        mixing_unseen, "the audit finds no contact that mixes levels", "audit of a near degeneracy"
    ),
    *faults(
        splitting_forgotten,
        "levels counted as one do not turn at their energy differences",
        "near degeneracy counted as one level",
    ),
    *faults(
        every_mode_mixed,
        "every mode counts as mixed with every other, and PERLind carries twice the flow",
        "audit of Fig. 1",
    ),
    *faults(always_sound, "the audit calls everything sound", "sound means accurate"),
    *faults(always_unreliable, "the audit calls everything unreliable", "unreliable means wrong"),
]
