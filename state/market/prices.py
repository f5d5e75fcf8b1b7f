"""The last quote and forecast of each symbol, shared by all accounts of a desk."""

import msgspec

from topics.limits import Side
from topics.symbols import normal_symbol

from .triggers import Triggers


class PriceRow(msgspec.Struct):
    """What is durable of a symbol's price.  `quote_us` -1: no quote yet; `pnl` None: no forecast."""

    symbol: str
    bid: float = 0.0
    ask: float = 0.0
    quote_us: int = -1
    pnl: float | None = None


class Price:
    """A symbol's last quote, its forecast, and the entries that wait for it to move.

    `quiet_*` repeat the triggers' quiet intervals where the hot loop finds them at once.
    """

    __slots__ = (
        "ask", "bid", "buyers", "changed", "pnl", "quiet_ask_high", "quiet_ask_low",
        "quiet_bid_high", "quiet_bid_low", "quote_us", "sellers", "symbol",
    )  # fmt: skip

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bid = 0.0
        self.ask = 0.0
        self.quote_us = -1
        self.pnl: float | None = None
        self.changed = False
        self.buyers = Triggers()
        self.sellers = Triggers()
        self.refresh_quiet()

    def triggers(self, side: Side) -> Triggers:
        """Return the entries of one side: buyers wait for the ask, sellers for the bid."""
        return self.buyers if side == "buy" else self.sellers

    def reference(self, side: Side) -> float:
        """Return the price that an order of this side is measured against (rule B1)."""
        return self.ask if side == "buy" else self.bid

    def refresh_quiet(self) -> None:
        """Copy the quiet intervals after a trigger came or went."""
        self.quiet_ask_low, self.quiet_ask_high = self.buyers.quiet_low, self.buyers.quiet_high
        self.quiet_bid_low, self.quiet_bid_high = self.sellers.quiet_low, self.sellers.quiet_high

    def cross(self) -> bool:
        """Let the triggers of both sides follow the quote; True if any entry is awake now."""
        self.buyers.move(self.ask)
        self.sellers.move(self.bid)
        self.refresh_quiet()
        return bool(self.buyers.awake or self.sellers.awake)

    @property
    def known(self) -> bool:
        """Whether anything was heard of the symbol; else there is nothing to keep."""
        return self.quote_us >= 0 or self.pnl is not None

    def row(self) -> PriceRow:
        """Return the durable part."""
        return PriceRow(self.symbol, self.bid, self.ask, self.quote_us, self.pnl)

    def load(self, row: PriceRow) -> None:
        """Take over the durable part."""
        self.bid, self.ask, self.quote_us, self.pnl = row.bid, row.ask, row.quote_us, row.pnl
        if row.quote_us >= 0:
            self.cross()


LastQuote = tuple[Price, float, float, int]
"""Where a quote goes, its bid, its ask and its own time in microseconds."""


class Prices:
    """All symbols, found under any spelling at the cost of one look-up."""

    __slots__ = ("by_spelling", "by_symbol", "changed", "replaced", "version")

    def __init__(self) -> None:
        self.by_symbol: dict[str, Price] = {}
        self.by_spelling: dict[str, Price] = {}
        self.changed: list[Price] = []
        self.replaced: dict[Price, None] = {}
        """Whose triggers were changed since somebody last cleared this."""
        self.version = 0
        """Counts changes of prices and forecasts; `Desk.apply` counts quotes that it takes itself."""

    def find(self, spelling: str) -> Price | None:
        """Return the price of a symbol that was heard of, in any spelling."""
        return self.by_spelling.get(spelling) or self.by_symbol.get(normal_symbol(spelling))

    def get(self, spelling: str) -> Price:
        """Return the price of a symbol, a new one if it was never heard of."""
        found = self.by_spelling.get(spelling)
        if found is None:
            symbol = normal_symbol(spelling)
            found = self.by_symbol.get(symbol)
            if found is None:
                found = self.by_symbol[symbol] = Price(symbol)
            self.by_spelling[spelling] = found
        return found

    def touch(self, price: Price) -> None:
        """A price or forecast changed: count it, and mark it for the next checkpoint."""
        self.version += 1
        if not price.changed:
            price.changed = True
            self.changed.append(price)

    def forecasts(self) -> dict[str, float]:
        """Return the forecast of each symbol that has one."""
        return {
            symbol: price.pnl for symbol, price in self.by_symbol.items() if price.pnl is not None
        }
