"""A small world around one desk: say what happens in a line, look at what the desk says."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from state.books.account import Account
from state.dealing.outbox import Outputs
from state.desk import Desk
from state.market.hours import Calendars, calendars
from state.rules.policy import DEFAULT, Policy, policy_from
from topics.catalogue import TOPIC_OF
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    EntryRequested,
    EntryWithdrawn,
    Fill,
    Forecast,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderExpired,
    OrderRejected,
    Position,
    Quote,
)
from topics.frames import Frame, FrameEvent, JournalPosition, Run

SECOND = 1_000_000
WEDNESDAY = 1_522_850_400 * SECOND
"""2018-04-04 14:00 UTC: New York is open."""

ROOMY = {"fee_reserve": 0.0, "quote_max_age_s": 3600, "snapshot_max_age_s": 36_000}
"""Policy fields that keep fees and ages out of a test's arithmetic."""


@cache
def times() -> Calendars:
    """Calendars of the years that tests use."""
    return calendars(2017, 2026)


def roomy(base: Policy = DEFAULT, **values: Any) -> Policy:
    """Return a policy without fees and ages, with `values` on top."""
    return policy_from(ROOMY | values, base)


class Said(NamedTuple):
    """What a frame led to, for tests that know which kind of message they look at."""

    commands: list[Any]
    facts: list[Any]


class World:
    """Builds frames with runs that chain, one journal offset after another."""

    def __init__(self, policy: Policy | None = None, now_us: int = WEDNESDAY) -> None:
        self.desk = Desk(times(), policy or roomy())
        self.now_us = now_us
        self.journal = -1
        self.marks: dict[str, int] = {}
        self.said: list[Any] = []
        self.trades = 0

    def frame(self, events: Iterable[AnyEvent]) -> tuple[Frame, JournalPosition]:
        """Wrap events into the next frame, as a sequencer would."""
        runs: dict[str, tuple[int, int]] = {}
        items = []
        for event in events:
            topic = TOPIC_OF[type(event)].name
            mark = self.marks.get(topic, -1)
            runs.setdefault(topic, (len(runs), mark))
            self.marks[topic] = mark + 1
            items.append(FrameEvent(runs[topic][0], mark + 1, event))
        self.journal += 1
        made = [
            Run(topic=topic, partition=0, prev=prev, last=self.marks[topic])
            for topic, (_, prev) in runs.items()
        ]
        return Frame(runs=made, events=items), JournalPosition(0, self.journal, self.now_us)

    def apply(self, *events: AnyEvent) -> Said:
        """Apply one frame of events; remembers and returns what the desk said."""
        outputs = Said(*self.desk.apply(*self.frame(events)))
        self.said += [*outputs.commands, *outputs.facts]
        return outputs

    def wait(self, seconds: float) -> Said:
        """Let time pass, as an idle sequencer's empty frame does."""
        self.now_us += round(seconds * SECOND)
        return self.apply()

    # ---- one event a line ----

    def quote(self, symbol: str, price: float, *, bid: float | None = None) -> Said:
        """Quote a symbol; bid and ask are the same unless `bid` is given."""
        bid = price if bid is None else bid
        return self.apply(Quote(ts_us=self.now_us, symbol=symbol, bid=bid, ask=price))

    def fund(self, equity: float, account: str = "A", **values: Any) -> Said:
        """Send an account snapshot."""
        return self.apply(
            AccountSnapshot(ts_us=self.now_us, account=account, equity=equity, **values)
        )

    def want(
        self,
        entry: str,
        symbol: str,
        limit: float,
        dollars: float = 3500.0,
        account: str = "A",
        side: Any = "buy",
        **values: Any,
    ) -> Said:
        """Request an entry of so many dollars."""
        values.setdefault("expires_us", self.now_us + 86_400 * SECOND)
        return self.apply(
            EntryRequested(
                ts_us=self.now_us,
                account=account,
                entry=entry,
                symbol=symbol,
                side=side,
                limit=limit,
                qty=dollars / limit,
                **values,
            )
        )

    def withdraw(self, entry: str, account: str = "A") -> Said:
        """Withdraw an entry."""
        return self.apply(EntryWithdrawn(ts_us=self.now_us, account=account, entry=entry))

    def working(
        self,
        order: str,
        symbol: str,
        limit: float,
        dollars: float = 3500.0,
        account: str = "A",
        side: Any = "buy",
        **values: Any,
    ) -> Said:
        """Let the venue report an order that the desk did not send."""
        return self.apply(
            OrderAccepted(
                ts_us=self.now_us,
                account=account,
                order=order,
                symbol=symbol,
                side=side,
                limit=limit,
                qty=dollars / limit,
                **values,
            )
        )

    def accepted(self, order: str, account: str = "A") -> Said:
        """Let the venue accept an order that the desk sent."""
        mine = self.account(account).orders[order]
        return self.apply(
            OrderAccepted(
                ts_us=self.now_us,
                account=account,
                order=order,
                symbol=mine.symbol,
                side=mine.side,
                limit=mine.limit,
                qty=mine.remaining,
            )
        )

    def cancelled(self, order: str, account: str = "A") -> Said:
        """Let the venue confirm a cancel."""
        return self.apply(OrderCancelled(ts_us=self.now_us, account=account, order=order))

    def cancel_rejected(self, order: str, account: str = "A") -> Said:
        """Let the venue refuse a cancel."""
        return self.apply(OrderCancelRejected(ts_us=self.now_us, account=account, order=order))

    def lapsed(self, order: str, account: str = "A") -> Said:
        """Let the venue's time in force end."""
        return self.apply(OrderExpired(ts_us=self.now_us, account=account, order=order))

    def rejected(self, order: str, reason: Any = "other", account: str = "A") -> Said:
        """Let the venue refuse an order."""
        return self.apply(
            OrderRejected(ts_us=self.now_us, account=account, order=order, reason=reason)
        )

    def filled(
        self, order: str, qty: float | None = None, price: float | None = None, account: str = "A"
    ) -> Said:
        """Let an order fill, wholly and at its limit unless told otherwise."""
        mine = self.account(account).orders[order]
        self.trades += 1
        return self.apply(
            Fill(
                ts_us=self.now_us,
                account=account,
                fill=f"f{self.trades}",
                order=order,
                symbol=mine.symbol,
                side=mine.side,
                price=price or mine.limit,
                qty=qty or mine.remaining,
            )
        )

    def forecast(self, symbol: str, pnl: float) -> Said:
        """Publish a forecast."""
        return self.apply(Forecast(ts_us=self.now_us, symbol=symbol, pnl=pnl))

    # ---- looking ----

    def account(self, name: str = "A") -> Account:
        """Return the desk's account."""
        return self.desk.accounts[name]

    def heard(self, kind: type) -> list[Any]:
        """Return everything of a kind that the desk said so far."""
        return [message for message in self.said if isinstance(message, kind)]


def holding(symbol: str, qty: float, price: float) -> Position:
    """Return one position of a snapshot."""
    return Position(symbol=symbol, qty=qty, price=price)


def kinds(outputs: Outputs | Said) -> list[str]:
    """Return the types of what was said, commands first."""
    return [type(message).__name__ for message in (*outputs.commands, *outputs.facts)]
