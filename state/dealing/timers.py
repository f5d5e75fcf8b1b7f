"""What must happen at a certain time of the desk's clock, earliest first.

A timer is only a reminder: the time itself stands in the account's row, so that timers can be made
anew from the rows, and one whose time was changed since is found out when it rings.
"""

import heapq
from typing import Literal, NamedTuple

TimerKind = Literal[
    "cooldown", "entry_expiry", "entry_retry", "margin", "order", "reduce", "steal", "steal_retry"
]


class Timer(NamedTuple):
    """Due time, and what it is about; two of the same time ring in this order of fields."""

    due_us: int
    account: str
    kind: TimerKind
    key: str


class MarginDue(NamedTuple):
    """The one timer of an account that counts for the close, and how long before it the margin changes."""

    due_us: int
    before_us: int


class Timers:
    """A heap of timers."""

    __slots__ = ("_heap", "margin_due", "next_us")

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self.next_us = 2**63
        self.margin_due: dict[str, MarginDue] = {}
        """By account; see `overnight.closing`."""

    def set(self, due_us: int, account: str, kind: TimerKind, key: str) -> None:
        """Ask to be reminded; the same reminder twice is harmless."""
        heapq.heappush(self._heap, Timer(due_us, account, kind, key))
        self.next_us = self._heap[0].due_us

    def pop_due(self, now_us: int) -> Timer | None:
        """Return the next timer that is due, or None."""
        if self.next_us > now_us:
            return None
        timer = heapq.heappop(self._heap)
        while self._heap and self._heap[0] == timer:
            heapq.heappop(self._heap)
        self.next_us = self._heap[0].due_us if self._heap else 2**63
        return timer
