"""Topics with a prefix of their own on the tests' broker, and everything that stands in them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from streams.ground.kafka import LogRecord, log_spans, read_log, reader, topic_admin
from streams.ground.settings import Settings, client_options
from streams.journal.clients import start_producer
from tests.broker import LocalBroker
from topics.catalogue import JOURNAL
from topics.codec import decode_frame
from topics.frames import BEFORE_FIRST, Frame, advance, joins

Source = tuple[str, int]
"""Topic of the catalogue and partition."""

OFFSET_MAX = 2**62


async def deployed(
    broker: LocalBroker, folder: Path, partitions: int = 2, **values: Any
) -> Settings:
    """Create the catalogue's topics under a new prefix; return the settings that find them."""
    settings = Settings(
        bootstrap=broker.address,
        topic_prefix=f"{uuid4().hex[:8]}-",
        data_dir=folder,
        **values,
    )
    await topic_admin.create(settings, partitions, 1)
    await visible(settings)
    return settings


async def visible(settings: Settings) -> None:
    """Wait until the broker shows every topic: it does so a moment after it made one."""
    while any(  # noqa: ASYNC110 - a broker tells nobody
        "missing" in finding.fault for finding in await topic_admin.check(settings)
    ):
        await asyncio.sleep(0.05)


@asynccontextmanager
async def worker_producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """Give the producer that the worker uses."""
    producer = await start_producer(settings)
    try:
        yield producer
    finally:
        await producer.stop()


async def everything(settings: Settings, topic: str) -> dict[int, list[LogRecord]]:
    """Return the records of a topic by partition; `topic` is its name on the broker."""
    consumer = await reader(client_options(settings))
    try:
        spans = await log_spans(consumer, topic)
        found: dict[int, list[LogRecord]] = {number: [] for number in spans}
        async for records in read_log(consumer, topic, spans):
            for record in records:
                found[record.partition].append(record)
        return found
    finally:
        await consumer.stop()


class Taken:
    """What desks take of a journal: source offsets, each once, in the order of the journal."""

    def __init__(self, frames: dict[int, list[Frame]]) -> None:
        self.frames = frames
        self.marks: dict[int, dict[Source, int]] = {number: {} for number in frames}
        self.events: dict[int, list[tuple[Source, int]]] = {number: [] for number in frames}
        for number, told in frames.items():
            for frame in told:
                self._take(frame, self.marks[number], self.events[number])

    def _take(self, frame: Frame, marks: dict[Source, int], events: list[Any]) -> None:
        above = []
        for run in frame.runs:
            source = (run.topic, run.partition)
            mark = marks.get(source, BEFORE_FIRST)
            above.append(mark if joins(run, mark) else OFFSET_MAX)
            if joins(run, mark):
                marks[source] = advance(run, mark)
        for item in frame.events:
            run = frame.runs[item.run]
            if item.offset > above[item.run]:
                events.append(((run.topic, run.partition), item.offset))

    def offsets(self, journal: int, topic: str, partition: int) -> list[int]:
        """Return what a journal partition's desk took of a source partition, in order."""
        return [at for source, at in self.events[journal] if source == (topic, partition)]

    def sent(self, journal: int) -> int:
        """Return how many events stand in a journal partition, resent ones too."""
        return sum(len(frame.events) for frame in self.frames[journal])


async def taken(settings: Settings) -> Taken:
    """Read the whole journal as desks do."""
    journal = await everything(settings, settings.topic(JOURNAL.name))
    return Taken(
        {n: [decode_frame(r.value or b"") for r in records] for n, records in journal.items()}
    )
