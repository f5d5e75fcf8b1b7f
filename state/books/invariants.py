"""What must hold of an account after every event, checked in production too.

A violation is a bug, never an input: the desk halts the account rather than guess.
"""

from state.rules.policy import Policy

from .account import Account


class InvariantBroken(AssertionError):
    """Names the invariant that does not hold."""


def check(account: Account, policy: Policy) -> None:
    """Raise `InvariantBroken` unless the account's books are sound."""
    _check_reservations(account, policy)
    for steal in account.steals.values():
        if not (steal.held_micros >= 0):
            raise InvariantBroken(f"steal {steal.id} holds less than nothing")
        if not (steal.held_micros <= steal.needed_micros or steal.phase != "cancelling"):
            raise InvariantBroken(f"steal {steal.id} holds more than it needs")
        if not ((steal.phase == "cancelling") == bool(steal.pending)):
            raise InvariantBroken(
                f"steal {steal.id} is {steal.phase} with {len(steal.pending)} cancels outstanding"
            )
        for name in steal.pending:
            order = account.orders.get(name)
            if not (order is not None and order.state == "cancelling" and order.steal == steal.id):
                raise InvariantBroken(
                    f"steal {steal.id} waits for {name}, which is not being cancelled for it"
                )
        entry = account.entries.get(steal.entry)
        if not (entry is None or (entry.state == "stealing" and entry.steal == steal.id)):
            raise InvariantBroken(f"steal {steal.id} is not its entry's")


def _check_reservations(account: Account, policy: Policy) -> None:
    """Every order is live, reserves what it should, and is the one of its entry."""
    crypto = stock = 0
    for order in account.orders.values():
        if not (order.remaining > 0):
            raise InvariantBroken(f"order {order.id} has nothing left")
        if not (order.reserved_micros >= 0):
            raise InvariantBroken(f"order {order.id} reserves less than nothing")
        if not (not order.market or (order.entry is None and order.reserved_micros == 0)):
            raise InvariantBroken(
                f"order {order.id} closes a position and belongs to an entry or binds capital"
            )
        if policy.asset_class(order.symbol) == "crypto":
            crypto += order.reserved_micros
        else:
            stock += order.reserved_micros
        if order.steal is not None and order.state == "cancelling":
            steal = account.steals.get(order.steal)
            if not (steal is not None and order.id in steal.pending):
                raise InvariantBroken(f"order {order.id} is being cancelled for no steal")
        entry = account.entries.get(order.entry) if order.entry else None
        if not (entry is None or (entry.order == order.id and entry.state != "waiting")):
            raise InvariantBroken(f"order {order.id} is not its entry's")
    if not (crypto == account.committed_crypto and stock == account.committed_stock):
        raise InvariantBroken("the reserved capital is not the sum of the orders")
