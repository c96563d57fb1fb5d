"""Published results computed again, each with a fault that it must see; the command."""

import functools

import numpy as np
import pytest

import oqs
import thermo
from validation.__main__ import main
from validation.families.finite_reservoirs import paper_figures
from validation.framework.bounds import within
from validation.papers import engines, page
from validation.papers.paper import Comparison, Findings, Paper
from validation.papers.shelf import PAPERS
from validation.report.page_parts import rendered

KNOWN = {"Fig. 3, T_2 from which chemical potentials flip"}


def rates(factor):
    def plant(patch):
        original = oqs.flat
        patch.setattr(oqs, "flat", lambda value: original(factor * value))

    return plant


def exchanged_rates(patch):
    """The middle bath is the one that is well coupled."""
    original, other = oqs.flat, {1e-2: 2e-4, 2e-4: 1e-2}
    patch.setattr(oqs, "flat", lambda value: original(other[value]))


def fermi(patch):
    """Fermi occupations at the momentary T instead of the entropies."""
    original = thermo.master_equation
    patch.setattr(
        thermo,
        "master_equation",
        lambda *args, **options: original(*args, **{**options, "occupations": "fermi"}),
    )


def energies(patch):
    """Levels 5 % too high."""
    original = oqs.QuadraticSystem.from_energies
    patch.setattr(
        oqs.QuadraticSystem, "from_energies", lambda levels: original(1.05 * np.array(levels))
    )


def other_gas(patch):
    for name in ("path", "smallest_flipping_T_2"):  # nothing kept from runs with the right gas
        kept = getattr(paper_figures, name).__wrapped__
        patch.setattr(paper_figures, name, functools.cache(kept))
    original = thermo.FermiDiracGas
    patch.setattr(thermo, "FermiDiracGas", lambda alpha: original(alpha + 0.5))


def uneven_contacts(patch):
    """Rates that grow with the energy."""
    patch.setattr(oqs, "flat", lambda value: oqs.power_law(value, 2.0))


def interaction(name):
    def plant(patch):
        original = getattr(oqs, name)

        def stronger(*args, **options):
            if "U" in options:
                return original(*args, **{**options, "U": 1.1 * options["U"]})
            return original(args[0], 1.1 * args[1])

        patch.setattr(oqs, name, stronger)

    return plant


def warmer(place):
    def plant(patch):
        original = oqs.flow_law

        def wrong(model):
            law = original(model)
            factor = np.ones(model.reservoirs)
            factor[place] = 1.05
            return lambda T, mu: law(factor * np.array(T), mu)

        patch.setattr(oqs, "flow_law", wrong)

    return plant


def secular(patch):
    """The secular cut, which two close levels do not stand."""
    patch.setattr(oqs, "perlind", lambda system, contacts, **options: oqs.davies(system, contacts))


FAULTS = {
    "vovchenko_2024": other_gas,
    "vovchenko_2023": exchanged_rates,
    "moreira_2023": fermi,
    "esposito_2009": uneven_contacts,
    "josefsson_2018": rates(10),
    "sanchez_buttiker_2011": interaction("coupled_dots"),
    "humphrey_2002": energies,
    "mahan_sofo_1996": energies,
    "linden_2010": warmer(2),
    "scovil_dubois_1959": warmer(0),
    "segal_nitzan_2005": warmer(1),
    "bagrets_nazarov_2003": rates(1.05),
    "ptaszynski_2018": secular,
    "stoof_nazarov_1996": rates(1.05),
    "beenakker_staring_1992": interaction("anderson_dot"),
    "qmeq_2017": rates(1.05),
}
LONG = {"qmeq_2017"}
NAMES = [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in FAULTS]


@functools.cache
def found(name):
    return PAPERS[name].run()


def test_every_paper_has_a_fault():
    assert set(FAULTS) == set(PAPERS)
    assert len(PAPERS) >= 10
    for paper in PAPERS.values():
        assert paper.parameters
        assert paper.read


@pytest.mark.parametrize("name", NAMES)
def test_numbers_agree_or_differ_for_a_known_reason(name):
    for comparison in found(name).comparisons:
        wanted = "differs, known" if comparison.what in KNOWN else "agrees"
        assert comparison.verdict == wanted, comparison


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_fault_is_seen(name, monkeypatch):
    FAULTS[name](monkeypatch)
    verdicts = [comparison.verdict for comparison in PAPERS[name].run().comparisons]
    assert "differs" in verdicts


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_has_lines_and_names_its_axes(name):
    figure = page.picture(PAPERS[name], found(name))
    axes = figure.axes[0]
    assert axes.get_ylabel()
    assert axes.lines or axes.patches
    assert axes.get_xlabel()
    assert figure.legends
    assert rendered(figure, 50).startswith(b"\x89PNG")


def test_the_command_lists_and_runs(capsys, tmp_path):
    assert main(["paper"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in PAPERS)
    target, pictures = tmp_path / "page.html", tmp_path / "pictures"
    assert main(["paper", "humphrey_2002", "--html", str(target), "--out", str(pictures)]) == 0
    printed = capsys.readouterr().out
    assert "agrees   energy at which a level carries nothing" in printed
    assert "2 of 2 numbers agree" in printed
    assert (pictures / "humphrey_2002.png").stat().st_size > 1000
    text = target.read_text(encoding="utf-8")
    assert "<strong>1 paper</strong>" in text
    assert "data:image/png;base64" in text
    assert "Reversible quantum Brownian heat engines" in text


def test_the_command_says_what_differs(monkeypatch, capsys):
    lost = Comparison("x", 1.0, within(2.0, 0.1), "nowhere")
    known = Comparison("y", 1.0, within(2.0, 0.1), "nowhere", "a reason")
    assert (lost.verdict, known.verdict) == ("differs", "differs, known")
    assert lost.difference == -1.0
    paper = Paper("a", "b", "c", "d", "e", "f", lambda: Findings(lambda axes: None, lost, known))
    monkeypatch.setattr("validation.papers.command.PAPERS", {"a": paper})
    assert main(["paper", "a"]) == 1
    printed = capsys.readouterr().out
    assert "differs  x" in printed
    assert "a reason" in printed
    assert "0 of 2 numbers agree, 1 differs for a known reason, 1 differs" in printed


@pytest.mark.parametrize("words", [["paper", "nobody_1900"], ["paper", "--html", "x.html"]])
def test_bad_words(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "paper" in capsys.readouterr().err


def test_one_level_is_the_engine_it_says():
    assert engines._level(2.0, 0.5, (1.0, 0.5)).mode is thermo.Regime.ENGINE
