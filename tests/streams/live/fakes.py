"""A transport in memory that can crash before or after anything it does.

What was sent but not acknowledged is gone after a crash, as the producer's buffer is.  The changelog
takes whole batches.  The local store is thrown away, as after any unclean stop.
"""

from collections.abc import Sequence
from random import Random

from streams.live.partition import PartitionDesk, clean_up, recover
from streams.live.ports import Output, Rows
from streams.live.staging import BATCH_BYTES_MAX
from tests.state.chaos import ACCOUNTS, SYMBOLS, Chaos
from tests.state.world import World, roomy, times
from topics.codec import encode_frame

JournalRecord = tuple[int, bytes]
"""The broker's time in microseconds, and the bytes."""


class CrashError(Exception):
    """The process is gone."""


class Broker:
    """What survives a crash: the changelog, the published outputs, the transport's hint."""

    def __init__(self) -> None:
        self.changelog: list[dict[str, bytes | None]] = []
        self.outputs: list[tuple[str, str, bytes]] = []
        self.hint = 0

    def rows(self) -> dict[str, bytes]:
        """Return the changelog as a compacted table."""
        table: dict[str, bytes] = {}
        for batch in self.changelog:
            for key, row in batch.items():
                if row is None:
                    table.pop(key, None)
                else:
                    table[key] = row
        return table


class FakePorts:
    """Counts every step; crashes at the steps in `crashes` (even: before it, odd: after it)."""

    def __init__(self, broker: Broker, crashes: frozenset[int], steps: int = 0) -> None:
        self.broker = broker
        self.crashes = crashes
        self.steps = steps
        self.buffer: list[tuple[str, str, bytes]] = []
        self.stored: dict[str, bytes | None] = {}
        self.stored_at = -1

    def step(self) -> None:
        """Pass a point at which the process may die."""
        self.steps += 1
        if self.steps - 1 in self.crashes:
            raise CrashError

    async def publish(self, topic: str, outputs: Sequence[Output]) -> None:
        """Buffer outputs; the broker has them when `published` returns."""
        self.step()
        self.buffer += [(topic, key, value) for key, value in outputs]
        self.step()

    async def published(self) -> None:
        """Deliver one output after the other, as a broker may get some and not the rest."""
        while self.buffer:
            self.step()
            self.broker.outputs.append(self.buffer.pop(0))
            self.step()

    async def append(self, rows: Rows) -> int:
        """Append one atomic batch."""
        self.step()
        self.broker.changelog.append(dict(rows))
        self.step()
        return len(self.broker.changelog) - 1

    def store(self, rows: Rows, offset: int) -> None:
        """Keep rows locally."""
        self.step()
        assert offset > self.stored_at
        self.stored.update(rows)
        self.stored_at = offset

    async def acknowledge(self, next_offset: int) -> None:
        """Move the hint."""
        self.step()
        self.broker.hint = next_offset
        self.step()


def journal(seed: int, moves: int = 60) -> list[JournalRecord]:
    """Return the journal of a random but repeatable day with steals in it."""
    draw = Random(seed)
    chaos = Chaos(World(roomy()))
    for _ in range(moves):
        chaos.world.now_us += draw.randrange(1, 2_000_000)
        kind = draw.choice(["quote"] * 3 + ["want"] * 3 + ["answer"] * 6 + ["fill", "snapshot"])
        name = draw.choice(ACCOUNTS)
        if kind == "quote":
            chaos.quote(draw.choice(SYMBOLS), draw.choice([99.5, 100.0, 100.4, 102.0]))
        elif kind == "want":
            limit = draw.choice([99.0, 99.8, 100.0])
            chaos.want(name, draw.choice(SYMBOLS), limit, 6000.0, draw.randrange(4))
        elif kind == "answer":
            chaos.answer(name, "yes")
        elif kind == "fill":
            chaos.fill(name, draw.randrange(9), draw.choice([0.5, 1.0]))
        else:
            chaos.snapshot(name)
    return [(position.ts_us, encode_frame(frame)) for frame, position in chaos.frames]


async def live(
    records: list[JournalRecord],
    crashes: frozenset[int] = frozenset(),
    batch_bytes_max: int = BATCH_BYTES_MAX,
    every: int = 7,
) -> tuple[Broker, int]:
    """Run a partition to the end of the journal, starting again after each crash.

    Returns the broker and the number of steps taken; a checkpoint follows each `every` frames.
    """
    broker, steps = Broker(), 0
    while True:
        ports = FakePorts(broker, crashes, steps)
        try:
            await one_life(records, broker, ports, batch_bytes_max, every)
        except CrashError:
            steps = ports.steps
            continue
        return broker, ports.steps


async def one_life(
    records: list[JournalRecord],
    broker: Broker,
    ports: FakePorts,
    batch_bytes_max: int,
    every: int,
) -> None:
    """Recover, then apply the journal from the transport's hint on."""
    rows = broker.rows()
    await clean_up(rows, ports, batch_bytes_max)
    desk = PartitionDesk(0, recover(rows, times(), roomy()), ports, batch_bytes_max)
    for offset in range(broker.hint, len(records)):
        await desk.take(offset, *records[offset])
        if offset % every == every - 1:
            await desk.checkpoint()
    await desk.checkpoint()


def final_state(broker: Broker) -> str:
    """Return the digest of the state that the changelog holds."""
    return recover(broker.rows(), times()).digest()
