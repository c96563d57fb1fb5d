"""Serves the page to browsers of this machine, until Ctrl-C."""

from __future__ import annotations

import functools

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

from oqs.units import Units
from thermo.scenario.explorer.page import Page
from thermo.scenario.scenario import Scenario
from thermo.scenario.signals import stopping_as_ctrl_c

_LOOPBACK = "127.0.0.1"


def serve(scenario: Scenario, units: Units | None) -> None:
    """Serve the page of a scenario at a free port of the loopback address, until Ctrl-C.

    The address is printed. Nothing is fetched from elsewhere: the page works without a network.
    """
    sockets = bind_sockets(0, _LOOPBACK)
    port = sockets[0].getsockname()[1]
    pages = Application(FunctionHandler(functools.partial(_add_page, scenario, units)))
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


def _add_page(scenario: Scenario, units: Units | None, document: Document) -> None:
    Page(scenario, units, document)
