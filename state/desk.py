"""The desk: all accounts of one journal partition, and the one piece that decides.

    outputs = desk.apply(frame, position)

It is driven the same way live, in replay and in a backtest.  It does no input or output, reads no
clock and draws no random number: the same frames give the same bytes.  One frame goes like this:

1. the clock moves to the frame's time; sessions that opened or closed and timers that are due are
   dealt with first;
2. each run that joins (see `topics.frames`) gives its events, in the frame's order;
3. a quote wakes only the entries whose trigger it reaches; every other event goes to one account's
   handler, and then that account's blocked entries try again if something may have changed;
4. after every event the account's invariants are checked; one that breaks, or any other bug, takes
   back what was said in that step and halts that account, and no other.
"""

import traceback
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

import msgspec

from topics.events import (
    AccountSnapshot,
    EntryRequested,
    EntryWithdrawn,
    Fill,
    Forecast,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderExpired,
    OrderRejected,
    PolicySet,
    Quote,
)
from topics.facts import AccountHalted, EventRefused
from topics.frames import BEFORE_FIRST, Frame, JournalPosition, advance, joins

from .books.account import Account
from .books.invariants import check
from .dealing.attempts import Attempt
from .dealing.context import Context, new_context
from .dealing.outbox import Outputs
from .handlers import answers, requests, snapshots
from .handlers.reminders import ring
from .handlers.upkeep import look_after, reset_triggers, resume, under_new_policy
from .market.hours import Calendars
from .market.prices import LastQuote, Price
from .rows import FORMAT, Cursor, decode_rows, digest, encode_rows
from .rules.policy import DEFAULT, Policy, PolicyError, policy_from
from .rules.refusals import EventFault
from .stealing.attempt import try_all, try_woken

Handler = Callable[[Context, Account, Any], EventFault | None]

HANDLERS: dict[type, Handler] = {
    EntryRequested: requests.on_requested,
    EntryWithdrawn: requests.on_withdrawn,
    OrderAccepted: answers.on_accepted,
    OrderRejected: answers.on_rejected,
    OrderCancelled: answers.on_cancelled,
    OrderCancelRejected: answers.on_cancel_rejected,
    OrderExpired: answers.on_expired,
    Fill: answers.on_fill,
    AccountSnapshot: snapshots.on_snapshot,
}

AHEAD_US_MAX = 60_000_000
"""How far ahead of the desk's clock an event may be dated.

A quote of tomorrow would never grow stale, and a snapshot of tomorrow would hide every fill until
then: both are refused.  Any other event counts as of now, for what it says has happened.
"""

_ONLY_WAIT = frozenset({EntryRequested, EntryWithdrawn})
"""Events that change neither capital nor orders by themselves, only what waits for them."""

_DROPPED = 2**62
"""Stands for the mark of a run that does not join: no offset is above it."""


class Desk:
    """One desk.  `faults` collects the tracebacks of accounts that were halted."""

    def __init__(self, calendars: Calendars, policy: Policy = DEFAULT) -> None:
        context = self.context = new_context(calendars, policy)
        self.accounts: Mapping[str, Account] = context.accounts
        self.clock = context.clock
        self.board = context.board
        self.policies = context.policies
        self.marks: dict[tuple[str, int], int] = {}
        self.next_offset = 0
        self.faults: list[str] = []

    def apply(self, frame: Frame, position: JournalPosition) -> Outputs:
        """Apply one frame of the journal; returns what follows from it, in order.

        Raises `CalendarError` if the frame's time lies outside the calendar.
        """
        context, outbox = self.context, self.context.outbox
        now = max(context.clock.now_us, position.ts_us)
        outbox.open(position, now)
        self._move_clock(now)
        self.next_offset = position.offset + 1
        # Most events are quotes from which nothing follows, so their way through this loop is laid
        # out flat: local names, no call, no attribute of ours but those of the price itself.
        above = [self._join(run) for run in frame.runs]
        ahead_us = now + AHEAD_US_MAX
        prices = context.board.prices
        by_spelling, changed = prices.by_spelling, prices.changed
        quoted = False
        for item in frame.events:
            if item.offset <= above[item.run]:
                continue  # of a run that does not join, or heard before
            event = item.event
            if type(event) is Quote:
                ask, bid = event.ask, event.bid
                price = by_spelling.get(event.symbol)
                if price is None or bid > ask or event.ts_us > ahead_us:
                    self._unusual_quote(frame, item.run, item.offset, event)
                    continue
                # `Prices.touch` written out; the version follows before anybody can look.
                quoted = True
                price.bid, price.ask, price.quote_us = bid, ask, event.ts_us
                if not price.changed:
                    price.changed = True
                    changed.append(price)
                if (
                    price.quiet_ask_low < ask < price.quiet_ask_high
                    and price.quiet_bid_low < bid < price.quiet_bid_high
                ):
                    continue  # it crosses no trigger, and no entry stands at one
                if price.cross():
                    prices.version += 1
                    outbox.of = frame.runs[item.run], item.offset
                    self._try_awake(price)
            else:
                if quoted:
                    prices.version += 1
                    quoted = False
                outbox.of = frame.runs[item.run], item.offset
                self._account_event(event)
        if quoted:
            prices.version += 1  # the next frame may be of the same moment
        return outbox.close()

    def _join(self, run: Any) -> int:
        """Take a run if it joins: return the offset above which its events count."""
        source = (run.topic, run.partition)
        mark = self.marks.get(source, BEFORE_FIRST)
        if not joins(run, mark):
            return _DROPPED
        self.marks[source] = advance(run, mark)
        return mark

    def _unusual_quote(self, frame: Frame, run: int, offset: int, event: Quote) -> None:
        """A symbol's first quote under this spelling, or one that cannot be."""
        context = self.context
        context.outbox.of = frame.runs[run], offset
        if event.bid > event.ask:
            detail = f"{event.symbol}: bid {event.bid} above ask {event.ask}"
            self._refuse(None, EventFault.CROSSED_QUOTE, detail)
            return
        if event.ts_us > context.clock.now_us + AHEAD_US_MAX:
            self._refuse(None, EventFault.FROM_THE_FUTURE, f"{event.symbol} at {event.ts_us}")
            return
        price = context.board.prices.get(event.symbol)
        price.bid, price.ask, price.quote_us = event.bid, event.ask, event.ts_us
        context.board.prices.touch(price)
        if price.cross():
            self._try_awake(price)

    def _try_awake(self, price: Price) -> None:
        """Let the entries that stand at their trigger try, account by account."""
        accounts = self.context.accounts
        by_account: dict[str, list[str]] = {}
        for name, entry in (*price.buyers.awake, *price.sellers.awake):
            by_account.setdefault(name, []).append(entry)
        for name in sorted(by_account):
            account = accounts[name]
            entries = [account.entries[entry] for entry in by_account[name]]
            self._guarded(account, try_all, entries)

    def _account_event(self, event: Any) -> None:
        """Hand an event to its account, or to all."""
        context = self.context
        if type(event) is Forecast:
            self._forecast(event)
        elif type(event) is PolicySet and event.account is None:
            self._default_policy(event)
        else:
            accounts = context.accounts
            account = accounts.get(event.account) or accounts.open(event.account)
            if account.halted is not None:
                self._refuse(account.id, EventFault.ACCOUNT_HALTED, account.halted)
                return
            if type(event) in _ONLY_WAIT:
                accounts.note(account)  # whatever it leads to says so itself
            else:
                accounts.touch(account)
            self._guarded(account, self._handle, event)

    def _handle(self, context: Context, account: Account, event: Any) -> None:
        """Let the event's handler work, and refuse the event if it says so."""
        if type(event) is PolicySet:
            policy = self._read_policy(event)
            if policy is not None:
                context.policies.put(account, policy)
                under_new_policy(context, account)
            return
        if event.ts_us > context.clock.now_us + AHEAD_US_MAX:
            if type(event) is AccountSnapshot:
                self._refuse(account.id, EventFault.FROM_THE_FUTURE, f"snapshot at {event.ts_us}")
                return
            event = msgspec.structs.replace(event, ts_us=context.clock.now_us)
        fault = HANDLERS[type(event)](context, account, event)
        if fault is not None:
            named = getattr(event, "order", None) or getattr(event, "entry", None) or ""
            self._refuse(account.id, fault, f"{event.__struct_config__.tag} {named}".strip())
        look_after(context, account)

    def _guarded(self, account: Account, step: Callable[..., None], *args: Any) -> None:
        """Do one step for one account; a bug in it halts that account and no other."""
        context = self.context
        outbox = context.outbox
        said = len(outbox.commands), len(outbox.facts)
        try:
            step(context, account, *args)
            if account.id in context.accounts.woken:
                del context.accounts.woken[account.id]
                try_woken(context, account)
            if context.accounts.unchecked:
                context.accounts.unchecked = False
                check(account, context.policies.of(account))
        except Exception as error:  # noqa: BLE001 - whatever the bug is, only this account stops
            del outbox.commands[said[0] :], outbox.facts[said[1] :]
            self._halt(account, error)

    def _halt(self, account: Account, error: Exception) -> None:
        """Stop deciding for an account whose books cannot be trusted."""
        context = self.context
        self.faults.append("".join(traceback.format_exception(error)))
        account.halted = type(error).__name__
        context.accounts.touch(account)
        context.accounts.woken.pop(account.id, None)
        for entry in account.entries.values():
            context.board.drop_trigger(account, entry)
        detail = str(error)[:500]
        context.outbox.fact(AccountHalted, account.id, reason=account.halted, detail=detail)

    def _refuse(self, account: str | None, fault: EventFault, detail: str) -> None:
        self.context.outbox.fact(EventRefused, account, reason=str(fault), detail=detail[:500])

    def pass_over(
        self,
        frames: int,
        now_us: int,
        source: tuple[str, int],
        quotes: int,
        last: Iterable[LastQuote],
    ) -> None:
        """Stand as if `frames` frames had been applied whose `quotes` quotes change only prices.

        `now_us` is the time of the last of them, `last` the latest quote of each symbol in them,
        `source` their topic and partition.  Only for a caller that knows that none of them wakes
        an entry, reaches a timer or a session's open or close, or lifts a refusal (`quiet`).
        """
        context = self.context
        assert (
            context.clock.now_us
            <= now_us
            < min(context.clock.next_change_us, context.timers.next_us)
        )
        context.clock.now_us = now_us
        self.next_offset += frames
        self.marks[source] = self.marks.get(source, BEFORE_FIRST) + quotes
        for price, bid, ask, quote_us in last:
            price.bid, price.ask, price.quote_us = bid, ask, quote_us
            context.board.prices.touch(price)

    @property
    def watch(self) -> Callable[[Attempt], None] | None:
        """Who is told of every try of an entry.  Watching weighs more orders, decides the same."""
        return self.context.outbox.on_attempt

    @watch.setter
    def watch(self, watcher: Callable[[Attempt], None] | None) -> None:
        self.context.outbox.on_attempt = watcher

    def forget_changes(self) -> list[str]:
        """Return the accounts changed since the last call, for a caller that keeps no rows."""
        context = self.context
        names = list(context.accounts.changed)
        context.accounts.changed.clear()
        return names

    def _forecast(self, event: Forecast) -> None:
        """Note a forecast; new ranks can force entries."""
        context = self.context
        price = context.board.prices.get(event.symbol)
        price.pnl = event.pnl
        context.board.prices.touch(price)
        moved = context.board.rank_anew(price.symbol)
        if moved:
            self._triggers_anew(moved)

    def _default_policy(self, event: PolicySet) -> None:
        """Put a policy in force for all accounts without their own."""
        context = self.context
        policy = self._read_policy(event)
        if policy is None:
            return
        context.policies.put(None, policy)
        for name in sorted(context.accounts):
            account = context.accounts[name]
            if account.own_policy is None and account.halted is None:
                self._guarded(account, under_new_policy)

    def _read_policy(self, event: PolicySet) -> Policy | None:
        """Read the policy of an event; refuses the event if it is none."""
        try:
            return policy_from(event.policy)
        except PolicyError as error:
            self._refuse(event.account, EventFault.BAD_POLICY, str(error))
            return None

    def _triggers_anew(self, symbols: Container[str] | None = None) -> None:
        """Hours or ranks changed: give waiting entries the bands that follow from them.

        `symbols` are those of which the rank changed; None: all may be concerned.
        """
        context = self.context
        for name in sorted(context.accounts):
            account = context.accounts[name]
            if account.halted is None:
                self._guarded(account, reset_triggers, symbols)

    def _move_clock(self, now_us: int) -> None:
        """Let time pass: sessions first, then timers in order."""
        context = self.context
        if context.clock.advance(now_us):
            self._triggers_anew()
            for name in sorted(context.accounts):
                account = context.accounts[name]
                if account.halted is None:
                    self._guarded(account, try_woken)
        while (timer := context.timers.pop_due(now_us)) is not None:
            account = context.accounts[timer.account]
            if account.halted is None:
                self._guarded(account, ring, timer)

    def _cursor(self) -> Cursor:
        marks = {f"{topic}:{number}": mark for (topic, number), mark in self.marks.items()}
        policy = self.context.policies.default.model_dump_json()
        return Cursor(FORMAT, self.context.clock.now_us, self.next_offset, marks, policy)

    def rows(self) -> dict[str, bytes]:
        """Return the whole desk as durable rows."""
        prices = [
            price.row() for price in self.context.board.prices.by_symbol.values() if price.known
        ]
        return encode_rows(self._cursor(), self.context.accounts.values(), prices)

    def take_changed_rows(self) -> dict[str, bytes]:
        """Return the rows changed since the last call, and the cursor: one checkpoint."""
        context = self.context
        accounts = [context.accounts[name] for name in context.accounts.changed]
        prices = [price.row() for price in context.board.prices.changed]
        rows = encode_rows(self._cursor(), accounts, prices)
        for price in context.board.prices.changed:
            price.changed = False
        context.board.prices.changed.clear()
        context.accounts.changed.clear()
        return rows

    def digest(self) -> str:
        """Return a digest of all durable state; equal desks give equal digests."""
        return digest(self.rows())

    @classmethod
    def restore(cls, rows: Mapping[str, bytes], calendars: Calendars) -> "Desk":
        """Rebuild a desk from its rows; raises `RowsError` if they cannot be read."""
        cursor, accounts, prices = decode_rows(rows)
        policy = Policy.model_validate(msgspec.json.decode(cursor.default_policy))
        desk = cls(calendars, policy)
        context = desk.context
        desk.next_offset = cursor.next_offset
        for source, mark in cursor.marks.items():
            topic, _, number = source.rpartition(":")
            desk.marks[topic, int(number)] = mark
        for row in prices:
            context.board.prices.get(row.symbol).load(row)
        if cursor.next_offset:  # else no frame was ever applied, and there is no time yet
            context.clock.advance(cursor.now_us)
        for account in accounts:
            context.accounts[account.id] = account
            resume(context, account)
        return desk
