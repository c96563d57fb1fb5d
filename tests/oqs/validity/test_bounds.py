"""What an audit with exact=False says of a large system, and comparisons to a few digits."""

import dataclasses
import importlib
import itertools
import math

import numpy as np
import pytest

import oqs
from oqs.generator.linewidths import Linewidths
from oqs.stationary.method import TOLERANCE
from oqs.validity.audit import measured
from oqs.validity.bounds import bounds, takes_long

T, MU = np.array([0.4, 0.6]), np.array([0.5, -0.5])


def spinful(sites, rate=0.01, **contact):
    ends = [oqs.spin_channels(row) for row in np.eye(sites)[[0, -1]]]
    contacts = [
        oqs.Contact(oqs.flat(g), t, **contact) for g, t in zip((rate, 0.02), ends, strict=True)
    ]
    return oqs.davies(oqs.spinful_dots(np.full(sites, -2.0), 1.0, U=4.0, U_inter=0.5), contacts)


def quadratic(sites):
    h = np.diag(np.linspace(0, 1, sites)) + 0.3 * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    return oqs.davies(oqs.QuadraticSystem(h), [oqs.Contact(oqs.flat(0.01))] * 2)


@pytest.mark.parametrize("sites", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_no_line_is_wider_than_its_bound(sites, seed):
    rng = np.random.default_rng(seed)
    channels = rng.normal(size=(2, 2, 2 * sites, 2)) @ [1, 1j]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip((0.01, 0.03), channels, strict=True)]
    model = oqs.davies(oqs.spinful_dots(rng.normal(size=sites), 0.4, U=1.0), contacts)
    row = {row.name: row for row in bounds(model, T, timed=False)}["Born-Markov"]
    assert np.max(Linewidths.of(model).widths) <= row.ratio * 0.4 * (1 + 1e-12)


def test_large_systems_say_what_is_not_measured(monkeypatch):
    monkeypatch.setattr(importlib.import_module("oqs.validity.bounds"), "_PAIRS", 8)
    model = spinful(2)
    assert takes_long(model)
    states = property(lambda self: pytest.fail("looked at the transitions"))
    with monkeypatch.context() as patch:
        patch.setattr(oqs.DaviesModel, "decomposition", states)
        audit = oqs.audit(model, T, MU, exact=False, tau_eq=1e5)
    assert audit.verdict is oqs.Verdict.DOUBTFUL
    for name in ("secular", "line tails", "unique flows", "time scales"):
        row = audit[name]
        assert math.isnan(row.ratio)
        assert row.verdict is oqs.Verdict.DOUBTFUL
        assert row.measure.startswith("not measured with exact=False")
        assert row.remedy == "ask with exact=True"
    assert audit["Born-Markov"].ratio == pytest.approx(2 * 0.03 / 0.4)
    assert audit["flat rate"].verdict is audit["band edges"].verdict is oqs.Verdict.SOUND
    whole = measured(model, T, MU, 1e5, exact=False, progress=False)
    assert [row.name for row in whole.assumptions] == [row.name for row in audit.assumptions]
    assert not any(math.isnan(row.ratio) for row in whole.assumptions)
    assert "nan" in repr(audit)


def test_bands_and_rates_that_vary_are_not_bounded(monkeypatch):
    monkeypatch.setattr(importlib.import_module("oqs.validity.bounds"), "_PAIRS", 8)
    banded = {row.name: row for row in bounds(spinful(2, band=(-9, 9)), T, timed=False)}
    assert math.isnan(banded["band edges"].ratio)
    assert math.isnan(banded["flat rate"].ratio)
    assert banded["Born-Markov"].ratio > 0
    coherent = oqs.perlind(spinful(2).system, spinful(2).contacts)
    assert math.isnan(oqs.audit(coherent, T, MU, exact=False)["thermodynamics"].ratio)


@pytest.mark.parametrize(
    ("model", "long"),
    [
        (lambda: quadratic(60), False),
        (lambda: spinful(2), False),
        (lambda: oqs.davies(oqs.spinless_dots(np.arange(10.0), 0.0, U=1.0), [oqs.Contact(
            oqs.flat(0.01))]), False),
        (lambda: spinful(5), False),
        (lambda: oqs.perlind(spinful(5).system, spinful(5).contacts), True),
        (lambda: every_channel(8), False),
        (lambda: every_channel(9), True),
        (lambda: equal(6), False),
        (lambda: equal(8), True),
    ],
    ids=[
        "modes",
        "two spinful sites",
        "densities",
        "five spinful sites",
        "their PERLind",
        "every channel of eight sites",
        "of nine",
        "six sites in a degenerate level",
        "eight",
    ],
)  # fmt: skip
def test_what_is_quick_is_measured(model, long):
    assert takes_long(model()) is long


def every_channel(sites):
    """A chain of three contacts that touch it by as many channels as it has sites."""
    h = np.diag(np.cos(np.arange(sites) ** 2)) + 0.5 * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    chain = oqs.InteractingSystem.from_terms(h, {(k, k + 1): 0.7 for k in range(sites - 1)})
    channels = np.random.default_rng(1).normal(size=(3, sites, sites))
    return oqs.davies(chain, [oqs.Contact(oqs.flat(0.01), rows) for rows in channels])


def equal(sites):
    """Sites of one energy that repel each other alike: every particle number is one level."""
    pairs = dict.fromkeys(itertools.combinations(range(sites), 2), 1.0)
    system = oqs.InteractingSystem.from_terms(np.zeros((sites, sites)), pairs)
    contacts = [oqs.Contact(oqs.flat(0.01), np.arange(sites) + k) for k in (1.0, 2.5)]
    return oqs.davies(system, contacts)


def test_a_comparison_needs_few_digits():
    """PERLind iterated to a few digits gives the deviation of the state that is solved fully."""
    model = spinful(4)
    gross = oqs.flow_law(model).gross(T, MU)
    davies = oqs.flow_law(model)(T, MU)
    module = importlib.import_module("oqs.validity.secular_error")
    precision = module._precision(davies, gross)
    assert TOLERANCE < precision < 1e-2
    _, few = module._coherent(model, T, MU, precision, long=False)
    exact = oqs.flow_law(oqs.perlind(model.system, model.contacts))(T, MU)
    for kind in ("particle", "energy", "heat"):
        off = np.max(np.abs(getattr(few, kind) - getattr(exact, kind)))
        assert off < 0.01 * np.max(np.abs(getattr(exact, kind)))
    nothing = dataclasses.replace(davies, particle=0 * davies.particle)
    assert module._precision(nothing, gross) == TOLERANCE
