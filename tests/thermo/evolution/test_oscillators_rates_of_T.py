"""Oscillators between finite baths whose spectra depend on T: evolution, ensembles, scenarios."""

import numpy as np

import oqs
import thermo
from thermo.__main__ import main
from thermo.scenario import example

BOX = [thermo.Reservoir(thermo.BoseGas(3), capacity=c) for c in (30.0, 100.0, 100.0)]
START = [0.4, 0.6, 1.0]


def law(exponent):
    scaled = [oqs.temperature_scaled(oqs.flat(g), exponent, 0.5) for g in (1e-3, 2e-4, 1e-3)]
    names = "cold", "middle", "hot"
    return oqs.closed_form(
        oqs.QuadraticBosons([[1.0]]),
        [oqs.BosonicContact(s, [1.0], name=n) for s, n in zip(scaled, names, strict=True)],
    )


def constant():
    return oqs.closed_form(
        oqs.QuadraticBosons([[1.0]]),
        [
            oqs.BosonicContact(oqs.flat(g), [1.0], name=n)
            for g, n in ((1e-3, "cold"), (2e-4, "middle"), (1e-3, "hot"))
        ],
    )


def test_evolution():
    path = thermo.evolve(law(1.0), BOX, T=START)
    assert path.conservation.energy < 1e-9
    assert np.ptp(path.T[-1]) < 1e-5
    still = thermo.evolve(law(0.0), BOX, T=START)
    reference = thermo.evolve(constant(), BOX, T=START)
    np.testing.assert_allclose(still.at(still.t[5:50]).T, reference.at(still.t[5:50]).T, rtol=1e-7)
    linked = thermo.with_links(law(1.0), {("cold", "hot"): 1e-4})
    assert thermo.evolve(linked, BOX, T=START).conservation.energy < 1e-9


def test_ensemble():
    starts = np.array([START, [1.0, 0.6, 0.4], [0.6, 0.4, 1.0]])
    together = thermo.evolve_ensemble(law(2.0), BOX, T=starts)
    np.testing.assert_allclose(together.T[1], together.T[1].mean(), rtol=1e-5)
    path = thermo.evolve(law(2.0), BOX, T=START)
    np.testing.assert_allclose(together.T[0], path.T[-1], rtol=2e-6)


def test_scenario(tmp_path, capsys):
    text = example("three_baths").read_text(encoding="utf-8")
    scaling = 'name = "cold"\ntemperature_scaling = { exponent = 1.0, T_0 = 0.4 }\n'
    text = text.replace('name = "cold"\n', scaling, 1)
    text = text[: text.index("[output]")]
    (tmp_path / "my.toml").write_text(text, encoding="utf-8")
    assert main(["flows", str(tmp_path / "my.toml")]) == 0
    assert "-2.4525" in capsys.readouterr().out  # at T = T_0 as without
    out = ["--out", str(tmp_path / "out"), "--quiet"]
    assert main(["run", str(tmp_path / "my.toml"), *out]) == 0
