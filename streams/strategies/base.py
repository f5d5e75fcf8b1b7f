"""What a strategy sees and what it may ask for.

Nothing here looks ahead: bars arrive when they have ended, fills and quotes when they happen.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from streams.market import Bar, MarketQuote
from topics.events import Fill
from topics.limits import Mode, Side


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """Ask the desk for an entry; it waits there until it triggers.

    `limit` in dollars for one unit, `qty` in units, `pnl` the forecast profit in dollars that
    ranks it, `expires_us` in microseconds since 1970 UTC, `tolerance` as a fraction (None: the
    policy decides).
    """

    entry: str
    symbol: str
    side: Side
    limit: float
    qty: float
    pnl: float
    expires_us: int
    tolerance: float | None = None
    mode: Mode = "normal"


@dataclass(frozen=True, slots=True)
class WithdrawEntry:
    """No longer want an entry, or what is left of it."""

    entry: str


@dataclass(frozen=True, slots=True)
class PlaceExit:
    """Send a limit order that closes a position straight to the venue.

    `side` is that of the order; `limit` in dollars for one unit, `qty` in units.
    """

    order: str
    symbol: str
    side: Side
    limit: float
    qty: float


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel an exit order of one's own."""

    order: str


@dataclass(frozen=True, slots=True)
class PublishForecast:
    """Tell the desk what a symbol is expected to do; `pnl` in dollars, prices for one unit."""

    symbol: str
    pnl: float
    low: float | None = None
    high: float | None = None
    close: float | None = None


Action: TypeAlias = RequestEntry | WithdrawEntry | PlaceExit | CancelOrder | PublishForecast


class Strategy(ABC):
    """Base of all strategies.

    The same calls must give the same actions: no clock, no randomness, no order of a set.
    """

    name: str = "own strategy"
    """How a report calls it."""

    @property
    def wants_quotes(self) -> bool:
        """Whether it wants to hear of every quote; then a backtest can pass none over."""
        return type(self).on_quote is not Strategy.on_quote

    @abstractmethod
    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:
        """Hear of a bar that has ended; `now_us` is never before `bar.end_us`."""

    @abstractmethod
    def on_fill(self, fill: Fill, entry: str | None, now_us: int) -> Iterable[Action]:
        """Hear of a fill: of an entry by its name, or (None) of an exit, then by `fill.order`."""

    def on_quote(self, quote: MarketQuote) -> Iterable[Action]:  # noqa: ARG002 - an optional hook
        """Hear of a quote.  Most strategies do not care; keep it cheap."""
        return ()


def opposite(side: Side) -> Side:
    """Return the side that closes what this one opens."""
    return "sell" if side == "buy" else "buy"


def tidy(value: float) -> float:
    """Round to eight significant digits, as much as any venue takes, for prices and quantities."""
    return float(f"{value:.8g}")
