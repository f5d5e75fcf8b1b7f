"""What becomes of an entry: blocked, waiting again, held off, over."""

from state.books.account import Account, Entry
from state.rules.money import DOUBLINGS_MAX, seconds_to_us
from state.rules.refusals import Refusal
from topics.facts import EntryBlocked, EntryEnded

from .context import Context


def block(
    context: Context,
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
    context.accounts.note(account)
    context.outbox.fact(
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


def back_to_waiting(context: Context, account: Account, entry: Entry, qty: float) -> None:
    """Let an entry wait for its trigger again, for what was not filled."""
    entry.move("waiting")
    entry.order, entry.steal, entry.qty = None, None, qty
    context.board.set_trigger(context.policies.of(account), account, entry)


def hold_off(context: Context, account: Account, entry: Entry) -> None:
    """Let a waiting entry rest before its next try, longer after each rejection in a row."""
    doublings = min(max(entry.rejections - 1, 0), DOUBLINGS_MAX)
    delay = seconds_to_us(context.policies.of(account).funds_retry_delay_s) << doublings
    entry.retry_us = context.clock.now_us + max(1, delay)
    context.timers.set(entry.retry_us, account.id, "entry_retry", entry.id)


def end_entry(context: Context, account: Account, entry: Entry, reason: str) -> None:
    """Forget an entry and say why."""
    if entry.state == "waiting":
        context.board.drop_trigger(account, entry)
    del account.entries[entry.id]
    context.outbox.fact(EntryEnded, account.id, entry=entry.id, symbol=entry.symbol, reason=reason)
