"""Headless Chromium, driven as a reader does: a mouse, and what the page then shows.

It speaks the DevTools protocol through tornado, so that no package of drivers is needed.
"""

import asyncio
import base64
import contextlib
import json
import shutil
import signal
import subprocess
import time

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE = 60  # seconds
# elements inside the shadow roots of Bokeh's widgets too
_ALL = """
function all(root) {
  const found = [];
  for (const each of root.querySelectorAll('*')) {
    found.push(each);
    if (each.shadowRoot) found.push(...all(each.shadowRoot));
  }
  return found;
}
"""


@contextlib.contextmanager
def started(profile, width=1300, height=1000):
    """Start Chromium with an empty profile and yield the port at which it takes orders."""
    command = [
        BROWSER,
        *QUIET,
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        f"--window-size={width},{height}",
        "about:blank",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        chosen = profile / "DevToolsActivePort"
        until = time.monotonic() + _PATIENCE
        while not (chosen.exists() and chosen.read_text().count("\n")):
            assert time.monotonic() < until, "Chromium does not start"
            time.sleep(0.05)
        yield int(chosen.read_text().splitlines()[0])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE)


class Tab:
    """A tab of a browser that was started.

    Attributes
    ----------
    requests : addresses of all that the page asked for.
    faults : what its scripts failed with.
    """

    def __init__(self, socket):
        self._socket, self._count, self._answers = socket, 0, {}
        self.requests, self.faults = [], []

    @classmethod
    async def of(cls, port):
        """Return the first tab of the browser at this port."""
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json/list")
        pages = [page for page in json.loads(answer.body) if page["type"] == "page"]
        tab = cls(await websocket_connect(pages[0]["webSocketDebuggerUrl"]))
        for domain in ("Network", "Runtime", "Page"):
            await tab.call(f"{domain}.enable")
        return tab

    def close(self):
        """Leave the browser alone."""
        self._socket.close()

    async def call(self, method, **parameters):
        """Send an order and return its answer; note what the page did meanwhile."""
        self._count += 1
        number = self._count
        order = {"id": number, "method": method, "params": parameters}
        await self._socket.write_message(json.dumps(order))
        while number not in self._answers:
            said = json.loads(await asyncio.wait_for(self._read(), _PATIENCE))
            if "id" in said:
                self._answers[said["id"]] = said
            elif said["method"] == "Network.requestWillBeSent":
                self.requests.append(said["params"]["request"]["url"])
            elif said["method"] == "Network.webSocketCreated":
                self.requests.append(said["params"]["url"])
            elif said["method"] == "Runtime.exceptionThrown":
                self.faults.append(said["params"]["exceptionDetails"])
        answer = self._answers.pop(number)
        assert "error" not in answer, answer
        return answer["result"]

    async def _read(self):
        return await self._socket.read_message()

    async def evaluate(self, code):
        """Return the value of JavaScript; `all(document)` there is every element."""
        code = f"(() => {{{_ALL} return {code};}})()"
        found = await self.call("Runtime.evaluate", expression=code, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def text(self):
        """Return all text of the page."""
        own = "[...e.childNodes].filter(n => n.nodeType == 3).map(n => n.textContent).join('')"
        parts = "all(document).filter(e => !['STYLE', 'SCRIPT'].includes(e.tagName))"
        return await self.evaluate(f"{parts}.map(e => {own}.trim()).filter(t => t).join('\\n')")

    async def text_with(self, words, without=None):
        """Return the page's text as soon as it has these words and not those."""
        until = time.monotonic() + _PATIENCE
        while True:
            text = await self.text()
            if words in text and (without is None or without not in text):
                return text
            assert time.monotonic() < until, f"no {words!r} without {without!r} in:\n{text}"
            await asyncio.sleep(0.05)

    async def mouse(self, kind, x, y):
        """Move, press or release the left button."""
        await self.call(
            "Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button="left", clickCount=1
        )

    async def drag(self, x, y, by):
        """Drag what is at a point to the right, in steps."""
        await self.mouse("Pressed", x, y)
        for i in range(1, 6):
            await self.mouse("Moved", x + by * i / 5, y)
        await self.mouse("Released", x + by, y)

    async def picture(self, file):
        """Write what is seen as PNG."""
        taken = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(taken["data"]))
