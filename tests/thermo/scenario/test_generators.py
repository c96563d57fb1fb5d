"""[generator]: each kind makes what the call of that name makes, and says so."""

import numpy as np
import pytest

import oqs
from thermo.scenario import ScenarioError
from thermo.scenario.reading import scenario
from thermo.scenario.schema.document import parse
from thermo.scenario.tasks.flows import FlowsTask
from thermo.scenario.tasks.laws import make_law, make_model

DOTS = """
[system]
builder = "hubbard_chain"
arguments = { dots = 2, tunnelling = 0.01, U = 1.0 }
[[contacts]]
name = "left"
rate = { law = "flat", value = 0.02 }
spin = { amplitudes = [1.0, 0.0] }
[[contacts]]
name = "right"
rate = { law = "flat", value = 0.02 }
spin = { amplitudes = [0.0, 1.0] }
[[reservoirs]]
T = 0.2
mu = 0.3
[[reservoirs]]
T = 0.2
mu = -0.3
[generator]
"""
MODES = DOTS.replace(
    'builder = "hubbard_chain"\narguments = { dots = 2, tunnelling = 0.01, U = 1.0 }',
    "h = [[0.0, 0.01], [0.01, 0.0]]",
)
MODES = MODES.replace("spin = { amplitudes = [1.0, 0.0] }", "coupling = [1.0, 0.0]")
MODES = MODES.replace("spin = { amplitudes = [0.0, 1.0] }", "coupling = [0.0, 1.0]")


def made(generator, text=DOTS):
    return scenario(parse(text + generator, "my.toml"))


def test_perlind_with_a_window():
    found = made(
        'kind = "perlind"\nmethod = "conserved_blocks"\nwindow = { energy = 2.5, weight = 0.1 }'
    )
    model = make_model(found)
    assert isinstance(model, oqs.PerlindModel)
    assert model.window == oqs.Window(2.5, 0.0, 0.1)
    law = make_law(found, "density_matrix")
    expected = oqs.flow_law(oqs.perlind(found.system, found.contacts, window=model.window))
    assert np.array_equal(law(found.T, found.mu).heat, expected(found.T, found.mu).heat)


def test_first_order_chooses_and_says_why(tmp_path):
    assert isinstance(make_model(made('kind = "first_order"')), oqs.PerlindModel)
    weak = DOTS.replace("value = 0.02", "value = 1e-6")
    assert isinstance(make_model(made('kind = "first_order"', weak)), oqs.DaviesModel)


def test_the_energy_of_levels():
    model = make_model(made('resolution = 0.02\nenergy = "level"', MODES))
    assert model.energy_of == "level"
    assert model.resolution == 0.02


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        ('kind = "lindblad"', r"generator.kind. must be one of .*davies.*perlind"),
        ('kind = "perlind"\nresolution = 0.1', r"generator.resolution"),
        ('kind = "perlind"\nwindow = { energy = -1.0 }', r"generator.window.energy"),
        ('kind = "perlind"\nwindow = 3.0', r"generator.window. must be a table"),
        ('kind = "perlind"\nmethod = "populations"', r"generator.method"),
    ],
)
def test_mistakes(generator, message):
    with pytest.raises(ScenarioError, match=message):
        made(generator)


def test_laws_of_davies_are_refused():
    found = made('kind = "perlind"', MODES)
    task = FlowsTask(laws=("density_matrix", "gaussian"))
    with pytest.raises(ScenarioError, match=r'must be density_matrix or landauer for .* "perlind"'):
        task.check(found, found.document.place)
