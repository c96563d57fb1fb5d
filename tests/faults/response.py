"""Faults of linear response, charging diagrams and exact counting statistics."""

import dataclasses

from faults.fault import faults, wrapping

import oqs
from oqs.flow_jacobian import FlowJacobian
from oqs.fluctuations.scattering import Scattered
from oqs.stationary.rates import scalar_perturbation

FAMILIES = ("response",)


def populations_do_not_answer(monkeypatch):
    """The rates change with T and mu, the populations do not."""
    original = scalar_perturbation._changes
    monkeypatch.setattr(
        scalar_perturbation,
        "_changes",
        lambda *args: [[0.0 for _ in column] for column in original(*args)],
    )


def heat_by_mu_off(monkeypatch):
    """Heat answers to mu 1e-9 too strongly."""
    original = FlowJacobian.__dict__["of_table"].__func__

    def wrong(cls, table, names=None):
        table = table.copy()
        table[5] *= 1 + 1e-9
        return original(cls, table, names)

    monkeypatch.setattr(FlowJacobian, "of_table", classmethod(wrong))


def one_sided(response):
    return dataclasses.replace(response, onsager=response.onsager / 2)


def seebeck_off(response):
    onsager = response.onsager.copy()
    onsager[0, 1] *= 1 + 1e-9
    return dataclasses.replace(response, onsager=onsager)


def diagram_off(diagram):
    return dataclasses.replace(diagram, fano=diagram.fano * (1 + 1e-9))


def temperature_off(monkeypatch):
    """Occupations are those of temperatures 1e-5 too high."""
    original = Scattered.__dict__["of"].__func__
    monkeypatch.setattr(
        Scattered,
        "of",
        classmethod(lambda cls, matrix, x, owners: original(cls, matrix, x * (1 - 1e-5), owners)),
    )


FAULTS = [
    *faults(
        populations_do_not_answer,
        "populations do not answer",
        "derivatives of the flows of independent modes",
        "response of an Anderson dot",
    ),
    *faults(heat_by_mu_off, "heat by mu 1e-9 too large", "Onsager symmetry"),
    *faults(
        wrapping(oqs, "linear_response", one_sided),
        "response half as large",
        "fluctuation-dissipation",
        "response of an Anderson dot",
    ),
    *faults(
        wrapping(oqs, "linear_response", seebeck_off),
        "particles by heat 1e-9 too large",
        "thermopower of one level",
        "Onsager symmetry with a flux",
    ),
    *faults(
        wrapping(oqs, "stability_diagram", diagram_off),
        "Fano factor 1e-9 too large",
        "plateau of a Coulomb diamond",
    ),
    *faults(
        wrapping(Scattered, "series", lambda cumulants: cumulants * 1.01),
        "cumulants of each energy 1 % too large",
        "exact cumulants at weak coupling",
    ),
    *faults(temperature_off, "temperatures 1e-5 too high", "exact fluctuation theorem"),
    *faults(
        wrapping(Scattered, "second", lambda noise: noise * (1 + 1e-3)),
        "noise 1e-3 too large",
        "uncertainty of two dots in series",
    ),
]
