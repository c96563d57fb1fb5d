"""Spins, oscillators and phonons in a scenario."""

import numpy as np
import pytest
import qutip

import oqs
from thermo.scenario import ScenarioError, example
from thermo.scenario.commands import main
from thermo.scenario.reading import scenario
from thermo.scenario.schema.document import parse

BATHS = example("three_baths").read_text(encoding="utf-8")
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
         "must be a word for spins and oscillators"),
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
        ([], '\n[relaxation]\ninitial = "empty"\n', "relaxation", "needs a system of electrons"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_its_key(replacements, more, key, text):
    with pytest.raises(ScenarioError) as caught:
        changed(BATHS, *replacements, more=more)
    assert caught.value.key.startswith(key)
    assert text in str(caught.value)


def test_checks_of_ones_own_system_are_those_of_electrons(capsys):
    from validation.own.own_system import OwnSystem

    for name, sentence in (("three_baths", "must be fermionic"), ("phonon_leak", "left out here")):
        with pytest.raises(ScenarioError, match=sentence):
            OwnSystem.of(scenario(parse(example(name).read_text(encoding="utf-8"), "my.toml")))


def test_flows_are_printed(capsys):
    assert main(["flows", "three_baths"]) == 0
    assert "-2.4525" in capsys.readouterr().out
