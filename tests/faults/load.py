"""Publishes raw events quickly: whole batches, each partition's in order."""

import asyncio
from collections.abc import Iterable, Iterator

from aiokafka import AIOKafkaProducer

from bench.workload import Raw
from streams.ground.settings import Settings, client_options

CHUNK = 2000
"""Records sent together when there is no hurry to keep."""

CHUNKS_PER_S = 50
"""With a rate, records come in chunks this often, so that a kill can fall between any two."""


async def publish(settings: Settings, records: Iterable[Raw], per_s: float | None = None) -> int:
    """Publish records in order of each partition; at most `per_s` a second.  Return how many."""
    producer = AIOKafkaProducer(**client_options(settings), acks="all", enable_idempotence=True)
    await producer.start()
    loop = asyncio.get_running_loop()
    began, count = loop.time(), 0
    try:
        for chunk in _chunks(records, max(1, int(per_s / CHUNKS_PER_S)) if per_s else CHUNK):
            for raw in chunk:
                await producer.send(settings.topic(raw.topic), raw.value, partition=raw.partition)
            count += len(chunk)
            await producer.flush()
            if per_s:
                await asyncio.sleep(max(0.0, began + count / per_s - loop.time()))
        return count
    finally:
        await producer.stop()


def _chunks(records: Iterable[Raw], size: int) -> Iterator[list[Raw]]:
    chunk: list[Raw] = []
    for raw in records:
        chunk.append(raw)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
