"""Orders on their way to the venue: names, reservations, the commands that carry them."""

from state.books.account import Account, Entry, Order, StealInFlight
from state.rules.money import DOUBLINGS_MAX, margin_micros, reservation_micros, seconds_to_us
from state.rules.policy import Policy
from topics.commands import Cancel, Steal, Submit

from .shared import Shared


def need_micros(shared: Shared, policy: Policy, entry: Entry) -> int:
    """Return the margin that an entry's order binds."""
    leverage = policy.leverage(policy.asset_class(entry.symbol), shared.intraday(policy))
    return margin_micros(reservation_micros(entry.qty, entry.limit, policy.fee_reserve), leverage)


def new_order(shared: Shared, policy: Policy, account: Account, entry: Entry) -> Order:
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
        deadline_us=shared.now_us + seconds_to_us(policy.order_timeout_s),
    )
    account.orders[order.id] = order
    reserve(policy, account, order)
    entry.order = order.id
    shared.timers.set(order.deadline_us, account.id, "order", order.id)
    shared.touch(account)
    return order


def reserve(policy: Policy, account: Account, order: Order) -> None:
    """Reserve what an order's rest may cost; an exit costs nothing."""
    cost = 0
    if order.intent == "entry":
        cost = reservation_micros(order.remaining, order.limit, policy.fee_reserve)
    account.commit(policy.asset_class(order.symbol), order, cost)


def submit(shared: Shared, policy: Policy, account: Account, entry: Entry) -> None:
    """Send the entry's order, paid for by free capital."""
    entry.move("placed")
    entry.blocked = None
    shared.take_from_ladder(account, entry)
    order = new_order(shared, policy, account, entry)
    shared.outbox.command(Submit, account.id, entry=entry.id, **order_terms(order))


def send_steal(shared: Shared, account: Account, steal: StealInFlight, order: Order) -> None:
    """Send the thief's order, naming what funded it."""
    shared.outbox.command(
        Steal,
        account.id,
        entry=steal.entry,
        steal=steal.id,
        funded_by=steal.victims,
        attempt=steal.attempt,
        **order_terms(order),
    )


def ask_to_cancel(shared: Shared, account: Account, order: Order) -> None:
    """Ask the venue to cancel an order, and expect an answer; patience grows with `order.asked`."""
    if order.state != "cancelling":
        order.move("cancelling")
    patience = seconds_to_us(shared.policy(account).order_timeout_s)
    order.deadline_us = shared.now_us + max(1, patience << min(order.asked, DOUBLINGS_MAX))
    shared.timers.set(order.deadline_us, account.id, "order", order.id)
    shared.outbox.command(Cancel, account.id, order=order.id, symbol=order.symbol)


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


def margin_of(shared: Shared, policy: Policy, order: Order) -> int:
    """Return the margin that cancelling an order would release, rounded down."""
    leverage = policy.leverage(policy.asset_class(order.symbol), shared.intraday(policy))
    return int(order.reserved_micros // leverage)


def end_order(shared: Shared, account: Account, order: Order) -> Entry | None:
    """Release what an order reserved; returns its entry, if that still exists."""
    policy = shared.policy(account)
    account.forget_order(policy.asset_class(order.symbol), order)
    shared.wake(account)
    return account.entries.get(order.entry) if order.entry else None
