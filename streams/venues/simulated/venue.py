"""A venue for one account that answers like a real one, in event time and the same way each time.

Requests take effect after a delay; resting orders fill only when a later quote trades through
their limit.  It has no clock: whoever drives it says what time it is.

It owns one promise: a snapshot stamped T contains every fill with a time up to T.  Hence it is
handed out only when time has moved past T, as another quote of the same instant may still fill.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from streams.market import MarketQuote
from topics.commands import AnyCommand, Cancel, Reduce
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderRejected,
)
from topics.limits import Intent, Mode, Side

from .account import MICROS, Leverage, VenueAccount, cash_only
from .book import WHOLE, OpenOrder, VenueOrder
from .interest import Interest, Settling
from .matching import Matching
from .order_ids import OrderIds
from .requests import Request, Requests
from .rows import VenueRow
from .snapshots import SnapshotTimes


class SimulatedVenue:
    """Orders, fills and money of one account.  All times in microseconds since 1970 UTC.

    `cash` in dollars, `fee_rate` as a fraction of each fill's notional.  `funds_delay_us` is how
    much later than its confirmation a cancel's money can be used.  `leverage` is 1 by default;
    `check_funds` off lets every entry pass.  With `interest` each close costs a fee for borrowed
    stock capital; it is charged as soon as time has moved past the close.  Venues of several
    accounts may share the latest `quotes` and one `name_fill`, which gives fills their ids.
    """

    def __init__(
        self,
        account: str,
        cash: float,
        *,
        fee_rate: float = 0.001,
        ack_delay_us: int = 200_000,
        snapshot_every_us: int = 60_000_000,
        funds_delay_us: int = 0,
        leverage: Leverage | None = None,
        check_funds: bool = True,
        quotes: dict[str, tuple[float, float]] | None = None,
        name_fill: Callable[[], str] | None = None,
        interest: Interest | None = None,
    ) -> None:
        self.account = account
        self.ids = OrderIds()
        self._money = VenueAccount(
            cash, fee_rate, leverage or cash_only, check_funds=check_funds, quotes=quotes
        )
        self._funds_delay_us = funds_delay_us
        self._now_us = 0
        self._requests = Requests(ack_delay_us)
        self._open: dict[str, VenueOrder] = {}
        self._arrivals = 0
        self._matching = Matching(account, self._money, self._open, name_fill)
        self._snapshots = SnapshotTimes(snapshot_every_us)
        self._interest = Settling(interest)

    def command(self, command: AnyCommand, now_us: int) -> bool:
        """Take a command; False if it asks for an order that was placed already."""
        if isinstance(command, Cancel):
            self.cancel(now_us, command.order)
            return True
        if isinstance(command, Reduce):
            self.reduce(now_us, command.id, command.symbol, command.side, command.qty)
            return True
        return self.submit(
            now_us,
            command.order,
            command.symbol,
            command.side,
            command.limit,
            command.qty,
            "entry",
        )

    def submit(
        self,
        now_us: int,
        order_id: str,
        symbol: str,
        side: Side,
        limit: float,
        qty: float,
        intent: Intent,
        mode: Mode = "normal",
        pnl: float | None = None,
    ) -> bool:
        """Send an order; one whose id the venue has taken already is ignored (False).

        An id that was rejected may be used again, as nothing came of it.
        """
        if order_id in self.ids:
            return False
        self.ids.add(order_id)
        order = VenueOrder(order_id, symbol, side, limit, qty, intent, mode, pnl, remaining=qty)
        self._requests.send(max(now_us, self._now_us), "new", order_id, order)
        return True

    def cancel(self, now_us: int, order_id: str) -> None:
        """Ask for the rest of an order to be taken out."""
        self._requests.send(max(now_us, self._now_us), "cancel", order_id)

    def reduce(self, now_us: int, order_id: str, symbol: str, side: Side, qty: float) -> None:
        """Ask for a position to be brought down at the market, by an order that never rests."""
        order = VenueOrder(order_id, symbol, side, 0.0, qty, "exit", "normal", None, remaining=qty)
        self._requests.send(max(now_us, self._now_us), "reduce", order_id, order)

    def charge(self, now_us: int, micros: int) -> None:
        """Take a fee in micro-dollars that no trade caused, such as interest on borrowed money."""
        if not micros:
            return
        self._money.charge(micros)
        self._snapshots.ask(max(now_us, self._now_us))

    def show(self, now_us: int) -> None:
        """Want a snapshot of `now_us` instead of all the regular ones up to then."""
        self._snapshots.start(now_us)
        self._snapshots.ask(now_us)

    def place_exit(
        self, now_us: int, order_id: str, symbol: str, side: Side, limit: float, most: float
    ) -> AnyEvent | None:
        """Rest an exit for at most `most` units, and no more than other exits leave to close.

        It rests at once, without the delay: whoever calls this stands in for an account's bots.
        None if they leave nothing.  The id must be one that the venue has not taken.
        """
        others = sum(
            order.remaining
            for order in self._open.values()
            if order.symbol == symbol and order.side == side and order.intent == "exit"
        )
        qty = min(most, self._money.closable(symbol, side) - others)
        if qty <= most * WHOLE:
            return None
        assert order_id not in self.ids
        self.ids.add(order_id)
        order = VenueOrder(
            order_id, symbol, side, limit, qty, "exit", "normal", None, remaining=qty
        )
        return self._accept(order, now_us)

    def take_out(self, now_us: int, order_id: str) -> AnyEvent:
        """Cancel an open order at once, for whoever stands in for an account's bots."""
        return self._cancel(order_id, now_us)

    def due_us(self) -> int | None:
        """Return when `advance` next has something to say; None if nothing was asked of it yet."""
        request_us, snapshot_us = self._requests.next_us(), self._snapshots.next_us()
        if snapshot_us is None:
            return request_us
        due_us = snapshot_us + 1 if request_us is None else min(request_us, snapshot_us + 1)
        close_us = self._interest.next_close_us()
        return due_us if close_us is None else min(due_us, close_us + 1)

    def advance(self, now_us: int) -> list[AnyEvent]:
        """Let time pass and return all that came due, in time order.

        The first call also gives the first snapshot.  At one instant requests come first, in the
        order in which they were sent, then interest, then the snapshot that shows them.
        """
        events: list[AnyEvent] = []
        if not self._snapshots.started:
            self._start(now_us, events)
        while True:
            snapshot_us = self._snapshots.next_us()
            request_us = self._requests.next_us()
            until_us = now_us if request_us is None else min(now_us, request_us)
            close_us = self._interest.next_close_us()
            if close_us is not None and close_us < until_us and close_us <= (snapshot_us or now_us):
                self.charge(close_us, self._interest.settle(close_us, self._money))
            elif snapshot_us is not None and snapshot_us < until_us:
                self._snapshots.taken(snapshot_us)
                events.append(self.snapshot(snapshot_us))
            elif request_us is not None and request_us <= now_us:
                events += self._arrive(self._requests.take())
            else:
                break
        self._now_us = max(self._now_us, now_us)
        return events

    def on_quote(self, quote: MarketQuote, now_us: int | None = None) -> list[AnyEvent]:
        """Advance to a quote, fill what it trades through, and return all events in time order.

        The venue hears of it at `now_us`, or in the moment in which it was made.  Raises
        `ValueError` if that is before the time that the venue has reached.
        """
        now_us = quote.ts_us if now_us is None else now_us
        if now_us < self._now_us:
            raise ValueError(f"a quote of {now_us} came after {self._now_us}")
        events = self.advance(now_us)
        trades = self._matching.on_quote(quote, now_us)
        if trades:
            self._snapshots.ask(now_us)
        return events + trades

    def _start(self, now_us: int, events: list[AnyEvent]) -> None:
        self._snapshots.start(now_us)
        self._interest.begin(now_us)
        request_us = self._requests.next_us()
        if request_us is not None and request_us <= now_us:
            self._snapshots.ask(now_us)  # these come first
        else:
            # Nothing rests yet, so nothing can fill: the account may be shown at once.
            events.append(self.snapshot(now_us))

    @property
    def now_us(self) -> int:
        """Time that the venue has reached."""
        return self._now_us

    @property
    def cash(self) -> float:
        """Dollars."""
        return self._money.cash_micros / MICROS

    @property
    def fees(self) -> float:
        """Dollars paid so far."""
        return self._money.fees_micros / MICROS

    @property
    def interest(self) -> float:
        """Dollars of `fees` that were interest, since this venue was made or restarted."""
        return self._interest.charged_micros / MICROS

    @property
    def settled_us(self) -> int:
        """The last close whose interest was charged, or when time began; -1 before that."""
        return self._interest.settled_us

    @property
    def positions(self) -> Mapping[str, float]:
        """Units held of each symbol, negative when short; symbols without any are absent."""
        return MappingProxyType(self._money.holdings)

    def find(self, order_id: str) -> OpenOrder | None:
        """Return a resting order; None if there is none of that id."""
        order = self._open.get(order_id)
        return None if order is None else order.view()

    def equity(self) -> float:
        """Return dollars: cash, and holdings at the last bid (long) or ask (short)."""
        return self._money.equity_micros() / MICROS

    def free(self, now_us: int) -> float:
        """Return the dollars that a new entry could use at a time; below zero when over-committed."""
        return self._money.free_micros(self._open.values(), now_us) / MICROS

    def snapshot(self, ts_us: int) -> AccountSnapshot:
        """Return the account as it stands, stamped with a time; changes nothing."""
        return AccountSnapshot(
            ts_us=ts_us,
            account=self.account,
            equity=self.equity(),
            positions=self._money.positions(),
            orders=sorted(self._open),
        )

    def orders(self) -> Iterator[VenueOrder]:
        """Yield the orders that rest, then those under way that may come to."""
        yield from self._open.values()
        for request in self._requests:
            if request.kind == "new" and request.new is not None:
                yield request.new

    def row(self) -> VenueRow:
        """Return what `load` needs, but for `ids`."""
        return VenueRow(
            account=self.account,
            cash_micros=self._money.cash_micros,
            fees_micros=self._money.fees_micros,
            holdings=self._money.holdings,
            held_back=self._money.held_back,
            open=list(self._open.values()),
            requests=list(self._requests),
            arrivals=self._arrivals,
            settled_us=self._interest.settled_us,
        )

    def load(self, row: VenueRow, now_us: int) -> None:
        """Go on from a row, in a new venue, at a time that it did not reach before."""
        self._money.cash_micros, self._money.fees_micros = row.cash_micros, row.fees_micros
        self._money.holdings.update(row.holdings)
        self._money.held_back = row.held_back
        self._open.update((order.order, order) for order in row.open)
        self._requests.load(row.requests)
        self._arrivals = row.arrivals
        self._interest.begin(now_us, row.settled_us)
        self._now_us = now_us
        self.show(now_us)

    def _arrive(self, request: Request) -> list[AnyEvent]:
        if request.new is None:
            return [self._cancel(request.order, request.due_us)]
        if request.kind == "new":
            return [self._accept(request.new, request.due_us)]
        events = self._matching.reduce(request.new, request.due_us)
        self._snapshots.ask(request.due_us)
        return events

    def _cancel(self, order_id: str, now_us: int) -> AnyEvent:
        order = self._open.pop(order_id, None)
        if order is None:
            text = "no longer open" if order_id in self.ids else "unknown order"
            return OrderCancelRejected(
                ts_us=now_us, account=self.account, order=order_id, text=text
            )
        if order.intent == "entry" and self._funds_delay_us:
            self._money.hold_back(order, now_us + self._funds_delay_us, now_us)
        return OrderCancelled(ts_us=now_us, account=self.account, order=order_id)

    def _accept(self, order: VenueOrder, now_us: int) -> AnyEvent:
        fault = self._money.fault(order, self._open.values(), now_us)
        if fault is not None:
            self.ids.discard(order.order)
            return OrderRejected(
                ts_us=now_us,
                account=self.account,
                order=order.order,
                reason=fault[0],
                text=fault[1],
            )
        self._arrivals += 1
        order.accepted_us, order.place = now_us, self._arrivals
        self._open[order.order] = order
        return OrderAccepted(
            ts_us=now_us,
            account=self.account,
            order=order.order,
            symbol=order.symbol,
            side=order.side,
            limit=order.limit,
            qty=order.qty,
            intent=order.intent,
            mode=order.mode,
            pnl=order.pnl,
        )
