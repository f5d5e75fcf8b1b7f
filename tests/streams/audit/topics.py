"""Puts a day on a real broker, as sequencer and workers would leave it."""

import asyncio
import time
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from streams.audit.broker.reader import broker_source
from streams.ground.kafka.topic_admin import create
from streams.ground.settings import Settings
from tests.streams.audit.days import SEEDS, Day, Timed, frames, publish
from topics.catalogue import EXECUTION, JOURNAL, STEALS


def deployment(address: str) -> Settings:
    """Make a test's own topics, with as many partitions as a day has."""
    settings = Settings(bootstrap=address, topic_prefix=f"{uuid4().hex[:8]}-")
    asyncio.run(create(settings, len(SEEDS), 1))
    return settings


def options(settings: Settings) -> tuple[str, ...]:
    return ("--bootstrap", settings.bootstrap, "--topic-prefix", settings.topic_prefix)


async def send(settings: Settings, topic: str, values: dict[int, list[bytes]]) -> None:
    """Append records to the partitions of a topic."""
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        for number, many in values.items():
            for value in many:
                await producer.send(settings.topic(topic), value, partition=number)
        await producer.flush()


async def journal_of(settings: Settings) -> dict[int, list[Timed]]:
    """Read the journal with the broker's times."""
    async with broker_source(settings) as source:
        return {
            number: [
                (record.ts_ms, record.value or b"")
                async for batch in source.read(JOURNAL.name, number)
                for record in batch
            ]
            for number in source.spans(JOURNAL.name)
        }


def fresh_frames(moves: int = 150) -> dict[int, list[bytes]]:
    """Return journals whose events are as old as they may be for desks on a broker's clock."""
    now_us = time.time_ns() // 1000 - 240 * 1_000_000
    return {
        number: [value for _, value in frames(seed, moves, now_us)]
        for number, seed in enumerate(SEEDS)
    }


def lived(settings: Settings) -> Day:
    """Put a journal and what live desks make of it on the broker; return it as it stands there."""
    asyncio.run(send(settings, JOURNAL.name, fresh_frames()))
    made = publish(asyncio.run(journal_of(settings)))
    for topic in (EXECUTION.name, STEALS.name):
        bodies = {n: [value for _, value in timed] for n, timed in made.topics[topic].items()}
        asyncio.run(send(settings, topic, bodies))
    return made
