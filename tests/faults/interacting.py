"""Faults beyond quadratic systems: interactions, degenerate levels, frequency shifts."""

import importlib

import numpy as np
import scipy.special
from faults.fault import faults

import oqs

FAMILIES = ("interacting", "degenerate")
FIELDS = ("particle", "energy", "heat")


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
    monkeypatch.setattr(
        importlib.import_module("oqs.generator.weights"), "expit", lambda x: scipy.special.expit(-x)
    )


def gamma_off(monkeypatch):
    """All rates are 1e-6 too large."""
    original = oqs.Contact.gamma
    monkeypatch.setattr(
        oqs.Contact, "gamma", lambda self, *given: original(self, *given) * (1 + 1e-6)
    )


def filters_leak(monkeypatch):
    """Contacts have a rate of 1e-9 where they should have none."""
    original = oqs.Contact.gamma
    monkeypatch.setattr(oqs.Contact, "gamma", lambda self, *given: original(self, *given) + 1e-9)


def channels_independent(monkeypatch):
    """A collective contact is split into one channel per site: cross terms dropped."""
    original = oqs.Contact.channels

    def wrong(self, sites):
        rows = original(self, sites)
        return np.concatenate([np.diag(row) for row in rows])

    monkeypatch.setattr(oqs.Contact, "channels", wrong)


def sets_apart(monkeypatch):
    """Every invariant set of H counts as a sector, also where a channel mixes them."""
    monkeypatch.setattr(
        importlib.import_module("oqs.transitions.sector_transitions"),
        "sectors_of_sets",
        lambda count, _: np.arange(count),
    )


def coherences_dropped(monkeypatch):
    """Of the zero-frequency block the populations alone are solved for."""
    original = oqs.generator.generator.Generator.restricted
    monkeypatch.setattr(
        oqs.generator.generator.Generator,
        "restricted",
        lambda self, keep: original(self, self.row_state == self.column_state),
    )


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
    monkeypatch.setattr(
        oqs, "stationary_state", lambda model, T, mu, *, method=None: model.system.hamiltonian
    )


FAULTS = [
    *faults(
        rate_off,
        "every rate of the first contact is 1e-6 too large",
        "published flows of small dots",
        "Anderson dot",
        "two capacitively coupled dots",
        "interference of two degenerate levels",
    ),
    *faults(
        occupation_inverted,
        "n and 1 - n exchanged, everywhere",
        "published flows of small dots",
        "Anderson dot",
        "two capacitively coupled dots",
        "KMS and local Gibbs states with interactions",
    ),
    *faults(
        channels_independent,
        "a collective contact is split into one channel per site: cross terms dropped",
        "published flows of small dots",
        "interference of two degenerate levels",
        "dark mode refused",
    ),
    *faults(gamma_off, "all rates are 1e-6 too large", "published rate equations of small dots"),
    *faults(
        filters_leak, "contacts have a rate of 1e-9 where they should have none", "energy harvester"
    ),
    *faults(
        energy_sign,
        "every flow law reports heat, energy and particles with the opposite sign",
        "second law and balance with interactions",
    ),
    *faults(
        energy_not_kept,
        "the energy that the first reservoir loses is 1e-9 too large",
        "second law and balance with interactions",
    ),
    *faults(
        upward_rate_off,
        "rates up are 1e-6 too large: no detailed balance",
        "KMS and local Gibbs states with interactions",
    ),
    *faults(no_uniqueness_check, "solvers return whatever they find", "dark mode refused"),
    *faults(sets_apart, "spin kept apart where one lead mixes it", "equal spins"),
    *faults(
        coherences_dropped,
        "coherences between degenerate levels dropped",
        "eigenbasis inside degenerate levels",
    ),
    *faults(
        shift_of_bare_channels,
        "the frequency shift is made of S^+ S with S not decomposed by frequency",
        "frequency shift commutes with H_S",
    ),
    *faults(
        shift_as_rate,
        "the shift's coefficient is added to the rates, as a wrong factor i would",
        "frequency shift of distinct levels",
    ),
]
