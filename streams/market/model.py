"""What market data becomes: quotes for the desk and the venue, finished bars for strategies."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from streams.ground.times import utc_text

from .bars import Bars
from .errors import MarketError
from .quotes import Quotes

Kind = Literal["minute", "hourly"]

LONG_BAR_US = 30 * 60 * 1_000_000
"""From this length on, bars are hourly ones: few come in a day."""


@dataclass(frozen=True, slots=True)
class Market:
    """Everything read from one or several files, merged on one clock.

    `quotes` are in time order; at one instant, in the order of the files and of their lines.
    `bars` are ordered by end, then symbol.  `symbols` are sorted.  `bar_us` is the longest bar of
    any file in microseconds, and `kind` is "hourly" if it is half an hour or longer.  `notes` say
    what a reader of any result must know about the data.
    """

    quotes: Quotes
    bars: Bars
    symbols: tuple[str, ...]
    kind: Kind
    bar_us: int
    notes: tuple[str, ...]

    def between(self, from_us: int, until_us: int) -> "Market":
        """Return the part from `from_us` until right before `until_us` (microseconds since 1970).

        A bar belongs to it if it begins and ends inside; it may end at `until_us` itself.  Symbols,
        lengths and notes stay those of the whole.  Raises `MarketError` if no quote is left.
        """
        first, end = np.searchsorted(self.quotes.ts_us, (from_us, until_us))
        if first >= end:
            times = self.quotes.ts_us
            raise MarketError(
                f"No quote lies from {utc_text(from_us)} until {utc_text(until_us)}; the data goes "
                f"from {utc_text(int(times[0]))} to {utc_text(int(times[-1]))}."
            )
        ended = self.bars[: int(np.searchsorted(self.bars.end_us, until_us, "right"))]
        return replace(
            self, quotes=self.quotes[first:end], bars=ended.take(ended.start_us >= from_us)
        )
