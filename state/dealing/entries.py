"""What becomes of an entry: blocked, waiting again, held off, over."""

from state.books.account import Account, Entry
from state.rules.decision import Refusal
from state.rules.money import DOUBLINGS_MAX, seconds_to_us
from topics.facts import EntryBlocked, EntryEnded

from .shared import Shared


def block(
    shared: Shared,
    account: Account,
    entry: Entry,
    refusal: Refusal,
    detail: str | None = None,
    needed: int = 0,
    free: int = 0,
) -> bool:
    """Leave an entry waiting; say so when the reason is a new one.  True if it was."""
    if entry.blocked == refusal:
        return False
    entry.blocked = str(refusal)
    shared.touch(account)
    shared.outbox.fact(
        EntryBlocked,
        account.id,
        entry=entry.id,
        symbol=entry.symbol,
        reason=str(refusal),
        detail=detail,
        needed_micros=needed,
        free_micros=free,
    )
    return True


def back_to_waiting(shared: Shared, account: Account, entry: Entry, qty: float) -> None:
    """Let an entry wait for its trigger again, for what was not filled."""
    entry.move("waiting")
    entry.order, entry.steal, entry.qty = None, None, qty
    shared.place_in_ladder(account, entry)


def hold_off(shared: Shared, account: Account, entry: Entry) -> None:
    """Let a waiting entry rest before its next try, longer after each rejection in a row."""
    doublings = min(max(entry.rejections - 1, 0), DOUBLINGS_MAX)
    delay = seconds_to_us(shared.policy(account).funds_retry_delay_s) << doublings
    entry.retry_us = shared.now_us + max(1, delay)
    shared.timers.set(entry.retry_us, account.id, "entry_retry", entry.id)


def end_entry(shared: Shared, account: Account, entry: Entry, reason: str) -> None:
    """Forget an entry and say why."""
    if entry.state == "waiting":
        shared.take_from_ladder(account, entry)
    del account.entries[entry.id]
    shared.outbox.fact(EntryEnded, account.id, entry=entry.id, symbol=entry.symbol, reason=reason)
