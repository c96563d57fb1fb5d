"""Faults in the PERLind generator, in what it is chosen by and in what it costs."""

import importlib

import numpy as np
from faults.fault import faults

import oqs
from oqs.generator.perlind import pair_generator
from oqs.generator.perlind.channel_elements import ChannelElements
from oqs.generator.perlind.modes import PerlindModes
from oqs.laws.hierarchy import Hierarchy
from oqs.stationary import conserved_blocks
from oqs.stationary.conserved import block_generator
from oqs.stationary.conserved.storage import RealStorage

FAMILIES = ("close_levels",)


def half_rates(monkeypatch):
    """The jump operators hold occupations instead of their square roots."""
    original = ChannelElements._rates
    monkeypatch.setattr(
        ChannelElements,
        "_rates",
        lambda self, *given: tuple(r**2 / np.max(self.gamma) for r in original(self, *given)),
    )


def loss_off(monkeypatch):
    """The loss term is 1e-6 too small: the trace grows."""
    original = pair_generator.Pairs.loss
    monkeypatch.setattr(
        pair_generator.Pairs, "loss", lambda self, *given: (1 - 1e-6) * original(self, *given)
    )


def negative_jumps(monkeypatch):
    """Jumps enter with the wrong sign."""
    original = pair_generator.Pairs.jump
    monkeypatch.setattr(pair_generator.Pairs, "jump", lambda self, *given: -original(self, *given))


def occupations_swapped(monkeypatch):
    """Blocks fill at the rates at which they should empty."""
    original = block_generator.filled_and_empty
    monkeypatch.setattr(block_generator, "filled_and_empty", lambda x: original(x)[::-1])
    monkeypatch.setattr(conserved_blocks, "_FEW", 0)


def products_swapped(monkeypatch):
    """Small systems fill at the rates at which they should empty."""
    original = ChannelElements._rates
    monkeypatch.setattr(
        ChannelElements, "_rates", lambda self, *given: original(self, *given)[::-1]
    )


def rotation_forgotten(monkeypatch):
    """Coherences do not rotate."""
    monkeypatch.setattr(RealStorage, "rotation", lambda self, w: np.zeros((w.size, w.size)))
    monkeypatch.setattr(
        PerlindModes,
        "drift",
        lambda self, rates: (rates.emptying + rates.filling).sum(axis=0) / 2,
    )


def secular(monkeypatch):
    """Different frequencies do not interfere: PERLind is Davies."""
    original = PerlindModes.rates

    def diagonal(self, T, mu):
        found = original(self, T, mu)
        one = np.eye(len(self.energies))
        return type(found)(found.emptying * one, found.filling * one)

    monkeypatch.setattr(PerlindModes, "rates", diagonal)


def perlind_for_davies(monkeypatch):
    """Davies models are PERLind models: nothing fails at close levels."""
    monkeypatch.setattr(
        oqs, "davies", lambda system, contacts, **options: oqs.perlind(system, contacts)
    )


def rates_off(monkeypatch):
    """PERLind's rates are 1 % too large."""
    original = oqs.perlind

    def wrong(system, contacts, **options):
        larger = [
            oqs.Contact(c.rate, np.sqrt(1.01) * c.channels(system.sites), c.name, c.band)
            for c in contacts
        ]
        return original(system, larger, **options)

    monkeypatch.setattr(oqs, "perlind", wrong)


def rates_of_davies_off(monkeypatch):
    """Rates of Davies are 1e-10 too large."""
    original = oqs.davies

    def wrong(system, contacts, **options):
        larger = [
            oqs.Contact(c.rate, np.sqrt(1 + 1e-10) * c.channels(system.sites)) for c in contacts
        ]
        return original(system, larger, **options)

    monkeypatch.setattr(oqs, "davies", wrong)


def price_of_first_order(monkeypatch):
    """The means of T and mu are taken a rate apart: the flows at rest fall with its first power."""
    original = importlib.import_module("oqs.validity.thermodynamic_price").flow_law

    def wrong(model):
        law = original(model)
        return lambda T, mu: law(T, mu + model.fastest_rate * np.arange(len(mu)))

    monkeypatch.setattr(
        importlib.import_module("oqs.validity.thermodynamic_price"), "flow_law", wrong
    )


def level_forgotten(monkeypatch):
    """The energy counted is that of H_S whatever was asked for."""
    original = oqs.davies

    def wrong(system, contacts, *, energy="hamiltonian", **options):
        return original(system, contacts, **options)

    monkeypatch.setattr(oqs, "davies", wrong)


def energy_at_zero(monkeypatch):
    """The energy that the hierarchy counts is all at zero: heat without the dots' energies."""
    original = Hierarchy.flows

    def wrong(self):
        particle, _ = original(self)
        return particle, 0.0 * particle

    monkeypatch.setattr(Hierarchy, "flows", wrong)


def bosons_secular(monkeypatch):
    """Bosonic contacts are those of Davies."""
    monkeypatch.setattr(oqs, "perlind", oqs.davies)


def window_forgotten(monkeypatch):
    """States outside the window are kept."""
    monkeypatch.setattr(
        oqs.Window, "kept", lambda self, spectrum: np.ones(spectrum.dimension, dtype=np.bool_)
    )


FAULTS = [
    *faults(half_rates, "rates for their roots", "PERLind of any channels"),
    *faults(loss_off, "a loss off by 1e-6", "PERLind of any channels", "PERLind is a positive map"),
    *faults(negative_jumps, "jumps of the wrong sign", "PERLind is a positive map"),
    *faults(occupations_swapped, "in and out exchanged", "PERLind state and flows"),
    *faults(products_swapped, "in and out of few states exchanged", "PERLind state and flows"),
    *faults(rotation_forgotten, "no free rotation", "PERLind state and flows"),
    *faults(secular, "frequencies do not interfere", "PERLind at any splitting"),
    *faults(rates_off, "rates off by 1 %", "PERLind tends to Davies"),
    *faults(perlind_for_davies, "PERLind for Davies", "no secular generator at any splitting"),
    *faults(price_of_first_order, "potentials a rate apart", "price of PERLind"),
    *faults(level_forgotten, "energy of H_S instead", "energy of joined levels"),
    *faults(window_forgotten, "no window", "QmeQ's ten orbitals"),
    *faults(rates_off, "rates off by 1 %", "ten orbitals with all states"),
    *faults(rates_of_davies_off, "rates off by 1e-10", "QmeQ's blocked double orbital"),
    *faults(bosons_secular, "bosons of Davies", "PERLind of qubits"),
    *faults(energy_at_zero, "a hierarchy without energy", "PERLind with interactions"),
    *faults(occupations_swapped, "blocks in and out exchanged", "PERLind with interactions"),
]
