"""What the close of New York means for an account: less leverage before it, interest at it.

Each account has one timer, at whichever comes first of the next close and the moment
`deleverage_before_close_s` before it.  It stands in no row, for it follows from the clock, the
calendar and the policy alone: after any frame it is the first such moment after the frame's time.
Hence each close rings exactly once, however often a desk is made anew from its rows.
"""

from state.books.account import Account
from state.dealing.context import Context
from state.dealing.timers import MarginDue
from state.rules.policy import Policy

from . import borrowing, deleveraging


def set_timer(context: Context, account: Account) -> None:
    """Be reminded of the next moment at which the margin changes or interest is due."""
    due_us = context.clock.calendars.XNYS.next_close_us(context.clock.now_us)
    before_us = context.policies.of(account).deleverage_before_close_us
    if due_us - before_us > context.clock.now_us:
        due_us -= before_us
    due = context.timers.margin_due.get(account.id)
    context.timers.margin_due[account.id] = MarginDue(due_us, before_us)
    if due is None or due.due_us != due_us:
        context.timers.set(due_us, account.id, "margin", "")


def after_event(context: Context, account: Account) -> None:
    """See that the timer is set: a new account has none, another policy has another moment."""
    due = context.timers.margin_due.get(account.id)
    if due is None or due.before_us != context.policies.of(account).deleverage_before_close_us:
        set_timer(context, account)


def ring(context: Context, account: Account, due_us: int) -> None:
    """The moment has come; a clock that leaps may have passed several closes."""
    due = context.timers.margin_due.get(account.id)
    if due is None or due.due_us != due_us:
        return
    set_timer(context, account)
    policy = context.policies.of(account)
    if not _knows_stocks(account, policy):
        return
    for close_us in context.clock.calendars.XNYS.closes_between(due_us, context.clock.now_us):
        borrowing.charge(context, account, close_us)
    if not context.clock.intraday(policy):
        deleveraging.take_step(context, account)
    context.accounts.touch(account)
    context.accounts.wake(account)


def _knows_stocks(account: Account, policy: Policy) -> bool:
    """Tell whether a position, an order or an entry is of a stock; else no close matters."""
    symbols = [*account.positions]
    symbols += [order.symbol for order in account.orders.values()]
    symbols += [entry.symbol for entry in account.entries.values()]
    return any(policy.asset_class(symbol) == "stock" for symbol in symbols)
