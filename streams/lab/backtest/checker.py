"""Judges a run from the venue's own reports: what was in use, and whether it was ever too much.

It shares no code with the desk's ledger on purpose.  A breach is an entry order that the venue
accepted although positions and open entry orders, at margin, then exceeded the equity.  What it
books it also writes down step by step, so that the course of the capital can be drawn afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from streams.venues.simulated.interest import Interest
from topics.events import AnyEvent, Fill, OrderAccepted, OrderCancelled, OrderExpired
from topics.limits import Side

MICROS = 1_000_000
TOLERANCE_MICROS = 100
"""Rounding of one value each: far below a cent."""

DUST = 1e-9
"""A holding below this part of the trade that closed it is the rounding of float64."""

Leverage = Callable[[str, int], float]
"""Symbol and time in microseconds → notional for a dollar of equity."""


class Resting(NamedTuple):
    """An open entry order; `qty` is what is not filled, in units, `limit` in dollars."""

    symbol: str
    side: Side
    limit: float
    qty: float


@dataclass(slots=True)
class AccountSteps:
    """What was held from when on; times in microseconds, never falling within one list."""

    cash: list[tuple[int, int]] = field(default_factory=list)
    """Micro-dollars."""
    held: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """Units by symbol, negative when short."""
    open_entries: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """Dollars of notional of the open entry orders, by symbol."""


class CapacityChecker:
    """An independent book of one account; feed it every event of the venue in order.

    `quotes` are the latest bid and ask by symbol, kept up to date by whoever owns them.  `interest`
    are the terms on which the venue lends; its fees are found here from the holdings alone.
    """

    def __init__(
        self,
        capital: float,
        leverage: Leverage,
        quotes: Mapping[str, tuple[float, float]],
        interest: Interest | None = None,
    ) -> None:
        self.breaches = 0
        self.fees_micros = 0
        self.interest_micros = 0
        self.steps = AccountSteps()
        self._cash = round(capital * MICROS)
        self._leverage = leverage
        self._quotes = quotes
        self._held: dict[str, float] = {}
        self._entries: dict[str, Resting] = {}
        self._interest = interest
        self._settled_us = -1

    def settle(self, now_us: int) -> None:
        """Book the interest of all closes before a time.

        Call it at the beginning of an instant, before its quotes and reports: a close is charged on
        what the moments up to it have left.
        """
        terms = self._interest
        if terms is None:
            return
        while (close_us := terms.next_close_us(self._settled_us)) is not None and close_us < now_us:
            self._settled_us = close_us
            if self._held:
                self._charge(terms, close_us)

    def _charge(self, terms: Interest, close_us: int) -> None:
        """Take the fee of a day for the stocks that the equity does not pay, crypto paid first."""
        worth = {"crypto": 0, "stock": 0}
        for symbol, held in self._held.items():
            worth[terms.kind_of(symbol)] += abs(self._mark(symbol, held))
        own = max(0, self.equity_micros - worth["crypto"])
        lent = max(0, worth["stock"] - own)
        fee = round(Fraction(lent, terms.trading_days) * Fraction(terms.yearly_rate))
        if fee:
            self._cash -= fee
            self.interest_micros += fee
            self.steps.cash.append((close_us, self._cash))

    def event(self, event: AnyEvent) -> None:
        """Book one of the venue's reports."""
        if isinstance(event, OrderAccepted):
            if event.intent == "entry":
                resting = Resting(event.symbol, event.side, event.limit, event.qty)
                self._entries[event.order] = resting
                self._note_entries(event.ts_us, event.symbol)
                self._judge(event.ts_us)
        elif isinstance(event, OrderCancelled | OrderExpired):
            gone = self._entries.pop(event.order, None)
            if gone is not None:
                self._note_entries(event.ts_us, gone.symbol)
        elif isinstance(event, Fill):
            self._fill(event)

    def _fill(self, event: Fill) -> None:
        signed = event.qty if event.side == "buy" else -event.qty
        fee = round(event.fee * MICROS)
        self._cash -= round(signed * event.price * MICROS) + fee
        self.fees_micros += fee
        held = self._held.get(event.symbol, 0.0) + signed
        if abs(held) < DUST * event.qty:
            self._held.pop(event.symbol, None)
            held = 0.0
        else:
            self._held[event.symbol] = held
        self.steps.cash.append((event.ts_us, self._cash))
        self.steps.held.setdefault(event.symbol, []).append((event.ts_us, held))
        working = self._entries.get(event.order)
        if working is not None:
            rest = working.qty - event.qty
            if rest <= DUST * event.qty:
                del self._entries[event.order]
            else:
                self._entries[event.order] = working._replace(qty=rest)
            self._note_entries(event.ts_us, event.symbol)

    def _note_entries(self, ts_us: int, symbol: str) -> None:
        notional = sum(
            order.limit * order.qty for order in self._entries.values() if order.symbol == symbol
        )
        self.steps.open_entries.setdefault(symbol, []).append((ts_us, notional))

    def entry(self, order: str) -> "Resting | None":
        """Return an open entry order; None if there is none of that id."""
        return self._entries.get(order)

    def _mark(self, symbol: str, held: float) -> int:
        """Value a holding at the price at which it could be closed."""
        bid, ask = self._quotes[symbol]
        return round(held * (bid if held > 0 else ask) * MICROS)

    @property
    def equity_micros(self) -> int:
        """Cash, and all holdings at the price at which they could be closed."""
        return self._cash + sum(self._mark(symbol, held) for symbol, held in self._held.items())

    def in_use_micros(self, now_us: int) -> int:
        """Return the margin of positions and open entry orders."""
        used = 0.0
        for symbol, held in self._held.items():
            used += abs(self._mark(symbol, held)) / self._leverage(symbol, now_us)
        for order in self._entries.values():
            notional = order.limit * order.qty * MICROS
            used += notional / self._leverage(order.symbol, now_us)
        return round(used)

    def _judge(self, now_us: int) -> None:
        if self.in_use_micros(now_us) > self.equity_micros + TOLERANCE_MICROS:
            self.breaches += 1
