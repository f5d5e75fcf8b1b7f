"""What a timer leads to when it rings."""

from state.books.account import Account
from state.dealing.context import Context
from state.dealing.timers import Timer
from state.overnight import closing
from state.rules.cooldowns import ends_us
from state.stealing import settling
from state.stealing.attempt import try_all

from . import answers, requests
from .upkeep import look_after


def ring(context: Context, account: Account, timer: Timer) -> None:
    """Do what a timer reminds of, unless the row says that its time was changed or is past.

    The row must name this very time.  One that was changed has a timer of its own, and must wait
    for it even if both are due: a desk made anew from its rows knows only that one.
    """
    if timer.kind == "margin":
        closing.ring(context, account, timer.due_us)
        return
    if _time_in_row(account, timer) != timer.due_us:
        return
    if timer.kind == "cooldown":
        _end_cooldown(context, account, timer)
    elif timer.kind == "entry_expiry":
        requests.give_up(context, account, account.entries[timer.key], "expired")
    elif timer.kind == "entry_retry":
        try_all(context, account, (account.entries[timer.key],))
    elif timer.kind == "order":
        order = account.orders[timer.key]
        settling.expire_thief(context, account, order)
        answers.order_overdue(context, account, order)
    elif timer.kind == "steal":
        settling.expire(context, account, account.steals[timer.key])
    elif timer.kind == "steal_retry":
        settling.retry(context, account, account.steals[timer.key])
    context.accounts.touch(account)
    if account.deleveraging is not None:  # what it waits for may be overdue now
        look_after(context, account)


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


def _end_cooldown(context: Context, account: Account, timer: Timer) -> None:
    """A cooldown may be over; if a fight has made it longer meanwhile, look again then."""
    symbol = timer.key
    policy = context.policies.of(account)
    end = ends_us(policy, account.cooldowns, account.fights, symbol, context.clock.now_us)
    if end is not None and end > context.clock.now_us:
        account.cooldown_checks[symbol] = end
        context.timers.set(end, account.id, "cooldown", symbol)
    else:
        del account.cooldown_checks[symbol]
        context.accounts.wake(account)
