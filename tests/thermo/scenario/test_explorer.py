"""`python -m thermo explore`: what the sliders move, what the page shows, how it ends."""

import asyncio
import re
import signal
import subprocess
import sys
import threading
import time

import browser
import ended
import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import Button, Div, Slider
from ended import ROOT
from scipy import constants
from test_documents import blocks_of

import oqs
import thermo
from thermo.scenario import example, examples, read
from thermo.scenario.commands import main
from thermo.scenario.explorer.answers import evolution
from thermo.scenario.explorer.knobs import knobs
from thermo.scenario.explorer.page import Page
from thermo.scenario.explorer.worker import Superseded, Worker
from thermo.scenario.reading import scenario as scenario_of
from thermo.scenario.tasks.kinds import TASKS

SLIDERS = """all(document).filter(e => e.classList.contains('noUi-handle')).map(e => {
  const box = e.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})"""


@pytest.mark.parametrize("name", examples())
def test_every_shipped_scenario_has_sliders_that_lead_to_scenarios(name):
    scenario = read(example(name))
    found = knobs(scenario)
    moved = {knob.path.split(".")[0] for knob in found}
    assert moved == {"reservoirs", "system", "contacts"}
    assert {knob.at(knob.start) == knob.value for knob in found} == {True}
    document = scenario.document
    for task in TASKS:
        document = document.without(task)
    for knob in found:
        assert knob.low < knob.value < knob.high
        assert (knob.at(0), knob.at(knob.steps)) == pytest.approx((knob.low, knob.high))
        for position in (knob.steps // 2 - 1, knob.steps // 2 + 1):  # ends may make no sense
            there = scenario_of(document.with_values({knob.path: knob.at(position)}))
            assert there.names == scenario.names


def test_a_count_has_no_slider(tmp_path):
    text = example("coulomb_dot").read_text(encoding="utf-8")
    text = text.replace('builder = "anderson_dot"', 'builder = "hubbard_chain"')
    text = text.replace("{ level = -0.4,", "{ dots = 2, tunnelling = 0.1,")
    (file := tmp_path / "chain.toml").write_text(text.replace("[1.0]", "[1.0, 1.0]"))
    moved = [knob.path for knob in knobs(read(file)) if knob.group == "System"]
    assert moved == ["system.arguments.tunnelling", "system.arguments.U"]


def test_a_linear_slider_passes_zero_itself():
    (knob,) = (k for k in knobs(read("coulomb_dot")) if k.path == "reservoirs.left.mu")
    numbers = np.array([knob.at(i) for i in range(knob.steps + 1)])
    assert np.diff(numbers) == pytest.approx((knob.high - knob.low) / knob.steps)
    assert 0.0 in numbers


def closed_form(T):
    scenario = read("figure_1")
    return oqs.closed_form(scenario.system, scenario.contacts)(T, [20.8, 16.0])


def test_a_key_with_a_unit_is_moved_in_that_unit(tmp_path):
    document = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
    (file := tmp_path / "my.toml").write_text(
        next(block.code for block in blocks_of(document) if "level_meV" in block.code)
    )
    found = {knob.label: knob for knob in knobs(read(file))}
    assert list(found) == [
        *("T (K), left", "T (K), right", "mu (meV), left", "mu (meV), right"),
        *("level (meV)", "U (meV)", "rate (ueV), left", "rate (ueV), right"),
    ]
    width = found["mu (meV), left"].high - 0.1  # ten times the lowest T, in meV, one digit
    assert width == pytest.approx(0.3)
    assert 10 * 0.3 * constants.k / (1e-3 * constants.eV) == pytest.approx(0.2585, rel=1e-3)


class Reader:
    """A page without a browser: what it shows, and its sliders."""

    def __init__(self, name, units=None):
        self.document = Document()
        self.page = Page(read(name), units, self.document)
        self.sliders = {slider.title: slider for slider in self.document.select({"type": Slider})}
        self.wait()

    def text(self):
        return "\n".join(div.text for div in self.document.select({"type": Div}))

    def move(self, title, position):
        self.sliders[title].value = position
        self.wait()

    def wait(self):
        """Act as the loop of the server does, until nothing is computed any more."""
        workers = self.page._stationary, self.page._evolving
        until = time.monotonic() + 60
        while self.document.session_callbacks or any(worker.busy for worker in workers):
            assert time.monotonic() < until
            for callback in list(self.document.session_callbacks):
                self.document.callbacks.remove_session_callback(callback)
                callback.callback()
            time.sleep(0.001)


def test_the_page_shows_the_flows_at_the_sliders_numbers():
    reader = Reader("figure_1")
    T = [0.6, 1.0]
    for position in (100, 150):
        T[0] = 0.6 * 10 ** (position / 100 - 1)
        reader.move("T, reservoir 1", position)
        flows = closed_form(T)
        text = reader.text()
        assert f"{flows.heat[0]:.5e}" in text
        assert f'mode</td><td style="text-align:left;padding:0 1em 0 0">{mode(flows, T)}<' in text
    assert "reservoirs.1.T = 1.89737" in text
    assert "outcome: equilibrated" in text


def mode(flows, T):
    return thermo.device(flows, T, [20.8, 16.0]).mode


def test_the_regimes_are_those_of_table_one():
    reader = Reader("figure_1")
    reader.move("energies, 0", 183)  # 21.1 + 5: on the same side of omega-bar = 28
    assert re.findall(r">(\w+)</td></tr>", reader.page._regimes.text) == ["refrigerator"] * 2
    reader.move("T, reservoir 1", 80)
    reader.move("mu, reservoir 2", 158)  # omega-bar comes down between both
    assert re.findall(r">(\w+)</td></tr>", reader.page._regimes.text) == ["refrigerator", "engine"]


def test_the_regimes_of_many_energies_stand_by_their_ranges(tmp_path):
    text = example("coulomb_dot").read_text(encoding="utf-8")
    text = text.replace('builder = "anderson_dot"', 'builder = "hubbard_chain"')
    text = text.replace("{ level = -0.4,", "{ dots = 3, tunnelling = 0.1,")
    (file := tmp_path / "chain.toml").write_text(text.replace("[1.0]", "[1.0, 0.0, 0.5]"))
    shown = Reader(str(file)).page._regimes.text
    counts = [int(count) for count in re.findall(r">(\d+) from ", shown)]
    scenario = read(str(file))
    model = oqs.davies(scenario.system, scenario.contacts)
    assert sum(counts) == len(model.frequencies) > 12
    assert shown.count("</tr>") == 1 + len(counts) < 6


def test_the_button_brings_back_the_files_numbers():
    reader = Reader("coulomb_dot")
    at_first = reader.text()
    reader.move("U", 40)
    assert reader.text() != at_first
    (button,) = reader.document.select({"type": Button})
    button._trigger_event(button_click(button))
    reader.wait()
    assert reader.text() == at_first


def button_click(button):
    from bokeh.events import ButtonClick

    return ButtonClick(button)


def test_numbers_that_are_refused_are_told_and_left_again():
    reader = Reader("three_baths")
    reader.move("energies, 0", 0)  # -3: no oscillator
    assert "system" in reader.page._flows.text
    assert "-3" in reader.page._flows.text
    assert reader.page._machine.text == ""
    reader.move("energies, 0", 120)
    assert "conductor" in reader.page._machine.text


class Slow:
    """A worker whose answers wait to be let go."""

    def __init__(self):
        self.document, self.computed, self.shown = Document(), [], []
        self.begun, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.worker = Worker(self.compute, self.shown.append, self.document, lambda: None)

    def compute(self, values, go_on):
        self.computed.append(values)
        self.begun.release()
        assert self.go.acquire(timeout=60)
        go_on()
        if values is None:
            raise ZeroDivisionError
        return values

    def ticks(self, count):
        """Run so many callbacks of the server's loop, as they come."""
        for _ in range(count):
            until = time.monotonic() + 60
            while not self.document.session_callbacks:
                assert time.monotonic() < until
                time.sleep(0.001)
            callback = self.document.session_callbacks[0]
            self.document.callbacks.remove_session_callback(callback)
            callback.callback()


def test_what_was_asked_meanwhile_is_dropped_but_the_last():
    slow = Slow()
    slow.worker.ask(1)  # returns though nothing is computed yet
    assert slow.begun.acquire(timeout=60)
    for position in (2, 3, 4):
        slow.worker.ask(position)
    assert slow.worker.busy
    slow.go.release(2)
    slow.ticks(1)  # the first ended when it looked
    assert (slow.computed, slow.shown, slow.worker.busy) == ([1, 4], [4], False)


@pytest.mark.parametrize("name", ["figure_1", "phonon_leak"])
def test_an_evolution_ends_between_two_calls_of_its_law(name):
    scenario, calls = read(name), []
    path, problem = evolution(scenario, lambda: calls.append(1))
    assert (path.outcome, problem) == ("equilibrated", "")
    assert len(calls) > 5
    assert (path.T == scenario.asked["trajectory"].evolved(scenario, events=False).T).all()
    left = iter(calls[:5])

    def end():
        if next(left, None) is None:
            raise Superseded

    with pytest.raises(Superseded):
        evolution(scenario, end)


def test_what_nobody_foresaw_is_raised_where_the_page_is_served():
    slow = Slow()
    slow.worker.ask(None)
    slow.go.release()
    with pytest.raises(ZeroDivisionError):
        slow.ticks(1)
    slow.worker.ask(5)
    slow.go.release()
    slow.ticks(1)
    assert slow.shown == [5]


def test_answers_in_si():
    units = read("figure_1").units
    reader = Reader("figure_1", units)
    flows = oqs.closed_form(read("figure_1").system, read("figure_1").contacts)(
        [0.6, 1.0], [20.8, 16.0]
    )
    heads = re.findall(r"<th [^>]*>([^<]*)</th>", reader.page._flows.text)
    cells = re.findall(r"<td [^>]*>([^<]*)</td>", reader.page._flows.text)
    cold = dict(zip(heads, cells[: len(heads)], strict=True))
    assert float(cold["heat (fW)"]) == pytest.approx(1e15 * units.power(flows.heat[0]), rel=1e-5)
    current = 1e12 * units.current(flows.particle[0])
    assert float(cold["current (pA)"]) == pytest.approx(current, rel=1e-5)
    power = 1e15 * float(units.power(flows.heat.sum()))  # the first law
    assert f"{power:.5g} fW" in reader.page._machine.text
    assert "600" in reader.page._evolution.text  # K


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.split(".")[0] == "bokeh"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "thermo.scenario.explorer.page", raising=False)
    monkeypatch.setitem(sys.modules, "bokeh", None)
    monkeypatch.setitem(sys.modules, "bokeh.application", None)
    assert main(["explore", "figure_1"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: `explore` needs bokeh")
    assert "oqs-thermo[explore]" in said
    assert said.count("\n") == 1


def test_si_without_units_is_refused(tmp_path, capsys):
    file = tmp_path / "my.toml"
    text = example("figure_1").read_text()
    file.write_text(re.sub(r"\[units\]\n.*\n", "", text))
    assert main(["explore", str(file), "--si"]) == 2
    assert "units" in capsys.readouterr().err


@pytest.fixture
def served():
    process = ended.start(["-m", "thermo", "explore", "figure_1"], stdout=subprocess.PIPE)
    try:
        yield process, re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "stop", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_it_ends_with_a_signal_and_without_a_word(served, stop):
    process, _ = served
    process.send_signal(stop)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.skipif(browser.BROWSER is None, reason="there is no Chromium")
def test_a_reader_drags_a_slider_and_sees_other_numbers(served, tmp_path):
    _, address = served
    flows = closed_form([0.6, 1.0])

    async def drive(port):
        tab = await browser.Tab.of(port)
        await tab.call("Page.navigate", url=address)
        before = await tab.text_with("equilibrated")
        assert f"{flows.heat[0]:.5e}" in before
        assert "refrigerator" in before
        handle = (await tab.evaluate(SLIDERS))[0]
        await tab.drag(*handle, 60)  # T of the first reservoir
        shown = (await tab.text()).split("T, reservoir 1:\n")[1].split()[0]  # beside the slider
        after = await tab.text_with(f"reservoirs.1.T = {shown}", without=f"{flows.heat[0]:.5e}")
        T = float(re.search(r"reservoirs\.1\.T = ([\d.]+)", after)[1])
        assert T > 0.7
        await tab.text_with(f"{closed_form([T, 1.0]).heat[0]:.4e}"[:5], without="computing")
        tab.close()
        return tab

    with browser.started(tmp_path) as port:
        tab = asyncio.run(drive(port))
    assert tab.faults == []
    own = address.removeprefix("http")
    assert [r for r in tab.requests if own not in r and not r.startswith("data:")] == []
    assert any(r.startswith("ws" + own) for r in tab.requests)
