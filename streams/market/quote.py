"""One quote of a market, as an object."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MarketQuote:
    """Best bid and ask at an instant; `bid <= ask` always.

    `ts_us` in microseconds since 1970 UTC, prices in dollars, sizes in units (None: not known).
    """

    ts_us: int
    symbol: str
    bid: float
    ask: float
    bid_size: float | None
    ask_size: float | None
