"""What must hold of an account after every event, checked in production too.

A violation is a bug, never an input: the desk halts the account rather than guess.
"""

from .account import Account
from .policy import Policy


class InvariantBroken(AssertionError):
    """Names the invariant that does not hold."""


def check(account: Account, policy: Policy) -> None:
    """Raise `InvariantBroken` unless the account's books are sound."""
    _check_reservations(account, policy)
    for steal in account.steals.values():
        _require(steal.held_micros >= 0, f"steal {steal.id} holds less than nothing")
        _require(
            steal.held_micros <= steal.needed_micros or steal.phase != "cancelling",
            f"steal {steal.id} holds more than it needs",
        )
        _require(
            (steal.phase == "cancelling") == bool(steal.pending),
            f"steal {steal.id} is {steal.phase} with {len(steal.pending)} cancels outstanding",
        )
        for name in steal.pending:
            order = account.orders.get(name)
            _require(
                order is not None and order.state == "cancelling" and order.steal == steal.id,
                f"steal {steal.id} waits for {name}, which is not being cancelled for it",
            )
        entry = account.entries.get(steal.entry)
        _require(
            entry is None or (entry.state == "stealing" and entry.steal == steal.id),
            f"steal {steal.id} is not its entry's",
        )


def _check_reservations(account: Account, policy: Policy) -> None:
    """Every order is live, reserves what it should, and is the one of its entry."""
    crypto = stock = 0
    for order in account.orders.values():
        _require(order.remaining > 0, f"order {order.id} has nothing left")
        _require(order.reserved_micros >= 0, f"order {order.id} reserves less than nothing")
        if policy.asset_class(order.symbol) == "crypto":
            crypto += order.reserved_micros
        else:
            stock += order.reserved_micros
        if order.steal is not None and order.state == "cancelling":
            steal = account.steals.get(order.steal)
            _require(
                steal is not None and order.id in steal.pending,
                f"order {order.id} is being cancelled for no steal",
            )
        entry = account.entries.get(order.entry) if order.entry else None
        _require(
            entry is None or (entry.order == order.id and entry.state != "waiting"),
            f"order {order.id} is not its entry's",
        )
    _require(
        crypto == account.committed_crypto and stock == account.committed_stock,
        "the reserved capital is not the sum of the orders",
    )


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantBroken(otherwise)
