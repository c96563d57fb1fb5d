"""Spins, oscillators and phonons in a scenario."""

import numpy as np
import pytest
import qutip

import oqs
import thermo
from thermo.scenario import ScenarioError, example
from thermo.scenario.commands import main
from thermo.scenario.reading import scenario
from thermo.scenario.schema.document import parse

BATHS = example("three_baths").read_text(encoding="utf-8")
TRUNCATED = BATHS.replace(
    'kind = "oscillators"\nenergies = [1.0]',
    'builder = "transmon"\narguments = { energy = 1.0, anharmonicity = 0.0, levels = 24 }',
).replace('laws = ["closed_form", "gaussian"]', "")
FIGURE = example("figure_1").read_text(encoding="utf-8")
REFRIGERATOR = """
[system]
builder = "absorption_refrigerator"
arguments = { cold = 1.0, hot = 3.0, coupling = 0.05 }
""" + "".join(
    f"""
[[contacts]]
kind = "bosonic"
name = "{name}"
spectrum = {{ law = "flat", value = 0.01 }}
operator = "sigma_x"
factor = {k}

[[reservoirs]]
name = "{name}"
T = {T}
"""
    for k, (name, T) in enumerate((("cold", 1.0), ("hot", 6.0), ("room", 1.5)))
)


def changed(text, *replacements, more=""):
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return scenario(parse(text + more, "my.toml"))


def law(made):
    return oqs.flow_law(oqs.davies(made.system, made.contacts))


def test_the_published_refrigerator():
    made = changed(REFRIGERATOR, more="\n[flows]\n")
    flows = law(made)(made.T)
    published = [7.537957160e-4, 2.273043748e-3, -3.026839464e-3]
    np.testing.assert_allclose(flows.energy, published, rtol=1e-9)
    assert np.isnan(made.mu).all()
    assert made.given == (None, None, None)


@pytest.mark.parametrize(
    ("spectrum", "made"),
    [
        ('{ law = "ohmic", strength = 1e-3, cutoff = 5.0 }', oqs.ohmic(1e-3, cutoff=5.0)),
        ('{ law = "drude_lorentz", strength = 1e-3, cutoff = 2 }', oqs.drude_lorentz(1e-3, 2)),
        (
            '{ law = "underdamped", strength = 1e-3, center = 1, width = 0.3 }',
            oqs.underdamped(1e-3, 1, 0.3),
        ),
        ('{ law = "lorentzian", strength = 1e-3, center = 1, width = 0.3 }', None),
    ],
)
def test_spectra(spectrum, made):
    found = changed(BATHS, ('{ law = "flat", value = 1e-4 }', spectrum)).contacts[0]
    w = np.array([0.3, 1.0, 4.0])
    made = made or oqs.lorentzian(1e-3, 1, 0.3)
    np.testing.assert_array_equal(found.spectrum(w), made(w))


def test_operators_are_those_of_the_factor():
    text = REFRIGERATOR.replace("absorption_refrigerator", "jaynes_cummings").replace(
        "{ cold = 1.0, hot = 3.0, coupling = 0.05 }",
        "{ qubit = 1.0, cavity = 1.0, coupling = 0.05, levels = 4 }",
    )
    text = text.replace('"sigma_x"\nfactor = 1', '"position"\nfactor = 1')
    text = text.replace("factor = 2", "factor = 0")
    made = scenario(parse(text, "my.toml"))
    cavity = qutip.tensor(qutip.qeye(2), qutip.destroy(4) + qutip.create(4))
    assert made.contacts[1].operator[0] == cavity
    assert made.contacts[2].operator[0] == qutip.tensor(qutip.sigmax(), qutip.qeye(4))


def test_electrons_shake_phonons():
    phonons = """
[[contacts]]
kind = "bosonic"
name = "phonons"
spectrum = { law = "ohmic", strength = 1e-3 }
operator = [[0, 1], [1, 0]]

[[reservoirs]]
name = "phonons"
gas = { law = "bose", alpha = 3 }
T = 0.8
"""
    made = changed(FIGURE, ('laws = ["density_matrix", "closed_form"]', ""), more=phonons)
    flows = law(made)(made.T, made.mu)
    assert flows.particle[2] == 0
    assert flows.energy[2] != 0
    with pytest.raises(ScenarioError, match="must be density_matrix with bosonic contacts"):
        changed(FIGURE, more=phonons)


@pytest.mark.parametrize(
    ("replacements", "more", "key", "text"),
    [
        ([('operator = "position"', 'operator = "pozition"')], "", "contacts.cold.operator",
         "did you mean `position`"),
        ([('operator = "position"', "operator = [1.0]")], "", "contacts.cold.operator",
         "must be a word or a transition for spins"),
        ([('operator = "position"', 'operator = "position"\nfactor = 1')], "",
         "contacts.cold.factor", "There are 1 factors"),
        ([('operator = "position"', 'operator = "sigma_x"')], "", "contacts.cold.factor",
         "dimension 24"),
        ([('kind = "bosonic"', 'kind = "fermionic"'), ("spectrum =", "rate ="),
          ('operator = "position"\n', "")], "", "contacts.cold.kind", "must be bosonic for spins"),
        ([('law = "flat", value = 1e-4', 'law = "flat", value = -1')], "",
         "contacts.cold.spectrum.value", "must be"),
        ([("levels = 24", "levels = 1")], "", "system.arguments", "levels"),
        ([('law = "bose", alpha = 3', 'law = "fermi_dirac", alpha = 1')], "",
         "reservoirs.cold.mu", "is missing"),
        ([], '\n[relaxation]\ninitial = "empty"\n', "relaxation.initial", "must be ground or"),
        ([], "\n[relaxation]\ninitial = [24]\n", "relaxation.initial", "must be from 0 to 23"),
        ([], "\n[relaxation]\ninitial = [0, 0]\n", "relaxation.initial", "one level per spin or"),
        ([('"position"', "{ transition = [0, 24] }")], "", "contacts.cold.operator.transition",
         "must be two of its 24 levels"),
        ([('"position"', "{ transition = [1, 1] }")], "", "contacts.cold.operator.transition",
         "must name each once"),
        ([('"position"', '"position"\ntemperature_scaling = { exponent = 1 }')], "",
         "contacts.cold.temperature_scaling.T_0", "is missing"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_its_key(replacements, more, key, text):
    with pytest.raises(ScenarioError) as caught:
        changed(TRUNCATED, *replacements, more=more)
    assert caught.value.key.startswith(key)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("replacements", "more", "key", "text"),
    [
        ([("[1.0]", "[-1.0]")], "", "system", "must have positive mode energies"),
        ([('"position"', '"sigma_x"')], "", "contacts.cold.operator", "must be position for osc"),
        ([('"position"', '"position"\nfactor = 1')], "", "contacts.cold.factor", "one of the 1"),
        ([('"position"', "[1.0, 2.0]")], "", "system", "must be an array for 1 oscillators"),
        ([("[1.0]", "[1.0]\nU = [{ sites = [0, 1], value = 1 }]")], "", "system.U", "fermions"),
        ([('["closed_form", "gaussian"]', '["landauer"]')], "", "flows.laws", "closed_form or g"),
        ([], "\n[generator]\nlamb_shift = true\n", "generator", "must be left out for oscill"),
        ([], "\n[relaxation]\n", "relaxation", "needs a density matrix"),
        ([], "\n[fluctuations]\n", "fluctuations", "needs a density matrix"),
    ],
)
def test_mistakes_with_oscillators(replacements, more, key, text, capsys, tmp_path):
    given = BATHS
    for old, new in replacements:
        assert old in given
        given = given.replace(old, new, 1)
    (tmp_path / "my.toml").write_text(given + more, encoding="utf-8")
    assert main(["flows", str(tmp_path / "my.toml")]) == 2
    said = capsys.readouterr().err
    assert f"key `{key}" in said
    assert text in said


def test_coupled_oscillators_are_exact():
    text = BATHS.replace("energies = [1.0]", "h = [[1.0, 0.2], [0.2, 1.3]]")
    text = text.replace('operator = "position"', 'operator = "position"\nfactor = 1', 1)
    text = text.replace('operator = "position"\n\n', "operator = [0.5, 1.0]\n\n", 1)
    made = scenario(parse(text, "my.toml"))
    bosons = oqs.QuadraticBosons([[1.0, 0.2], [0.2, 1.3]])
    rates, operators = (1e-4, 2e-6, 1e-4), ([0, 1], [0.5, 1], [1, 0])
    contacts = [oqs.BosonicContact(oqs.flat(g), x) for g, x in zip(rates, operators, strict=True)]
    exact = oqs.closed_form(bosons, contacts)(made.T).energy
    found = oqs.closed_form(made.system, made.contacts)(made.T).energy
    np.testing.assert_array_equal(found, exact)


def test_a_maser_drives_its_load():
    made = scenario(parse(example("three_level_maser").read_text(encoding="utf-8"), "my.toml"))
    flows = law(made)(made.T).energy
    np.testing.assert_allclose(flows / flows[0], [1, -2 / 3, -1 / 3], rtol=1e-12)
    maser = oqs.lambda_maser([0.0, 1.0, 3.0])
    for contact, operator in zip(made.contacts, (maser.hot, maser.cold, maser.load), strict=True):
        assert contact.operator[0] == operator


def test_qubits_take_one_coupling_or_several_and_are_not_too_many():
    valve = example("heat_valve").read_text(encoding="utf-8")
    three = valve.replace("[1.0, 1.6], coupling = 0.1", "[1.0, 1.6, 2.0], coupling = [0.1, 0.2]")
    made = scenario(parse(three, "my.toml")).system
    assert made.hamiltonian == oqs.exchange_qubits([1.0, 1.6, 2.0], [0.1, 0.2]).hamiltonian
    many = valve.replace("[1.0, 1.6]", str([1.0] * 15))
    with pytest.raises(ScenarioError, match="must have 1 to 14 entries, but has 15"):
        scenario(parse(many, "my.toml"))


@pytest.mark.parametrize(
    ("initial", "start"),
    [('"ground"', [0, 0, 0]), ("[0, 1, 1]", [1, 0, 0])],
)
def test_spins_relax(initial, start, tmp_path):
    text = f"{REFRIGERATOR}\n[relaxation]\ninitial = {initial}\npoints = 5\n"
    (tmp_path / "my.toml").write_text(text, encoding="utf-8")
    assert main(["run", str(tmp_path / "my.toml"), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    table = thermo.load_dataset(tmp_path / "out" / "relaxation.nc")
    made = scenario(parse(text, "my.toml"))
    rho = table["rho_real"].values[0] + 1j * table["rho_imaginary"].values[0]
    ket = qutip.basis([2] * 3, [1 - k for k in start])  # |0> is the upper state
    np.testing.assert_allclose(rho, (ket @ ket.dag()).full(), atol=1e-12)
    stationary = oqs.flow_law(oqs.davies(made.system, made.contacts))(made.T).energy
    np.testing.assert_allclose(table["J"].values[-1], stationary, rtol=1e-3)


def test_the_ground_state_is_to_be_one(tmp_path, capsys):
    text = f"{REFRIGERATOR}\n[relaxation]\n".replace("hot = 3.0", "hot = 1e-300")
    (tmp_path / "my.toml").write_text(text, encoding="utf-8")
    assert main(["relaxation", str(tmp_path / "my.toml")]) in (1, 2)


@pytest.mark.parametrize("name", ["three_baths", "phonon_leak"])
def test_rates_that_change_with_T(name):
    text = example(name).read_text(encoding="utf-8")
    text = text.replace('name = "cold"\n', 'name = "cold"\ntemperature_scaling = SCALED\n', 1)
    text = text.replace('laws = ["closed_form", "gaussian"]', "")
    text = text.replace('laws = ["density_matrix", "closed_form"]', "")
    text = text.replace(
        'kind = "oscillators"\nenergies = [1.0]',
        'builder = "transmon"\narguments = { energy = 1.0, anharmonicity = 0.0, levels = 6 }',
    )
    made = {}
    for exponent in (0.0, 2.0):
        scaled = text.replace("SCALED", f"{{ exponent = {exponent}, T_0 = 0.5 }}")
        found = scenario(parse(scaled, "my.toml"))
        made[exponent] = oqs.davies(found.system, found.contacts)
        T, mu = found.contact_T, found.contact_mu
    ratio = made[2.0].at(T, mu).rates[0] / made[0.0].at(T, mu).rates[0]
    used = made[0.0].rates[0] > 0
    np.testing.assert_allclose(ratio[used], (T[0] / 0.5) ** 2, rtol=1e-12)


def test_flows_are_printed(capsys):
    assert main(["flows", "three_baths"]) == 0
    assert "-2.4525" in capsys.readouterr().out
