"""Leave what an entry opened: first at a profit, and after some bars at any price.

Owns the rule that all exits of a symbol together never exceed what was filled: each fill is a lot
of its own, a lot has one working order at a time, and its next order is placed one bar after the
cancel of the one before, when the cancel has long been settled and late fills are counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from streams.market import Bar
from topics.events import Fill
from topics.limits import Side

from .base import Action, CancelOrder, PlaceExit, opposite, tidy

DUST = 1e-9
"""A rest below this fraction of the lot is the rounding of float64."""


@dataclass(slots=True)
class _Lot:
    symbol: str
    side: Side
    """Of the exit."""
    qty: float
    left: float
    target: float
    """Dollars for one unit at which it leaves with a profit."""
    order: str = ""
    working: bool = False
    bars: int = 0

    @property
    def gone(self) -> bool:
        """Tell whether nothing is left but rounding."""
        return self.left <= self.qty * DUST


class Exits:
    """The exits of one strategy.

    `hold_bars` is how many bars of its symbol a lot waits for its profit; `cross` how far through
    the last price, as a fraction, the order goes that then leaves in any case.
    """

    def __init__(self, hold_bars: int, cross: float = 0.002) -> None:
        self._hold_bars = hold_bars
        self._cross = cross
        self._count = 0
        self._lots: dict[str, list[_Lot]] = {}
        self._of_order: dict[str, _Lot] = {}

    def open(self, fill: Fill, target: float) -> Iterator[Action]:
        """Take over what an entry's fill opened and try to leave it at `target` dollars.

        An account holds one net position of a symbol, so what the fill closed is no new lot.
        """
        lots = self._lots.setdefault(fill.symbol, [])
        left = fill.qty
        for lot in [lot for lot in lots if lot.side == fill.side]:
            closed = min(lot.left, left)
            lot.left -= closed
            left -= closed
            if lot.working:
                lot.working = False  # it is for too much now; what is left is offered anew
                yield CancelOrder(lot.order)
            if lot.gone:
                self._forget(lot)
            if left <= 0:
                return
        lot = _Lot(fill.symbol, opposite(fill.side), left, left, target)
        lots.append(lot)
        yield self._place(lot, target)

    def filled(self, fill: Fill) -> None:
        """Count the fill of an exit; one that is not ours is ignored."""
        lot = self._of_order.get(fill.order)
        if lot is None:
            return
        lot.left -= fill.qty
        if lot.gone:
            self._forget(lot)

    def _forget(self, lot: _Lot) -> None:
        self._lots[lot.symbol].remove(lot)
        self._of_order = {
            order: other for order, other in self._of_order.items() if other is not lot
        }

    def held(self, symbol: str) -> float:
        """Return the units not yet left, of both sides together."""
        return sum(lot.left for lot in self._lots.get(symbol, ()))

    def on_bar(self, bar: Bar) -> Iterator[Action]:
        """Let a bar pass: lots that waited too long go at the market, bar by bar until they have.

        The order is a limit a little through the last price, so a gap can leave it behind; then
        it is cancelled at the next bar and placed anew at the one after.
        """
        for lot in self._lots.get(bar.symbol, ()):
            lot.bars += 1
            if lot.bars < self._hold_bars:
                if not lot.working:
                    yield self._place(lot, lot.target)
            elif lot.working:
                lot.working = False
                yield CancelOrder(lot.order)
            elif lot.side == "sell":
                yield self._place(lot, bar.bid_close * (1 - self._cross))
            else:
                yield self._place(lot, bar.ask_close * (1 + self._cross))

    def _place(self, lot: _Lot, limit: float) -> PlaceExit:
        self._count += 1
        lot.order = f"{lot.symbol}-x{self._count}"
        lot.working = True
        self._of_order[lot.order] = lot
        return PlaceExit(lot.order, lot.symbol, lot.side, tidy(limit), lot.left)
