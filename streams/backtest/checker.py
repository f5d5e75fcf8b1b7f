"""Judges a run from the venue's own reports: what was in use, and whether it was ever too much.

It shares no code with the desk's ledger on purpose.  A breach is an entry order that the venue
accepted although positions and open entry orders, at margin, then exceeded the equity.
"""

from collections.abc import Callable

from topics.events import AnyEvent, Fill, OrderAccepted, OrderCancelled, OrderExpired

MICROS = 1_000_000
TOLERANCE_MICROS = 100
"""Rounding of one value each: far below a cent."""

Leverage = Callable[[str, int], float]
"""Symbol and time in microseconds → notional for a dollar of equity."""


class CapacityChecker:
    """An independent book of one account; feed it every event of the venue in order."""

    def __init__(self, capital: float, leverage: Leverage) -> None:
        self.breaches = 0
        self.fees_micros = 0
        self._cash = round(capital * MICROS)
        self._leverage = leverage
        self._held: dict[str, float] = {}
        self._bid: dict[str, float] = {}
        self._ask: dict[str, float] = {}
        self._entries: dict[str, tuple[str, float, float]] = {}

    def quote(self, symbol: str, bid: float, ask: float) -> None:
        """Note a symbol's last prices."""
        self._bid[symbol], self._ask[symbol] = bid, ask

    def event(self, event: AnyEvent) -> None:
        """Book one of the venue's reports."""
        if isinstance(event, OrderAccepted):
            if event.intent == "entry":
                self._entries[event.order] = (event.symbol, event.limit, event.qty)
                self._judge(event.ts_us)
        elif isinstance(event, OrderCancelled | OrderExpired):
            self._entries.pop(event.order, None)
        elif isinstance(event, Fill):
            self._fill(event)

    def _fill(self, event: Fill) -> None:
        signed = event.qty if event.side == "buy" else -event.qty
        fee = round(event.fee * MICROS)
        self._cash -= round(signed * event.price * MICROS) + fee
        self.fees_micros += fee
        held = self._held.get(event.symbol, 0.0) + signed
        if abs(held) < 1e-9 * event.qty:
            self._held.pop(event.symbol, None)
        else:
            self._held[event.symbol] = held
        working = self._entries.get(event.order)
        if working is not None:
            rest = working[2] - event.qty
            if rest <= 1e-9 * event.qty:
                del self._entries[event.order]
            else:
                self._entries[event.order] = (working[0], working[1], rest)

    def _mark(self, symbol: str, held: float) -> int:
        """Value a holding at the price at which it could be closed."""
        price = self._bid[symbol] if held > 0 else self._ask[symbol]
        return round(held * price * MICROS)

    @property
    def equity_micros(self) -> int:
        """Cash, and all holdings at the price at which they could be closed."""
        return self._cash + sum(self._mark(symbol, held) for symbol, held in self._held.items())

    def in_use_micros(self, now_us: int) -> int:
        """Return the margin of positions and open entry orders."""
        used = 0.0
        for symbol, held in self._held.items():
            used += abs(self._mark(symbol, held)) / self._leverage(symbol, now_us)
        for symbol, limit, qty in self._entries.values():
            used += limit * qty * MICROS / self._leverage(symbol, now_us)
        return round(used)

    def _judge(self, now_us: int) -> None:
        if self.in_use_micros(now_us) > self.equity_micros + TOLERANCE_MICROS:
            self.breaches += 1
