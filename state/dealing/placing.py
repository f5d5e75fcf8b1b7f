"""Orders on their way to the venue: names, reservations, the commands that carry them."""

from state.books.account import Account, Entry, Order, StealInFlight
from state.books.capacity import cost_micros
from state.rules.money import DOUBLINGS_MAX
from state.rules.policy import Policy
from topics.commands import Cancel, Steal, Submit

from .context import Context


def new_order(context: Context, policy: Policy, account: Account, entry: Entry) -> Order:
    """Put the entry's order on the books, with the capital it may cost."""
    seq = account.next_sequence()
    order = Order(
        f"{entry.id[:48]}.{seq}",
        seq,
        entry.symbol,
        entry.side,
        "entry",
        entry.mode,
        entry.limit,
        entry.qty,
        entry.pnl,
        "submitting",
        entry=entry.id,
        deadline_us=context.clock.now_us + policy.order_timeout_us,
    )
    account.orders[order.id] = order
    reserve(policy, account, order)
    entry.order = order.id
    context.timers.set(order.deadline_us, account.id, "order", order.id)
    context.accounts.touch(account)
    return order


def reserve(policy: Policy, account: Account, order: Order) -> None:
    """Reserve what an order's rest may cost; an exit costs nothing."""
    cost = 0
    if order.intent == "entry":
        cost = cost_micros(policy, order.remaining, order.limit)
    account.commit(policy.asset_class(order.symbol), order, cost)


def submit(context: Context, policy: Policy, account: Account, entry: Entry) -> None:
    """Send the entry's order, paid for by free capital."""
    entry.move("placed")
    entry.blocked = None
    context.board.drop_trigger(account, entry)
    order = new_order(context, policy, account, entry)
    context.outbox.command(Submit, account.id, entry=entry.id, **order_terms(order))


def send_steal(context: Context, account: Account, steal: StealInFlight, order: Order) -> None:
    """Send the thief's order, naming what funded it."""
    context.outbox.command(
        Steal,
        account.id,
        entry=steal.entry,
        steal=steal.id,
        funded_by=steal.victims,
        attempt=steal.attempt,
        **order_terms(order),
    )


def ask_to_cancel(context: Context, account: Account, order: Order) -> None:
    """Ask the venue to cancel an order, and expect an answer; patience grows with `order.asked`."""
    if order.state != "cancelling":
        order.move("cancelling")
    patience = context.policies.of(account).order_timeout_us
    context.accounts.touch(account)
    order.deadline_us = context.clock.now_us + max(1, patience << min(order.asked, DOUBLINGS_MAX))
    context.timers.set(order.deadline_us, account.id, "order", order.id)
    context.outbox.command(Cancel, account.id, order=order.id, symbol=order.symbol)


def order_terms(order: Order) -> dict[str, object]:
    """Return the fields that both kinds of order commands share."""
    return {
        "order": order.id,
        "symbol": order.symbol,
        "side": order.side,
        "limit": order.limit,
        "qty": order.remaining,
        "reserved_micros": order.reserved_micros,
    }


def end_order(context: Context, account: Account, order: Order) -> Entry | None:
    """Release what an order reserved; returns its entry, if that still exists."""
    policy = context.policies.of(account)
    account.forget_order(policy.asset_class(order.symbol), order)
    context.accounts.wake(account)
    return account.entries.get(order.entry) if order.entry else None
