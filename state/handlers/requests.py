"""What bots ask for: a new entry, or an entry no longer wanted.  And entries whose time is up."""

from state.books.account import NEVER, Account, Entry, Order
from state.dealing.context import Context
from state.dealing.entries import end_entry
from state.dealing.placing import ask_to_cancel
from state.market.hours import default_expiry_us
from state.rules.money import absurd
from state.rules.refusals import EventFault
from state.stealing.attempt import try_all
from state.stealing.settling import lose
from topics.events import EntryRequested, EntryWithdrawn
from topics.symbols import normal_symbol


def on_requested(context: Context, account: Account, event: EntryRequested) -> EventFault | None:
    """Let an entry wait for its trigger; it may be there already."""
    if event.entry in account.entries or _still_ending(account, event.entry):
        return EventFault.ENTRY_EXISTS
    if absurd(event.qty * event.limit):
        return EventFault.ABSURD_AMOUNT
    policy = context.policies.of(account)
    symbol = normal_symbol(event.symbol)
    expires_us = event.expires_us
    if expires_us is None:
        crypto = policy.asset_class(symbol) == "crypto"
        hours = context.clock.calendars.XNYS
        if policy.calendar == "weekdays":
            crypto, hours = symbol in policy.active_cryptos, context.clock.calendars.weekdays
        expires_us = default_expiry_us(context.clock.now_us, crypto, hours)
    if expires_us <= context.clock.now_us:
        return EventFault.ENTRY_EXPIRED
    entry = Entry(
        event.entry,
        symbol,
        event.side,
        event.limit,
        event.qty,
        event.mode,
        event.pnl,
        event.tolerance,
        event.force,
        event.rank,
        expires_us,
    )
    account.entries[entry.id] = entry
    context.timers.set(expires_us, account.id, "entry_expiry", entry.id)
    context.board.set_trigger(context.policies.of(account), account, entry)
    try_all(context, account, (entry,))
    return None


def _still_ending(account: Account, name: str) -> bool:
    """Tell whether an order or a steal of an earlier entry of this name is still on the books."""
    for held in (account.orders, account.steals):
        for one in held.values():
            if one.entry == name:
                return True
    return False


def on_withdrawn(context: Context, account: Account, event: EntryWithdrawn) -> EventFault | None:
    """End an entry that the bot no longer wants."""
    entry = account.entries.get(event.entry)
    if entry is None:
        return EventFault.UNKNOWN_ENTRY
    give_up(context, account, entry, "withdrawn")
    return None


def give_up(context: Context, account: Account, entry: Entry, reason: str) -> None:
    """End an entry in whatever state it is: cancel its order, let its steal come to nothing.

    Victims that are being cancelled for it are answered first; the steal is lost then.
    """
    order = account.orders.get(entry.order) if entry.order else None
    steal = account.steals.get(entry.steal) if entry.steal else None
    end_entry(context, account, entry, reason)
    if steal is not None:
        if steal.phase == "cancelling":
            steal.spoiled = reason
        else:
            lose(context, account, steal, reason)
    if order is not None and not _cancel_expected(order):
        ask_to_cancel(context, account, order)


def _cancel_expected(order: Order) -> bool:
    """Tell whether the answer to a cancel is still awaited, for a steal or by a deadline."""
    return order.state == "cancelling" and (order.steal is not None or order.deadline_us != NEVER)
