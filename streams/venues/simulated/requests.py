"""Requests under way to a simulated venue: each takes effect a fixed delay after it was sent."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from .book import VenueOrder

Kind = Literal["new", "cancel", "reduce"]


class Request(NamedTuple):
    """Something asked of the venue.  A cancel only names its order; `new` has the others' terms."""

    due_us: int
    kind: Kind
    order: str
    new: VenueOrder | None


class Requests:
    """The queue, in the order of sending.  Times in microseconds since 1970 UTC."""

    def __init__(self, delay_us: int) -> None:
        self._delay_us = delay_us
        self._queue: deque[Request] = deque()

    def __iter__(self) -> Iterator[Request]:
        return iter(self._queue)

    def send(self, now_us: int, kind: Kind, order_id: str, new: VenueOrder | None = None) -> None:
        """Put a request on its way."""
        due_us = now_us + self._delay_us
        if self._queue:  # the delay may have been longer when the last one was sent
            due_us = max(due_us, self._queue[-1].due_us)
        self._queue.append(Request(due_us, kind, order_id, new))

    def next_us(self) -> int | None:
        """Return when the first one takes effect; None if there is none."""
        return self._queue[0].due_us if self._queue else None

    def take(self) -> Request:
        """Take the first one out."""
        return self._queue.popleft()

    def load(self, requests: Iterable[Request]) -> None:
        """Put back what was under way when the venue was written down."""
        self._queue.extend(requests)
