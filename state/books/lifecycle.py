"""Life cycles as tables: which state may follow which.  Every move is checked against them.

An order that ends leaves the account's books, so terminal states have no name here.
"""

from typing import Literal

OrderState = Literal["submitting", "working", "cancelling"]
EntryState = Literal["waiting", "stealing", "placed"]
StealPhase = Literal["cancelling", "placing", "retrying"]

ORDER_MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        ("submitting", "working"),  # the venue accepted it
        ("submitting", "cancelling"),  # its entry was withdrawn before the venue answered
        ("working", "cancelling"),  # a steal or a withdrawal wants it gone
        ("cancelling", "working"),  # the venue would not cancel
    }
)
ENTRY_MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        ("waiting", "placed"),  # free capital paid for it
        ("waiting", "stealing"),  # victims are being cancelled for it
        ("stealing", "placed"),  # their capital is here
        ("stealing", "waiting"),  # it did not come
        ("placed", "waiting"),  # its order was stolen, refused, or never arrived
    }
)
STEAL_MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        ("cancelling", "placing"),  # all victims answered, the capital is here
        ("placing", "retrying"),  # refused for lack of funds: the venue frees them late
        ("retrying", "placing"),
    }
)


class IllegalMove(AssertionError):
    """A life cycle was about to take a step that does not exist: a bug, never an input."""


def check_move(table: frozenset[tuple[str, str]], old: str, new: str) -> None:
    """Raise `IllegalMove` unless the table allows the step."""
    if (old, new) not in table:
        raise IllegalMove(f"no step from {old} to {new}")
