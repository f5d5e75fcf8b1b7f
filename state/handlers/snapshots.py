"""The venue's own word on an account: equity, holdings, and which orders are open."""

from state.books.account import NEVER, Account, Holding
from state.dealing.context import Context
from state.dealing.placing import ask_to_cancel
from state.rules.money import absurd, to_micros, value_micros
from state.rules.refusals import EventFault
from topics.events import AccountSnapshot
from topics.symbols import normal_symbol

from .answers import order_vanished


def on_snapshot(context: Context, account: Account, event: AccountSnapshot) -> EventFault | None:
    """Take over equity and holdings; find out what became of orders without an answer.

    One that is older than what is known already (a snapshot, a fill) is refused: it would bring
    back capital that was spent since.
    """
    if event.ts_us < account.snapshot_us or event.ts_us < account.last_fill_us:
        return EventFault.OUTDATED_SNAPSHOT
    if any(absurd(item.qty * item.price) for item in event.positions):
        return EventFault.ABSURD_AMOUNT
    positions: dict[str, Holding] = {}
    for item in event.positions:
        symbol = normal_symbol(item.symbol)
        held = positions.get(symbol) or Holding(0.0, 0)
        held.qty += item.qty
        held.value_micros += value_micros(item.qty, item.price)
        if item.qty:
            positions[symbol] = held
    account.positions = positions
    total = sum(held.value_micros for held in positions.values())
    account.cash_micros = to_micros(event.equity) - total
    account.snapshot_us = event.ts_us
    if event.orders is not None:
        reconcile(context, account, frozenset(event.orders), event.ts_us)
    context.accounts.wake(account)
    return None


def reconcile(context: Context, account: Account, listed: frozenset[str], at_us: int) -> None:
    """Compare the books with the orders that the venue had open at `at_us` (its own time).

    An order whose answer is overdue is settled at once, if the venue ever spoke of it (see
    `answers.order_overdue`).  Any other that the venue does not list may only be overtaken by its
    own cancel or fill, so it goes when a later snapshot still lacks it.
    """
    patience_us = context.policies.of(account).order_timeout_us
    for order in sorted(account.orders.values(), key=lambda order: order.seq):
        overdue = 0 <= order.unanswered_us <= at_us
        if order.id in listed:
            order.missing_us = -1
            order.venue_us = order.venue_us or at_us
            if overdue:  # it works; a cancel under way may still be answered
                order.unanswered_us, order.deadline_us = -1, NEVER
                if order.entry is not None and order.entry not in account.entries:
                    ask_to_cancel(context, account, order)  # the cancel got lost
        elif not order.venue_us or order.venue_us > at_us:
            continue
        elif overdue or 0 <= order.missing_us <= at_us - patience_us:
            order_vanished(context, account, order)
        elif order.missing_us < 0:
            order.missing_us = at_us
