"""What a timer leads to when it rings."""

from . import answers, requests, settling
from .account import Account
from .attempt import attempt
from .cooldowns import ends_us
from .shared import Shared
from .timers import Timer


def ring(shared: Shared, account: Account, timer: Timer) -> None:
    """Do what a timer reminds of, unless the row says that its time was changed or is past.

    The row must name this very time.  One that was changed has a timer of its own, and must wait
    for it even if both are due: a desk made anew from its rows knows only that one.
    """
    due = timer.due_us
    if timer.kind == "cooldown":
        _end_cooldown(shared, account, timer)
    elif timer.kind == "entry_expiry":
        entry = account.entries.get(timer.key)
        if entry is not None and entry.expires_us == due:
            requests.give_up(shared, account, entry, "expired")
    elif timer.kind == "entry_retry":
        entry = account.entries.get(timer.key)
        if entry is not None and entry.retry_us == due:
            attempt(shared, account, entry)
    elif timer.kind == "order":
        order = account.orders.get(timer.key)
        if order is not None and order.deadline_us == due:
            settling.expire_thief(shared, account, order)
            answers.order_overdue(shared, account, order)
    else:
        steal = account.steals.get(timer.key)
        if steal is not None and timer.kind == "steal" and steal.deadline_us == due:
            settling.expire(shared, account, steal)
        elif steal is not None and timer.kind == "steal_retry" and steal.retry_us == due:
            settling.retry(shared, account, steal)
    shared.touch(account)


def _end_cooldown(shared: Shared, account: Account, timer: Timer) -> None:
    """A cooldown may be over; if a fight has made it longer meanwhile, look again then."""
    symbol = timer.key
    if account.cooldown_checks.get(symbol) != timer.due_us:
        return
    policy = shared.policy(account)
    end = ends_us(policy, account.cooldowns, account.fights, symbol, shared.now_us)
    if end is not None and end > shared.now_us:
        account.cooldown_checks[symbol] = end
        shared.timers.set(end, account.id, "cooldown", symbol)
    else:
        del account.cooldown_checks[symbol]
        shared.wake(account)
