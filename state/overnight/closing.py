"""What the close of New York means for an account: less leverage before it, interest at it.

Each account has one timer, at whichever comes first of the next close and the moment
`deleverage_before_close_s` before it.  It stands in no row, for it follows from the clock, the
calendar and the policy alone: after any frame it is the first such moment after the frame's time.
Hence each close rings exactly once, however often a desk is made anew from its rows.
"""

from state.books.account import Account
from state.dealing.shared import Shared
from state.rules.policy import Policy

from . import borrowing, deleveraging


def set_timer(shared: Shared, account: Account) -> None:
    """Be reminded of the next moment at which the margin changes or interest is due."""
    due_us = shared.calendars.XNYS.next_close_us(shared.now_us)
    before_us = due_us - shared.policy(account).deleverage_before_close_us
    if before_us > shared.now_us:
        due_us = before_us
    if shared.margin_due.get(account.id) != due_us:
        shared.margin_due[account.id] = due_us
        shared.timers.set(due_us, account.id, "margin", "")


def ring(shared: Shared, account: Account, due_us: int) -> None:
    """The moment has come; a clock that leaps may have passed several closes."""
    if shared.margin_due.get(account.id) != due_us:
        return
    set_timer(shared, account)
    policy = shared.policy(account)
    if not _knows_stocks(account, policy):
        return
    for close_us in shared.calendars.XNYS.closes_between(due_us, shared.now_us):
        borrowing.charge(shared, account, close_us)
    if not shared.intraday(policy):
        deleveraging.look(shared, account)
    shared.touch(account)
    shared.wake(account)


def _knows_stocks(account: Account, policy: Policy) -> bool:
    """Tell whether a position, an order or an entry is of a stock; else no close matters."""
    symbols = [*account.positions]
    symbols += [order.symbol for order in account.orders.values()]
    symbols += [entry.symbol for entry in account.entries.values()]
    return any(policy.asset_class(symbol) == "stock" for symbol in symbols)
