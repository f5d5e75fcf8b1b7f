"""What a timer leads to when it rings."""

from state.books.account import Account
from state.dealing.shared import Shared
from state.dealing.timers import Timer
from state.overnight import closing, deleveraging
from state.rules.cooldowns import ends_us
from state.stealing import settling
from state.stealing.attempt import attempt

from . import answers, requests


def ring(shared: Shared, account: Account, timer: Timer) -> None:
    """Do what a timer reminds of, unless the row says that its time was changed or is past.

    The row must name this very time.  One that was changed has a timer of its own, and must wait
    for it even if both are due: a desk made anew from its rows knows only that one.
    """
    if timer.kind == "margin":
        closing.ring(shared, account, timer.due_us)
        return
    if _time_in_row(account, timer) != timer.due_us:
        return
    if timer.kind == "cooldown":
        _end_cooldown(shared, account, timer)
    elif timer.kind == "entry_expiry":
        requests.give_up(shared, account, account.entries[timer.key], "expired")
    elif timer.kind == "entry_retry":
        attempt(shared, account, account.entries[timer.key])
    elif timer.kind == "order":
        order = account.orders[timer.key]
        settling.expire_thief(shared, account, order)
        answers.order_overdue(shared, account, order)
    elif timer.kind == "steal":
        settling.expire(shared, account, account.steals[timer.key])
    elif timer.kind == "steal_retry":
        settling.retry(shared, account, account.steals[timer.key])
    shared.touch(account)
    if account.deleveraging is not None:  # what it waits for may be overdue now
        deleveraging.after_event(shared, account)


def _time_in_row(account: Account, timer: Timer) -> int | None:
    """Return the time that the account's row gives for what a timer is about."""
    kind, key = timer.kind, timer.key
    if kind == "cooldown":
        return account.cooldown_checks.get(key)
    if kind == "reduce":
        state = account.deleveraging
        rest = state.rests.get(key) if state is not None else None
        return None if rest is None else rest.until_us
    if kind == "order":
        order = account.orders.get(key)
        return None if order is None else order.deadline_us
    if kind in ("entry_expiry", "entry_retry"):
        entry = account.entries.get(key)
        if entry is None:
            return None
        return entry.expires_us if kind == "entry_expiry" else entry.retry_us
    steal = account.steals.get(key)
    if steal is None:
        return None
    return steal.deadline_us if kind == "steal" else steal.retry_us


def _end_cooldown(shared: Shared, account: Account, timer: Timer) -> None:
    """A cooldown may be over; if a fight has made it longer meanwhile, look again then."""
    symbol = timer.key
    policy = shared.policy(account)
    end = ends_us(policy, account.cooldowns, account.fights, symbol, shared.now_us)
    if end is not None and end > shared.now_us:
        account.cooldown_checks[symbol] = end
        shared.timers.set(end, account.id, "cooldown", symbol)
    else:
        del account.cooldown_checks[symbol]
        shared.wake(account)
