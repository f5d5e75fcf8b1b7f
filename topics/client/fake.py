"""A broker in memory, for a subscriber's own tests: no Kafka, no network, no waiting.

    broker = FakeBroker()
    broker.push(fact)
    async with broker.subscribe(group="mine", start="earliest") as steals:
        ...

What reads it is the real `Subscription`; only where the records lie is different.  The same tests
run on this and on a real broker (`tests/topics/client/test_contract.py`).
"""

import asyncio
from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Unpack

from ..codec import encode
from ..commands import Command
from ..facts import Fact
from ..ids import parse_id
from .log import Holder, Log, OffsetSpan, Point, Record
from .start import Start, first_offset, within
from .subscribe import Options, subscription
from .subscription import Subscription


class FakeBroker:
    """One topic with its groups.  It lives as long as the object; subscribers come and go.

    A group has one member at a time: who subscribes takes over from who was there before.
    """

    def __init__(
        self, partitions: int = 1, topic: Literal["steals", "execution"] = "steals"
    ) -> None:
        self.topic = topic
        self._records: list[list[Record]] = [[] for _ in range(partitions)]
        self._first = [0] * partitions
        self._groups: dict[str, dict[int, Point]] = {}
        self._open: dict[str, FakeLog] = {}
        self._waiting: list[asyncio.Event] = []

    def push(self, *messages: Fact | Command, partition: int | None = None) -> None:
        """Publish messages, each in the partition that its id names unless told otherwise.

        A record's time is its message's.  Push a message again and it is a repeat.
        """
        for message in messages:
            place = parse_id(message.id)
            number = place.partition if partition is None and place else partition or 0
            self.push_bytes(
                encode(message), number % len(self._records), ts_ms=message.ts_us // 1000
            )

    def push_bytes(
        self,
        value: bytes,
        partition: int = 0,
        ts_ms: int = 0,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> None:
        """Publish a record as it is: of a newer version, or broken."""
        log = self._records[partition]
        offset = log[-1].offset + 1 if log else self._first[partition]
        log.append(Record(partition, offset, ts_ms, value, headers))
        for one in self._waiting:
            one.set()

    def repeat(self, count: int = 1) -> None:
        """Publish the last records of each partition again, as a worker does that was killed."""
        for log in self._records:
            for record in log[-count:]:
                self.push_bytes(record.value, record.partition, record.ts_ms, record.headers)

    def rebalance(self, group: str) -> None:
        """Take all partitions from a group's member and give them back, at what it acknowledged."""
        self._open[group].restart()

    def delete_before(self, offset: int, partition: int = 0) -> None:
        """Delete what is older, as retention does."""
        log = self._records[partition]
        del log[: bisect_left(log, offset, key=lambda record: record.offset)]
        self._first[partition] = max(self._first[partition], offset)

    def acknowledged(self, group: str) -> dict[int, int]:
        """Return the first offset of each partition that a group has not acknowledged."""
        return {number: point.offset for number, point in self._groups.get(group, {}).items()}

    def subscribe(self, *, kinds: Any = None, **options: Unpack[Options]) -> Subscription[Any]:
        """Subscribe as `subscribe` does, with the same words; it needs no settings."""

        def in_memory(group: str | None, start: Start, allow_gaps: bool) -> Log:
            return FakeLog(self, group, start, allow_gaps)

        return subscription(in_memory, self.topic, kinds, options)

    def spans(self) -> dict[int, OffsetSpan]:
        """Return the offsets that each partition has."""
        return {
            number: OffsetSpan(
                self._first[number], log[-1].offset + 1 if log else self._first[number]
            )
            for number, log in enumerate(self._records)
        }

    def since(self, partition: int, ts_ms: int) -> int | None:
        """Return the first offset of a time."""
        found = (one.offset for one in self._records[partition] if one.ts_ms >= ts_ms)
        return next(found, None)

    def after(self, partition: int, offset: int) -> list[Record]:
        """Return the records from an offset on."""
        return [record for record in self._records[partition] if record.offset >= offset]

    def points(self, group: str) -> dict[int, Point]:
        """Return what a group has acknowledged; to be written to."""
        return self._groups.setdefault(group, {})

    def joined(self, group: str, log: "FakeLog") -> None:
        """Let a log be the group's only member."""
        if group in self._open:
            self._open[group].lose()
        self._open[group] = log

    def left(self, group: str, log: "FakeLog") -> None:
        """Forget a member."""
        if self._open.get(group) is log:
            del self._open[group]

    async def news(self, wait_s: float) -> None:
        """Wait until something is pushed, or so long."""
        moved = asyncio.Event()
        self._waiting.append(moved)
        try:
            async with asyncio.timeout(wait_s):
                await moved.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.remove(moved)


class FakeLog:
    """A `Log` in a fake broker's memory."""

    def __init__(
        self, broker: FakeBroker, group: str | None, start: Start, allow_gaps: bool
    ) -> None:
        self._broker = broker
        self._group = group
        self._start = start
        self._allow_gaps = allow_gaps
        self._holder: Holder | None = None
        self._next: dict[int, int] = {}

    async def open(self, holder: Holder) -> None:
        """Stand where the group or `start` says."""
        self._holder = holder
        self._begin()
        if self._group is not None:
            self._broker.joined(self._group, self)

    def _begin(self) -> None:
        assert self._holder is not None
        points = {} if self._group is None else self._broker.points(self._group)
        for number, span in self._broker.spans().items():
            point = points.get(number)
            if point is None:
                since = (
                    self._broker.since(number, int(self._start.timestamp() * 1000))
                    if isinstance(self._start, datetime)
                    else None
                )
                point = Point(first_offset(self._start, number, span, since))
            offset = within(
                self._broker.topic, number, point.offset, span, allow_gaps=self._allow_gaps
            )
            points.setdefault(number, Point(offset))
            self._next[number] = offset
            self._holder.given(number, Point(offset, point.note))

    def lose(self) -> None:
        """Have all partitions taken away."""
        assert self._holder is not None
        for number in self._next:
            self._holder.taken(number)
        self._next = {}

    def restart(self) -> None:
        """Have all partitions taken away and given back."""
        self.lose()
        self._begin()

    async def poll(self, wait_s: float) -> list[Record]:
        """Return everything that is there; wait a little if that is nothing."""
        found: list[Record] = []
        spans = self._broker.spans()
        for number, wanted in self._next.items():
            offset = within(
                self._broker.topic, number, wanted, spans[number], allow_gaps=self._allow_gaps
            )
            found += self._broker.after(number, offset)
        if not found:
            await self._broker.news(wait_s)
        for record in found:
            self._next[record.partition] = record.offset + 1
        return found

    async def commit(self, points: Mapping[int, Point]) -> bool:
        """Keep points in the broker's memory."""
        if self._group is None:
            return True
        if any(number not in self._next for number in points):
            return False
        self._broker.points(self._group).update(points)
        return True

    async def close(self) -> None:
        """Leave the group."""
        if self._group is not None:
            self._broker.left(self._group, self)
        self._next = {}
