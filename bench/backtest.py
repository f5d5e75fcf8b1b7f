"""How fast a backtest goes, quote by quote and passing over quotes, beside two well-known engines.

    python bench/backtest.py [--quotes N] [--repeats N] [--no-peers]

The workload of `bench/quotes.py`: 20 symbols, 64 accounts in one desk.  Twice: `resting` has capital
for every order, all of which go to the venue at once, and is what the peers do too; `scarce` has
10,000 dollars an account under the default policy, so that entries wait, are blocked and steal.
Seconds are wall time of a whole run with its results, from quotes in memory; `resting` runs several
times each way, and the median counts; `scarce`, which takes a minute quote by quote, runs once.  `start_s` is a fresh process from start to its first result.
The last line is JSON.
"""

import argparse
import gc
import json
import platform
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.peers.run import PeerError, measure  # noqa: E402
from bench.quotes import MINUTE_US, Workload, WorkloadOrder, make_workload  # noqa: E402
from state.market.hours import Calendars  # noqa: E402
from state.rules.policy import DEFAULT, Policy, policy_from  # noqa: E402
from streams.lab.backtest.result import RunResult  # noqa: E402
from streams.lab.backtest.run import RunOptions, calendars_for, run_accounts  # noqa: E402
from streams.market import Bar, Bars, Market, Quotes  # noqa: E402
from streams.strategies import Action, RequestEntry, Strategy, WithdrawEntry  # noqa: E402
from topics.events import Fill  # noqa: E402

QUOTES = 1_000_000
REPEATS = 5
SNAPSHOT_US = 1_800_000_000
"""Venues show the whole account this often."""

RESTING = (policy_from({"name": "resting", "normal_tolerance": 0.05}), 1_000_000.0)
SCARCE = (DEFAULT, 10_000.0)
CASES: Mapping[str, tuple[Policy, float]] = {"resting": RESTING, "scarce": SCARCE}


class Scripted(Strategy):
    """Asks for its orders, and withdraws them, when the minute of their time has ended."""

    name = "scripted"

    def __init__(self, orders: Iterable[WorkloadOrder], last_us: int) -> None:
        self._script: dict[int, list[Action]] = defaultdict(list)
        for order in orders:
            self._script[order.ts_us].append(
                RequestEntry(
                    order.order, order.symbol, "buy", order.limit, order.qty, 0.0, last_us + 1
                )
            )
            if order.until_us is not None:
                self._script[order.until_us].append(WithdrawEntry(order.order))

    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:  # noqa: ARG002
        """Do what the script has for this minute."""
        return self._script.get(now_us, ())

    def on_fill(self, fill: Fill, entry: str | None, now_us: int) -> Iterable[Action]:  # noqa: ARG002
        """Keep what was bought."""
        return ()


def market_of(work: Workload) -> Market:
    """Return the quotes, with a bar a minute of one symbol, which is the clock of the scripts."""
    quotes = Quotes(
        work.names,
        work.ts_us,
        work.codes,
        work.bids,
        work.asks,
        work.bid_sizes,
        work.ask_sizes,
    )
    first = int(work.ts_us[0]) // MINUTE_US
    ends = np.arange(first + 1, int(work.ts_us[-1]) // MINUTE_US + 1, dtype=np.int64) * MINUTE_US
    prices = np.ones((6, len(ends)))
    codes = np.zeros(len(ends), np.int64)
    bars = Bars(work.names, codes, ends - MINUTE_US, ends, prices)
    return Market(quotes, bars, tuple(sorted(work.names)), "minute", MINUTE_US, ())


def strategies_of(work: Workload) -> dict[str, Strategy]:
    """Return the script of each account."""
    of: dict[str, list[WorkloadOrder]] = defaultdict(list)
    for order in work.orders:
        of[order.account].append(order)
    last_us = int(work.ts_us[-1])
    return {account: Scripted(orders, last_us) for account, orders in sorted(of.items())}


def timed(
    work: Workload, market: Market, times: Calendars, case: str, *, plain: bool
) -> tuple[float, dict[str, RunResult]]:
    """Run once; return seconds and what became of each account."""
    policy, capital = CASES[case]
    options = RunOptions(capital=capital, plain=plain, snapshot_us=SNAPSHOT_US)
    strategies = strategies_of(work)
    fresh = Quotes(market.quotes.names, *market.quotes.columns())  # nothing found out before
    anew = Market(fresh, market.bars, market.symbols, market.kind, market.bar_us, ())
    gc.collect()
    started = time.perf_counter()
    results = run_accounts(anew, strategies, policy, options, times)
    return time.perf_counter() - started, results


def run_case(work: Workload, case: str, repeats: int) -> dict[str, Any]:
    """Measure one case both ways."""
    market = market_of(work)
    times = calendars_for(market)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    said: dict[bool, dict[str, RunResult]] = {}
    for plain in (True, False):  # not in turn: five seconds of objects leave the caches cold
        for _ in range(repeats):
            took, said[plain] = timed(work, market, times, case, plain=plain)
            seconds[plain].append(took)
    plain_s, skip_s = (statistics.median(seconds[plain]) for plain in (True, False))
    runs = said[False].values()
    return {
        "plain_s": round(plain_s, 3),
        "skip_s": round(skip_s, 3),
        "plain_quotes_per_s": round(len(work.ts_us) / plain_s),
        "skip_quotes_per_s": round(len(work.ts_us) / skip_s),
        "digests_equal": said[True] == said[False],
        "commands": sum(run.commands for run in runs),
        "fills": sum(run.fills for run in runs),
        "steals": sum(run.steals for run in runs),
        "blocks": sum(run.blocks for run in runs),
        "breaches": sum(run.capacity_breaches for run in runs),
    }


def start_s() -> float:
    """Return how long a fresh process takes to import everything and give a first, tiny result."""
    script = (
        "import bench.backtest as b; w = b.make_workload(2000); m = b.market_of(w);"
        "b.timed(w, m, b.calendars_for(m), 'scarce', plain=False)"
    )
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)  # noqa: S603 - our own
    return time.perf_counter() - started


def alone(quotes: int) -> float:
    """Return the peak memory in MB of a process that makes the workload and runs it once."""
    script = (
        f"import bench.backtest as b, resource; w = b.make_workload({quotes}); m = b.market_of(w);"
        "b.timed(w, m, b.calendars_for(m), 'resting', plain=False);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return int(done.stdout) / 1024


def table_of(found: dict[str, Any]) -> Table:
    """Return the figures for people."""
    table = Table(
        title=f"{found['quotes']:,} quotes, {found['orders']:,} orders, {found['machine']}"
    )
    for header in ("engine", "run s", "quotes/s", "fills", "start s", "peak MB"):
        table.add_column(header, justify="left" if header == "engine" else "right")
    for case in CASES:
        own = found[case]
        for way in ("plain", "skip"):
            name = f"worksteal, {case}, {'quote by quote' if way == 'plain' else 'passing over'}"
            start, peak = (
                (f"{found['start_s']:.2f}", f"{found['peak_rss_mb']:.0f}")
                if (case, way) == ("resting", "skip")
                else ("", "")
            )
            rate = f"{own[f'{way}_quotes_per_s']:,}"
            table.add_row(name, f"{own[f'{way}_s']:.2f}", rate, f"{own['fills']:,}", start, peak)
    for name, peer in found["peers"].items():
        table.add_row(
            f"{name} {peer['version']}",
            f"{peer['run_s']:.2f}",
            f"{peer['quotes_per_s']:,.0f}",
            f"{peer['fills']:,}",
            f"{peer['import_s'] + peer.get('compile_s', 0.0):.2f}",
            f"{peer['peak_rss_mb']:.0f}",
        )
    return table


def main() -> int:
    """Measure, and print a table and one line of JSON; 1 if the two ways did not say the same."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quotes", type=int, default=QUOTES)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--no-peers", action="store_true", help="measure only ourselves")
    asked = parser.parse_args()
    work = make_workload(asked.quotes)
    found: dict[str, Any] = {
        "bench": "backtest",
        "quotes": asked.quotes,
        "orders": len(work.orders),
        "workload": work.digest(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    for case in CASES:
        found[case] = run_case(work, case, asked.repeats if case == "resting" else 1)
    for key in ("plain_quotes_per_s", "skip_quotes_per_s"):
        found[key] = found["resting"][key]
    found["digests_equal"] = all(found[case]["digests_equal"] for case in CASES)
    found["start_s"] = round(start_s(), 2)
    found["peak_rss_mb"] = round(alone(asked.quotes))
    found["peers"] = {}
    if not asked.no_peers:
        try:
            found["peers"] = measure(asked.quotes)
        except PeerError as error:
            sys.stderr.write(f"the peers were not measured: {error}\n")
    Console().print(table_of(found))
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if found["digests_equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
