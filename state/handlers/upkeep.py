"""Keeps what follows from an account's row in step with it: triggers, reservations, timers."""

from collections.abc import Callable, Container

from state.books.account import NEVER, Account
from state.dealing.context import Context
from state.dealing.placing import reserve
from state.overnight import closing, deleveraging

DUTIES: tuple[Callable[[Context, Account], None], ...] = (
    closing.after_event,
    deleveraging.after_event,
)
"""What is seen to whenever an event of an account was handled, in this order."""


def look_after(context: Context, account: Account) -> None:
    """Do what is due after an event of an account, whatever it was."""
    for duty in DUTIES:
        duty(context, account)


def reset_triggers(
    context: Context, account: Account, symbols: Container[str] | None = None
) -> None:
    """Give waiting entries, of some symbols or of all, the bands that hours, ranks and policy say."""
    for entry in account.entries.values():
        if entry.state == "waiting" and (symbols is None or entry.symbol in symbols):
            context.board.set_trigger(context.policies.of(account), account, entry)


def under_new_policy(context: Context, account: Account) -> None:
    """Another policy is in force: new bands, new reservations, a new try for what is blocked."""
    policy = context.policies.of(account)
    account.committed_crypto = account.committed_stock = 0
    for order in account.orders.values():
        order.reserved_micros = 0
        reserve(policy, account, order)
    reset_triggers(context, account)
    look_after(context, account)
    context.accounts.touch(account)
    context.accounts.wake(account)


def resume(context: Context, account: Account) -> None:
    """Make an account's timers and triggers anew from its row."""
    if account.halted is not None:
        return
    timers, name = context.timers, account.id
    closing.set_timer(context, account)
    if account.deleveraging is not None:
        for symbol, rest in account.deleveraging.rests.items():
            if rest.until_us > context.clock.now_us:
                timers.set(rest.until_us, name, "reduce", symbol)
    for symbol, due in account.cooldown_checks.items():
        timers.set(due, name, "cooldown", symbol)
    for entry in account.entries.values():
        timers.set(entry.expires_us, name, "entry_expiry", entry.id)
        if entry.retry_us > context.clock.now_us:
            timers.set(entry.retry_us, name, "entry_retry", entry.id)
        if entry.state == "waiting":
            context.board.set_trigger(context.policies.of(account), account, entry)
    for order in account.orders.values():
        if order.deadline_us != NEVER:
            timers.set(order.deadline_us, name, "order", order.id)
    for steal in account.steals.values():
        if steal.deadline_us != NEVER:
            timers.set(steal.deadline_us, name, "steal", steal.id)
        if steal.retry_us != NEVER:
            timers.set(steal.retry_us, name, "steal_retry", steal.id)
