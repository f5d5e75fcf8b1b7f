"""Keeps the machines of one worker: gives them frames, makes checkpoints, rewinds, hands them over.

    assigned ──▶ restore rows ──▶ claim ──▶ frames … checkpoint … frames ──▶ revoked: last checkpoint

What moves bytes is handed in (`Outside`), so this knows the rules and no transport.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol

from state.machine import M
from streams.ground.mistakes import Passing
from topics.headers import Header

from .cursor import Place, stalled
from .machine import StandingMachine

REWIND_S = 0.5
"""Shortest time between two rewinds: frames from before one are still on their way after it."""

STUCK_S = 30.0
"""A machine that rewinds for so long without a frame to apply ends the worker."""


class Delivered(NamedTuple):
    """A journal record as the transport delivered it; `handle` is what acknowledges it."""

    partition: int
    offset: int
    ts_us: int
    value: bytes
    handle: Any
    headers: Sequence[Header] = ()


class LeaseError(Passing):
    """The process stood still so long that others own its partitions by now."""


class StuckError(Passing):
    """A machine gets nothing to go on with; a new process may do better."""


class Outside(Protocol[M]):
    """The transport's side of a keeper."""

    async def restore(self, partition: int, release: Callable[[int], None]) -> StandingMachine[M]:
        """Restore and claim a partition.

        Its `Ports.acknowledge` hands on to `release`, which takes the next offset wanted.
        """
        ...

    async def rewind(self, partition: int, offset: int) -> None:
        """Let the next delivered frame of a partition be that at `offset`."""
        ...

    def release(self, handle: Any) -> None:
        """Tell the transport that a delivered record needs not come again."""
        ...


class Held(Generic[M]):
    """One machine with its lock, and the records applied but not yet durable."""

    def __init__(
        self, standing: StandingMachine[M], pending: deque[Delivered], now_s: float
    ) -> None:
        self.standing = standing
        self.lock = asyncio.Lock()
        self.pending = pending
        self.moved_s = now_s
        self.rewound_s = self.rewinding_s = -REWIND_S
        """The last rewind, and the first one since it moved."""


class Keeper(Generic[M]):
    """The machines of a worker by journal partition.  Times are of a monotonic clock, in seconds."""

    def __init__(
        self,
        outside: Outside[M],
        *,
        checkpoint_events: int,
        lease_s: float,
        stall_s: float,
        clock: Callable[[], float] = time.monotonic,
        checkpointed: Callable[[float], None] | None = None,
    ) -> None:
        """`checkpointed` is told the seconds of each checkpoint that made something durable."""
        self.outside = outside
        self.held: dict[int, Held[M]] = {}
        self.checkpoints = 0
        self._checkpoint_events = checkpoint_events
        self._lease_s = lease_s
        self._stall_s = stall_s
        self._clock = clock
        self._checkpointed = checkpointed
        self._beat_s = clock()
        self._restoring = asyncio.Lock()
        self._closed = False

    def beat(self) -> None:
        """Note that the process is alive; called several times within a session time-out.

        Raises `LeaseError` if the last beat is too long ago: from then on nothing may be written.
        """
        now_s = self._clock()
        still_s = now_s - self._beat_s
        if still_s > self._lease_s:
            raise LeaseError(
                f"this worker stood still for {still_s:.1f} s, and others own its partitions by"
                " now: it ends, and can be started again."
            )
        self._beat_s = now_s

    def rest(self) -> None:
        """Begin a new lease after work that cannot beat, such as restoring."""
        self._beat_s = self._clock()

    def close(self) -> None:
        """Take no more records."""
        self._closed = True

    async def take(self, record: Delivered) -> None:
        """Give a delivered record to its machine."""
        if self._closed:
            return
        held = self.held.get(record.partition)
        if held is None:
            held = await self.restore(record.partition)
        async with held.lock:
            if self._gone(held):
                return  # closed or taken away while this waited for its turn
            try:
                place = await held.standing.take(
                    record.offset, record.ts_us, record.value, record.headers
                )
            except BaseException:
                self._forget(held)  # half a frame may be out
                raise
            if self.held.get(record.partition) is not held:
                return  # taken away in the middle of it
            if place is Place.OLD:
                self.outside.release(record.handle)
                return
            if place is Place.HOLE:
                await self._rewind(held)
                return
            held.pending.append(record)
            if place is Place.NEXT:
                held.moved_s = self._clock()
            if held.standing.events >= self._checkpoint_events:
                await self._checkpoint(held)

    def _gone(self, held: Held[M]) -> bool:
        return self._closed or self.held.get(held.standing.partition) is not held

    def _forget(self, held: Held[M]) -> None:
        """Let go of a machine that stopped half-way: nobody may write what it thinks now."""
        if self.held.get(held.standing.partition) is held:
            del self.held[held.standing.partition]

    async def restore(self, partition: int) -> Held[M]:
        """Bring a partition's machine to life, unless it lives."""
        async with self._restoring:
            if partition not in self.held:
                pending: deque[Delivered] = deque()
                standing = await self.outside.restore(partition, partial(self._release, pending))
                self.rest()
                self.held[partition] = Held(standing, pending, self._clock())
            return self.held[partition]

    def _release(self, pending: deque[Delivered], next_offset: int) -> None:
        while pending and pending[0].offset < next_offset:
            self.outside.release(pending.popleft().handle)

    async def _rewind(self, held: Held[M]) -> None:
        now_s = self._clock()
        if now_s - held.rewound_s < REWIND_S:
            return
        if held.rewound_s <= held.moved_s:
            held.rewinding_s = now_s
        if now_s - held.rewinding_s > STUCK_S:
            raise StuckError(
                f"journal partition {held.standing.partition} has not come to offset"
                f" {held.standing.next_offset} for {STUCK_S:g} s: this worker ends, and can be"
                " started again."
            )
        held.rewound_s = now_s
        await self.outside.rewind(held.standing.partition, held.standing.next_offset)

    async def checkpoint_all(self) -> None:
        """Make everything so far durable, machine by machine."""
        for held in list(self.held.values()):
            async with held.lock:
                if self.held.get(held.standing.partition) is held:
                    await self._checkpoint(held)

    async def _checkpoint(self, held: Held[M]) -> None:
        self.beat()
        began_s, cursor = self._clock(), held.standing.cursor
        try:
            await held.standing.checkpoint()
        except BaseException:
            self._forget(held)  # it no longer knows which rows have changed
            raise
        self.checkpoints += 1
        if self._checkpointed is not None and held.standing.cursor != cursor:
            self._checkpointed(self._clock() - began_s)

    def drop(self, partitions: set[int]) -> None:
        """Forget machines of partitions that others own now."""
        for partition in partitions:
            self.held.pop(partition, None)

    async def look_after(self, log_ends: dict[int, int]) -> None:
        """Rewind machines that have not moved although the journal is ahead."""
        for partition, held in list(self.held.items()):
            idle_us = int((self._clock() - max(held.moved_s, held.rewound_s)) * 1e6)
            end = log_ends.get(partition, 0)
            if held.standing.next_offset >= end:
                held.moved_s = self._clock()  # there is nothing that it could move to
            elif stalled(held.standing.next_offset, end, idle_us, int(self._stall_s * 1e6)):
                await self._rewind(held)
