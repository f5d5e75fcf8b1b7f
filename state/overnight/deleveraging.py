"""Brings an account down to overnight leverage before the close (see `overnight` for how far).

First stock entries are cancelled.  When those cancels are answered, or overdue, what is still too
much is reduced at the market.  It begins only if the margin is above the equity, and then goes on
until `overnight_buffer` is free, so that the next small move of prices does not begin it again.
From `deleverage_before_close_s` before the close every event of the account is an occasion to look,
and the close itself is the last; what was begun by then is brought to its end.
"""

from state.books.account import Account, Deleveraging, Order, Rest
from state.dealing.clock import Clock
from state.dealing.context import Context
from state.dealing.placing import ask_to_cancel
from state.rules.money import DOUBLINGS_MAX
from state.rules.policy import Policy
from topics.commands import Reduce
from topics.facts import DeleverageDone, DeleverageStarted

from .leverage import Reduction, has_stock, outlook, reductions, to_cancel

REASON = "deleverage"
"""The `reason` of a `reduce` command that is sent from here."""


def after_event(context: Context, account: Account) -> None:
    """Something happened to an account: look whether it must be brought down, or is by now."""
    policy = context.policies.of(account)
    if account.deleveraging is None:
        if context.clock.xnys_open and not context.clock.intraday(policy):
            take_step(context, account)
    elif context.clock.intraday(policy):
        _end(context, account, policy)  # the next session is on
    else:
        take_step(context, account)


def take_step(context: Context, account: Account) -> None:
    """Take the next step that the account's outlook for the night calls for."""
    policy = context.policies.of(account)
    state = account.deleveraging
    if state is None and (account.snapshot_us < 0 or not has_stock(account, policy)):
        return
    seen = outlook(context.clock, account, policy)
    acted = False
    if seen.over_micros > 0:
        excess = seen.excess_micros(policy)
        orders = to_cancel(context.clock, context.board, policy, account, excess)
        parts: list[Reduction] = []
        if not orders and not _answers_awaited(account):
            resting = _resting(context.clock, policy, state)
            parts = list(reductions(context.board, policy, account, excess, resting))
        if orders or parts:
            state = _begin(context, account, seen.over_micros, orders)
            for order in orders:
                state.asked[order.id] = context.clock.now_us + max(1, policy.order_timeout_us)
                ask_to_cancel(context, account, order)
            for part in parts:
                _reduce(context, policy, account, part)
            acted = True
    if state is not None and not acted and _at_its_end(context.clock, policy, account, state):
        _end(context, account, policy)


def _begin(context: Context, account: Account, over: int, orders: list[Order]) -> Deleveraging:
    """Return what is under way; if nothing is, begin and tell subscribers."""
    context.accounts.touch(account)
    if account.deleveraging is None:
        close_us = _close_us(context.clock)
        account.deleveraging = Deleveraging(close_us)
        context.outbox.fact(
            DeleverageStarted,
            account.id,
            close_us=close_us,
            over_micros=over,
            cancels=[order.id for order in orders],
        )
    return account.deleveraging


def _close_us(clock: Clock) -> int:
    """Return the close that is near, or the last one if the clock has passed it."""
    return clock.session_close_us or clock.calendars.XNYS.last_close_us(clock.now_us)


def _reduce(context: Context, policy: Policy, account: Account, part: Reduction) -> None:
    """Give up a part of a position; the order is on the books under the command's own id.

    So its fills, its rejection and its silence are found like those of any other order, and
    nothing is given up twice.
    """
    name = context.outbox.command(
        Reduce, account.id, symbol=part.symbol, side=part.side, qty=part.qty, reason=REASON
    )
    order = Order(
        name,
        account.next_sequence(),
        part.symbol,
        part.side,
        "exit",
        "normal",
        part.price,
        part.qty,
        None,
        "submitting",
        deadline_us=context.clock.now_us + max(1, policy.order_timeout_us),
        market=True,
    )
    account.orders[name] = order
    context.accounts.touch(account)
    context.timers.set(order.deadline_us, account.id, "order", name)


def reduce_failed(context: Context, account: Account, order: Order) -> None:
    """The venue would not reduce a position: leave it alone for a while, longer each time."""
    state = account.deleveraging
    if not order.market or state is None:
        return
    rest = state.rests.get(order.symbol)
    refusals = 1 if rest is None else rest.refusals + 1
    patience = context.policies.of(account).order_timeout_us << min(refusals - 1, DOUBLINGS_MAX)
    until_us = context.clock.now_us + max(1, patience)
    state.rests[order.symbol] = Rest(refusals, until_us)
    context.timers.set(until_us, account.id, "reduce", order.symbol)
    context.accounts.touch(account)


def _resting(clock: Clock, policy: Policy, state: Deleveraging | None) -> list[str]:
    """Return the symbols that are left alone; after the close, some of them for good."""
    if state is None:
        return []
    return [
        symbol
        for symbol, rest in state.rests.items()
        if rest.until_us > clock.now_us or _given_up(clock, policy, rest)
    ]


def _given_up(clock: Clock, policy: Policy, rest: Rest) -> bool:
    return not clock.xnys_open and rest.refusals >= policy.rejections_max


def _answers_awaited(account: Account) -> bool:
    """Tell whether the venue has yet to answer a cancel that was sent to bring the account down."""
    asked = account.deleveraging.asked if account.deleveraging is not None else {}
    return any(name in account.orders and account.orders[name].leaving for name in asked)


def _at_its_end(clock: Clock, policy: Policy, account: Account, state: Deleveraging) -> bool:
    """Tell whether nothing is under way any more, and nothing can be done any more."""
    for name in state.asked:
        order = account.orders.get(name)
        if order is not None and order.state == "cancelling":
            return False
    if any(order.market for order in account.orders.values()):
        return False
    if outlook(clock, account, policy).over_micros <= 0 or not has_stock(account, policy):
        return True
    # Before the close the venue may still think better of it.
    patient = [rest for rest in state.rests.values() if not _given_up(clock, policy, rest)]
    return not clock.xnys_open and not patient


def _end(context: Context, account: Account, policy: Policy) -> None:
    """Nothing more is done: say how it came out."""
    state = account.deleveraging
    assert state is not None
    account.deleveraging = None
    over = max(0, outlook(context.clock, account, policy).over_micros)
    context.accounts.touch(account)
    context.outbox.fact(DeleverageDone, account.id, close_us=state.close_us, over_micros=over)
