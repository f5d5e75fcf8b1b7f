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
from .dealing.outbox import Outputs
from .dealing.shared import Shared
from .handlers import answers, requests, snapshots
from .handlers.reminders import ring
from .handlers.upkeep import replace_in_ladder, resume, under_new_policy
from .market.hours import Calendars
from .market.prices import Price
from .overnight.closing import set_timer
from .overnight.deleveraging import after_event
from .rows import FORMAT, Cursor, decode_rows, digest, encode_rows
from .rules.decision import EventFault
from .rules.policy import DEFAULT, Policy, PolicyError, policy_from
from .stealing.attempt import try_all, try_woken

Handler = Callable[[Shared, Account, Any], EventFault | None]

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

LastQuote = tuple[Price, float, float, int]
"""Where a quote goes, its bid, its ask and its own time in microseconds."""

AHEAD_US_MAX = 60_000_000
"""How far ahead of the desk's clock an event may be dated.

A quote of tomorrow would never grow stale, and a snapshot of tomorrow would hide every fill until
then: both are refused.  Any other event counts as of now, for what it says has happened.
"""

_ONLY_WAIT = frozenset({EntryRequested, EntryWithdrawn})
"""Events after which the last look at an account is still good, unless they led to something."""

_DROPPED = 2**62
"""Stands for the mark of a run that does not join: no offset is above it."""


class Desk:
    """One desk.  `faults` collects the tracebacks of accounts that were halted."""

    def __init__(self, calendars: Calendars, policy: Policy = DEFAULT) -> None:
        self.shared = Shared(calendars, policy)
        self.marks: dict[tuple[str, int], int] = {}
        self.next_offset = 0
        self.faults: list[str] = []

    # -- applying a frame ------------------------------------------------------------------------

    def apply(self, frame: Frame, position: JournalPosition) -> Outputs:
        """Apply one frame of the journal; returns what follows from it, in order.

        Raises `CalendarError` if the frame's time lies outside the calendar.
        """
        shared = self.shared
        now = max(shared.now_us, position.ts_us)
        shared.outbox.open(position, now)
        self._move_clock(now)
        self.next_offset = position.offset + 1
        quoted = False
        marks = [self._join(run) for run in frame.runs]
        ahead_us = now + AHEAD_US_MAX
        by_spelling = shared.prices.by_spelling
        changed = shared.prices.changed
        for item in frame.events:
            if item.offset <= marks[item.run]:
                continue
            event = item.event
            if type(event) is Quote:
                ask, bid = event.ask, event.bid
                price = by_spelling.get(event.symbol)
                if price is None or bid > ask or event.ts_us > ahead_us:
                    self._unusual_quote(frame, item.run, item.offset, event)
                    continue
                quoted = True
                price.bid, price.ask, price.quote_us = bid, ask, event.ts_us
                if not price.changed:
                    price.changed = True
                    changed.append(price)
                if (
                    price.quiet_ask_low < ask < price.quiet_ask_high
                    and price.quiet_bid_low < bid < price.quiet_bid_high
                ):
                    continue
                if price.cross():
                    shared.outbox.of = frame.runs[item.run], item.offset
                    self._try_awake(price)
            else:
                only_waits = type(event) in _ONLY_WAIT
                if quoted or not only_waits:
                    shared.look, quoted = None, False
                shared.outbox.of = frame.runs[item.run], item.offset
                self._account_event(event)
                if not only_waits:
                    shared.look = None
        return shared.outbox.close()

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
        shared = self.shared
        shared.outbox.of = frame.runs[run], offset
        if event.bid > event.ask:
            told = f"{event.symbol}: bid {event.bid} above ask {event.ask}"
            self._refuse(None, EventFault.CROSSED_QUOTE, told)
            return
        if event.ts_us > shared.now_us + AHEAD_US_MAX:
            self._refuse(None, EventFault.FROM_THE_FUTURE, f"{event.symbol} at {event.ts_us}")
            return
        price = shared.prices.get(event.symbol)
        price.bid, price.ask, price.quote_us = event.bid, event.ask, event.ts_us
        shared.prices.touch(price)
        shared.look = None
        if price.cross():
            self._try_awake(price)

    def _try_awake(self, price: Price) -> None:
        """Let the entries that stand at their trigger try, account by account."""
        shared = self.shared
        shared.look = None
        by_account: dict[str, list[str]] = {}
        for name, entry in (*price.buyers.awake, *price.sellers.awake):
            by_account.setdefault(name, []).append(entry)
        for name in sorted(by_account):
            account = shared.accounts[name]
            entries = [account.entries[entry] for entry in by_account[name]]
            self._guarded(account, try_all, entries)

    def _account_event(self, event: Any) -> None:
        """Hand an event to its account, or to all."""
        shared = self.shared
        if type(event) is Forecast:
            self._forecast(event)
        elif type(event) is PolicySet and event.account is None:
            self._default_policy(event)
        else:
            account = shared.accounts.get(event.account) or self._new_account(event.account)
            if account.halted is not None:
                self._refuse(account.id, EventFault.ACCOUNT_HALTED, account.halted)
                return
            shared.touch(account)
            self._guarded(account, self._handle, event)

    def _new_account(self, name: str) -> Account:
        """Take note of an account that was never heard of."""
        account = self.shared.account(name)
        set_timer(self.shared, account)
        return account

    def _handle(self, shared: Shared, account: Account, event: Any) -> None:
        """Let the event's handler work, and refuse the event if it says so."""
        if type(event) is PolicySet:
            self._own_policy(account, event)
            return
        if event.ts_us > shared.now_us + AHEAD_US_MAX:
            if type(event) is AccountSnapshot:
                self._refuse(account.id, EventFault.FROM_THE_FUTURE, f"snapshot at {event.ts_us}")
                return
            event = msgspec.structs.replace(event, ts_us=shared.now_us)
        fault = HANDLERS[type(event)](shared, account, event)
        if fault is not None:
            named = getattr(event, "order", None) or getattr(event, "entry", None) or ""
            self._refuse(account.id, fault, f"{event.__struct_config__.tag} {named}".strip())
        after_event(shared, account)
        if account.deleveraging is not None:
            shared.look = None

    def _guarded(self, account: Account, step: Callable[..., None], *args: Any) -> None:
        """Do one step for one account; a bug in it halts that account and no other."""
        shared = self.shared
        outbox = shared.outbox
        said = len(outbox.commands), len(outbox.facts)
        try:
            step(shared, account, *args)
            if account.id in shared.woken:
                del shared.woken[account.id]
                try_woken(shared, account)
            if shared.unchecked:
                shared.unchecked = False
                check(account, shared.policy(account))
        except Exception as error:  # noqa: BLE001 - whatever the bug is, only this account stops
            del outbox.commands[said[0] :], outbox.facts[said[1] :]
            self._halt(account, error)

    def _halt(self, account: Account, error: Exception) -> None:
        """Stop deciding for an account whose books cannot be trusted."""
        shared = self.shared
        self.faults.append("".join(traceback.format_exception(error)))
        account.halted = type(error).__name__
        shared.touch(account)
        shared.woken.pop(account.id, None)
        for entry in account.entries.values():
            shared.take_from_ladder(account, entry)
        told = str(error)[:500]
        shared.outbox.fact(AccountHalted, account.id, reason=account.halted, detail=told)

    def _refuse(self, account: str | None, fault: EventFault, detail: str) -> None:
        self.shared.outbox.fact(EventRefused, account, reason=str(fault), detail=detail[:500])

    # -- passing over quotes that change nothing ---------------------------------------------------

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
        shared = self.shared
        assert shared.now_us <= now_us < min(shared.next_change_us, shared.timers.next_us)
        shared.now_us = now_us
        self.next_offset += frames
        self.marks[source] = self.marks.get(source, BEFORE_FIRST) + quotes
        for price, bid, ask, quote_us in last:
            price.bid, price.ask, price.quote_us = bid, ask, quote_us
            shared.prices.touch(price)

    def forget_changes(self) -> list[str]:
        """Return the accounts changed since the last call, for a caller that keeps no rows."""
        shared = self.shared
        names = list(shared.changed)
        shared.changed.clear()
        return names

    # -- what concerns all accounts --------------------------------------------------------------

    def _forecast(self, event: Forecast) -> None:
        """Note a forecast; new ranks can force entries."""
        shared = self.shared
        price = shared.prices.get(event.symbol)
        price.pnl = event.pnl
        shared.prices.touch(price)
        moved = shared.rank_anew(price.symbol)
        if moved:
            self._ladders_anew(moved)

    def _default_policy(self, event: PolicySet) -> None:
        """Put a policy in force for all accounts without their own."""
        shared = self.shared
        try:
            policy = policy_from(event.policy)
        except PolicyError as error:
            self._refuse(None, EventFault.BAD_POLICY, str(error))
            return
        shared.set_policy(None, policy)
        for name in sorted(shared.accounts):
            account = shared.accounts[name]
            if account.own_policy is None and account.halted is None:
                self._guarded(account, under_new_policy)

    def _own_policy(self, account: Account, event: PolicySet) -> None:
        try:
            policy = policy_from(event.policy)
        except PolicyError as error:
            self._refuse(account.id, EventFault.BAD_POLICY, str(error))
            return
        self.shared.set_policy(account, policy)
        under_new_policy(self.shared, account)

    def _ladders_anew(self, symbols: Container[str] | None = None) -> None:
        """Hours or ranks changed: give waiting entries the bands that follow from them.

        `symbols` are those of which the rank changed; None: all may be concerned.
        """
        shared = self.shared
        for name in sorted(shared.accounts):
            account = shared.accounts[name]
            if account.halted is None:
                self._guarded(account, replace_in_ladder, symbols)

    # -- time ------------------------------------------------------------------------------------

    def _move_clock(self, now_us: int) -> None:
        """Let time pass: sessions first, then timers in order."""
        shared = self.shared
        if shared.advance(now_us):
            self._ladders_anew()
            for name in sorted(shared.accounts):
                account = shared.accounts[name]
                if account.halted is None:
                    self._guarded(account, try_woken)
        while (timer := shared.timers.pop_due(now_us)) is not None:
            account = shared.accounts[timer.account]
            if account.halted is None:
                shared.look = None
                self._guarded(account, ring, timer)
        shared.look = None

    # -- rows ------------------------------------------------------------------------------------

    def _cursor(self) -> Cursor:
        marks = {f"{topic}:{number}": mark for (topic, number), mark in self.marks.items()}
        policy = self.shared.default_policy.model_dump_json()
        return Cursor(FORMAT, self.shared.now_us, self.next_offset, marks, policy)

    def rows(self) -> dict[str, bytes]:
        """Return the whole desk as durable rows."""
        prices = [price.row() for price in self.shared.prices.by_symbol.values() if price.known]
        return encode_rows(self._cursor(), self.shared.accounts.values(), prices)

    def take_changed_rows(self) -> dict[str, bytes]:
        """Return the rows changed since the last call, and the cursor: one checkpoint."""
        shared = self.shared
        accounts = [shared.accounts[name] for name in shared.changed]
        prices = [price.row() for price in shared.prices.changed]
        rows = encode_rows(self._cursor(), accounts, prices)
        for price in shared.prices.changed:
            price.changed = False
        shared.prices.changed.clear()
        shared.changed.clear()
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
        shared = desk.shared
        desk.next_offset = cursor.next_offset
        for source, mark in cursor.marks.items():
            topic, _, number = source.rpartition(":")
            desk.marks[topic, int(number)] = mark
        for row in prices:
            shared.prices.get(row.symbol).load(row)
        if cursor.next_offset:  # else no frame was ever applied, and there is no time yet
            shared.advance(cursor.now_us)
        for account in accounts:
            shared.accounts[account.id] = account
            resume(shared, account)
        return desk
