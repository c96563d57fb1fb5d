"""Every public class shows itself in three lines and as a table; results are tables for xarray."""

import inspect

import numpy as np
import pytest
import qutip
import xarray

import oqs
import thermo
import thermo.scenario

T, MU = [0.5, 1.0], [1.2, 0.8]
DOTS = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
LEADS = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), [1, 0], "<hot>")]
MODEL = oqs.davies(DOTS, LEADS)
LAW = oqs.closed_form(DOTS, LEADS)
GAS = thermo.FermiDiracGas(1.5)
BOXES = [thermo.Reservoir(GAS, 30.0, name=name) for name in ("cold", "<hot>")]
PATH = thermo.evolve(LAW, BOXES, T, MU, t_final=1e4)
BATHS = [oqs.BosonicContact(oqs.flat(0.01 * k), [1.0]) for k in (1, 2)]
LEVEL = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), [oqs.Contact(oqs.flat(0.01))])
SMALL = [thermo.Reservoir(thermo.FermiDiracGas(1.0), 20.0, name="box")]
FEW = thermo.evolve_stochastic(LEVEL, SMALL, [0.3], [1.2], trajectories=3, t_final=1e3, seed=1)
DIAGRAM = oqs.stability_diagram(
    lambda gate: oqs.davies(oqs.anderson_dot(-gate, U=1.2), [oqs.Contact(oqs.flat(0.01))] * 2),
    gate=[0.0, 0.6],
    bias=[-0.4, 0.4],
    T=0.05,
)
STATS = oqs.counting_statistics(MODEL, T, MU)
HIERARCHY = oqs.heom_law(
    oqs.QuadraticSystem([[0.5]]), [oqs.Contact(oqs.lorentzian(0.1, 0.0, 5.0))] * 2, expansion=2
)
CHAIN = thermo.master_equation(LEVEL, SMALL, T=[0.3], mu=[1.2])
EXPLICIT = thermo.explicit_reservoirs(DOTS, LEADS, BOXES, levels=10)
ENERGIES = np.linspace(0, 10, 2001)
STATE = qutip.tensor(qutip.fock_dm(2, 0), qutip.fock_dm(2, 0))
WARMING = [oqs.BosonicContact(lambda w, T, mu: 0.01 * T * w, [1.0], name="<hot>"), BATHS[1]]
RELAXED = oqs.relax(MODEL, STATE, T, MU, times=[0, 1, 2])
JOINT = thermo.coevolve(MODEL, BOXES, STATE, T, MU, t_final=10.0)
ENGINE = thermo.device(LAW(T, MU), T, MU)
AUDIT = oqs.audit(MODEL, T, MU)

SHOWN = [
    AUDIT["secular"],
    oqs.closed_form(oqs.QuadraticBosons([[1.0]]), BATHS),
    oqs.closed_form(oqs.QuadraticBosons([[1.0]]), WARMING),
    BATHS[0],
    LAW,
    LEADS[0],
    STATS,
    STATS.waiting_time((0, "in"), (1, "out"), [0.0, 1.0, 2.0]),
    HIERARCHY,
    HIERARCHY.convergence(T, MU),
    oqs.noise(MODEL, T, MU),
    MODEL,
    oqs.flow_law(MODEL),
    oqs.deviation(LAW(T, MU), LAW(T, MU)),
    LAW.jacobian(T, MU),
    LAW(T, MU),
    oqs.gaussian_law(DOTS, LEADS),
    oqs.InteractingSystem.from_terms(np.eye(8), U={(0, 1): 2.0}),
    oqs.landauer(DOTS, LEADS),
    oqs.levitov(DOTS, LEADS, T, MU),
    oqs.linear_response(MODEL, T=1.0, mu=1.0),
    oqs.linear_response(MODEL, T=1.0, mu=1.0).pair(0, 1),
    oqs.lambda_maser([0.0, 0.5, 1.5]),
    oqs.OperatorSystem(qutip.sigmaz()),
    oqs.perlind(DOTS, LEADS),
    oqs.QuadraticBosons([[1.0]]),
    DOTS,
    RELAXED,
    LAW(T, MU)["<hot>"],
    DIAGRAM,
    oqs.thermodynamic_price(oqs.perlind(DOTS, LEADS), T, MU),
    oqs.Units.from_meV(1.0),
    oqs.closed_form(oqs.QuadraticSystem.from_energies([1.0, 2.0]), LEADS[1:]).untouched[0],
    oqs.Window(3.0, 0.0),
    thermo.BoseGas(3.0),
    JOINT,
    thermo.CombinedGas([(GAS, 2.0), (thermo.SommerfeldGas(1.0), 1.0)]),
    thermo.cooling(PATH)[0],
    thermo.DebyeSolid(0.5),
    ENGINE,
    thermo.device_fluctuations(STATS),
    thermo.evolve_ensemble(LAW, BOXES, [T, T], [MU, MU], t_final=1e4),
    thermo.equilibrium(BOXES, T, MU),
    thermo.Estimate(1.0, 0.1),
    thermo.Event("temperature", (0, 1), 2.0, 0.7),
    EXPLICIT.evolve(T, MU, [0.0, 1.0]),
    EXPLICIT,
    GAS,
    GAS.state([1.0, 2.0], [0.5, 1.0]),
    thermo.HeatLink(1e-3),
    thermo.BoseGas(3.0).heat_state(np.array([1.0, 2.0])),
    FEW.trajectory(0),
    thermo.with_links(None, {("hot", "cold"): 1e-3}),
    CHAIN,
    thermo.OhmicLink(0.1),
    thermo.optimise(lambda x: x * (3 - x), {"x": (0, 1)}),
    PATH.fluctuations(MODEL),
    BOXES[0],
    CHAIN.at(1e3),
    thermo.Reservoirs(BOXES),
    thermo.SommerfeldGas(1.5),
    FEW,
    thermo.TabulatedGas(ENERGIES, np.sqrt(ENERGIES) + 1),
    thermo.TabulatedHeatCapacity(ENERGIES[1:], ENERGIES[1:] ** 3),
    PATH,
    thermo.scenario.read("figure_5"),
]
"""One of each public class, by its name in the packages."""

SETTINGS = {
    "ConservedBlocks",
    "FullLiouvillian",
    "GaussianState",
    "Populations",
    "ZeroFrequencyBlock",
}
"""Solvers: an argument, no result."""

OTHERWISE = {"Audit", "Regime", "StationaryState", "Verdict"}
"""A table in a terminal too, enumerations, a Qobj."""

TABLES = {
    "CoTrajectory",
    "Cooling",
    "Device",
    "Ensemble",
    "Equilibrium",
    "ExplicitPath",
    "FlowJacobian",
    "Flows",
    "JumpPath",
    "PopulationStatistics",
    "LevitovStatistics",
    "LinearResponse",
    "Noise",
    "Optimum",
    "PathFluctuations",
    "Relaxation",
    "ReservoirMoments",
    "StabilityDiagram",
    "StochasticEnsemble",
    "Trajectory",
    "WaitingTimes",
}

by_class = pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: type(shown).__name__)


def public_classes():
    for package in (oqs, thermo):
        for name in package.__all__:
            found = getattr(package, name)
            abstract = inspect.isabstract(found) or getattr(found, "_is_protocol", False)
            if inspect.isclass(found) and not abstract and not issubclass(found, BaseException):
                yield name


def test_every_public_class_is_shown():
    shown = {type(each).__name__ for each in SHOWN}
    assert set(public_classes()) - shown - SETTINGS - OTHERWISE == set()
    assert shown >= TABLES


@by_class
def test_three_lines_and_a_page(shown):
    lines = repr(shown).splitlines()
    assert len(lines) <= 3
    assert len(repr(shown)) <= 303
    page = shown._repr_html_()
    assert page.startswith("<div>")
    assert "<hot>" not in page  # names are text, not tags


def test_an_audit_is_a_table_everywhere():
    assert repr(AUDIT).splitlines()[-1] == f"in all: {AUDIT.verdict.name.lower()}"
    assert AUDIT._repr_html_().count("<tr>") == len(AUDIT.assumptions) + 1


@pytest.mark.parametrize(
    "shown",
    [each for each in SHOWN if type(each).__name__ in TABLES],
    ids=lambda s: type(s).__name__,
)
def test_results_are_tables_that_can_be_written(shown, tmp_path):
    table = shown.to_dataset()
    assert isinstance(table, xarray.Dataset)
    assert len(table.data_vars) > 0
    thermo.save_dataset(table, tmp_path / "table.nc")
    assert thermo.load_dataset(tmp_path / "table.nc").equals(table)


def test_tables_hold_what_the_results_do():
    table = JOINT.to_dataset()
    np.testing.assert_array_equal(table["Y"].sel(reservoir="<hot>"), JOINT.flows.heat[:, 1])
    np.testing.assert_array_equal(table["E_S"], JOINT.system_energy)
    np.testing.assert_array_equal(RELAXED.to_dataset()["P"], RELAXED.flows.particle)
    device = ENGINE.to_dataset()
    assert float(device["heat"].sel(reservoir="cold")) == ENGINE.heat[0]
    assert float(device["power"]) == ENGINE.power
    steady = thermo.device_fluctuations(oqs.counting_statistics(MODEL, T, MU))
    noise = steady.to_dataset()
    assert (
        float(noise["heat_noise"].sel(reservoir="cold", other="<hot>")) == steady.heat_noise[0, 1]
    )
    assert float(noise["power"]) == steady.device.power
    price = oqs.thermodynamic_price(MODEL, T, MU)
    np.testing.assert_array_equal(price.to_dataset()["gibbs"], price.gibbs)
    slopes = LAW.jacobian(T, MU)
    found = slopes.to_dataset()["heat_mu"].sel(reservoir="cold", of="<hot>")
    assert float(found) == slopes.heat_mu[0, 1]
    jumps = FEW.trajectory(0)
    np.testing.assert_array_equal(jumps.to_dataset()["jumped_with"][1:], jumps.reservoir)
    best = thermo.optimise(lambda x: x * (3 - x), {"x": (0, 1)}).to_dataset()
    assert bool(best["at_bound"].sel(parameter="x"))


def test_a_machine_calls_its_reservoirs_by_their_names():
    assert ENGINE.names == ("cold", "<hot>")
    assert "cold, <hot>" in repr(ENGINE)
    assert repr(thermo.cooling(PATH)[0]).startswith("Cooling of cold")
    assert "never below its start" in repr(thermo.cooling(PATH)[0])
