"""hftbacktest on the workload of `bench/quotes.py`: 20 assets in one backtest, one compiled loop.

    python bench/peers/hft.py [--quotes N] [--json]

It replays depth, not quotes.  Each quote becomes what a feed of the two best levels would say:
a new level or size for a side that changed, then the removal of the level that it replaced; a
quote that changes nothing is no event.  The ask goes first unless it falls, so the book is never
crossed, and a level comes before the old one goes, so it is never empty.

Chosen in its favour where there is a choice: prices in a vector around those that occur
(`ROIVectorMarketDepthBacktest`, the faster one), no recorder, no look at the depth, and the loop
wakes only when an order is due.  Compilation is done on a small workload before, and counted apart.

Without trades a buy fills when the ask comes down to its limit, as a whole
(`no_partial_fill_exchange`); the queue model has nothing to say under the best bid.  Ours waits
until the ask is below the limit, and takes no more than the ask's size.  Here are no accounts and no
cash: a position, a balance and a fee for each asset is all that it keeps.
"""
# ruff: noqa: E402  (how long the imports take is a figure)
# mypy: disable-error-code="import-not-found"

import sys
import time
from pathlib import Path

BEGAN_S = time.perf_counter()

import hftbacktest
import numpy as np
from hftbacktest import (
    ALL_ASSETS,
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

IMPORT_S = time.perf_counter() - BEGAN_S

from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from bench.peers.common import Figures, delay_note, options, peak_rss_mb, reached_note
from bench.quotes import DELAY_US, Symbol, Workload, make_workload

Rows = np.ndarray[Any, Any]

FEE = 0.001
SMALL = 2_000
"""Quotes of the workload that compiles everything."""

ASKED = np.dtype([("ts_ns", "i8"), ("withdraw", "?"), ("asset", "i8"), ("order", "u8"),
                  ("limit", "f8"), ("qty", "f8")])  # fmt: skip
"""One action of the loop."""
NOTES = [
    "each quote is up to four depth events, as a feed of the two best levels would say it",
    "the orders of all accounts are one list: it keeps positions by asset, and no account or cash",
    "risk-averse queue model, no partial fills, 0.1 % fee; a buy fills at an ask at or below its limit",
]


def depth_events(ts_us: Rows, bids: Rows, asks: Rows, bid_sizes: Rows, ask_sizes: Rows) -> Rows:
    """Return the quotes of one symbol as depth events.

    Four places for each quote, in the order in which they must be said; what says nothing new is
    left out at the end.
    """
    count = len(ts_us)
    rows = np.zeros((count, 4), event_dtype)
    rows["exch_ts"] = rows["local_ts"] = (ts_us * 1000)[:, None]
    sides = ((BUY_EVENT, bids, bid_sizes), (SELL_EVENT, asks, ask_sizes))
    # While the ask rises or stays it goes first, and while it falls the bid.
    ask_first = np.ones(count, bool)
    ask_first[1:] = asks[1:] >= asks[:-1]
    kept = np.ones((count, 4), bool)
    for number, (flag, prices, sizes) in enumerate(sides):
        first = np.where(ask_first, 2 - 2 * number, 2 * number)
        at = np.arange(count)
        moved = np.zeros(count, bool)
        moved[1:] = prices[1:] != prices[:-1]
        resized = np.ones(count, bool)
        resized[1:] = moved[1:] | (sizes[1:] != sizes[:-1])
        for place, price, size, needed in (
            (first, prices, sizes, resized),
            (first + 1, np.roll(prices, 1), np.zeros(count), moved),
        ):
            rows["ev"][at, place] = flag | DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT
            rows["px"][at, place] = price
            rows["qty"][at, place] = size
            kept[at, place] = needed
    return rows[kept]


def asset(symbol: Symbol, events: Rows, low: float, high: float, delay_us: int) -> BacktestAsset:
    """Return one asset; `low` and `high` are the bounds of all its prices, in dollars."""
    return (
        BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(delay_us * 1000, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(FEE, FEE)
        .tick_size(symbol.tick)
        .lot_size(10.0**-symbol.size_decimals)
        .last_trades_capacity(0)
        .roi_lb(np.floor(low * 0.98))
        .roi_ub(np.ceil(high * 1.02))
    )


def build(workload: Workload, delay_us: int) -> tuple[Any, Rows, list[Rows]]:
    """Return the backtest, what to ask of it, and the events, which must stay alive meanwhile."""
    assets, kept = [], []
    for code, symbol in enumerate(workload.symbols):
        at = np.flatnonzero(workload.codes == code)
        events = depth_events(
            workload.ts_us[at], workload.bids[at], workload.asks[at],
            workload.bid_sizes[at], workload.ask_sizes[at],
        )  # fmt: skip
        kept.append(events)
        low, high = workload.bids[at].min(), workload.asks[at].max()
        assets.append(asset(symbol, events, low, high, delay_us))
    orders = workload.orders
    asked = np.array(
        [
            (ts_us * 1000, withdraw, orders[n].code, n + 1, orders[n].limit, orders[n].qty)
            for ts_us, withdraw, n in workload.actions()
        ],
        ASKED,
    )
    return ROIVectorMarketDepthBacktest(assets), asked, kept


@njit  # type: ignore[untyped-decorator]  # it ships no types
def play(hbt: Any, asked: Rows) -> tuple[int, int, int]:
    """Ask for each order at its time, then run to the end; return sent, withdrawn and refused."""
    sent = withdrawn = refused = 0
    hbt.elapse(0)  # to the first quote
    for number in range(len(asked)):
        one = asked[number]
        wait_ns = one.ts_ns - hbt.current_timestamp
        if wait_ns > 0:
            hbt.elapse(wait_ns)
        if one.withdraw:
            order = hbt.orders(one.asset).get(one.order)
            if order is not None and order.cancellable:
                withdrawn += 1
                refused += hbt.cancel(one.asset, one.order, False) != 0
            hbt.clear_inactive_orders(one.asset)
        else:
            sent += 1
            refused += (
                hbt.submit_buy_order(one.asset, one.order, one.limit, one.qty, GTC, LIMIT, False)
                != 0
            )
    while hbt.elapse(3_600_000_000_000) == 0:
        pass
    hbt.clear_inactive_orders(ALL_ASSETS)
    return sent, withdrawn, refused


def compile_s() -> float:
    """Run a small workload, so that all is compiled, and return how long that took."""
    began_s = time.perf_counter()
    backtest, asked, _events = build(make_workload(SMALL), DELAY_US)
    play(backtest, asked)
    backtest.close()
    return time.perf_counter() - began_s


def main() -> None:
    """Compile, build, run and print the figures."""
    told = options(__doc__.split("\n", maxsplit=1)[0])
    compiled_s = compile_s()
    workload = make_workload(told.quotes)
    began_s = time.perf_counter()
    backtest, asked, events = build(workload, told.delay_us)
    built_s = time.perf_counter()
    sent, withdrawn, refused = play(backtest, asked)
    run_s = time.perf_counter() - built_s
    assert refused == 0, f"{refused} requests were refused"
    filled = sum(backtest.state_values(code).num_trades for code in range(len(workload.symbols)))
    peak_mb = peak_rss_mb()
    Figures(
        name="hftbacktest",
        version=hftbacktest.__version__,
        workload=workload.digest(),
        quotes=told.quotes,
        orders=sent,
        withdrawn=withdrawn,
        filled=filled,
        fills=filled,
        import_s=IMPORT_S,
        data_build_s=built_s - began_s,
        compile_s=compiled_s,
        run_s=run_s,
        quotes_per_s=told.quotes / run_s,
        peak_rss_mb=peak_mb,
        notes=[
            f"{sum(map(len, events)):,} depth events",
            *NOTES,
            delay_note(told.delay_us),
            reached_note(workload, told.delay_us),
        ],
    ).show(as_json=told.json)


if __name__ == "__main__":
    main()
