"""The market as a run sees it: instant by instant, and its quotes as events.

A backtest and a feed step through the same instants, so a strategy hears of the same things in the
same order from both.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from topics.events import Quote

from .bar import Bar
from .model import Market
from .quote import MarketQuote


class Instant(NamedTuple):
    """A time at which something happens, with its quotes and the bars that have ended by then."""

    now_us: int
    quotes: list[MarketQuote]
    bars: list[Bar]


def instants(market: Market, due_us: Callable[[], int | None] | None = None) -> Iterator[Instant]:
    """Yield the instants in time order, microseconds since 1970 UTC.

    `due_us` is asked before each one when something else is due (None: nothing is); until the data
    ends, that is an instant too.
    """
    quotes, bars = list(market.quotes), list(market.bars)
    next_quote = next_bar = 0
    while next_quote < len(quotes) or next_bar < len(bars):
        times = []
        if next_quote < len(quotes):
            times.append(quotes[next_quote].ts_us)
        if next_bar < len(bars):
            times.append(bars[next_bar].end_us)
        due = due_us() if due_us is not None else None
        if due is not None:
            times.append(due)
        now_us = min(times)
        first_quote, first_bar = next_quote, next_bar
        while next_quote < len(quotes) and quotes[next_quote].ts_us <= now_us:
            next_quote += 1
        while next_bar < len(bars) and bars[next_bar].end_us <= now_us:
            next_bar += 1
        yield Instant(now_us, quotes[first_quote:next_quote], bars[first_bar:next_bar])


def quote_event(quote: MarketQuote, ts_us: int) -> Quote:
    """Return the quote as a producer publishes it at `ts_us` (microseconds since 1970 UTC)."""
    return Quote(
        ts_us=ts_us,
        symbol=quote.symbol,
        bid=quote.bid,
        ask=quote.ask,
        bid_size=quote.bid_size,
        ask_size=quote.ask_size,
    )
