"""One symbol's quotes out of many, made for searching for the next that leaves an interval.

Quotes are looked at in blocks; of each block the extremes are known, so a search reads a few hundred
numbers where the answer lies tens of thousands of quotes ahead.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

BLOCK = 256

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Bounds = tuple[float, float, float, float]
"""Bounds of the ask, then of the bid; a quote is inside if it stands strictly between both."""


class Track:
    """The quotes of one symbol, in time order.

    `places` are their places among all quotes, `ts_us` microseconds since 1970 UTC.
    """

    def __init__(self, places: Ints, ts_us: Ints, bids: Floats, asks: Floats) -> None:
        self.places = places
        self.ts_us = ts_us
        self.bids = bids
        self.asks = asks
        self._gaps: dict[int, Ints] = {}

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def _blocks(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the lowest and highest ask, and the lowest and highest bid, of each block."""
        starts = np.arange(0, len(self), BLOCK)
        return (
            np.minimum.reduceat(self.asks, starts),
            np.maximum.reduceat(self.asks, starts),
            np.minimum.reduceat(self.bids, starts),
            np.maximum.reduceat(self.bids, starts),
        )

    def first_outside(self, start: int, bounds: Bounds) -> int:
        """Return the first quote from `start` on that is not inside; their number if all are."""
        count = len(self)
        ask_low, ask_high, bid_low, bid_high = bounds
        if ask_low >= ask_high or bid_low >= bid_high:
            return min(start, count)
        if start >= count:
            return count
        block = start // BLOCK
        found = self._in_block(start, min(count, (block + 1) * BLOCK), bounds)
        if found >= 0:
            return found
        lowest_ask, highest_ask, lowest_bid, highest_bid = self._blocks
        first = block + 1
        outside = _outside(
            (lowest_ask[first:], highest_ask[first:], lowest_bid[first:], highest_bid[first:]),
            bounds,
        )
        if outside is None:
            return count
        ahead = int(outside.argmax()) if len(outside) else 0
        if not len(outside) or not outside[ahead]:
            return count
        block = first + ahead
        return self._in_block(block * BLOCK, min(count, (block + 1) * BLOCK), bounds)

    def _in_block(self, start: int, end: int, bounds: Bounds) -> int:
        asks, bids = self.asks[start:end], self.bids[start:end]
        outside = _outside((asks, asks, bids, bids), bounds)
        if outside is None:
            return -1
        ahead = int(outside.argmax())
        return start + ahead if outside[ahead] else -1

    def stale_at(self, last: int, max_age_us: int) -> int:
        """Return when the symbol's latest quote is first older than allowed, from quote `last` on."""
        gaps = self._gaps.get(max_age_us)
        if gaps is None:
            gaps = np.flatnonzero(np.diff(self.ts_us, append=2**62) > max_age_us)
            self._gaps[max_age_us] = gaps
        before = gaps[gaps.searchsorted(last)]  # the last quote of all is before a gap, too
        return int(self.ts_us[before]) + max_age_us + 1


def _outside(
    extremes: tuple[Floats, Floats, Floats, Floats], bounds: Bounds
) -> NDArray[np.bool_] | None:
    """Tell for each element whether its extremes leave the bounds; None if nothing could."""
    lowest_ask, highest_ask, lowest_bid, highest_bid = extremes
    ask_low, ask_high, bid_low, bid_high = bounds
    found: NDArray[np.bool_] | None = None
    for values, bound, below in (
        (lowest_ask, ask_low, True),
        (highest_ask, ask_high, False),
        (lowest_bid, bid_low, True),
        (highest_bid, bid_high, False),
    ):
        if abs(bound) == np.inf:
            continue
        left = values <= bound if below else values >= bound
        found = left if found is None else found | left
    return found
