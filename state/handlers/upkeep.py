"""Keeps what follows from an account's row in step with it: ladder places, reservations, timers."""

from collections.abc import Container

from state.books.account import NEVER, Account
from state.dealing.placing import reserve
from state.dealing.shared import Shared
from state.overnight import closing, deleveraging


def replace_in_ladder(
    shared: Shared, account: Account, symbols: Container[str] | None = None
) -> None:
    """Give waiting entries, of some symbols or of all, the bands that hours, ranks and policy say."""
    for entry in account.entries.values():
        if entry.state == "waiting" and (symbols is None or entry.symbol in symbols):
            shared.place_in_ladder(account, entry)


def under_new_policy(shared: Shared, account: Account) -> None:
    """Another policy is in force: new bands, new reservations, a new try for what is blocked."""
    policy = shared.policy(account)
    account.committed_crypto = account.committed_stock = 0
    for order in account.orders.values():
        order.reserved_micros = 0
        reserve(policy, account, order)
    replace_in_ladder(shared, account)
    closing.set_timer(shared, account)
    deleveraging.after_event(shared, account)
    shared.touch(account)
    shared.wake(account)


def resume(shared: Shared, account: Account) -> None:
    """Make an account's timers and ladder places anew from its row."""
    if account.halted is not None:
        return
    timers, name = shared.timers, account.id
    closing.set_timer(shared, account)
    if account.deleveraging is not None:
        for symbol, rest in account.deleveraging.rests.items():
            if rest.until_us > shared.now_us:
                timers.set(rest.until_us, name, "reduce", symbol)
    for symbol, due in account.cooldown_checks.items():
        timers.set(due, name, "cooldown", symbol)
    for entry in account.entries.values():
        timers.set(entry.expires_us, name, "entry_expiry", entry.id)
        if entry.retry_us > shared.now_us:
            timers.set(entry.retry_us, name, "entry_retry", entry.id)
        if entry.state == "waiting":
            shared.place_in_ladder(account, entry)
    for order in account.orders.values():
        if order.deadline_us != NEVER:
            timers.set(order.deadline_us, name, "order", order.id)
    for steal in account.steals.values():
        if steal.deadline_us != NEVER:
            timers.set(steal.deadline_us, name, "steal", steal.id)
        if steal.retry_us != NEVER:
            timers.set(steal.retry_us, name, "steal_retry", steal.id)
