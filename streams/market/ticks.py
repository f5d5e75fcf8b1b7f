"""Quotes that were seen one by one, and the bars that follow from them."""

from collections.abc import Iterator

import numpy as np

from .bars import Bars
from .notes import length_text
from .quotes import Floats, Ints, Quotes
from .table import MINUTE_US, MarketPart

TICK_BAR_US = MINUTE_US
"""The bars that strategies are shown of quotes, unless the mapping says another length."""


def tick_part(
    names: tuple[str, str],
    symbols: tuple[str, ...],
    ts_us: Ints,
    codes: Ints,
    prices: tuple[Floats, Floats],
    sizes: tuple[Floats | None, Floats | None],
    bar_us: int | None,
) -> MarketPart:
    """Return quotes and their bars; rows stand in time order.

    `names` are what messages and what notes call the source.  A bid above its ask is put in order.
    """
    bid, ask = prices
    crossed = int((bid > ask).sum())
    unknown = np.full(len(ts_us), np.nan)
    quotes = Quotes(
        symbols,
        ts_us,
        codes,
        np.minimum(bid, ask) if crossed else bid,
        np.maximum(bid, ask) if crossed else ask,
        *(unknown if size is None else size for size in sizes),
    )
    length = bar_us or TICK_BAR_US
    bars = bars_of(quotes, length)
    notes = tuple(_notes(names[1], quotes, bars, length, crossed))
    return MarketPart(names[0], quotes, bars, length, notes)


def bars_of(quotes: Quotes, bar_us: int) -> Bars:
    """Return the bars of the quotes in each stretch of `bar_us` microseconds since 1970.

    A stretch holds what is at or after its start and before its end; one without quotes has no bar.
    """
    stretch = quotes.ts_us // bar_us
    order = np.lexsort((quotes.codes, stretch))  # stable: within a bar the order of time stays
    stretch, codes = stretch[order], quotes.codes[order]
    begins = np.flatnonzero(
        np.concatenate([[True], (stretch[1:] != stretch[:-1]) | (codes[1:] != codes[:-1])])
    )
    last = np.concatenate([begins[1:], [len(order)]]) - 1
    bid, ask = quotes.bids[order], quotes.asks[order]
    prices = np.stack(
        [
            np.minimum.reduceat(bid, begins),
            np.minimum.reduceat(ask, begins),
            np.maximum.reduceat(bid, begins),
            np.maximum.reduceat(ask, begins),
            bid[last],
            ask[last],
        ]
    )
    start_us = stretch[begins] * bar_us
    return Bars(quotes.names, codes[begins], start_us, start_us + bar_us, prices)


def _notes(name: str, quotes: Quotes, bars: Bars, bar_us: int, crossed: int) -> Iterator[str]:
    yield (
        f"{name}: {len(quotes):,} quotes as they were seen; {len(bars):,} bars of "
        f"{length_text(bar_us)} were made of them, and the first and last may be partial."
    )
    unsized = int((np.isnan(quotes.bid_sizes) | np.isnan(quotes.ask_sizes)).sum())
    if unsized:
        yield f"{name}: {unsized:,} quotes lack a size, which limits no fill."
    if crossed:
        yield f"{name}: {crossed:,} quotes have a bid above the ask; they were put in order."
