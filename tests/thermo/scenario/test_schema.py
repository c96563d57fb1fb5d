"""The parts of a scenario: what they mean, and how each mistake is answered."""

import inspect
import pathlib

import numpy as np
import pytest
from scipy.constants import e, eV, hbar, k

import oqs
from oqs.system import builders, masers, spins
from oqs.units import SI_UNITS, Units
from thermo.scenario import Scenario, ScenarioError, read
from thermo.scenario.reading import scenario
from thermo.scenario.schema.document import load, parse
from thermo.scenario.schema.system import BUILDERS
from thermo.scenario.schema.values import arguments_of

PLAIN = """
title = "two levels"
[units]
reference_temperature = 1000
[system]
energies = [21.1, 21.5]
[[contacts]]
name = "cold"
rate = { law = "power_law", prefactor = 1e-4, exponent = 0.5 }
[[contacts]]
name = "hot"
rate = { law = "flat", value = 0.002 }
coupling = [1, "0.5j"]
[[reservoirs]]
name = "cold"
T = 0.6
mu = 20.8
[[reservoirs]]
name = "hot"
T = 1
mu = 16
[flows]
laws = ["density_matrix", "closed_form"]
[relaxation]
initial = [1, 0]
"""


def changed(*replacements):
    text = PLAIN
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return scenario(parse(text, "my.toml"))


def test_a_scenario_is_the_system_the_contacts_and_the_reservoirs_state(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(PLAIN)
    found = read(path)
    assert isinstance(found, Scenario)
    assert found.title == "two levels"
    assert found.names == ("cold", "hot")
    np.testing.assert_array_equal(found.system.energies, [21.1, 21.5])
    np.testing.assert_array_equal(found.T, [0.6, 1.0])
    np.testing.assert_array_equal(found.mu, [20.8, 16.0])
    np.testing.assert_array_equal(found.contacts[1].coupling, [[1, 0.5j]])
    assert found.contacts[0].rate == oqs.power_law(1e-4, 0.5)
    assert found.units == Units.from_temperature(1000)
    assert found.asked["flows"].laws == ("density_matrix", "closed_form")
    assert found.asked["relaxation"].initial == (1, 0)
    # flows need no gases; what does says which is missing
    with pytest.raises(ScenarioError, match=r"key `reservoirs\.cold\.gas` is missing\. Give the"):
        _ = found.reservoirs
    with pytest.raises(ValueError, match="read-only"):
        found.T[0] = 1.0
    assert found.document.text == PLAIN


ENERGIES = "energies = [21.1, 21.5]"
LAWS = 'laws = ["density_matrix", "closed_form"]'
SYSTEMS = {
    "energies": (ENERGIES, oqs.QuadraticSystem.from_energies([21.1, 21.5])),
    "h": ('h = [[0, "1-1j"], ["1+1j", 2.5]]', oqs.QuadraticSystem([[0, 1 - 1j], [1 + 1j, 2.5]])),
    "U": (
        "energies = [1, 2]\nU = [{ sites = [1, 0], value = 2.0 }]",
        oqs.InteractingSystem.from_terms(np.diag([1.0, 2.0]), {(0, 1): 2.0}),
    ),
    "V": (
        'energies = [1, 2]\nV = [{ sites = [0, 1, 1, 0], value = "0.5" }]',
        oqs.InteractingSystem.from_terms(np.diag([1.0, 2.0]), None, {(0, 1, 1, 0): 0.5}),
    ),
    "builder": (
        'builder = "double_dot"\n'
        'arguments = { levels = [0, 1], tunnelling = "0.1j", U = 0, spin = false, U_inter = 1 }',
        oqs.double_dot([0, 1], 0.1j, U=0, spin=False, U_inter=1),
    ),
}


@pytest.mark.parametrize("way", SYSTEMS)
def test_every_way_to_give_a_system(way):
    text, expected = SYSTEMS[way]
    found = changed((ENERGIES, text), (LAWS, "")).system
    assert type(found) is type(expected)
    assert found.hamiltonian == expected.hamiltonian


def test_every_argument_of_every_builder_can_be_given():
    assert set(BUILDERS) == {
        name
        for name in oqs.__all__
        if inspect.isfunction(getattr(oqs, name))
        and any(name in vars(room) for room in (builders, masers, spins))
    } - {"spin_channels", "on_factor"}
    for build in BUILDERS.values():
        assert list(arguments_of(build).keys) == list(inspect.signature(build).parameters)


def test_spin_is_a_coupling_by_spin():
    found = changed(
        (ENERGIES, 'builder = "anderson_dot"\narguments = { level = 0, U = 1 }'),
        ('coupling = [1, "0.5j"]', "spin = { amplitudes = [2], down = 0.5 }"),
        (LAWS, ""),
    )
    np.testing.assert_array_equal(
        found.contacts[1].coupling, oqs.spin_channels([2.0], up=1.0, down=0.5)
    )


RESERVOIR = "\n[[reservoirs]]\nT = 1\nmu = 1\n"
MISTAKES = [
    ((("T = 0.6", "T = -0.6"),), "reservoirs.cold.T", "must be positive, but is -0.6"),
    ((("T = 0.6", "T = nan"),), "reservoirs.cold.T", "must be finite"),
    ((("T = 0.6", 'T = "warm"'),), "reservoirs.cold.T", "must be a number, but is 'warm'"),
    ((("T = 0.6", "T = true"),), "reservoirs.cold.T", "must be a number, but is true"),
    ((("T = 0.6", ""),), "reservoirs.cold.T", "is missing. Give the temperature"),
    ((("T = 0.6", "Temp = 0.6"),), "reservoirs.cold.Temp", "is not known"),
    ((("[system]", "[sytem]"),), "sytem", "did you mean `system`?"),  # codespell:ignore
    ((("exponent", "exponnent"),), "contacts.cold.rate.exponnent", "did you mean `exponent`?"),
    ((('"power_law"', '"powerlaw"'),), "contacts.cold.rate.law", "did you mean `power_law`?"),
    ((('law = "flat", ', ""),), "contacts.hot.rate.law", "is missing. Give one of `flat`"),
    ((("value = 0.002", "value = -1"),), "contacts.hot.rate.value", "must be >= 0, but is -1.0"),
    ((('[1, "0.5j"]', "[1]"),), "contacts.hot.coupling", "must have 2 entries per channel"),
    ((('[1, "0.5j"]', "[[1, 2], [3]]"),), "contacts.hot.coupling", "rows of one length"),
    ((('[1, "0.5j"]', '["i", 1]'),), "contacts.hot.coupling[0]", 'text such as "0.1+0.2j"'),
    ((('name = "hot"', 'name = "cold"'),), "contacts.cold.name", "'cold' stands twice"),
    ((('name = "hot"', 'name = "a.b"'),), "contacts.a.b.name", "must have no dot"),
    ((('name = "cold"\nT', 'name = "warm"\nT'),), "reservoirs.warm.name", "its contact, 'cold'"),
    ((("[flows]", f"{RESERVOIR}[flows]"),), "reservoirs", "one per contact, 2, but are 3"),
    (((ENERGIES, "energies = []"),), "system.energies", "must have 1 to 500 entries, but has 0"),
    (((ENERGIES, ""),), "system", "exactly one of `energies`, `h`, `builder`, but has none"),
    (((ENERGIES, f"{ENERGIES}\nh = [[1]]"),), "system", "but has `energies`, `h`"),
    (((ENERGIES, "h = [[0, 1], [2, 0]]"),), "system.h", "must be Hermitian"),
    (((ENERGIES, 'builder = "dubble_dot"'),), "system.builder", "did you mean `double_dot`?"),
    (((ENERGIES, 'builder = "double_dot"'),), "system.arguments.levels", "is missing"),
    (((ENERGIES, f"{ENERGIES}\narguments = {{}}"),), "system.arguments", "goes with `builder`"),
    ((("initial = [1, 0]", "initial = [1]"),), "relaxation.initial", "one occupation per site, 2"),
    ((("initial = [1, 0]", "initial = [1, 2]"),), "relaxation.initial[1]", "must be from 0 to 1"),
    ((("initial = [1, 0]", 'initial = "ful"'),), "relaxation.initial", "did you mean `full`?"),
    ((('"closed_form"', '"density_matrix"'),), "flows.laws", "must name each once"),
    ((("reference_temperature = 1000", ""),), "units", "exactly one of"),
    ((("reference_temperature = 1000", "reference_energy = 0"),), "units.reference_energy", "must"),
    ((("[relaxation]", "[generator]\nmethod = 3\n[relaxation]"),), "generator.method", "is 3"),
    (
        (("[[contacts]]", "[contacts]"), ("[[contacts]]", "[contacts.b]")),
        "contacts",
        "[[contacts]]",
    ),
    ((('title = "two levels"', "title = ["),), "", "is not valid TOML"),
    ((('"two levels"', f"{'[' * 5000}{']' * 5000}"),), "", "is nested too deeply"),
    ((('"two levels"', "9" * 5000),), "", "is not valid TOML"),
    ((("title =", "a." * 9000 + "b ="),), "", "has a key of too many parts"),
    ((("title =", '"a,b".' * 900 + "b ="),), "", "has a key of too many parts"),
    (
        ((ENERGIES, f"{ENERGIES}\nU = [{{ sites = [0, 1], value = 1 }}]"),),
        "flows.laws",
        "must be density_matrix for a system with interactions, but is closed_form",
    ),
]


@pytest.mark.parametrize(("replacements", "key", "text"), MISTAKES)
def test_a_mistake_is_answered_with_file_key_and_remedy(replacements, key, text):
    with pytest.raises(ScenarioError) as caught:
        changed(*replacements)
    message = str(caught.value)
    assert caught.value.file == "my.toml"
    assert caught.value.key == key
    assert message.startswith(f"my.toml: key `{key}` " if key else "my.toml: the scenario ")
    assert text in message
    assert message.endswith((".", ">= 0."))


def test_a_file_that_is_none(tmp_path):
    binary, large = tmp_path / "binary.toml", tmp_path / "large.toml"
    binary.write_bytes(b"\x7fELF\xff\xfe")
    large.write_bytes(b"#" * 3_000_000)
    for path, text in (
        (tmp_path / "none.toml", "is not there"),
        (tmp_path, "must be a file, but is none"),
        (binary, "must be UTF-8 text, but has the byte 0xff at 4"),
        (large, "must be at most 2000000 bytes, but has 3000000"),
        (pathlib.Path("a\0b"), "cannot be read"),
    ):
        with pytest.raises(ScenarioError, match=text):
            load(path)


def test_values_are_replaced_by_path():
    document = parse(PLAIN, "my.toml")
    new = {"reservoirs.cold.T": 0.7, "system.energies.1": 22.0, "contacts.hot.rate.value": 0.1}
    found = scenario(document.with_values(new))
    assert found.T[0] == 0.7
    assert found.system.energies[1] == 22.0
    assert found.contacts[1].rate == oqs.flat(0.1)
    assert scenario(document).T[0] == 0.6  # the document itself stays
    for path, text in (
        ("reservoirs.colt.T", "did you mean `cold`?"),
        ("reservoirs.cold.t", "is not known"),
        ("system.energies.2", "There are `0`, `1`"),
        ("reservoirs.cold.name", "must be a number to be swept, but is 'cold'"),
        ("title.x", "leads beyond a value"),
        ("", "is not known"),
    ):
        with pytest.raises(ScenarioError, match=r"my\.toml: key") as caught:
            document.with_values({path: 1.0})
        assert text in str(caught.value)


def test_units_are_those_of_one_reference_energy():
    units = Units.from_temperature(1000)
    np.testing.assert_allclose(units.temperature([0.6, 1.0]), [600, 1000], rtol=1e-15)
    np.testing.assert_allclose(units.energy(1.0), 1000 * k / eV * 1e3, rtol=1e-15)
    np.testing.assert_allclose(units.time(1.0), hbar / (1000 * k), rtol=1e-15)
    # a reservoir that loses electrons takes in conventional current
    np.testing.assert_allclose(units.current(1.0), -e * units.particle_flow(1.0), rtol=1e-15)
    # consistent: power over particle flow is an energy, over entropy rate a temperature
    np.testing.assert_allclose(
        units.power(1.0) / units.particle_flow(1.0), 1e-3 * eV * units.energy(1.0), rtol=1e-15
    )
    np.testing.assert_allclose(
        units.power(1.0) / units.entropy_rate(1.0), units.temperature(1.0), rtol=1e-15
    )
    np.testing.assert_allclose(units.time(1.0) * units.particle_flow(1.0), 1.0, rtol=1e-15)
    meV = Units.from_meV(86.17333262)
    np.testing.assert_allclose(meV.temperature(1.0), 1000, rtol=1e-9)
    assert all(callable(getattr(units, name)) for name in SI_UNITS)
    for wrong in (0, -1.0, float("nan"), "1000"):
        with pytest.raises((TypeError, ValueError), match="Argument `kelvin` must be"):
            Units.from_temperature(wrong)
