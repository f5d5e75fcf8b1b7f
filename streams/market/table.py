"""The bars of one source as columns, checked and in time order, before they are replayed."""

from typing import NamedTuple

import numpy as np

from .bars import Bars
from .quotes import Floats, Ints, Quotes

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
BAR_US_MIN = 10 * SECOND_US
"""Shorter bars leave no room for four quotes, the last of them a second before the end."""


class Side(NamedTuple):
    """One side of all bars: dollars, sizes in units; None where the source has no such column.

    A size may be NaN: not known for this bar.
    """

    open: Floats | None
    high: Floats
    low: Floats
    close: Floats
    size: Floats | None


class BarTable(NamedTuple):
    """Bars in time order, each symbol once at a time; times in microseconds since 1970 UTC.

    Trade bars have one and the same `Side` as bid and as ask.  `forecasts` as in `Bars`.
    """

    names: tuple[str, ...]
    codes: Ints
    start_us: Ints
    bar_us: int
    bid: Side
    ask: Side
    forecasts: Floats | None

    def previous(self) -> Ints:
        """Return for each bar the place of the one before it of its symbol, -1 if there is none."""
        return previous_of(self.codes)


class MarketPart(NamedTuple):
    """What one source came to; `name` is what messages call it, `bar_us` the length of its bars."""

    name: str
    quotes: Quotes
    bars: Bars
    bar_us: int
    notes: tuple[str, ...]


def previous_of(codes: Ints) -> Ints:
    """Return for each row the place of the row before it with the same code, -1 if there is none."""
    order = np.argsort(codes, kind="stable")
    previous = np.full(len(codes), -1, np.int64)
    same = codes[order[1:]] == codes[order[:-1]]
    previous[order[1:][same]] = order[:-1][same]
    return previous


def shortest_step_us(times_us: Ints) -> int | None:
    """Return the shortest step between two different times; None if there is only one time."""
    steps = np.diff(np.sort(times_us))
    steps = steps[steps > 0]
    return int(steps.min()) if len(steps) else None
