"""A headless Chromium that a test drives: the DevTools protocol, every request and complaint kept."""

import asyncio
import base64
import json
import os
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from tests.chromium import find_chromium
from tests.paths import ROOT

T = TypeVar("T")

PICTURES = ROOT / "build" / "pictures"
"""Where pictures are kept."""

DOCS = ROOT / "docs" / "pictures"
MAKE_DOCS = "PAGE_PICTURES"
"""With this in the environment, those that the docs show are made anew."""

PATIENCE_S = 30.0
COMPLAINTS = ("error", "warning", "assert")

KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowRight": 39,
}


class Tab:
    """One page.  Whatever it asks for and complains of stays in `requests` and `complaints`."""

    def __init__(self, browser: "Chromium", socket: aiohttp.ClientWebSocketResponse) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._browser = browser
        self._socket = socket
        self._count = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        """Take what the browser says until it is gone."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            else:
                self._event(told["method"], told["params"])

    def _event(self, method: str, told: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(told["url"])
        elif method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.complaints.append(
                details.get("exception", details).get("description", "exception")
            )
        elif method == "Log.entryAdded" and told["entry"]["level"] in COMPLAINTS:
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and told["type"] in COMPLAINTS:
            self.complaints.append(str(told["args"]))

    async def asked(self, method: str, **params: Any) -> dict[str, Any]:
        self._count += 1
        answer = asyncio.get_running_loop().create_future()
        self._answers[self._count] = answer
        await self._socket.send_json({"id": self._count, "method": method, "params": params})
        told = await asyncio.wait_for(answer, PATIENCE_S)
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command of the protocol and return its result."""
        return self._browser.run(self.asked(method, **params))

    def open(self, url: str) -> None:
        """Go to an address and wait until the page is there."""
        self.do("Page.navigate", url=url)
        self.until(
            f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'"
        )

    def value(self, script: str) -> Any:
        """Return what an expression comes to in the page; promises are waited for."""
        told = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, script: str, seconds: float = PATIENCE_S) -> None:
        """Wait until an expression is true in the page."""
        deadline = time.monotonic() + seconds
        while not self.value(f"Boolean({script})"):
            assert time.monotonic() < deadline, (script, self.complaints, self.text())
            time.sleep(0.05)

    def text(self, selector: str = "body") -> str:
        """Return the visible text of an element."""
        found = self.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")
        return str(found)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key."""
        code = KEYS.get(key) or ord(key.upper())
        told: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 * shift}
        words = {"Enter": "\r"}.get(key) or (key if len(key) == 1 else "")
        self.do("Input.dispatchKeyEvent", type="keyDown", text=words, **told)
        self.do("Input.dispatchKeyEvent", type="keyUp", **told)

    def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Give the page a screen."""
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=mobile,
        )  # fmt: skip

    def scheme(self, name: str) -> None:
        """Have the page light or dark."""
        features = [
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.do("Emulation.setEmulatedMedia", features=features)

    def close(self) -> None:
        """Close the page: a browser opens six connections to a server, and each page may hold one."""
        self.do("Page.close")

    def picture(self, name: str, *, docs: bool = False) -> None:
        """Keep a picture of what is seen; `docs` says that the docs show it."""
        data = base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"])
        for folder in [PICTURES, *([DOCS] if docs and os.environ.get(MAKE_DOCS) else [])]:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(data)


class Chromium:
    """The browser's process, and the thread in which its lines are read."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._session: aiohttp.ClientSession | None = None
        self._listening: list[asyncio.Task[None]] = []
        self._process = subprocess.Popen(
            [
                find_chromium(), "--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-background-networking", "--disable-component-update", "--no-first-run",
                "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S + 5)

    def start(self) -> None:
        self._thread.start()
        told = self._profile / "DevToolsActivePort"
        deadline = time.monotonic() + PATIENCE_S
        while not (told.exists() and told.read_text().count("\n")):
            assert self._process.poll() is None, "the browser ended"
            assert time.monotonic() < deadline, "the browser says no port"
            time.sleep(0.05)
        self._port = int(told.read_text().splitlines()[0])

    def tab(self) -> Tab:
        """Open a page that has nothing of the others': cookies least of all."""
        return self.run(self._tab())

    async def _tab(self) -> Tab:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        base = f"http://127.0.0.1:{self._port}/json"
        async with self._session.put(f"{base}/new?about:blank") as answer:
            told = await answer.json()
        socket = await self._session.ws_connect(told["webSocketDebuggerUrl"], max_msg_size=64 << 20)
        tab = Tab(self, socket)
        self._listening.append(asyncio.create_task(tab.listen()))
        for domain in ("Page", "Runtime", "Log", "Network"):
            await tab.asked(f"{domain}.enable")
        return tab

    def end(self) -> None:
        """Leave no process behind."""
        self._process.kill()
        self._process.wait()
        if self._session is not None:
            self.run(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """Run a browser with a profile of its own."""
    browser = Chromium(profile)
    try:
        browser.start()
        yield browser
    finally:
        browser.end()
