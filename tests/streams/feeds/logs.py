"""What stands on the topics of a test, read back from the broker."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from streams.ground.kafka import LogRecord, log_spans, read_log, reader
from streams.ground.kafka.topic_admin import check, create
from streams.ground.settings import Settings, client_options
from topics.codec import decode_event
from topics.refusals import Refused

PARTITIONS = 3
PATIENCE_S = 60.0
STEP_S = 0.05


def fresh_topics(address: str) -> Settings:
    """Create the catalogue under a prefix that no other test has."""
    settings = Settings(bootstrap=address, topic_prefix=f"{uuid4().hex[:8]}-")
    asyncio.run(create(settings, PARTITIONS, 1))
    until(lambda: all(found.partitions for found in asyncio.run(check(settings))))
    return settings


def connection(settings: Settings) -> list[str]:
    """Return the options by which a command finds these topics."""
    return ["--bootstrap", settings.bootstrap, "--topic-prefix", settings.topic_prefix]


def records_of(settings: Settings, topic: str) -> list[LogRecord]:
    """Read a topic from end to end, partition by partition."""

    async def read() -> list[LogRecord]:
        consumer = await reader(client_options(settings))
        try:
            spans = await log_spans(consumer, settings.topic(topic))
            found = []
            async for batch in read_log(consumer, settings.topic(topic), spans):
                found += batch
        finally:
            await consumer.stop()
        return sorted(found, key=lambda record: (record.partition, record.offset))

    return asyncio.run(read())


def events_of(settings: Settings, topic: str) -> list[Any]:
    """Decode a topic; every record must pass the door of the desk."""
    events = []
    for record in records_of(settings, topic):
        assert record.value is not None
        event = decode_event(record.value)
        assert not isinstance(event, Refused), event
        events.append(event)
    return events


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come, however slow the machine is."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(STEP_S)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait as `until` does, letting other tasks run."""
    for _ in range(int(PATIENCE_S / STEP_S)):
        if await condition():
            return
        await asyncio.sleep(STEP_S)
    raise AssertionError
