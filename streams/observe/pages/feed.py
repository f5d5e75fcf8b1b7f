"""The last facts that the worker's desks stated, for browsers that listen.

    desk ──▶ put ──▶ ring of the last facts ──▶ each listener reads at its own pace

A listener has a place in the ring and no queue of its own: one that is slow costs nothing, and is
told how much went by.  Nothing here waits for a listener, and nothing is encoded if there is none.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from state.dealing.outbox import Outputs
from topics.facts import Fact
from topics.frames import Frame, JournalPosition
from topics.ids import OutputId, output_id

RING = 1000
"""So many facts are kept."""


class Batch(NamedTuple):
    """What a listener gets: how many facts it missed before them, the facts, its next place."""

    missed: int
    facts: list[Fact]
    place: int


class Feed:
    """A ring of facts in the order in which they were stated, each once."""

    def __init__(self, size: int = RING) -> None:
        self._ring: deque[Fact] = deque(maxlen=size)
        self._last: dict[int, OutputId] = {}
        self._changed = asyncio.Event()
        self.end = 0
        """The place of the next fact; places count from 0."""
        self.closed = False

    @property
    def first(self) -> int:
        """The place of the oldest fact that is still there."""
        return self.end - len(self._ring)

    def put(self, facts: Iterable[Fact]) -> None:
        """Take facts that a desk stated, in the order of their ids.

        After a crash a desk says again what it said, under the same ids: those are skipped.
        """
        for fact in facts:
            place = output_id(fact.id)
            last = self._last.get(place.partition)
            if last is None or place > last:
                self._last[place.partition] = place
                self._ring.append(fact)
                self.end += 1
        self._wake()

    def applied(self, frame: Frame, position: JournalPosition, outputs: Outputs) -> None:  # noqa: ARG002
        """Take what a desk stated of a frame, as one of those who are shown every frame."""
        if outputs.facts:
            self.put(outputs.facts)

    def close(self) -> None:
        """Let every listener end."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def behind(self, fact_id: str) -> int | None:
        """Return the place after a fact; None if it is not in the ring (any more)."""
        for index, fact in enumerate(self._ring):
            if fact.id == fact_id:
                return self.first + index + 1
        return None

    def since(self, place: int) -> Batch:
        """Return what was stated from a place on."""
        start = max(place, self.first)
        facts = list(islice(self._ring, start - self.first, None))
        return Batch(start - place, facts, self.end)

    async def wait(self, place: int, seconds: float) -> None:
        """Return when there is something from a place on, or after so many seconds."""
        if place < self.end or self.closed:
            return
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return
