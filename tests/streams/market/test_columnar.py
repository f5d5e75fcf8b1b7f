"""The columns read like the lists they stand for, and the replay of all bars like that of each."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.market import Bar, BarForecast, Bars, Market, MarketError, MarketQuote, read_market
from streams.market.quotes import Quotes
from streams.market.replay import replay
from streams.market.table import BarTable, Side
from tests.streams.market.files import QUOTES, quote_bar, write
from tests.streams.market.foreign_files import EXAMPLES

MINUTE_US = 60_000_000
NAN = float("nan")


def day(name: str = "coinbase-2018-04-04.csv") -> Market:
    return read_market([EXAMPLES / name])


# ---- sequences ----

indexes = st.none() | st.integers(-12, 12)


@given(indexes, indexes, st.sampled_from([None, 1, 2, -1, -3]), st.integers(-10, 9))
def test_bars_and_quotes_are_cut_like_lists(first, end, step, at):
    market = day("nyse-hourly-2018-04-04.csv")
    for columns in (market.bars[:10], market.quotes[:10]):
        plain: list[Bar | MarketQuote] = list(columns)
        assert len(plain) == 10
        assert list(columns[first:end:step]) == plain[first:end:step]
        assert columns[at] == plain[at]


def test_a_place_that_is_not_there_is_an_index_error():
    market = day("nyse-hourly-2018-04-04.csv")
    for columns in (market.bars, market.quotes):
        for index in (len(columns), -len(columns) - 1):
            with pytest.raises(IndexError):
                columns[index]


def test_bars_with_and_without_a_forecast():
    start = np.array([0, 1, 2], np.int64)
    forecasts = np.array([[1.0, NAN, 3.0], [2.0, NAN, 4.0], [1.5, NAN, 3.5]])
    bars = Bars(("A",), start * 0, start, start + 1, np.ones((6, 3)), forecasts)
    assert [bar.forecast for bar in bars] == [BarForecast(1, 2, 1.5), None, BarForecast(3, 4, 3.5)]
    assert bars != Bars(("A",), start * 0, start, start + 1, np.ones((6, 3)))
    assert bars != Bars(("B",), start * 0, start, start + 1, np.ones((6, 3)), forecasts)


# ---- cutting by time ----


@given(st.integers(-200, 1700), st.integers(-200, 1700), st.integers(-1, 1), st.integers(-1, 1))
def test_a_part_has_the_quotes_and_the_whole_bars_of_its_time(first, end, before, after):
    market = CUT
    origin = market.bars[0].start_us
    from_us = origin + first * MINUTE_US + before
    until_us = origin + end * MINUTE_US + after
    quotes = [quote for quote in market.quotes if from_us <= quote.ts_us < until_us]
    if not quotes:
        with pytest.raises(MarketError, match=r"^No quote lies from \S+ until \S+; the data goes"):
            market.between(from_us, until_us)
        return
    part = market.between(from_us, until_us)
    assert list(part.quotes) == quotes
    assert list(part.bars) == [
        bar for bar in market.bars if bar.start_us >= from_us and bar.end_us <= until_us
    ]
    assert (part.symbols, part.kind, part.bar_us, part.notes) == (
        market.symbols,
        market.kind,
        market.bar_us,
        market.notes,
    )


CUT = day("hourly-mixed-2025-12.csv").between(1_767_916_800_000_000, 1_767_916_800_000_000 + 86_400_000_000)  # fmt: skip


# ---- replaying ----

price = st.integers(1, 6).map(float)
bar_rows = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 2]),  # steps from the row before
        st.sampled_from(["AAA", "BBB"]),
        st.lists(price, min_size=4, max_size=4),
        st.lists(price, min_size=4, max_size=4),
        st.floats(0, 9) | st.just(NAN),
        st.floats(0, 9),
    ),
    min_size=1,
    max_size=12,
)


def made(rows, *, opens: bool) -> BarTable:
    """Make a table of the drawn rows that can be: one bar a symbol and instant, high above low."""
    step, kept = 0, []
    latest: dict[str, int] = {}
    for steps, symbol, bid, ask, bid_size, ask_size in rows:
        step += steps
        if latest.get(symbol) == step:
            continue
        latest[symbol] = step
        kept.append((step, symbol, ordered(bid), ordered(ask), bid_size, ask_size))
    names = tuple(sorted(latest))
    bids, asks = (np.array([row[side] for row in kept]).T for side in (2, 3))
    sizes = [np.array([row[side] for row in kept]) for side in (4, 5)]
    return BarTable(
        names,
        np.array([names.index(row[1]) for row in kept], np.int64),
        np.array([row[0] * MINUTE_US for row in kept], np.int64),
        MINUTE_US,
        Side(bids[0] if opens else None, bids[1], bids[2], bids[3], sizes[0]),
        Side(asks[0] if opens else None, asks[1], asks[2], asks[3], sizes[1]),
        None,
    )


def ordered(prices: list[float]) -> list[float]:
    first, one, two, close = prices
    return [first, max(one, two), min(one, two), close]


def one_by_one(table: BarTable) -> Iterator[MarketQuote]:
    """Replay bar after bar, in plain words."""
    before: dict[int, int] = {}
    known = [side.size.tolist() for side in (table.bid, table.ask) if side.size is not None]
    for row, code in enumerate(table.codes.tolist()):
        start_us = int(table.start_us[row])
        bid: list[Any] = [None if column is None else float(column[row]) for column in table.bid]
        ask: list[Any] = [None if column is None else float(column[row]) for column in table.ask]
        last = before.get(code)
        sizes: Any = (NAN, NAN)
        first: Any = None if bid[0] is None else (bid[0], ask[0])
        rose_from: Any = None if first is None else sum(first)
        if last is not None:
            sizes = known[0][last], known[1][last]
            closed = float(table.bid.close[last]), float(table.ask.close[last])
            if first is None:
                rose_from = sum(closed)
                if int(table.start_us[last]) + MINUTE_US == start_us:
                    first = closed
        if rose_from is None:
            rose_from = bid[1] + bid[2]
        low, high = (bid[2], ask[2]), (bid[1], ask[1])
        turns = (low, high) if bid[3] + ask[3] >= rose_from else (high, low)
        pairs = [(0, first, sizes), (15, turns[0], sizes), (30, turns[1], sizes)]
        pairs.append((59, (bid[3], ask[3]), (bid[4], ask[4])))
        for second, pair, (bid_size, ask_size) in pairs:
            if pair is not None:
                yield MarketQuote(
                    start_us + second * 1_000_000,
                    table.names[code],
                    min(pair),
                    max(pair),
                    None if bid_size != bid_size else bid_size,  # noqa: PLR0124
                    None if ask_size != ask_size else ask_size,  # noqa: PLR0124
                )
        before[code] = row


@given(bar_rows, st.booleans())
def test_all_bars_at_once_are_replayed_as_one_by_one(rows, opens):
    table = made(rows, opens=opens)
    quotes, bars = replay(table)
    assert list(quotes) == sorted(one_by_one(table), key=lambda quote: quote.ts_us)
    assert len(bars) == len(table.codes)
    assert all((a.end_us, a.symbol) < (b.end_us, b.symbol) for a, b in pairwise(bars))
    closes = {(bar.symbol, bar.start_us): (bar.bid_close, bar.ask_close) for bar in bars}
    for row, code in enumerate(table.codes.tolist()):
        pair = (table.bid.close[row], table.ask.close[row])
        assert closes[table.names[code], table.start_us[row]] == (min(pair), max(pair))


def test_bars_with_a_bid_above_its_ask_are_counted(tmp_path):
    bars = (quote_bar(0), quote_bar(1, bid="10,14,8,12", ask="11,15,9,11"), quote_bar(2))
    notes = read_market([write(tmp_path, QUOTES, *bars)]).notes
    assert "day.csv: 1 bars have a bid above an ask; such pairs were put in order." in notes


def test_quotes_of_objects_and_of_columns_are_equal():
    quotes = day("nyse-hourly-2018-04-04.csv").quotes
    assert Quotes.of(list(quotes)) == quotes
