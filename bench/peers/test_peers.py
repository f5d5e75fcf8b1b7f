"""Do the peers do the work that they are measured by?  Not part of the suite: it has no peers.

    .venv/bin/pytest bench/peers          (after `make peers` has installed them)

Both must fill exactly the orders that the market reaches by a search of the columns, so neither
misses quotes, orders, withdrawals or the delay.
"""

import json
import subprocess
from typing import Any

import pytest

from bench.peers.run import PYTHON, ROOT, installed, measure, table
from bench.quotes import Workload, make_workload

QUOTES = 200_000

pytestmark = pytest.mark.skipif(
    not installed(), reason="THE PEERS ARE NOT INSTALLED: run `make peers` first"
)


@pytest.fixture(scope="module")
def workload() -> Workload:
    return make_workload(QUOTES)


@pytest.fixture(scope="module")
def peers() -> dict[str, dict[str, Any]]:
    return measure(QUOTES)


def test_both_have_the_same_work(peers: dict[str, dict[str, Any]], workload: Workload) -> None:
    assert list(peers) == ["nautilus_trader", "hftbacktest"]
    for figures in peers.values():
        assert figures["workload"] == workload.digest()
        assert figures["quotes"] == QUOTES
        assert figures["orders"] == len(workload.orders)


def test_both_fill_what_the_market_reaches(
    peers: dict[str, dict[str, Any]], workload: Workload
) -> None:
    asked = sum(order.until_us is not None for order in workload.orders)
    for figures in peers.values():
        assert figures["filled"] == workload.reached() > 20
        assert figures["fills"] >= figures["filled"]
        assert asked - figures["filled"] <= figures["withdrawn"] <= asked
    one, other = peers.values()
    assert one["withdrawn"] == other["withdrawn"]


def test_both_know_of_the_delay(workload: Workload) -> None:
    """It is too short to change a fill, so here it is long."""
    delay_us = 240_000_000
    expected = workload.reached(delay_us=delay_us)
    assert expected != workload.reached()
    for figures in measure(QUOTES, delay_us).values():
        assert figures["filled"] == expected


def test_the_figures_are_of_one_kind(peers: dict[str, dict[str, Any]]) -> None:
    for figures in peers.values():
        assert figures["run_s"] > 0
        assert figures["quotes_per_s"] == pytest.approx(QUOTES / figures["run_s"])
        assert 50 < figures["peak_rss_mb"] < 20_000
        assert figures["import_s"] > 0.01
        assert figures["data_build_s"] > 0
        assert all(name in table(peers) for name in peers)


BOOK = """
import json
import numpy as np
from bench.peers.hft import SELL_EVENT, depth_events
from bench.quotes import make_workload

made = make_workload(40_000, symbols=2)
wrong = crossed = missing = 0
for code in range(2):
    at = np.flatnonzero(made.codes == code)
    events = depth_events(*(column[at] for column in
        (made.ts_us, made.bids, made.asks, made.bid_sizes, made.ask_sizes)))
    book, place = ({}, {}), 0
    for ts_us, *quote in zip(*(column[at].tolist() for column in
        (made.ts_us, made.bids, made.asks, made.bid_sizes, made.ask_sizes))):
        while place < len(events) and events[place]["exch_ts"] == ts_us * 1000:
            side = book[bool(events[place]["ev"] & SELL_EVENT)]
            price, size = float(events[place]["px"]), float(events[place]["qty"])
            if size:
                side[price] = size
            else:
                missing += side.pop(price, None) is None
            place += 1
            crossed += bool(book[0] and book[1]) and max(book[0]) >= min(book[1])
            crossed += place > 2 and not (book[0] and book[1])
        bid, ask, bid_size, ask_size = quote
        wrong += book != ({bid: bid_size}, {ask: ask_size})
    wrong += place != len(events)
print(json.dumps([wrong, crossed, missing]))
"""


def test_depth_events_build_the_book_of_each_quote() -> None:
    said = subprocess.run(  # noqa: S603  (our own program)
        [str(PYTHON), "-c", BOOK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    wrong, crossed, missing = json.loads(said.stdout)
    assert wrong == 0, "the book is not the quote after its last event"
    assert crossed == 0, "the book was crossed or empty between two events"
    assert missing == 0, "a level was removed that was not there"
