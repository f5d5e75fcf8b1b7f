"""One finished bar of a market, as an object."""

from dataclasses import dataclass
from typing import NamedTuple


class BarForecast(NamedTuple):
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
    forecast: BarForecast | None = None
