"""What a quote does to the orders resting at a simulated venue."""

import math

from streams.market import MarketQuote
from topics.events import AnyEvent, Fill, OrderCancelled
from topics.limits import Side

from .account import MICROS, VenueAccount
from .book import Order, traded_through


class Matching:
    """Fills the resting orders of one account and books the trades."""

    def __init__(self, account: str, money: VenueAccount, resting: dict[str, Order]) -> None:
        self._account = account
        self._money = money
        self._resting = resting
        self._fills = 0

    def on_quote(self, quote: MarketQuote) -> list[AnyEvent]:
        """Return the fills of a quote, and the cancels of exits that they left without a purpose."""
        self._money.see(quote.symbol, quote.bid, quote.ask)
        # Sells first: what is bought in this instant cannot have been for sale in it.
        events = self._match(quote, "sell", quote.bid, quote.bid_size)
        events += self._match(quote, "buy", quote.ask, quote.ask_size)
        return events

    def _match(
        self, quote: MarketQuote, side: Side, price: float, size: float | None
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
            events.append(self._filled(order, qty, quote.ts_us))
            events += self._drop_idle_exits(quote.symbol, quote.ts_us)
        return events

    def _filled(self, order: Order, qty: float, ts_us: int) -> Fill:
        fee_micros = self._money.trade(order.symbol, order.side, order.limit, qty)
        if order.remaining == 0:
            del self._resting[order.order]
        self._fills += 1
        return Fill(
            ts_us=ts_us,
            account=self._account,
            fill=f"f{self._fills}",
            order=order.order,
            symbol=order.symbol,
            side=order.side,
            price=order.limit,
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
