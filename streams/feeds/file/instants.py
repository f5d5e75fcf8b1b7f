"""A market file as a feed plays it: time by time, the quotes first, then the bars that have ended.

A backtest has instants of its own besides: answers of the venue, timers, ends of sessions; it passes
over quotes that change nothing.  What the two have in common is the file's order, and no more.
"""

from collections.abc import Iterator
from typing import NamedTuple

from streams.market import Bar, Market, MarketQuote
from topics.events import Quote


class Instant(NamedTuple):
    """A time at which something happens, with its quotes and the bars that have ended by then."""

    now_us: int
    quotes: list[MarketQuote]
    bars: list[Bar]


def instants(market: Market) -> Iterator[Instant]:
    """Yield the instants in time order, microseconds since 1970 UTC."""
    quotes, bars = list(market.quotes), list(market.bars)
    next_quote = next_bar = 0
    while next_quote < len(quotes) or next_bar < len(bars):
        times = []
        if next_quote < len(quotes):
            times.append(quotes[next_quote].ts_us)
        if next_bar < len(bars):
            times.append(bars[next_bar].end_us)
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
