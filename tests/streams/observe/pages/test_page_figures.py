"""Figures and headings in a real Chromium at three widths: none stands in two lines.

The page of a worker is served from its files with the views of desks of this process, so that no
broker is needed; the reports are files.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from state.desk import Desk
from streams.lab.optimize import write_page
from streams.lab.report import write_report
from streams.observe.pages.account_list import account_list
from streams.observe.pages.account_view import look_up
from tests.paths import ROOT
from tests.state.steals import crowded, placing, stealing
from tests.streams.lab.optimize.plans import carried_out, plan
from tests.streams.lab.report import synthetic
from tests.streams.observe.pages.chromium import Chromium, Tab
from topics.facts import StealSettled, StealStarted, Victim

pytestmark = pytest.mark.slow

CHECKS = (Path(__file__).parent / "figures_checks.js").read_text(encoding="utf-8")
FILES = ROOT / "streams" / "observe" / "pages" / "page"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
WIDTHS = (360, 768, 1280)
SCHEMES = ("light", "dark")


def desks() -> dict[int, Desk]:
    """Return desks whose accounts have orders, entries, steals, cooldowns and fights."""
    steal = stealing("alpha-order-1", "bravo-order-22", "carol-order-333")
    steal.fund(123_456_789.12, "a-second-account-with-a-long-name")
    return {0: steal.desk, 1: placing().desk, 2: crowded("w").desk}


def facts() -> list[Any]:
    victims = [
        Victim(order=f"order-{n}", symbol="BTCUSD", distance=0.0597, pnl=-1.5, freed_micros=3_500_000_000)
        for n in range(3)
    ]  # fmt: skip
    at: dict[str, Any] = {"cause": "orders:0:1", "ts_us": 1_522_857_600_123_456, "account": "A"}
    return [
        StealStarted(
            id="0-1234567-0", steal="s1", entry="near", symbol="ETHUSD", victims=victims,
            needed_micros=10_500_123_456, free_micros=1_268_230_000, **at,
        ),
        StealSettled(id="0-1234568-0", steal="s1", entry="near", order="near.4", **at),
    ]  # fmt: skip


class Canned(BaseHTTPRequestHandler):
    """Answers as a worker does."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/events":
            told = "".join(
                f"id: {one.id}\ndata: {msgspec.json.encode(one).decode()}\n\n" for one in facts()
            )
            self._answer(told.encode(), "text/event-stream")
        elif path == "/" or path.startswith("/page/"):
            file = FILES / (path.removeprefix("/page/").strip("/") or "index.html")
            self._answer(file.read_bytes(), TYPES[file.suffix])
        else:
            self._answer(json.dumps(self._view(path)).encode(), "application/json")

    def _view(self, path: str) -> Any:
        deployment = {"bootstrap": "127.0.0.1:9092", "topic_prefix": "", "group": "worksteal"}
        if path == "/readyz":
            agent = {"ready": True, "of": 4, "partitions": [{"lag": 1234}] * 3}
            framed = {"ready": True, "events": 123_456_789, "refused": 1234}
            return {
                "ready": True,
                "stopping": False,
                "parts": {"agent": agent, "sequencer": framed},
            }
        if path == "/accounts":
            return account_list(desks()) | {"deployment": deployment}
        return look_up(desks(), path.removeprefix("/accounts/"))

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Canned) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def tab(browser: Chromium) -> Iterator[Tab]:
    found = browser.tab()
    yield found
    found.close()


def assert_whole(tab: Tab, name: str) -> None:
    """Look at every width and both schemes; pictures of all are kept."""
    found: dict[int, Any] = {}
    for width in WIDTHS:
        for scheme in SCHEMES:
            tab.size(width, 1600)
            tab.scheme(scheme)
            tab.picture(f"{name}-{width}-{scheme}")
        told = tab.value(CHECKS)
        assert told["checked"] > 20
        if told["broken"] or told["wide"] > 0:
            found[width] = told
    assert found == {}


def test_the_page_of_a_worker(tab, url):
    tab.size(1280, 1600)
    tab.open(f"{url}/#A")
    tab.until("document.querySelector('#capital') && document.querySelector('#live li')")
    assert_whole(tab, "figures-page")


@pytest.mark.parametrize(
    ("name", "compared"),
    [
        ("beside", synthetic.full()),
        ("sweep", synthetic.swept(12, parts=2)),
    ],
)
def test_a_report(tab, tmp_path, name, compared):
    write_report(compared, tmp_path / "report.html")
    tab.size(1280, 1600)
    tab.open((tmp_path / "report.html").as_uri())
    assert_whole(tab, f"figures-{name}")


def test_the_page_of_a_search(tab, tmp_path):
    write_page(carried_out(plan(), tmp_path / "journal"), tmp_path / "optimize.html")
    tab.size(1280, 1600)
    tab.open((tmp_path / "optimize.html").as_uri())
    assert_whole(tab, "figures-optimize")
