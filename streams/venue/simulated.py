"""A venue for one account that answers like a real one, in event time and the same way each time.

Requests take effect after a delay; resting orders fill only when a later quote trades through
their limit.  It has no clock: whoever drives it says what time it is.

It owns one promise: a snapshot stamped T contains every fill with a time up to T.  Hence it is
handed out only when time has moved past T, as another quote of the same instant may still fill.
"""

import math
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from streams.market import MarketQuote
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
from .book import OpenOrder, Order
from .matching import Matching
from .snapshots import SnapshotTimes


class _Request(NamedTuple):
    """Something under way to the venue: a new order, or (null) the cancel of a known one."""

    due_us: int
    order: str
    new: Order | None


class SimulatedVenue:
    """Orders, fills and money of one account.  All times in microseconds since 1970 UTC.

    `cash` in dollars, `fee_rate` as a fraction of each fill's notional.  `funds_delay_us` is how
    much later than its confirmation a cancel's money can be used.  `leverage` is 1 by default;
    `check_funds` off lets every entry pass.
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
    ) -> None:
        self.account = account
        self._money = VenueAccount(cash, fee_rate, leverage or cash_only, check_funds=check_funds)
        self._ack_delay_us = ack_delay_us
        self._funds_delay_us = funds_delay_us
        self._now_us = 0
        self._requests: deque[_Request] = deque()  # the delay is constant, so they arrive in order
        self._taken: set[str] = set()
        self._open: dict[str, Order] = {}
        self._arrivals = 0
        self._matching = Matching(account, self._money, self._open)
        self._snapshots = SnapshotTimes(snapshot_every_us)

    # ---- requests ----

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
    ) -> None:
        """Send an order; one whose id the venue has taken already is ignored.

        An id that was rejected may be used again, as nothing came of it.
        """
        if order_id in self._taken:
            return
        self._taken.add(order_id)
        order = Order(order_id, symbol, side, limit, qty, intent, mode, pnl, remaining=qty)
        self._send(now_us, order_id, order)

    def cancel(self, now_us: int, order_id: str) -> None:
        """Ask for the rest of an order to be taken out."""
        self._send(now_us, order_id, None)

    def charge(self, now_us: int, micros: int) -> None:
        """Take a fee in micro-dollars that no trade caused, such as interest on borrowed money."""
        self._money.charge(micros)
        self._snapshots.ask(max(now_us, self._now_us))

    def _send(self, now_us: int, order_id: str, new: Order | None) -> None:
        due_us = max(now_us, self._now_us) + self._ack_delay_us
        self._requests.append(_Request(due_us, order_id, new))

    # ---- time ----

    def due_us(self) -> int | None:
        """Return when `advance` next has something to say; None if nothing was asked of it yet."""
        times = [self._requests[0].due_us] if self._requests else []
        snapshot_us = self._snapshots.next_us()
        if snapshot_us is not None:
            times.append(snapshot_us + 1)
        return min(times, default=None)

    def advance(self, now_us: int) -> list[AnyEvent]:
        """Let time pass and return all that came due, in time order.

        The first call also gives the first snapshot.  At one instant requests come first, in the
        order in which they were sent, then the snapshot that shows them.
        """
        events: list[AnyEvent] = []
        if not self._snapshots.started:
            self._start(now_us, events)
        while True:
            snapshot_us = self._snapshots.next_us()
            request_us = self._requests[0].due_us if self._requests else math.inf
            if snapshot_us is not None and snapshot_us < min(now_us, request_us):
                self._snapshots.taken(snapshot_us)
                events.append(self.snapshot(snapshot_us))
            elif request_us <= now_us:
                events.append(self._arrive(self._requests.popleft()))
            else:
                break
        self._now_us = max(self._now_us, now_us)
        return events

    def on_quote(self, quote: MarketQuote) -> list[AnyEvent]:
        """Advance to a quote, fill what it trades through, and return all events in time order.

        Raises `ValueError` for a quote from before the time that the venue has reached.
        """
        if quote.ts_us < self._now_us:
            raise ValueError(f"a quote of {quote.ts_us} came after {self._now_us}")
        events = self.advance(quote.ts_us)
        trades = self._matching.on_quote(quote)
        if trades:
            self._snapshots.ask(quote.ts_us)
        return events + trades

    def _start(self, now_us: int, events: list[AnyEvent]) -> None:
        self._snapshots.start(now_us)
        if self._requests and self._requests[0].due_us <= now_us:
            self._snapshots.ask(now_us)  # these come first
        else:
            # Nothing rests yet, so nothing can fill: the account may be shown at once.
            events.append(self.snapshot(now_us))

    # ---- what anybody may look at ----

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
    def positions(self) -> Mapping[str, float]:
        """Units held of each symbol, negative when short; symbols without any are absent."""
        return MappingProxyType(self._money.holdings)

    @property
    def open_orders(self) -> tuple[OpenOrder, ...]:
        """All resting orders, by id."""
        return tuple(order.view() for _, order in sorted(self._open.items()))

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

    # ---- what a request leads to ----

    def _arrive(self, request: _Request) -> AnyEvent:
        if request.new is not None:
            return self._accept(request.new, request.due_us)
        order = self._open.pop(request.order, None)
        if order is None:
            text = "no longer open" if request.order in self._taken else "unknown order"
            return OrderCancelRejected(
                ts_us=request.due_us, account=self.account, order=request.order, text=text
            )
        if order.intent == "entry" and self._funds_delay_us:
            until_us = request.due_us + self._funds_delay_us
            self._money.hold_back(order, until_us, request.due_us)
        return OrderCancelled(ts_us=request.due_us, account=self.account, order=order.order)

    def _accept(self, order: Order, now_us: int) -> AnyEvent:
        fault = self._money.fault(order, self._open.values(), now_us)
        if fault is not None:
            self._taken.discard(order.order)
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
