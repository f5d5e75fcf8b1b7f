"""Orders resting at a simulated venue, and which of them a quote trades through."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from topics.limits import Intent, Mode, Side

WHOLE = 1e-9
"""A remainder below this fraction of the order is the rounding of float64, not a quantity."""


class OpenOrder(NamedTuple):
    """What anybody may know of a resting order; units and dollars as in `VenueOrder`."""

    order: str
    symbol: str
    side: Side
    limit: float
    qty: float
    remaining: float
    intent: Intent
    accepted_us: int


@dataclass(slots=True)
class VenueOrder:
    """One order.  `limit` in dollars for one unit, `qty` and `remaining` in units."""

    order: str
    symbol: str
    side: Side
    limit: float
    qty: float
    intent: Intent
    mode: Mode
    pnl: float | None
    remaining: float
    accepted_us: int = 0
    place: int = 0
    """Rank of arrival: the earlier of two orders of one price and time goes first."""

    def take(self, qty: float) -> float:
        """Take at most `qty` units off the rest and return how many, never leaving dust."""
        if self.remaining - qty <= self.qty * WHOLE:
            qty = self.remaining
        self.remaining -= qty
        return qty

    def view(self) -> OpenOrder:
        """Return what may be shown of it."""
        return OpenOrder(
            self.order,
            self.symbol,
            self.side,
            self.limit,
            self.qty,
            self.remaining,
            self.intent,
            self.accepted_us,
        )


def traded_through(
    orders: Iterable[VenueOrder], symbol: str, side: Side, price: float, ts_us: int
) -> list[VenueOrder]:
    """Return the orders that a quote fills, the first to be filled first.

    `price` is the quote's bid for sells and its ask for buys.  Touching the limit is not enough:
    others may stand before us in the queue.  Nor does the quote that an order found on arrival
    count, for it was made before.
    """
    hit = [
        order
        for order in orders
        if order.symbol == symbol
        and order.side == side
        and order.accepted_us < ts_us
        and (price < order.limit if side == "buy" else price > order.limit)
    ]
    sign = -1.0 if side == "buy" else 1.0
    hit.sort(key=lambda order: (sign * order.limit, order.accepted_us, order.place))
    return hit
