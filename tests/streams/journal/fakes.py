"""A transport in memory that can crash, or be left standing, before or after anything it does.

What was sent but not acknowledged is gone after a crash, as the producer's buffer is.  The changelog
takes whole batches, from whoever writes there.  The local store is thrown away, as after any unclean
stop.
"""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

from streams.journal.standing.changelog import Restored
from streams.journal.standing.claims import OWNER, Claims, FencedError, Row, expect
from streams.journal.standing.machine import StandingMachine
from streams.journal.standing.ports import Output, Rows
from streams.journal.standing.restoring import machine_of, take_over
from streams.journal.standing.staging import BATCH_BYTES_MAX
from tests.state.chaos import Chaos, wander
from tests.state.world import World, roomy
from topics.codec import encode_frame
from topics.headers import Header

from .subjects import DESK, Subject

JournalRecord = tuple[int, bytes]
"""The broker's time in microseconds, and the bytes."""

Records = Sequence[JournalRecord | tuple[int, bytes, list[Header]]]
"""A journal, whose records may have headers."""


class CrashError(Exception):
    """The process is gone."""


class Broker:
    """What survives a crash: the changelog, the published outputs, the transport's hint."""

    def __init__(self) -> None:
        self.changelog: list[list[Row]] = []
        """Atomic batches."""
        self.outputs: list[tuple[str, str, bytes]] = []
        self.stamped: dict[bytes, list[Header]] = {}
        """Headers by value: whoever publishes it, at whatever attempt."""
        self.hint = 0
        self.lives = 0

    @property
    def end(self) -> int:
        """Return the offset after the changelog's last record."""
        return self.changelog[-1][-1].offset + 1 if self.changelog else 0

    def append(self, writer: bytes, rows: Rows) -> int:
        """Take a batch and return where it landed."""
        first = self.end
        self.changelog.append(
            [Row(first + n, key, value, writer) for n, (key, value) in enumerate(rows.items())]
        )
        return first

    def restored(self) -> tuple[dict[str, bytes], tuple[str, ...]]:
        """Return the rows to believe, as a table, and the keys that strangers wrote over."""
        table: dict[str, bytes] = {}
        claims = Claims()
        for row in (row for batch in self.changelog for row in batch if claims.believes(row)):
            if row.value is None:
                table.pop(row.key, None)
            else:
                table[row.key] = row.value
        return table, tuple(claims.overwritten)

    def rows(self) -> dict[str, bytes]:
        """Return the desk's rows, staged ones included."""
        rows, _ = self.restored()
        rows.pop(OWNER, None)
        return rows


class FakePorts:
    """Counts every step; crashes at the steps in `crashes` (even: before it, odd: after it)."""

    def __init__(self, broker: Broker, crashes: frozenset[int], steps: int = 0) -> None:
        self.broker = broker
        self.crashes = crashes
        self.steps = steps
        self.buffer: list[tuple[str, str, bytes]] = []
        self.stored: dict[str, bytes | None] = {}
        self.stored_at = -1
        broker.lives += 1
        self.name = b"life-%d" % broker.lives
        self.expected = broker.end

    def die(self) -> None:
        """Pass a point at which the process may die."""
        self.steps += 1
        if self.steps - 1 in self.crashes:
            raise CrashError

    async def step(self) -> None:
        """Pass a point at which it may also be left standing."""
        self.die()
        await asyncio.sleep(0)

    async def publish(self, topic: str, outputs: Sequence[Output]) -> None:
        """Buffer outputs; the broker has them when `published` returns."""
        await self.step()
        for key, value, headers in outputs:
            self.buffer.append((topic, key, value))
            stamped = self.broker.stamped.setdefault(value, headers)
            assert stamped == headers, "one output with two sets of headers"
        await self.step()

    async def published(self) -> None:
        """Deliver one output after the other, as a broker may get some and not the rest."""
        while self.buffer:
            await self.step()
            self.broker.outputs.append(self.buffer.pop(0))
            await self.step()

    async def append(self, rows: Rows) -> int:
        """Append one atomic batch."""
        await self.step()
        first = self.broker.append(self.name, rows)
        await self.step()
        expect(first, self.expected, 0)
        self.expected = first + len(rows)
        return self.expected - 1

    def store(self, rows: Rows, offset: int) -> None:
        """Keep rows locally."""
        self.die()
        assert offset > self.stored_at
        self.stored.update(rows)
        self.stored_at = offset

    async def acknowledge(self, next_offset: int) -> None:
        """Move the hint."""
        await self.step()
        self.broker.hint = next_offset
        await self.step()


class Life:
    """A life that stands still at every step until it is told to go on."""

    def __init__(
        self,
        records: Records,
        broker: Broker,
        batch_bytes_max: int = BATCH_BYTES_MAX,
        every: int = 7,
        subject: Subject = DESK,
    ) -> None:
        ports = FakePorts(broker, frozenset())
        self._coroutine = one_life(records, broker, ports, batch_bytes_max, every, subject)
        self.alive = True
        self.finished = False

    def go_on(self, steps: int | None = None) -> None:
        """Go on for so many steps, or to the end, which may be that it was fenced."""
        try:
            while steps is None or steps > 0:
                self._coroutine.send(None)
                steps = None if steps is None else steps - 1
        except StopIteration:
            self.alive, self.finished = False, True
        except FencedError:
            self.alive = False

    def die(self) -> None:
        """End without a word."""
        self._coroutine.close()
        self.alive = False


def journal(seed: int, moves: int = 60) -> list[JournalRecord]:
    """Return the journal of a random but repeatable day with steals in it."""
    chaos = Chaos(World(roomy()))
    wander(chaos, Random(seed), moves)
    return [(position.ts_us, encode_frame(frame)) for frame, position in chaos.frames]


async def live(
    records: Records,
    crashes: frozenset[int] = frozenset(),
    batch_bytes_max: int = BATCH_BYTES_MAX,
    every: int = 7,
    subject: Subject = DESK,
) -> tuple[Broker, int]:
    """Run a partition to the end of the journal, starting again after each crash.

    Returns the broker and the number of steps taken; a checkpoint follows each `every` frames.
    """
    broker, steps = Broker(), 0
    while True:
        ports = FakePorts(broker, crashes, steps)
        try:
            await one_life(records, broker, ports, batch_bytes_max, every, subject)
        except CrashError:
            steps = ports.steps
            continue
        return broker, ports.steps


async def one_life(
    records: Records,
    broker: Broker,
    ports: FakePorts,
    batch_bytes_max: int,
    every: int,
    subject: Subject,
) -> None:
    """Recover and claim, then apply the journal from the transport's hint on."""
    machine = await claimed(broker, ports, batch_bytes_max, subject)
    standing = StandingMachine(
        0, machine, ports, topics=subject.topics, batch_bytes_max=batch_bytes_max
    )
    for offset in range(broker.hint, len(records)):
        await standing.take(offset, *records[offset])
        if offset % every == every - 1:
            await standing.checkpoint()
    await standing.checkpoint()


async def claimed(
    broker: Broker,
    ports: FakePorts,
    batch_bytes_max: int = BATCH_BYTES_MAX,
    subject: Subject = DESK,
) -> Any:
    """Restore and claim as a worker does; return the machine."""
    rows, overwritten = broker.restored()
    ports.expected = broker.end
    return await take_over(
        rows,
        Restored(broker.end, overwritten),
        name=ports.name,
        ports=ports,
        make=subject.restore,
        batch_bytes_max=batch_bytes_max,
    )


def restored(broker: Broker, subject: Subject = DESK) -> Any:
    """Return the machine that the changelog describes."""
    return machine_of(broker.rows(), subject.restore)


def final_state(broker: Broker, subject: Subject = DESK) -> str:
    """Return the digest of the state that the changelog holds."""
    digest: str = restored(broker, subject).digest()
    return digest
