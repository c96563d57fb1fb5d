"""Every check of the family `paper_figures` sees the fault it is there for."""

import dataclasses

import numpy as np
import pytest

from validation import families
from validation.families.finite_reservoirs import paper_figures
from validation.framework.check import Status
from validation.systems.cases import FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, FIGURE_5

CHECKS = {check.name: check for check in families.load(("paper_figures",))}
PATH = paper_figures.path


ALTERED = {
    "rates": dataclasses.replace(FIGURE_1, prefactors=[1.000001e-4, 1e-4]),
    "strong": dataclasses.replace(FIGURE_1, prefactors=[0.05, 0.05]),
    "capacity": dataclasses.replace(FIGURE_1, capacities=[1.0, 1.001]),
    "less mu": dataclasses.replace(FIGURE_1, mu=[20.8, 20.0]),
    "no mu": dataclasses.replace(FIGURE_1, mu=[20.8, 20.6]),
    "hot": dataclasses.replace(FIGURE_2, T=[0.8, 1.4]),
    "printed": dataclasses.replace(FIGURE_3, T=[0.8, 1.15]),
    "other mu": dataclasses.replace(FIGURE_3, mu=[18.81, 18.0]),
}


def instead(case, name, only_driver=None):
    """A figure is run with other numbers, or by one driver only."""

    def path(asked, gas, driver="Eq. (10)", T_2=None):
        wrong = asked is case and only_driver in (None, driver)
        return PATH(ALTERED[name] if wrong else asked, gas, driver, T_2)

    return path


def with_fields(case, change):
    """The trajectory of a figure is changed after it was computed."""

    def path(asked, gas, driver="Eq. (10)", T_2=None):
        run = PATH(asked, gas, driver, T_2)
        return dataclasses.replace(run, **change(run)) if asked is case else run

    return path


def leaking(run):
    return {"E": run.E * (1 + 1e-7 * np.linspace(0, 1, len(run.t))[:, None])}


def shrinking(run):
    return {"entropy": run.entropy[::-1].copy()}


def smooth(run):
    return {"event_list": run.event_list[:1]}


FAULTS = [
    ("Figures 1-5, two drivers", instead(FIGURE_1, "rates", "density matrix")),
    ("Figures 1-5, equilibrium", instead(FIGURE_1, "capacity")),
    ("Figures 1-5, conservation", with_fields(FIGURE_2, leaking)),
    ("Figures 1-5, entropy", with_fields(FIGURE_2, shrinking)),
    ("Figures 1-5, weak coupling", instead(FIGURE_1, "strong")),
    ("Figure 1, transient cooling", instead(FIGURE_1, "less mu")),
    ("Figure 1, end", instead(FIGURE_1, "no mu")),
    ("Figure 2, temperature flip", instead(FIGURE_2, "hot")),
    ("Figure 2, omega-bar", instead(FIGURE_2, "hot")),
    ("Figure 3, printed T_2", instead(FIGURE_3, "printed")),
    ("Figure 3, smallest T_2", instead(FIGURE_3, "other mu", "density matrix")),
    ("Figure 4, local extrema", with_fields(FIGURE_4, smooth)),
    ("Figure 5, local extrema", with_fields(FIGURE_5, smooth)),
]


@pytest.mark.parametrize(("name", "path"), FAULTS, ids=[name for name, _ in FAULTS])
def test_the_check_sees_the_fault(monkeypatch, name, path):
    if name.startswith("Figures"):  # all five, but the fault is in one or two of them
        monkeypatch.setattr(paper_figures, "CASES", (FIGURE_1, FIGURE_2))
    monkeypatch.setattr(paper_figures, "path", path)
    monkeypatch.setattr(
        paper_figures, "smallest_flipping_T_2", paper_figures.smallest_flipping_T_2.__wrapped__
    )
    monkeypatch.setattr(paper_figures, "_SHARPNESS", 5e-4)
    result = CHECKS[name].run()
    assert result.status is Status.FAILED, result


def test_every_check_has_a_fault():
    assert set(CHECKS) == {name for name, _ in FAULTS}
