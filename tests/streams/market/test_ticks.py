"""Quotes that were seen one by one stay as they are, and bars are what lies between two times."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.market import Bar, ColumnMap, MarketError, MarketQuote, market_from_frame, read_market
from streams.market.quotes import Quotes
from streams.market.ticks import bars_of
from tests.lazily import lazily
from tests.streams.market.files import write

pd = lazily("pandas")

T0 = 1_522_800_000_000_000
SECOND_US = 1_000_000

TICKS = ColumnMap(
    kind="ticks",
    columns={"time": "t", "symbol": "s", "bid": "b", "ask": "a", "bid_size": "n"},
    time="us",
)


def frame(*rows: tuple) -> Any:
    """Make rows of seconds after `T0`, symbol, bid, ask, bid size."""
    made = pd.DataFrame(rows, columns=["t", "s", "b", "a", "n"])
    made["t"] = (made["t"] * SECOND_US).astype("int64") + T0
    return made


def test_quotes_are_as_they_were_seen():
    market = market_from_frame(
        frame((0, "ETHUSD", 1, 2, 5.0), (0, "BTCUSD", 3, 4, None), (0, "ETHUSD", 1.5, 2, 0.0)),
        TICKS,
    )
    assert list(market.quotes) == [
        MarketQuote(T0, "ETHUSD", 1, 2, 5, None),
        MarketQuote(T0, "BTCUSD", 3, 4, None, None),
        MarketQuote(T0, "ETHUSD", 1.5, 2, 0, None),
    ]
    assert list(market.bars) == [
        Bar("BTCUSD", T0, T0 + 60 * SECOND_US, 3, 4, 3, 4, 3, 4),
        Bar("ETHUSD", T0, T0 + 60 * SECOND_US, 1, 2, 1.5, 2, 1.5, 2),
    ]
    assert (market.kind, market.bar_us) == ("minute", 60 * SECOND_US)
    assert market.notes == (
        (
            "frame: 3 quotes as they were seen; 2 bars of 1 min were made of them, and the first and "
            "last may be partial."
        ),
        "frame: 3 quotes lack a size, which limits no fill.",
    )


def test_a_bar_begins_with_its_start_and_ends_before_its_end():
    rows = [(59.999999, "X", 1, 2, 1), (60, "X", 3, 4, 1), (119, "X", 2, 9, 1), (300, "X", 5, 6, 1)]
    bars = market_from_frame(frame(*rows), TICKS).bars
    assert [((bar.start_us - T0) // SECOND_US, bar.bid_low, bar.ask_high) for bar in bars] == [
        (0, 1, 2),
        (60, 2, 9),
        (300, 5, 6),
    ]


def test_a_bid_above_its_ask_is_put_in_order_and_told():
    market = market_from_frame(frame((0, "X", 5, 4, 1)), TICKS)
    assert (market.quotes[0].bid, market.quotes[0].ask) == (4, 5)
    told = "frame: 1 quotes have a bid above the ask; they were put in order."
    assert told in market.notes


def test_bars_of_another_length_and_kind():
    mapping = TICKS.model_copy(update={"bar": "1h"})
    market = market_from_frame(frame((0, "X", 1, 2, 1), (3599, "X", 2, 3, 1)), mapping)
    assert (market.kind, market.bar_us, len(market.bars)) == ("hourly", 3600 * SECOND_US, 1)


def test_a_tick_needs_both_prices(tmp_path):
    path = write(tmp_path, "t,s,b,a,n", f"{T0},X,1,2,", f"{T0},X,1,,")
    with pytest.raises(MarketError, match=r"line 3, field ask \(column 'a'\): '' is not a number"):
        read_market([path], TICKS)


prices = st.integers(1, 5).map(float)
ticks = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from("AB"), prices, st.integers(0, 3)),
    min_size=1,
    max_size=25,
)


@given(ticks, st.integers(10, 70))
def test_bars_are_the_extremes_and_the_last_of_their_quotes(drawn, length):
    now, quotes = 0, []
    for step, symbol, bid, spread in drawn:
        now += step
        quotes.append(MarketQuote(now, symbol, bid, bid + spread, None, None))
    expected = []
    for start in range(0, now + 1, length):
        for symbol in "AB":
            mine = [q for q in quotes if start <= q.ts_us < start + length and q.symbol == symbol]
            if mine:
                bids, asks = [q.bid for q in mine], [q.ask for q in mine]
                extremes = (min(bids), min(asks), max(bids), max(asks), bids[-1], asks[-1])
                expected.append(Bar(symbol, start, start + length, *extremes))
    assert list(bars_of(Quotes.of(quotes), length)) == expected
