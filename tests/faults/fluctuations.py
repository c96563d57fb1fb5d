"""Faults of counting statistics."""

import importlib

import numpy as np
from faults.fault import faults, wrapping

import oqs
from oqs.fluctuations.coherent import CoherentStatistics
from oqs.fluctuations.rates.pairs import Pairs
from oqs.fluctuations.rates.populations import PopulationStatistics

FAMILIES = ("counting",)


def first_rate_off(monkeypatch):
    """What the first reservoir gives is counted 1e-6 too often, and occupies no more."""
    for owner in (PopulationStatistics, CoherentStatistics):
        original = owner._cumulants
        monkeypatch.setattr(
            owner,
            "_cumulants",
            lambda self, j, order, weights, original=original: (
                original(self, j, order, weights) * (1 + 1e-6 * (j == 0))
            ),
        )


def jumps_uncorrelated(monkeypatch):
    """Shot noise of independent jumps: what the system remembers between them is left out."""
    monkeypatch.setattr(
        importlib.import_module("oqs.fluctuations.rates.populations"),
        "potentials",
        lambda rates, solver, fields: np.zeros((rates.dimension, len(fields))),
    )


def coherences_unshifted(monkeypatch):
    """The inverse of L is applied to populations alone."""
    solver = importlib.import_module("oqs.fluctuations.coherent")._Pinned
    original = solver.inverse

    def wrong(self, y):
        x = original(self, y)
        kept = np.zeros(len(x), dtype=bool)
        kept[self._populations] = True
        x[~kept] = 0.0
        return x

    monkeypatch.setattr(solver, "inverse", wrong)


def detailed_balance_broken(monkeypatch):
    """Rates up of one contact are 1e-6 too large; of all, it would be another mu."""
    original = Pairs.at

    def wrong(self, T, mu):
        rates = original(self, T, mu)
        rates.up[0] *= 1 + 1e-6
        return rates

    monkeypatch.setattr(Pairs, "at", wrong)


def temperature_off(monkeypatch):
    """The rates are those of temperatures 1e-6 too high."""
    original = Pairs.at
    monkeypatch.setattr(Pairs, "at", lambda self, T, mu: original(self, T * (1 + 1e-6), mu))


def field_scaled(monkeypatch):
    """Fields act 1e-3 too strongly."""
    for owner in (PopulationStatistics, CoherentStatistics):
        original = owner._tilted
        monkeypatch.setattr(
            owner,
            "_tilted",
            lambda self, chi, xi, original=original: original(self, 1.001 * chi, 1.001 * xi),
        )


def blocks_counted_twice(monkeypatch):
    """Second derivatives of the blocks' jumps are 1e-6 too large."""
    module = importlib.import_module("oqs.fluctuations.blocks.statistics")
    original = module.derivative
    monkeypatch.setattr(
        module,
        "derivative",
        lambda generator, j, weights, order, x: (
            original(generator, j, weights, order, x) * (1 + 1e-6 * (order == 2))
        ),
    )


FAULTS = [
    *faults(
        blocks_counted_twice,
        "second derivatives of blocks 1e-6 too large",
        "counting without matrices",
    ),
    *faults(
        first_rate_off,
        "counts of the first reservoir 1e-6 too large",
        "means from counting",
        "six cumulants of one level",
        "cumulants of a polarised Anderson dot",
    ),
    *faults(
        jumps_uncorrelated,
        "jumps counted as if independent",
        "covariances from dense matrices",
        "noise of a blockaded dot",
    ),
    *faults(
        coherences_unshifted,
        "what coherences remember is left out",
        "covariances from dense matrices",
    ),
    *faults(
        wrapping(PopulationStatistics, "_spectrum", lambda S: S.conj() * (1 + 1e-9)),
        "spectrum 1e-9 too large",
        "noise of one level at large bias",
    ),
    *faults(
        detailed_balance_broken,
        "rates up are 1e-6 too large: no detailed balance",
        "fluctuation theorem",
    ),
    *faults(
        temperature_off,
        "temperatures 1e-6 too high",
        "fluctuation theorem",
        "six cumulants of one level",
    ),
    *faults(
        field_scaled,
        "fields act too strongly",
        "noise as the curvature of the generating function",
    ),
    *faults(
        wrapping(oqs.JumpStatistics, "covariance", lambda S: 0.5 * S),
        "one-sided noise: half of it",
        "thermodynamic uncertainty relation",
        "noise as the curvature of the generating function",
    ),
]
