"""Keys with a unit: what they mean, whom they suit, and a T that is in another one."""

import numpy as np
import pytest
from scipy.constants import e, eV, hbar, k

import oqs
from thermo.scenario import ScenarioError
from thermo.scenario.commands import main
from thermo.scenario.reading import scenario
from thermo.scenario.schema.document import parse

MEASURED = """
[units]
reference_energy = 0.5
[system]
h_ueV = [[100, "20+5j"], ["20-5j", 300]]
U = [{ sites = [0, 1], value_meV = 2.0 }]
[[contacts]]
name = "cold"
rate = { law = "flat", value_ueV = 2 }
[[contacts]]
name = "hot"
rate = { law = "lorentzian", strength_ueV = 2, center_meV = 0.2, width_K = 3 }
band_meV = [-5, 5]
[[reservoirs]]
name = "cold"
T_K = 0.3
mu_meV = 0.1
[[reservoirs]]
name = "hot"
T_K = 0.5
mu_ueV = 200
[generator]
resolution_ueV = 1e-6
[flows]
[fluctuations]
frequencies_ueV = [0, 1]
[response]
T_K = 0.4
mu_meV = 0.15
[relaxation]
t_final_ns = 2
[trajectory]
t_final_us = 3
[sweep]
axes = { "reservoirs.cold.T_K" = [0.1, 0.2], "system.U.0.value_meV" = [1.0, 2.0] }
quantities = ["heat"]
"""


def made(*replacements, text=MEASURED):
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return scenario(parse(text, "my.toml"))


def test_numbers_with_units_are_those_of_the_reference_energy():
    found = made(("[trajectory]\nt_final_us = 3\n", ""))
    E_0 = 0.5e-3 * eV
    terms = oqs.InteractingSystem.from_terms(
        [[0.2, 0.04 + 0.01j], [0.04 - 0.01j, 0.6]], {(0, 1): 4}
    )
    difference = (found.system.hamiltonian - terms.hamiltonian).full()
    np.testing.assert_allclose(difference, 0, atol=1e-15)
    cold, hot = found.contacts
    assert cold.rate(0.0) == pytest.approx(0.004, rel=1e-14)
    assert hot.rate(0.4) == pytest.approx(0.004, rel=1e-14)
    assert hot.rate(0.4 + 3 * k / E_0) == pytest.approx(0.002, rel=1e-14)
    assert hot.band == pytest.approx((-10, 10), rel=1e-14)
    np.testing.assert_allclose(found.T, [0.3 * k / E_0, 0.5 * k / E_0], rtol=1e-14)
    np.testing.assert_allclose(found.mu, [0.2, 0.4], rtol=1e-14)
    assert found.generator.options["resolution"] == pytest.approx(2e-9, rel=1e-14)
    np.testing.assert_allclose(found.asked["fluctuations"].frequencies, [0, 0.002], rtol=1e-14)
    assert pytest.approx(0.4 * k / E_0, rel=1e-14) == found.asked["response"].T
    assert found.asked["response"].mu == pytest.approx(0.3, rel=1e-14)
    assert found.asked["relaxation"].t_final == pytest.approx(2e-9 * E_0 / hbar, rel=1e-14)


def test_a_builder_and_gases_take_units_too():
    text = MEASURED[: MEASURED.index("[generator]")]
    meV, one = np.linspace(0, 1, 51).tolist(), [1] * 51
    gas = f'gas = {{ law = "tabulated", energies_meV = {meV}, density_of_states = {one} }}\n'
    found = made(
        ('h_ueV = [[100, "20+5j"], ["20-5j", 300]]\n', 'builder = "anderson_dot"\n'),
        (
            "U = [{ sites = [0, 1], value_meV = 2.0 }]\n",
            "arguments = { level_meV = 1, U_K = 20 }\n",
        ),
        ("mu_meV = 0.1\n", f"mu_meV = 0.1\n{gas}"),
        text=text,
    )
    expected = oqs.anderson_dot(2.0, 20 * k / (0.5e-3 * eV)).spectrum.energies
    np.testing.assert_allclose(found.system.spectrum.energies, expected, rtol=1e-14)
    np.testing.assert_allclose(found.given[0].gas.energies, np.linspace(0, 2, 51), rtol=1e-14)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("T_K = 0.3", "T_K = 0.3\nT = 1", "`reservoirs.cold.T` must not stand beside `T_K`"),
        (
            "T_K = 0.3",
            "T_meV = 0.3\nT_K = 1",
            "`reservoirs.cold.T_K` must not stand beside `T_meV`",
        ),
        ("T_K = 0.3", "T_s = 0.3", r"`reservoirs.cold.T_s` is not known \(did you mean `T`\?\)"),
        (
            "t_final_ns",
            "t_final_K",
            r"`relaxation.t_final_K` is not known \(did you mean `t_final`",
        ),
        ("T_K = 0.3", "T_K = -1", "`reservoirs.cold.T_K` must be positive, but is -1.* T_K in kel"),
        ("T_K = 0.3\n", "", "`reservoirs.cold.T` is missing. .* or T_K in kelvin"),
        ("reference_energy", "reference", "`units.reference` is not known"),
    ],
)
def test_what_is_wrong_with_a_unit_is_told(old, new, sentence):
    with pytest.raises(ScenarioError, match=sentence):
        made((old, new))


def test_units_need_a_reference():
    with pytest.raises(ScenarioError) as caught:
        made(("[units]\nreference_energy = 0.5\n", ""))
    assert len(caught.value.problems) == 17
    for problem in caught.value.problems:
        assert "needs [units], but there is none. Add [units] with reference_en" in problem.sentence


PLAIN = """
[units]
reference_energy = 1.0
[system]
energies_meV = [0.2]
[[contacts]]
rate = { law = "flat", value_ueV = 1 }
[[contacts]]
rate = { law = "flat", value_ueV = 1 }
[[reservoirs]]
T_K = 0.3
mu_meV = 0.1
[[reservoirs]]
T_K = 0.5
mu_meV = 0.2
[flows]
"""


def test_currents_are_printed_in_picoampere_and_heat_in_femtowatt(tmp_path, capsys):
    file = tmp_path / "my.toml"
    file.write_text(PLAIN)
    assert main(["flows", str(file), "--si"]) == 0
    printed = capsys.readouterr().out.splitlines()
    row = next(line.split() for line in printed if line.startswith("1 "))
    assert next(line for line in printed if "(pA)" in line).split()[-2:] == ["heat", "(fW)"]
    made_of = scenario(parse(PLAIN, "my.toml"))
    flows = oqs.closed_form(made_of.system, made_of.contacts)(made_of.T, made_of.mu)
    E_0 = 1e-3 * eV
    assert float(row[4]) == pytest.approx(-1e12 * e * E_0 / hbar * flows.particle[0], rel=1e-6)
    assert float(row[6]) == pytest.approx(1e15 * E_0**2 / hbar * flows.heat[0], rel=1e-6)


@pytest.mark.parametrize(
    ("T", "told"), [("T = 201", True), ("T = 199", False), ("T_K = 300", False)]
)
def test_a_temperature_far_above_every_energy_is_noticed(T, told, tmp_path, capsys):
    file = tmp_path / "my.toml"
    file.write_text(PLAIN.replace("T_K = 0.5", T))
    assert main(["check", str(file)]) == 0
    sentence = (
        "T of 2, 201, is more than 1000 times the largest energy of the system, 0.2: are both"
    )
    assert (sentence in capsys.readouterr().out) is told
    read = scenario(parse(file.read_text(), "my.toml"))
    audit = oqs.audit(oqs.davies(read.system, read.contacts), read.T, read.mu)
    assert bool(audit.remarks) is told
    assert ("are both in one unit" in repr(audit)) is told


def test_a_system_without_an_energy_has_none_to_compare_with():
    model = oqs.davies(oqs.QuadraticSystem([[0.0]]), [oqs.Contact(oqs.flat(1e-3))] * 2)
    assert oqs.audit(model, [1.0, 2.0], [0.0, 0.1]).remarks == ()
