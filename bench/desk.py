"""How fast the desk takes quotes, and that waiting entries do not slow it down.

    python bench/desk.py [--quotes N]

20 symbols, 64 accounts, 8 waiting entries and 8 working orders each, one decision per 1,000
quotes.  `quotes_per_s` is decoded frames through `Desk.apply`; `from_bytes_per_s` includes decoding
the journal's JSON.  `growth_ratio` is the cost of a quote with 10,000 waiting entries to that with
10, none of which it triggers, in processor time.  The last line is JSON.
"""

import argparse
import gc
import json
import platform
import statistics
import sys
import time

from rich.console import Console
from rich.table import Table

from state.desk import Desk
from state.market.hours import Calendars, calendars
from state.rules.policy import DEFAULT, policy_from
from topics.codec import decode_frame, encode_frame
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    EntryRequested,
    OrderAccepted,
    Quote,
)
from topics.frames import Frame, FrameEvent, JournalPosition, Run

SYMBOLS = [f"SYM{number:02d}USD" for number in range(20)]
ACCOUNTS = [f"acct-{number:02d}" for number in range(64)]
START_US = 1_522_800_000_000_000
FRAME = 500
REPEATS = 5


class Feed:
    """Builds frames with right runs and offsets, one journal offset after the other."""

    def __init__(self) -> None:
        self.offsets = {"quotes": -1, "orders": -1, "accounts": -1}
        self.journal = -1
        self.now_us = START_US

    def frame(self, topic: str, events: list[AnyEvent]) -> tuple[Frame, JournalPosition]:
        """Wrap events of one source topic into the next frame."""
        first = self.offsets[topic] + 1
        self.offsets[topic] += len(events)
        self.journal += 1
        run = Run(topic=topic, partition=0, prev=first - 1, last=self.offsets[topic])
        items = [FrameEvent(0, first + number, event) for number, event in enumerate(events)]
        return Frame(runs=[run], events=items), JournalPosition(0, self.journal, self.now_us)


def limit_of(number: int) -> float:
    """A limit far under the market, so that quotes do not trigger it."""
    return 50.0 + (number % 1000) * 0.01


def set_up(times: Calendars, waiting: int, working: int, accounts: list[str]) -> tuple[Desk, Feed]:
    """Return a desk with so many waiting entries and working orders for each account."""
    policy = policy_from({"quote_max_age_s": 3600, "snapshot_max_age_s": 86_400}, DEFAULT)
    desk, feed = Desk(times, policy), Feed()
    events: list[AnyEvent] = [
        OrderAccepted(
            ts_us=START_US,
            account=name,
            order=f"w{number}",
            symbol=SYMBOLS[number % len(SYMBOLS)],
            side="buy",
            limit=80.0,
            qty=50.0,
        )
        for name in accounts
        for number in range(working)
    ]
    events += [
        EntryRequested(
            ts_us=START_US,
            account=name,
            entry=f"e{number}",
            symbol=SYMBOLS[number % len(SYMBOLS)],
            side="buy",
            limit=limit_of(number),
            qty=50.0,
            expires_us=START_US * 2,
        )
        for name in accounts
        for number in range(waiting)
    ]
    snapshots: list[AnyEvent] = [
        AccountSnapshot(ts_us=START_US, account=name, equity=4000.0 * working) for name in accounts
    ]
    desk.apply(*feed.frame("accounts", snapshots))
    desk.apply(*feed.frame("orders", events))
    return desk, feed


def quotes(feed: Feed, count: int, decide_each: int) -> list[tuple[Frame, JournalPosition]]:
    """Return frames of quotes that wander around 100; every so often one triggers a decision.

    A decision: one account's entry in a symbol of its own is reached, finds no capital, weighs all
    eight working orders, and is refused because three of them would not free enough.
    """
    frames = []
    batch: list[AnyEvent] = []
    for number in range(count):
        feed.now_us += 50
        symbol = SYMBOLS[number % len(SYMBOLS)]
        price = 100.0 + (number * 7 % 101 - 50) * 0.01
        if decide_each and number % decide_each == decide_each - 1:
            symbol, price = f"TRIG{number // decide_each % 64:02d}USD", 100.0
        batch.append(Quote(ts_us=feed.now_us, symbol=symbol, bid=price - 0.01, ask=price))
        if len(batch) == FRAME:
            frames.append(feed.frame("quotes", batch))
            batch = []
    return frames


def add_deciders(desk: Desk, feed: Feed) -> None:
    """Give each account one entry that only its own symbol reaches."""
    entries: list[AnyEvent] = [
        EntryRequested(
            ts_us=START_US, account=name, entry="trigger", symbol=f"TRIG{number:02d}USD",
            side="buy", limit=100.0, qty=500.0, expires_us=START_US * 2,
        )
        for number, name in enumerate(ACCOUNTS)
    ]  # fmt: skip
    desk.apply(*feed.frame("orders", entries))


def measure_rate(times: Calendars, count: int) -> dict[str, float]:
    """Return quotes per second on decoded frames and from bytes, and decisions per 1,000."""
    desk, feed = set_up(times, 8, 8, ACCOUNTS)
    add_deciders(desk, feed)
    tried = []
    desk.watch = tried.append
    for frame, position in quotes(feed, 20_000, 1000):
        desk.apply(frame, position)
    desk.watch = None
    rates, raw_rates = [], []
    for _ in range(REPEATS):
        frames = quotes(feed, count, 1000)
        began = time.perf_counter()
        for frame, position in frames:
            desk.apply(frame, position)
        rates.append(count / (time.perf_counter() - began))
        last = frames[-1][0].events[-1].event
        assert isinstance(last, Quote)
        assert desk.board.prices.get(last.symbol).ask == last.ask, "the quotes were not taken"
        raw = [(encode_frame(f), p) for f, p in quotes(feed, count, 1000)]
        began = time.perf_counter()
        for body, position in raw:
            desk.apply(decode_frame(body), position)
        raw_rates.append(count / (time.perf_counter() - began))
    return {
        "quotes_per_s": statistics.median(rates),
        "quotes_per_s_min": min(rates),
        "from_bytes_per_s": statistics.median(raw_rates),
        "decisions_per_1000": len(tried) / 20,
    }


def measure_growth(times: Calendars, count: int) -> dict[str, float]:
    """Return the cost of a quote in ns with 10 and with 10,000 waiting entries, in turns."""
    small, large = set_up(times, 10, 0, ["one"]), set_up(times, 10_000, 0, ["one"])
    costs: dict[int, list[float]] = {10: [], 10_000: []}
    for _ in range(REPEATS + 1):
        for size, (desk, feed) in ((10, small), (10_000, large)):
            frames = quotes(feed, count, 0)
            began = time.process_time()
            for frame, position in frames:
                desk.apply(frame, position)
            costs[size].append((time.process_time() - began) / count * 1e9)
    pairs = zip(costs[10][1:], costs[10_000][1:], strict=True)
    return {
        "ns_per_quote_10": statistics.median(costs[10][1:]),
        "ns_per_quote_10000": statistics.median(costs[10_000][1:]),
        "growth_ratio": statistics.median(large / small for small, large in pairs),
    }


def main() -> None:
    """Measure, print a table for people and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quotes", type=int, default=200_000, help="quotes for each repeat")
    count = parser.parse_args().quotes // FRAME * FRAME
    times = calendars(2018, 2019)
    figures = measure_rate(times, count) | measure_growth(times, count)
    table = Table("figure", "value", title=f"desk, {count:,} quotes, median of {REPEATS}")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}" if value < 100 else f"{value:,.0f}")
    Console(file=sys.stderr).print(table)
    machine = f"{platform.machine()}, CPython {platform.python_version()}"
    print(json.dumps({"bench": "desk", "machine": machine, **figures}))


if __name__ == "__main__":
    gc.freeze()
    main()
