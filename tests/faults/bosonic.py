"""Faults of bosonic reservoirs."""

import importlib

import numpy as np
from faults.fault import faults

import oqs

FAMILIES = ("bosonic",)


def density_off(monkeypatch):
    """Spectral densities are 1e-6 too large."""
    original = oqs.BosonicContact.gamma
    monkeypatch.setattr(
        oqs.BosonicContact, "gamma", lambda self, *given: original(self, *given) * (1 + 1e-6)
    )


def density_off_by_a_hundredth(monkeypatch):
    """Spectral densities are 1 % too large."""
    original = oqs.BosonicContact.gamma
    monkeypatch.setattr(
        oqs.BosonicContact, "gamma", lambda self, *given: original(self, *given) * 1.01
    )


def absorption_off(monkeypatch):
    """Absorption is 1e-6 too strong: no detailed balance."""
    original = oqs.BosonicContact.split

    def wrong(self, gamma, frequencies, T, mu):
        down, up = original(self, gamma, frequencies, T, mu)
        return down, up * (1 + 1e-6)

    monkeypatch.setattr(oqs.BosonicContact, "split", wrong)


def temperatures_inverted(monkeypatch):
    """Occupations at w/T -> T/w: hot reservoirs act as cold ones."""
    original = oqs.BosonicContact.split

    def wrong(self, gamma, frequencies, T, mu):
        other = np.where(frequencies > 0, frequencies**2 / T, T)
        return original(self, gamma, frequencies, other, mu)

    monkeypatch.setattr(oqs.BosonicContact, "split", wrong)


def dephasing_forgotten(monkeypatch):
    """The part at zero frequency is left out."""
    original = oqs.BosonicContact.split

    def wrong(self, gamma, frequencies, T, mu):
        return original(self, np.where(frequencies == 0, 0.0, gamma), frequencies, T, mu)

    monkeypatch.setattr(oqs.BosonicContact, "split", wrong)


def rectification_lost(monkeypatch):
    """The valve's qubits are equal, and so are its baths."""
    original = oqs.exchange_qubits
    monkeypatch.setattr(oqs, "exchange_qubits", lambda w, g: original([1.0] * len(w), g))
    spectrum = oqs.ohmic(0.01)
    monkeypatch.setattr(oqs, "ohmic", lambda *given, **named: spectrum)


def gibbs_without_number(monkeypatch):
    """The chemical potential is left out of the Gibbs state."""
    original = oqs.gibbs_state
    monkeypatch.setattr(oqs, "gibbs_state", lambda system, T, mu=0.0: original(system, T, 0.0))


def production_negative(monkeypatch):
    """Entropy production with the wrong sign."""
    original = oqs.entropy_production_by_reservoir
    monkeypatch.setattr(oqs, "entropy_production_by_reservoir", lambda *given: -original(*given))


def clausius_negative(monkeypatch):
    """The Clausius sum with the wrong sign."""
    original = oqs.clausius_sum
    monkeypatch.setattr(oqs, "clausius_sum", lambda flows, T: -original(flows, T))


def heat_uphill(monkeypatch):
    """Every flow has the wrong sign."""

    def wrong(model):
        return lambda T: oqs.Flows.of([0.0, 0.0], [-1.0, 1.0], [0.0, 0.0])

    monkeypatch.setattr(oqs, "flow_law", wrong)


def local_reference_gone(monkeypatch):
    """Occupations as if both sites had one frequency: no paradox."""
    module = importlib.import_module("validation.families.open_system.bosonic").literal_bosons
    monkeypatch.setattr(module, "bose", lambda frequency, temperature: temperature**9)


def amplitudes_off(monkeypatch):
    """Displacements of truncated oscillators are 1e-4 too large."""
    original = oqs.QuadraticBosons.displacement
    monkeypatch.setattr(
        oqs.QuadraticBosons, "displacement", lambda self, *given: 1.0001 * original(self, *given)
    )


FAULTS = [
    *faults(
        density_off,
        "spectral densities are 1e-6 too large",
        "absorption refrigerator of three qubits",
        "qubit and oscillator between two baths",
        "valve of two qubits",
        "random spin systems, dense",
    ),
    *faults(
        absorption_off,
        "absorption is 1e-6 too strong: no detailed balance",
        "KMS condition of bosonic reservoirs",
        "Gibbs states of bosonic reservoirs",
    ),
    *faults(
        temperatures_inverted,
        "hot reservoirs act as cold ones",
        "Clausius inequality with bosonic reservoirs",
        "Spohn's inequality with bosonic reservoirs",
    ),
    *faults(
        dephasing_forgotten,
        "the part at zero frequency is left out",
        "random spin systems, dense",
    ),
    *faults(rectification_lost, "equal qubits and baths: no valve", "valve of two qubits"),
    *faults(
        gibbs_without_number,
        "the chemical potential is left out of the Gibbs state",
        "Gibbs states of bosonic reservoirs",
    ),
    *faults(
        production_negative,
        "entropy production with the wrong sign",
        "Spohn's inequality with bosonic reservoirs",
    ),
    *faults(
        clausius_negative,
        "the Clausius sum with the wrong sign",
        "Clausius inequality with bosonic reservoirs",
    ),
    *faults(heat_uphill, "heat flows from cold to hot", "local against global master equation"),
    *faults(
        local_reference_gone,
        "the local equation is no longer local",
        "local against global master equation",
    ),
    *faults(
        density_off_by_a_hundredth,
        "spectral densities are 1 % too large",
        "hierarchy of equations of motion",
    ),
    *faults(amplitudes_off, "amplitudes are 1e-4 too large", "truncated oscillators"),
]
