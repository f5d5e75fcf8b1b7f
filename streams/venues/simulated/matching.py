"""What a quote does to the orders resting at a simulated venue."""

import math
from collections.abc import Callable
from itertools import count

from streams.market import MarketQuote
from topics.events import AnyEvent, Fill, OrderCancelled, OrderRejected
from topics.limits import Side

from .account import MICROS, VenueAccount
from .book import VenueOrder, traded_through


class Matching:
    """Fills the resting orders of one account and books the trades.

    `name_fill` gives each fill its id; without it they are f1, f2, and so on.
    """

    def __init__(
        self,
        account: str,
        money: VenueAccount,
        resting: dict[str, VenueOrder],
        name_fill: Callable[[], str] | None = None,
    ) -> None:
        self._account = account
        self._money = money
        self._resting = resting
        numbers = count(1)
        self._name_fill = name_fill or (lambda: f"f{next(numbers)}")

    def on_quote(self, quote: MarketQuote, now_us: int) -> list[AnyEvent]:
        """Return the fills of a quote, and the cancels of exits that they left without a purpose.

        They happen at `now_us`; the quote itself was made at its own time, and fills only orders
        that rested then.
        """
        self._money.see(quote.symbol, quote.bid, quote.ask)
        # Sells first: what is bought in this instant cannot have been for sale in it.
        events = self._match(quote, now_us, "sell", quote.bid, quote.bid_size)
        events += self._match(quote, now_us, "buy", quote.ask, quote.ask_size)
        return events

    def reduce(self, order: VenueOrder, now_us: int) -> list[AnyEvent]:
        """Trade an order at the market at once, at most as much as there is to close."""
        price = self._money.market_price(order.symbol, order.side)
        most = min(order.remaining, self._money.closable(order.symbol, order.side))
        if price is None or most <= 0:
            return [
                OrderRejected(
                    ts_us=now_us,
                    account=self._account,
                    order=order.order,
                    reason="invalid",
                    text="there is no position to close",
                )
            ]
        fill = self._filled(order, order.take(most), price, now_us)
        return [fill, *self._drop_idle_exits(order.symbol, now_us)]

    def _match(
        self, quote: MarketQuote, now_us: int, side: Side, price: float, size: float | None
    ) -> list[AnyEvent]:
        """Fill in order of priority until the size on offer is used up (None: without end)."""
        events: list[AnyEvent] = []
        left = math.inf if size is None else size
        for order in traded_through(self._resting.values(), quote.symbol, side, price, quote.ts_us):
            most = min(order.remaining, left)
            if order.intent == "exit":
                most = min(most, self._money.closable(order.symbol, side))
            if most <= 0:
                continue
            qty = order.take(most)
            left -= qty
            events.append(self._filled(order, qty, order.limit, now_us))
            events += self._drop_idle_exits(quote.symbol, now_us)
        return events

    def _filled(self, order: VenueOrder, qty: float, price: float, ts_us: int) -> Fill:
        fee_micros = self._money.trade(order.symbol, order.side, price, qty)
        if order.remaining == 0:
            self._resting.pop(order.order, None)  # an order at the market never rested
        return Fill(
            ts_us=ts_us,
            account=self._account,
            fill=self._name_fill(),
            order=order.order,
            symbol=order.symbol,
            side=order.side,
            price=price,
            qty=qty,
            fee=fee_micros / MICROS,
        )

    def _drop_idle_exits(self, symbol: str, ts_us: int) -> list[OrderCancelled]:
        """Cancel exits that have nothing left to close; a later position is not theirs."""
        idle = sorted(
            order.order
            for order in self._resting.values()
            if order.symbol == symbol
            and order.intent == "exit"
            and self._money.closable(symbol, order.side) == 0
        )
        for name in idle:
            del self._resting[name]
        return [OrderCancelled(ts_us=ts_us, account=self._account, order=name) for name in idle]
