"""A page, served to this machine: sliders at the left, at the right answers as they are moved."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any, Final, final

import numpy as np
from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.models import Button, CustomJSTickFormatter, Div, Slider
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

from oqs.units import Units
from thermo.evolution.trajectory import Trajectory
from thermo.scenario.explorer.answers import REFUSALS, Refusal, Stationary, evolution, stationary
from thermo.scenario.explorer.curves import Curves
from thermo.scenario.explorer.knobs import Knob, knobs
from thermo.scenario.explorer.tables import (
    evolution_table,
    flows_table,
    machine_table,
    moved_lines,
    refusal,
    regimes_table,
)
from thermo.scenario.explorer.worker import Values, Worker
from thermo.scenario.reading import scenario as scenario_of
from thermo.scenario.scenario import Scenario
from thermo.scenario.tasks.kinds import TASKS
from thermo.signals import stopping_as_ctrl_c

_SOON: Final = 20  # ms: what was moved within them is answered once
_AT_REST: Final = 150  # ms after the last move: an evolution takes longer than flows
_SLIDERS: Final = 300  # pixels
_LINE: Final = 20  # pixels


@final
class Page:
    """What one reader sees and moves.

    Parameters
    ----------
    scenario : as the file has it.
    units : answers in SI; None for natural units.
    document : of the reader's browser.
    """

    def __init__(self, scenario: Scenario, units: Units | None, document: Document) -> None:
        self._scenario, self._units, self._document = scenario, units, document
        self._sliders = {knob: self._slider(knob) for knob in knobs(scenario)}
        self._flows, self._machine, self._regimes = Div(), Div(), Div()
        self._evolution, self._moved = Div(), Div(text=moved_lines({}))
        self._busy = Div(height=_LINE, width=_SLIDERS)
        charged = [not bool(none) for none in np.isnan(scenario.mu)]
        self._curves = Curves(scenario.names, charged, units)
        self._due: dict[Worker, Any] = {}
        self._stationary = Worker(self._flows_at, self._show_flows, document, self._tell)
        self._evolving = Worker(self._path_at, self._show_path, document, self._tell)
        document.add_next_tick_callback(self._begin)  # when its session is there
        document.title = scenario.title
        document.add_root(self._layout())

    def _slider(self, knob: Knob) -> Slider:
        slider = Slider(
            start=0,
            end=knob.steps,
            step=1,
            value=knob.start,
            title=knob.label,
            format=_number_at(knob),
            width=_SLIDERS,
        )
        slider.on_change("value", self._on_move)
        return slider

    def _layout(self) -> Any:
        back = Button(label="Back to the file's numbers", width=_SLIDERS)
        back.on_click(self._back)
        parts: list[Any] = []
        for group in dict.fromkeys(knob.group for knob in self._sliders):
            parts.append(Div(text=f"<strong>{group}</strong>"))
            parts += [slider for knob, slider in self._sliders.items() if knob.group == group]
        title = html.escape(self._scenario.title)
        wide = {"sizing_mode": "stretch_width"}
        wrapped = {"styles": {"flex-wrap": "wrap"}} | wide  # on a narrow screen
        tables = row(self._machine, self._regimes, self._evolution, spacing=30, **wrapped)
        answers = column(
            self._flows, tables, *self._curves.figures, margin=(0, 20), min_width=_SLIDERS, **wide
        )
        return column(
            Div(text=title, styles={"font-size": "1.3em"}, **wide),
            row(column(self._busy, *parts, back, self._moved), answers, **wrapped),
            **wide,
        )

    def _begin(self) -> None:
        self._stationary.ask({})
        self._evolving.ask({})

    def _on_move(self, name: str, before: float, position: float) -> None:
        self._in(_SOON, self._stationary)
        self._in(_AT_REST, self._evolving)

    def _back(self) -> None:
        for knob, slider in self._sliders.items():
            slider.value = knob.start

    def _in(self, wait: int, worker: Worker) -> None:
        """Ask once for the sliders' numbers, so long after the last call."""
        if worker in self._due:
            self._document.remove_timeout_callback(self._due.pop(worker))

        def due() -> None:
            del self._due[worker]
            self._moved.text = moved_lines(self._values())
            worker.ask(self._values())

        self._due[worker] = self._document.add_timeout_callback(due, wait)

    def _tell(self) -> None:
        """Say whether anything shown is not yet that of the sliders."""
        busy = self._stationary.busy, self._evolving.busy
        self._busy.text = {
            (False, False): "",
            (False, True): "computing the evolution ...",
        }.get(busy, "computing ...")

    def _values(self) -> dict[str, float]:
        """Return the numbers that are not the file's, by their keys."""
        return {
            knob.path: knob.at(slider.value)
            for knob, slider in self._sliders.items()
            if slider.value != knob.start
        }

    def _at(self, values: Values) -> Scenario:
        """Return the scenario at these numbers."""
        document = self._scenario.document
        for name in TASKS.keys() - {"flows", "trajectory"}:  # what is not shown asks for nothing
            document = document.without(name)
        return scenario_of(document.with_values(values))

    def _flows_at(self, values: Values, check: Callable[[], None]) -> Stationary | Refusal:
        try:
            return stationary(self._at(values))
        except REFUSALS as error:
            return error

    def _path_at(
        self, values: Values, check: Callable[[], None]
    ) -> tuple[Trajectory, str] | Refusal:
        try:
            return evolution(self._at(values), check)
        except REFUSALS as error:
            return error

    def _show_flows(self, found: Stationary | Refusal) -> None:
        if isinstance(found, REFUSALS):
            self._flows.text, self._machine.text, self._regimes.text = refusal(found), "", ""
            return
        self._flows.text = flows_table(found, self._units)
        self._machine.text = machine_table(found, self._units)
        self._regimes.text = regimes_table(found, self._units)

    def _show_path(self, found: tuple[Trajectory, str] | Refusal) -> None:
        if isinstance(found, REFUSALS):
            self._evolution.text = refusal(found)
            self._curves.clear()
            return
        path, problem = found
        self._evolution.text = evolution_table(path, problem, self._units)
        self._curves.draw(path)


def _number_at(knob: Knob) -> CustomJSTickFormatter:
    """Return what shows the number at a slider's position, in the browser as `Knob.at` here."""
    if knob.geometric:
        code = "low * (high / low) ** (tick / steps)"
    else:
        code = "low + (high - low) * tick / steps"
    known = {"low": knob.low, "high": knob.high, "steps": knob.steps}
    code = (
        f"const number = {code};\n"
        "const zero = Math.abs(number) < 1e-12 * (high - low);\n"
        "return `${zero ? 0 : Number(number.toPrecision(4))}`;"
    )
    return CustomJSTickFormatter(code=code, args=known)


_LOOPBACK = "127.0.0.1"


def serve(scenario: Scenario, units: Units | None) -> None:
    """Serve the page of a scenario at a free port of the loopback address, until Ctrl-C.

    The address is printed. Nothing is fetched from elsewhere: the page works without a network.
    """
    sockets = bind_sockets(0, _LOOPBACK)
    port = sockets[0].getsockname()[1]
    pages = Application(FunctionHandler(lambda document: Page(scenario, units, document)))
    origins = [f"{_LOOPBACK}:{port}", f"localhost:{port}"]
    site = BokehTornado({"/": pages}, extra_websocket_origins=origins)
    http = HTTPServer(site)
    http.add_sockets(sockets)
    loop = IOLoop.current()
    server = BaseServer(loop, site, http)
    server.start()
    try:
        with stopping_as_ctrl_c():
            print(f"{scenario.title}: http://{_LOOPBACK}:{port}/ (Ctrl-C ends it)", flush=True)
            loop.start()
    except KeyboardInterrupt:
        pass  # the only way to end it
    finally:
        server.stop()
