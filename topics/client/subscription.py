"""A subscription: messages one by one, each once, and their acknowledgement."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

from ..commands import Command
from ..facts import Fact
from .errors import ClientError, UnreadableMessage
from .log import Log, Point, Record
from .progress import Handed, Progress
from .wanted import UNREADABLE, Wanted

M = TypeVar("M", bound=Fact | Command)

POLL_S = 0.2
"""Seconds after which a subscription that waits looks whether it was stopped."""

PASSED_S = 5.0
"""How often what was only passed over is committed, while nothing is outstanding."""

FAREWELL_S = 5.0
"""How long closing waits for a broker that is away."""

Skip = Callable[[Record, str], None]
"""Takes a record that cannot be read, and why."""


class Subscription(Generic[M]):
    """Wanted messages of one topic.  Made by `subscribe`, used once, iterated by one task.

        async with subscribe(settings, group="mine") as steals:
            async for steal in steals:
                ...
                await steals.ack()

    A plain `async for` over it opens by itself, and closes at its end; who leaves it by `break` leaves
    the closing to Python, some time.  Each message comes once; after a
    restart, those that were not acknowledged come again.  So they do when a group moves a partition.
    """

    def __init__(
        self, log: Log, wanted: Wanted[M], *, auto_ack: bool, on_unreadable: Skip | None
    ) -> None:
        self._log = log
        self._wanted = wanted
        self._auto_ack = auto_ack
        self._on_unreadable = on_unreadable
        self._progress = Progress()
        self._waiting: deque[Record] = deque()
        self._opened = False
        self._stopped = False
        self._closed = False
        self._closing = asyncio.Lock()
        self._lost: list[Handed] = []
        self._passed_at = 0.0

    async def open(self) -> Self:
        """Connect and find where to begin; what is published after this returns will come."""
        if self._opened:
            raise ClientError("a subscription is used once; call subscribe() again.")
        self._opened = True
        try:
            await self._log.open(self)
        except BaseException:
            await self._log.close()
            raise
        return self

    def stop(self) -> None:
        """End the iteration before the next message; for signal handlers."""
        self._stopped = True

    @property
    def stopped(self) -> bool:
        """Tell whether `stop` or `close` was called; for loops that try one message again."""
        return self._stopped

    async def close(self) -> None:
        """Stop, and give back partitions and connections.

        What is not acknowledged stays so: it comes again to whoever subscribes next.
        """
        self._stopped = True
        async with self._closing:  # whoever is second waits, too, until it is closed
            if self._closed:
                return
            try:
                if self._opened and not self._progress.outstanding():
                    # Nobody's message: it is no loss if the broker is away.
                    with suppress(ClientError, TimeoutError):
                        async with asyncio.timeout(FAREWELL_S):
                            await self._commit(self._progress.all_points())
            finally:
                self._closed = True
                await self._log.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[M]:
        """Hand out messages until `stop` or `close`.

        Raises `UnreadableMessage`, `MessagesGone` and `BrokerUnreachable`; what was not
        acknowledged comes again to the next subscription.
        """
        alone = not self._opened
        if alone:
            await self.open()
        try:
            while (message := await self._next()) is not None:
                yield message
        finally:
            if alone:
                await self.close()

    async def _next(self) -> M | None:
        if self._auto_ack and not self._closed:
            await self.ack()
        while not self._stopped:
            if not self._waiting:
                await self._commit_passed()
                records = await self._log.poll(POLL_S)
                self._waiting.extend(
                    records
                )  # not before the wait: `taken` puts another deque there
                continue
            message = self._take(self._waiting[0])
            if message is not None:
                return message
        return None

    def _take(self, record: Record) -> M | None:
        """Take the first waiting record; None if it is passed over.

        It stays the first if it cannot be read and nobody takes such records.
        """
        message, name = None, ""
        if self._progress.holds(record):
            try:
                message, name = self._read(record)
            except (*UNREADABLE, ValueError) as error:
                self._unreadable(record, str(error))
        self._waiting.popleft()
        if message is not None:
            self._progress.hand_out(record, name)
        elif self._progress.holds(record):
            self._progress.passed(record)
        return message

    def _read(self, record: Record) -> tuple[M | None, str]:
        label, place = self._wanted.sight(record)
        # Decoded before it counts as seen: what cannot be read must not be taken for a repeat.
        message = self._wanted.decode(record, label) if self._wanted.takes(label) else None
        if self._progress.is_repeat(record, place, label.ts_us):
            return None, ""
        return message, label.id

    def _unreadable(self, record: Record, why: str) -> None:
        if self._on_unreadable is not None:
            self._on_unreadable(record, why)
            return
        raise UnreadableMessage(
            f"partition {record.partition}, offset {record.offset} cannot be read: {why}; upgrade"
            " worksteal-client, or pass on_unreadable to skip such records."
        )

    def record_of(self, message: M) -> Record | None:
        """Return the record of a message in hand: its place, time and headers.

        None once the message is acknowledged or its partition is somebody else's.
        """
        return self._progress.record_of(message.id)

    async def ack(self, through: M | None = None) -> bool:
        """Acknowledge everything handed out so far, or through one message, for ever.

        Without a group nothing outlasts this subscription.  False: since the last call the group
        has moved a partition, and what was not acknowledged of it comes again, here or elsewhere.
        Raises `BrokerUnreachable`.
        """
        if self._closed:
            raise ClientError("the subscription is closed: acknowledge before that.")
        points: dict[int, Point] = {}
        if through is not None:
            points = self._progress.points_through(through.id)
        elif self._progress.outstanding():
            points = self._progress.all_points()
        committed = not points or await self._commit(points)
        # Moved while the broker took the acknowledgement is not lost: it will not come again.
        lost = [one for one in self._lost if not (committed and one.is_within(points))]
        self._lost = []
        return committed and not lost

    async def _commit(self, points: dict[int, Point]) -> bool:
        if points and not await self._log.commit(points):
            return False
        self._progress.acknowledged(points)
        self._passed_at = asyncio.get_running_loop().time()
        return True

    async def _commit_passed(self) -> None:
        """Commit what concerned nobody, or a rare kind would leave the group behind for days."""
        now = asyncio.get_running_loop().time()
        if now - self._passed_at > PASSED_S and not self._progress.outstanding():
            await self._commit(self._progress.all_points())

    def given(self, partition: int, point: Point) -> None:
        """Begin a partition at a point (called by the log)."""
        self.taken(partition)
        self._progress.given(partition, point)

    def taken(self, partition: int) -> None:
        """Forget a partition and what waits of it (called by the log)."""
        self._lost += self._progress.taken(partition)
        self._waiting = deque(one for one in self._waiting if one.partition != partition)
