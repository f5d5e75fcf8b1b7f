"""The sequencer: source topics in, frames and dead letters out.

    getmany ──▶ Framer ──▶ journal, dead-letters ──▶ acknowledged ──▶ offsets committed

Offsets are committed only when every frame and dead letter up to them is acknowledged; after a crash
it begins there again, and what it frames a second time is trimmed by the desks (`topics.frames`).
Losing or getting partitions goes the same way: all that is under way is finished and committed
first, and what is assigned is read from its committed offset.  Any failure ends the process.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from streams.ground.kafka import reader
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.journal.tracing import Traces, frame_headers, traced
from topics.catalogue import DEAD_LETTERS, INBOUND, JOURNAL
from topics.codec import encode_frame
from topics.frames import RawFrame
from topics.headers import CUT_FROM_BYTES, TRACEPARENT, Header

from .framing import DeadLetter, Framer
from .high_water import high_water_marks
from .observer import SequencerObserver
from .positions import Begin, LostError, SourceLog, begin

POLL_MS = 100
RECORDS_MAX = 2000
"""Of one poll: they take tens of milliseconds, in which nothing else in this process moves."""

DEAD_LETTER_BYTES_MAX = 7 << 20
"""Of a dead letter's value; a packed record may be of any size when it is unpacked."""

UNDER_WAY_MAX = 8
"""Polls whose frames may wait for their acknowledgement; then reading waits."""

COMMIT_S = 0.5

PACE_S = 0.005
SMALL_POLL = 200
"""After a poll of fewer records the sequencer rests a little: every frame costs the broker, the agent
and this process the same, whether it has one event or a thousand."""

UNASSIGNED_S = 0.02
"""How often to look whether partitions have come."""


class _Polled(NamedTuple):
    """One poll's outputs under way, and the positions that hold once they are acknowledged."""

    sent: list[Awaitable[Any]]
    positions: dict[TopicPartition, int]
    oldest_ms: tuple[int, ...] = ()
    """The first record's own time, of each source partition."""


class Sequencer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Frames the source partitions that the group assigns to it, until `stop`."""

    def __init__(
        self,
        settings: Settings,
        *,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
        partitions: int,
        observer: SequencerObserver,
        accept_gap: bool = False,
    ) -> None:
        """Take started clients; `partitions` is how many the journal has."""
        self._settings = settings
        self._consumer = consumer
        self._producer = producer
        self._partitions = partitions
        self._accept_gap = accept_gap
        self._framer = Framer(partitions, {})
        self._names = {settings.topic(topic.name): topic.name for topic in INBOUND}
        self._journal = settings.topic(JOURNAL.name)
        self._dead_letters = settings.topic(DEAD_LETTERS.name)
        self._lock = asyncio.Lock()
        self._under_way: deque[_Polled] = deque()
        self._acknowledged: dict[TopicPartition, int] = {}
        self._committed_s = 0.0
        self._last_frame_s = dict.fromkeys(range(partitions), 0.0)
        self._generation = 0
        """Counts changes of the assignment."""
        self._stopping = False
        self._failure: BaseException | None = None
        self.assigned: set[TopicPartition] = set()
        self.ready = asyncio.Event()
        self.events = self.frames = self.refused = 0
        self._observer = observer

    async def run(self) -> None:
        """Frame until `stop` is called; raises `LostError` when records are missing."""
        self._consumer.subscribe(list(self._names), listener=self)
        while not self._stopping:
            await self._step()
            if self._failure is not None:
                raise self._failure
        async with self._lock:
            await self._finish()

    def stop(self) -> None:
        """Let `run` finish what is under way, commit it and return."""
        self._stopping = True

    async def _step(self) -> None:
        """Poll once, send what came of it, and let time pass where nothing came.

        The lock is not held over the poll, which itself waits for a reassignment to end.  What was
        polled before the assignment changed is dropped: it is read again from the last commit.
        """
        if not self.assigned:
            await asyncio.sleep(UNASSIGNED_S)
            return
        try:
            polled = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
        except (NoOffsetForPartitionError, OffsetOutOfRangeError):
            await self._require_positions()
            return
        generation = self._generation
        async with self._lock:
            if generation != self._generation or not self.assigned:
                return
            if polled:
                await self._send(polled)
            await self._idle_frames()
            await self._acknowledge(UNDER_WAY_MAX)
            if time.monotonic() - self._committed_s >= COMMIT_S:
                await self._commit()
        if sum(map(len, polled.values())) < SMALL_POLL:
            await asyncio.sleep(PACE_S)

    async def _require_positions(self) -> None:
        """Fail if retention has overtaken a position.

        Else the error is from before `_begin` set the positions, and is over.
        """
        sources = sorted(self.assigned)
        for source, first in (await self._consumer.beginning_offsets(sources)).items():
            if source in self.assigned and await self._consumer.position(source) < first:
                raise LostError(
                    f"{self._names[source.topic]}:{source.partition} was deleted up to {first} while"
                    " it was being read: the sequencer is slower than the topic's retention. Start"
                    " it again to see what is lost."
                )

    async def _send(self, polled: Mapping[TopicPartition, list[Any]]) -> None:
        named = {(self._names[tp.topic], tp.partition): batch for tp, batch in polled.items()}
        framed = self._framer.frame(named)
        traces = traced(named)
        sent = [await self._dead(letter, traces) for letter in framed.dead_letters]
        sent += [
            await self._frame(partition, frame, frame_headers(frame, traces))
            for partition, frame in framed.frames
        ]
        positions = {tp: batch[-1].offset + 1 for tp, batch in polled.items()}
        oldest_ms = tuple(batch[0].timestamp for batch in polled.values())
        self._under_way.append(_Polled(sent, positions, oldest_ms))
        self._observer.polled(named, framed.dead_letters)
        self.events += sum(map(len, polled.values()))
        self.refused += len(framed.dead_letters)

    async def _frame(
        self, partition: int, frame: RawFrame, headers: list[Header] | None = None
    ) -> Awaitable[object]:
        self.frames += 1
        self._observer.framed(partition)
        self._last_frame_s[partition] = time.monotonic()
        future: Awaitable[object] = await self._producer.send(
            self._journal, encode_frame(frame), partition=partition, headers=headers
        )
        return future

    async def _dead(self, letter: DeadLetter, traces: Traces) -> Awaitable[object]:
        """Send a refused record's exact bytes, with why and whence in the headers.

        What no topic could take is cut, and says so; the source keeps the rest for its retention.
        """
        headers = letter.headers(self._settings.topic(letter.source[0]))
        trace = traces.get(letter.origin)
        if trace is not None:
            headers.append((TRACEPARENT, trace))
        value = letter.value
        if len(value) > DEAD_LETTER_BYTES_MAX:
            headers.append((CUT_FROM_BYTES, str(len(value)).encode()))
            value = value[:DEAD_LETTER_BYTES_MAX]
        future: Awaitable[object] = await self._producer.send(
            self._dead_letters, value, key=letter.origin.encode(), headers=headers
        )
        return future

    async def _idle_frames(self) -> None:
        """Send an empty frame to each journal partition that got none for a while."""
        due_s = time.monotonic() - self._settings.idle_frame_ms / 1000
        idle = [number for number, at_s in self._last_frame_s.items() if at_s <= due_s]
        if idle:
            sent = [await self._frame(number, RawFrame()) for number in idle]
            self._under_way.append(_Polled(sent, {}))

    async def _acknowledge(self, left: int) -> None:
        """Take note of what is acknowledged; wait while more than `left` polls are under way."""
        while self._under_way:
            first = self._under_way[0]
            done = all(future.done() for future in first.sent)  # type: ignore[attr-defined]
            if not done and len(self._under_way) <= left:
                return
            appended = [(await future) for future in first.sent]
            if first.oldest_ms:
                stamps = [record.timestamp for record in appended if record.topic == self._journal]
                self._observer.acknowledged(first.oldest_ms, max(stamps, default=0))
            self._acknowledged |= first.positions
            self._under_way.popleft()

    async def _commit(self) -> None:
        self._committed_s = time.monotonic()
        wanted = {tp: at for tp, at in self._acknowledged.items() if tp in self.assigned}
        self._acknowledged.clear()
        if not wanted:
            return
        try:
            await self._consumer.commit(wanted)
        except (CommitFailedError, IllegalStateError):
            # The group has moved on.  Whoever has the partitions now frames from the last commit;
            # what is framed twice is trimmed.
            return

    async def _finish(self) -> None:
        await self._acknowledge(0)
        await self._commit()

    async def on_partitions_revoked(self, revoked: object) -> None:  # noqa: ARG002
        """Finish and commit what is under way, while the partitions are still ours."""
        async with self._lock:
            self._generation += 1
            await self._guarded(self._finish())
            self.assigned = set()
            self.ready.clear()

    async def on_partitions_assigned(self, assigned: object) -> None:
        """Begin each partition where the journal needs it."""
        async with self._lock:
            await self._guarded(self._begin(set(assigned)))  # type: ignore[call-overload]

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Hand a failure to `run`: aiokafka would only log it."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - raised again by `run`
            self._failure = error

    async def _begin(self, assigned: set[TopicPartition]) -> None:
        sources = sorted(assigned)
        first = await self._consumer.beginning_offsets(sources)
        end = await self._consumer.end_offsets(sources)
        fresh = await self._journal_is_empty()
        starts: dict[TopicPartition, Begin] = {}
        committed_at = await self._committed(sources, fresh=fresh)
        for source in sources:
            log = SourceLog(self._names[source.topic], source.partition, first[source], end[source])
            committed = committed_at[source]
            starts[source] = begin(log, committed, fresh=fresh, accept_gap=self._accept_gap)
        self._framer = Framer(
            self._partitions,
            {(self._names[tp.topic], tp.partition): start.offset for tp, start in starts.items()},
        )
        gaps = {source: start.gap for source, start in starts.items() if start.gap is not None}
        for partition, frame in self._framer.gap_frames(gaps.values()):
            await (await self._frame(partition, frame))
        # Without a pause from here: what an older poll gives is dropped until the new generation,
        # and only a seek after it brings that back.
        for source, start in starts.items():
            self._consumer.seek(source, start.offset)
        self._generation += 1
        self._observer.assigned()
        self.assigned = assigned
        # All of them, also those at 0: a topic that is deleted takes its offsets along, and that must
        # be told from one where nothing was framed yet.
        self._acknowledged |= {source: start.offset for source, start in starts.items()}
        await self._commit()
        self.ready.set()

    async def _committed(
        self, sources: list[TopicPartition], *, fresh: bool
    ) -> dict[TopicPartition, int | None]:
        """Return the group's offsets; where it has none, what the journal knows instead."""
        committed = {source: await self._consumer.committed(source) for source in sources}
        if fresh or all(offset is not None for offset in committed.values()):
            return committed
        consumer = await reader(client_options(self._settings))
        try:
            known = await high_water_marks(consumer, self._journal)
        finally:
            await stop_consumer(consumer)
        for source, offset in committed.items():
            mark = known.get((self._names[source.topic], source.partition))
            if offset is None and mark is not None:
                committed[source] = mark + 1
        return committed

    async def _journal_is_empty(self) -> bool:
        partitions = [TopicPartition(self._journal, number) for number in range(self._partitions)]
        return not any((await self._consumer.end_offsets(partitions)).values())
