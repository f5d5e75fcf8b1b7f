"""What an account's fills opened, and the exits that close it in the place of its bots.

No topic carries the exits of bots, so on live data nobody else would ever close a position here.
What is owned here: an account's lots are its positions, the oldest first, and all exits of a symbol
together never exceed the position.  A fill opens a lot with what it adds to a position; what it takes
away it takes from the lot whose exit it filled, or else from the oldest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from streams.strategies.base import opposite, tidy
from streams.venues.simulated.book import WHOLE
from streams.venues.simulated.venue import SimulatedVenue
from topics.events import AnyEvent, Fill
from topics.limits import PRICE_MAX, Side

CROSS = 0.002
"""How far through the last price an exit's limit lies, as a fraction: the next quotes will fill it."""


class Lot(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of a position, opened by one fill.

    `qty` is the units still held, `side` that of the fill.  `due_us` is when its exit is looked at
    next, in microseconds since 1970 UTC; `tries` counts the exits it has had.
    """

    fill: str
    symbol: str
    side: Side
    qty: float
    due_us: int
    tries: int = 0

    @property
    def exit_id(self) -> str:
        """Return the id of its latest exit; nothing if it has had none."""
        if self.tries <= 1:
            return f"x-{self.fill}" if self.tries else ""
        return f"x-{self.fill}.{self.tries}"

    def take(self, qty: float) -> float:
        """Take at most `qty` units off and return how many, never leaving dust."""
        taken = min(self.qty, qty)
        rest = self.qty - taken
        self.qty = 0.0 if rest <= self.qty * WHOLE else rest
        return taken


class Lots:
    """The lots of one account.  With a `hold_us` of 0 there are none, and nothing is done."""

    def __init__(self, venue: SimulatedVenue, hold_us: int) -> None:
        self.lots: list[Lot] = []
        self._venue = venue
        self._hold_us = hold_us

    def load(self, lots: list[Lot], now_us: int, name_fill: Callable[[], str]) -> list[AnyEvent]:
        """Go on from what was written down.

        A position without a lot was opened while nothing was closed: it becomes one lot, as if its
        fill were of now.  If nothing is to be closed any more, the exits that rest are cancelled.
        """
        if not self._hold_us:
            return [gone for lot in lots for gone in self._take_out(lot, now_us)]
        for lot in lots:
            lot.due_us = min(lot.due_us, now_us + self._hold_us)
        self.lots = lots
        known = [lot.symbol for lot in lots]
        for symbol, held in sorted(self._venue.positions.items()):
            if symbol not in known:
                self._open(name_fill(), symbol, "buy" if held > 0 else "sell", abs(held), now_us)
        return []

    def due_us(self) -> int | None:
        """Return when `offer` next has something to do; None if nothing is held."""
        return min((lot.due_us for lot in self.lots), default=None)

    def see(self, events: Iterable[AnyEvent], now_us: int) -> list[AnyEvent]:
        """Take note of fills, and cancel the exits that they left too large.

        What is left of such a lot is offered anew by the next `offer`.
        """
        if not self._hold_us:
            return []
        touched: dict[str, None] = {}
        for event in events:
            if isinstance(event, Fill):
                self._book(event)
                touched[event.symbol] = None
        return [gone for symbol in touched for gone in self._trim(symbol, now_us)]

    def _book(self, fill: Fill) -> None:
        """Take off what a fill closed; what it did not close it opened."""
        left = fill.qty
        for lot in self._closed_by(fill):
            left -= lot.take(left)
        if left > 0:
            self._open(fill.fill, fill.symbol, fill.side, left, fill.ts_us)

    def _closed_by(self, fill: Fill) -> list[Lot]:
        against = [lot for lot in self._of(fill.symbol) if lot.side != fill.side]
        return sorted(against, key=lambda lot: lot.exit_id != fill.order)

    def _open(self, fill: str, symbol: str, side: Side, qty: float, now_us: int) -> None:
        due_us = now_us + self._hold_us
        self.lots.append(Lot(fill=fill, symbol=symbol, side=side, qty=qty, due_us=due_us))

    def _of(self, symbol: str) -> Iterator[Lot]:
        return (lot for lot in self.lots if lot.symbol == symbol)

    def _trim(self, symbol: str, now_us: int) -> Iterator[AnyEvent]:
        """Forget lots that are closed, and cancel exits for more than their lot still holds."""
        held = self._venue.positions.get(symbol, 0.0)
        for lot in list(self._of(symbol)):
            if held == 0 or (held > 0) != (lot.side == "buy"):
                lot.qty = 0.0  # the rounding of float64: what the account says counts
            if lot.qty == 0:
                self.lots.remove(lot)
            resting = self._venue.find(lot.exit_id)
            if resting is not None and resting.remaining > lot.qty * (1 + WHOLE):
                yield from self._take_out(lot, now_us)
                lot.due_us = now_us

    def offer(self, prices: Mapping[str, tuple[float, float]], now_us: int) -> Iterator[AnyEvent]:
        """Place the exits that are due, a little through the last prices (bid and ask by symbol).

        An exit that was not filled for as long again is cancelled and offered anew, unless the
        price is still the same.
        """
        for lot in self.lots:
            if lot.due_us <= now_us:
                lot.due_us = now_us + self._hold_us
                yield from self._offer(lot, *prices[lot.symbol], now_us)

    def _offer(self, lot: Lot, bid: float, ask: float, now_us: int) -> Iterator[AnyEvent]:
        side = opposite(lot.side)
        limit = tidy(bid * (1 - CROSS) if side == "sell" else min(ask * (1 + CROSS), PRICE_MAX))
        resting = self._venue.find(lot.exit_id)
        if resting is not None and resting.limit == limit:
            return
        yield from self._take_out(lot, now_us)
        lot.tries += 1
        while lot.exit_id in self._venue.ids:  # a bot may have called an order so
            lot.tries += 1
        placed = self._venue.place_exit(now_us, lot.exit_id, lot.symbol, side, limit, lot.qty)
        if placed is not None:
            yield placed

    def _take_out(self, lot: Lot, now_us: int) -> Iterator[AnyEvent]:
        if self._venue.find(lot.exit_id) is not None:
            yield self._venue.take_out(now_us, lot.exit_id)
