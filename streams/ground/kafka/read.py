"""Reads stretches of partitions from first to last, without a consumer group."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.ground.records import LogRecord, Span

from .errors import BrokerError

POLL_MS = 200
STALL_S = 30.0
"""A broker that gives nothing for so long, while there is more to read, is taken for gone."""


async def reader(options: Mapping[str, Any], **more: Any) -> AIOKafkaConsumer:
    """Return a started consumer without a group; raises `BrokerError` if nobody answers."""
    consumer = AIOKafkaConsumer(
        **options,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_bytes=16 << 20,
        max_partition_fetch_bytes=4 << 20,
        # One fetch at a time goes to a broker, and everything else waits behind it.
        fetch_max_wait_ms=20,
        check_crcs=False,
        **more,
    )
    try:
        await consumer.start()
    except KafkaConnectionError as error:
        await consumer.stop()
        raise BrokerError.nobody_answers(options["bootstrap_servers"]) from error
    return consumer


async def log_spans(consumer: AIOKafkaConsumer, topic: str) -> dict[int, Span]:
    """Return what each partition of a topic holds, by number; raises `BrokerError` if missing."""
    try:
        # A consumer without subscription knows no topic; the public calls do not make it ask.
        cluster = await consumer._client.fetch_all_metadata()  # noqa: SLF001
        numbers = cluster.partitions_for_topic(topic)
        if not numbers:
            raise BrokerError(f"topic {topic} is missing: run `worksteal topics create`.")
        places = [TopicPartition(topic, number) for number in sorted(numbers)]
        first = await consumer.beginning_offsets(places)
        end = await consumer.end_offsets(places)
    except KafkaError as error:
        raise BrokerError(
            f"topic {topic} cannot be looked at ({error}): look at the broker's log."
        ) from error
    return {place.partition: Span(first[place], end[place]) for place in places}


async def read_log(
    consumer: AIOKafkaConsumer, topic: str, spans: Mapping[int, Span]
) -> AsyncIterator[list[LogRecord]]:
    """Yield the records of these stretches in batches, each of one partition, in its order.

    Batches of different partitions come mixed.  Raises `BrokerError` if the broker falls silent.
    """
    left = {TopicPartition(topic, n): span for n, span in spans.items() if span.first < span.end}
    consumer.assign(list(left))
    for place, span in left.items():
        consumer.seek(place, span.first)
    heard = asyncio.get_running_loop().time()
    while left:
        polled = await consumer.getmany(*left, timeout_ms=POLL_MS)
        now = asyncio.get_running_loop().time()
        for place, records in polled.items():
            heard = now
            end = left[place].end
            yield [
                LogRecord(r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
                for r in records
                if r.offset < end
            ]
        for place in list(left):
            # A compacted or transactional log may have no record at its last offset.
            if await consumer.position(place) >= left[place].end:
                del left[place]
        if now - heard > STALL_S:
            raise BrokerError(
                f"topic {topic} cannot be read on: the broker gives nothing any more; look at its log."
            )
    consumer.pause(*consumer.assignment())  # or it would go on fetching
