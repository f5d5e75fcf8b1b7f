"""The money of one account at a simulated venue: cash, holdings, marks, and what is still free.

Cash is counted in whole micro-dollars, so it never drifts; holdings are float64 units.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from topics.events import Position, RejectReason
from topics.limits import Side

from .book import WHOLE, VenueOrder

MICROS = 1_000_000

Leverage = Callable[[str, int], float]
"""Symbol and time in microseconds to the multiple of its margin that a holding may be worth."""


class HeldBack(NamedTuple):
    """Money of a confirmed cancel that cannot be used yet."""

    until_us: int
    micros: int


def cash_only(symbol: str, now_us: int) -> float:  # noqa: ARG001 - the form of a Leverage
    """Return 1: nothing may be borrowed."""
    return 1.0


class VenueAccount:
    """Cash, holdings and fees.  Money in micro-dollars, prices in dollars for one unit.

    `quotes` has the latest bid and ask by symbol; accounts of one venue may share it.
    """

    def __init__(
        self,
        cash: float,
        fee_rate: float,
        leverage: Leverage,
        *,
        check_funds: bool = True,
        quotes: dict[str, tuple[float, float]] | None = None,
    ) -> None:
        self.cash_micros = round(cash * MICROS)
        self.fees_micros = 0
        self.holdings: dict[str, float] = {}
        self.held_back: list[HeldBack] = []
        self._fee_rate = fee_rate
        self._leverage = leverage
        self._check_funds = check_funds
        self._quotes = {} if quotes is None else quotes

    def see(self, symbol: str, bid: float, ask: float) -> None:
        """Take note of the latest quote, which marks the holding."""
        self._quotes[symbol] = (bid, ask)

    def trade(self, symbol: str, side: Side, price: float, qty: float) -> int:
        """Book a trade and return its fee in micro-dollars."""
        notional = price * qty
        fee_micros = round(notional * self._fee_rate * MICROS)
        signed = qty if side == "buy" else -qty
        self.cash_micros -= round(price * signed * MICROS) + fee_micros
        self.fees_micros += fee_micros
        before = self.holdings.get(symbol, 0.0)
        after = before + signed
        if abs(after) <= WHOLE * max(abs(before), qty):
            self.holdings.pop(symbol, None)
        else:
            self.holdings[symbol] = after
        return fee_micros

    def charge(self, micros: int) -> None:
        """Take a fee that no trade caused, such as interest."""
        self.cash_micros -= micros
        self.fees_micros += micros

    def market_price(self, symbol: str, side: Side) -> float | None:
        """Return what an order at the market trades at: the bid for a sell; None without a quote."""
        quote = self._quotes.get(symbol)
        return None if quote is None else quote[0 if side == "sell" else 1]

    def closable(self, symbol: str, side: Side) -> float:
        """Return how many units an order of this side can close."""
        held = self.holdings.get(symbol, 0.0)
        return max(0.0, held if side == "sell" else -held)

    def positions(self) -> list[Position]:
        """Return the holdings at what they would fetch: the bid for a long, the ask for a short."""
        return [
            Position(symbol=symbol, qty=qty, price=self._quotes[symbol][0 if qty > 0 else 1])
            for symbol, qty in sorted(self.holdings.items())
        ]

    def equity_micros(self) -> int:
        """Return cash and the holdings at their marks."""
        return self.cash_micros + sum(
            round(position.qty * position.price * MICROS) for position in self.positions()
        )

    def hold_back(self, order: VenueOrder, until_us: int, now_us: int) -> None:
        """Keep a cancelled order's money out of use until a time."""
        self.held_back.append(HeldBack(until_us, self.need_micros(order, now_us)))

    def need_micros(self, order: VenueOrder, now_us: int) -> int:
        """Return what the rest of an order ties up: its margin and the fee of its fills."""
        notional = order.remaining * order.limit
        share = 1.0 / self._leverage(order.symbol, now_us) + self._fee_rate
        return round(notional * share * MICROS)

    def free_micros(self, orders: Iterable[VenueOrder], now_us: int) -> int:
        """Return the money for new entries: equity less the margin of all that is held or open.

        Without leverage and without shorts this is cash less what the open entries reserve.
        """
        self.held_back = [held for held in self.held_back if held.until_us > now_us]
        tied = sum(
            round(abs(held.qty) * held.price / self._leverage(held.symbol, now_us) * MICROS)
            for held in self.positions()
        )
        tied += sum(self.need_micros(order, now_us) for order in orders if order.intent == "entry")
        return self.equity_micros() - tied - sum(held.micros for held in self.held_back)

    def fault(
        self, order: VenueOrder, orders: Iterable[VenueOrder], now_us: int
    ) -> tuple[RejectReason, str] | None:
        """Say why a new order cannot be taken beside the open ones; None if it can."""
        if not (0 < order.limit < math.inf and 0 < order.qty < math.inf):
            return "invalid", "limit and quantity must be positive"
        if order.intent == "exit":
            if self.closable(order.symbol, order.side) == 0:
                return "invalid", "there is no position to close"
        elif self._check_funds:
            free, need = self.free_micros(orders, now_us), self.need_micros(order, now_us)
            if need > free:
                return "insufficient_funds", f"needs {need / MICROS:.2f}, free {free / MICROS:.2f}"
        return None
