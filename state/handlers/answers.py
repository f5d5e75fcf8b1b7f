"""The venue's answers about orders: accepted, rejected, cancelled, not cancelled, expired, filled.

A handler returns None, or the fault for which the event is refused; then it changed nothing.
"""

from state.books.account import DUST, NEVER, Account, Order
from state.books.capacity import freed_micros
from state.dealing.context import Context
from state.dealing.entries import back_to_waiting, block, end_entry
from state.dealing.placing import ask_to_cancel, end_order, reserve
from state.overnight.deleveraging import reduce_failed
from state.rules.money import absurd, to_micros
from state.rules.refusals import EventFault, Refusal
from state.stealing.settling import (
    rejected,
    thief_accepted,
    thief_gone,
    thief_rejected,
    victim_answered,
)
from topics.events import (
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderExpired,
    OrderRejected,
)
from topics.symbols import normal_symbol


def on_accepted(context: Context, account: Account, event: OrderAccepted) -> EventFault | None:
    """The venue holds the order: one of ours, or one that the desk learns of here."""
    order = account.orders.get(event.order)
    policy = context.policies.of(account)
    if absurd(event.qty * event.limit):
        return EventFault.ABSURD_AMOUNT
    if order is None:
        if event.order in account.recent_orders:
            return EventFault.ORDER_ENDED
        order = _learn(account, event)
    elif order.venue_us and order.state == "working":
        return EventFault.ORDER_EXISTS
    elif order.state == "submitting":
        order.move("working")
        order.limit, order.remaining = event.limit, event.qty
    if not order.accepted_us:
        order.accepted_us = context.clock.now_us
    order.venue_us = event.ts_us
    if order.state == "working":
        _answered(context, account, order)
    reserve(policy, account, order)
    thief_accepted(context, account, order)
    return None


def _learn(account: Account, event: OrderAccepted) -> Order:
    """Put an order on the books that the desk did not send."""
    order = Order(
        event.order,
        account.next_sequence(),
        normal_symbol(event.symbol),
        event.side,
        event.intent,
        event.mode,
        event.limit,
        event.qty,
        event.pnl,
        "working",
    )
    account.orders[order.id] = order
    return order


def _answered(context: Context, account: Account, order: Order) -> None:
    """The venue spoke: nothing is outstanding for this order."""
    if order.unanswered_us >= 0:
        context.accounts.wake(account)
    order.unanswered_us, order.missing_us = -1, -1
    if not order.market:  # which does not rest: it still has to trade in time
        order.deadline_us = NEVER


def on_rejected(context: Context, account: Account, event: OrderRejected) -> EventFault | None:
    """The venue refused an order that was under way."""
    order = account.orders.get(event.order)
    if order is None:
        return EventFault.UNKNOWN_ORDER
    if order.venue_us or event.reason == "duplicate":
        return EventFault.WRONG_STATE
    entry = end_order(context, account, order)
    reduce_failed(context, account, order)
    for_funds = event.reason == "insufficient_funds"
    if thief_rejected(context, account, order, for_funds=for_funds) or entry is None:
        return None
    back_to_waiting(context, account, entry, entry.qty)
    rejected(context, account, entry, for_funds=for_funds)
    return None


def on_cancelled(context: Context, account: Account, event: OrderCancelled) -> EventFault | None:
    """The rest of an order is gone, and its capital is free."""
    order = account.orders.get(event.order)
    if order is None:
        return EventFault.UNKNOWN_ORDER
    order_vanished(context, account, order)
    return None


def on_expired(context: Context, account: Account, event: OrderExpired) -> EventFault | None:
    """The venue let an order lapse; for the capital it is as good as cancelled."""
    order = account.orders.get(event.order)
    if order is None:
        return EventFault.UNKNOWN_ORDER
    order_vanished(context, account, order)
    return None


def order_vanished(context: Context, account: Account, order: Order) -> None:
    """Take an order off the books that no longer works, and decide what becomes of its entry.

    An entry whose order was stolen, or never arrived, waits again.  One whose order someone else
    ended is over: a person who cancels an order does not want it back.
    """
    asked_for = order.state == "cancelling"
    never_arrived = order.state == "submitting"
    policy = context.policies.of(account)
    freed = freed_micros(policy, order, context.clock.intraday(policy))
    entry = end_order(context, account, order)
    reduce_failed(context, account, order)
    victim_answered(context, account, order, freed)
    if thief_gone(context, account, order) or entry is None:
        return
    if asked_for or never_arrived:
        back_to_waiting(context, account, entry, order.remaining)
    else:
        end_entry(context, account, entry, "cancelled")


def on_cancel_rejected(
    context: Context, account: Account, event: OrderCancelRejected
) -> EventFault | None:
    """The order works on; a steal that counted on it must do without."""
    order = account.orders.get(event.order)
    if order is None:
        return EventFault.UNKNOWN_ORDER
    if order.state != "cancelling":
        return EventFault.WRONG_STATE
    if not order.venue_us:
        # Unknown there, or filled before it was ever reported: the next snapshot contains which.
        order.venue_us, order.unanswered_us, order.deadline_us = (
            event.ts_us,
            context.clock.now_us,
            NEVER,
        )
        return None
    order.move("working")
    _answered(context, account, order)
    victim_answered(context, account, order, 0, "cancel_failed")
    order.steal = None
    return None


def on_fill(context: Context, account: Account, event: Fill) -> EventFault | None:
    """A trade: it moves capital whatever the desk thought of the order.

    A fill that the last snapshot contains already (by the venue's time) only settles its order.
    """
    if absurd(event.qty * event.price) or absurd(event.fee):
        return EventFault.ABSURD_AMOUNT
    if not account.remember_fill(event.fill):
        return EventFault.DUPLICATE_FILL
    if event.ts_us > account.snapshot_us:
        fee = to_micros(event.fee)
        account.trade(normal_symbol(event.symbol), event.side, event.qty, event.price, fee)
        account.last_fill_us = max(account.last_fill_us, event.ts_us)
    order = account.orders.get(event.order)
    if order is not None:
        _fill_order(context, account, order, event)
    context.accounts.wake(account)
    return None


def _fill_order(context: Context, account: Account, order: Order, event: Fill) -> None:
    """Reduce the order by a fill, and end it when nothing remains."""
    if order.state == "submitting":  # the fill overtook the acceptance
        order.move("working")
        order.accepted_us = context.clock.now_us
        _answered(context, account, order)
    order.venue_us = order.venue_us or event.ts_us
    order.remaining -= event.qty
    if order.remaining > DUST * event.qty:
        reserve(context.policies.of(account), account, order)
        thief_accepted(context, account, order)
        return
    thief_accepted(context, account, order)
    entry = end_order(context, account, order)
    victim_answered(context, account, order, 0, "victim_filled")
    if entry is not None:
        end_entry(context, account, entry, "filled")


def order_overdue(context: Context, account: Account, order: Order) -> None:
    """The venue did not answer in time: nothing new is decided until it is known what happened.

    An order that the venue never spoke of may still be on its way, and no snapshot can prove that
    it will not arrive.  So it is cancelled, again and again until there is an answer: the venue
    takes commands in their order, so after that answer the order cannot come to life any more.
    So is an order at the market that did not trade: it may yet, when nobody wants it any more.
    """
    order.unanswered_us, order.deadline_us = context.clock.now_us, NEVER
    if order.market or not order.venue_us:
        ask_to_cancel(context, account, order)
        order.asked += 1
    if order.entry is not None and order.entry in account.entries:
        entry = account.entries[order.entry]
        block(context, account, entry, Refusal.AWAITING_RECONCILIATION, "order_unanswered")
