"""What a market file becomes: quotes for the desk and the venue, finished bars for strategies."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from .quotes import Quotes

Kind = Literal["minute", "hourly"]


class MarketError(Exception):
    """A market file that cannot be used; the message is one sentence for the person who gave it."""


class Forecast(NamedTuple):
    """What a model expected of one bar; dollars for one unit.

    The file does not say when it was issued, and it does not promise that `low` is below `high`.
    """

    low: float
    high: float
    close: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A finished bar.  Times in microseconds since 1970 UTC, prices in dollars.

    Nobody may see it before `end_us`.  `forecast` is the one that the file gives for this very
    bar; as nobody knows when it was issued, a strategy may use it only for the bar that follows.
    """

    symbol: str
    start_us: int
    end_us: int
    bid_low: float
    ask_low: float
    bid_high: float
    ask_high: float
    bid_close: float
    ask_close: float
    forecast: Forecast | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """Everything read from one or several files, merged on one clock.

    `quotes` are in time order; at one instant, in the order of the files and of their lines.
    `bars` are ordered by end, then symbol.  `symbols` are sorted.  `bar_us` is the longest bar of
    any file in microseconds, and `kind` is "hourly" as soon as one file is.  `notes` say what a
    reader of any result must know about the data.
    """

    quotes: Quotes
    bars: list[Bar]
    symbols: tuple[str, ...]
    kind: Kind
    bar_us: int
    notes: tuple[str, ...]
