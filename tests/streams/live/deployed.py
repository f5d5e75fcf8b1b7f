"""Topics with a prefix of their own on the tests' broker, and everything that stands in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from streams.kafka import LogRecord, log_spans, read_log, reader, topic_admin
from streams.live.clients import start_producer
from streams.settings import Settings, client_options
from tests.broker import LocalBroker


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
    return settings


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
