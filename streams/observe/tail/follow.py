"""Reads a topic: first what is there, in the order of its time, then what comes, as it comes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping

from streams.ground.kafka import BrokerError, LogRecord, Span, log_spans, reader
from streams.ground.kafka.client import Consumer, KafkaError, OffsetOutOfRangeError, TopicPartition
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options

from .start import Since, Start, first_offsets

POLL_MS = 200
STALL_S = 30.0
"""A broker that gives nothing for so long, while there is more to read, is taken for gone."""

BATCH = 500
"""Records handed out at once, at most, of what was there already."""


async def follow(
    settings: Settings, topic: str, start: Start, stop: asyncio.Event, *, on: bool
) -> AsyncIterator[list[LogRecord]]:
    """Yield a topic's records until `stop` is set; without `on`, until what was there is told.

    An empty list says that nothing came for a moment.  Raises `BrokerError` and `TailError`.
    """
    name = settings.topic(topic)
    consumer = await reader(client_options(settings))
    try:
        spans = await log_spans(consumer, name)
        firsts = await _firsts(consumer, name, start, spans)
        places = [TopicPartition(name, number) for number in firsts]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, firsts[place.partition])
        there = {
            place: Span(firsts[place.partition], spans[place.partition].end) for place in places
        }
        async for records in _what_is_there(consumer, there, stop):
            yield records
        while on and not stop.is_set():
            yield await _what_comes(consumer, places)
    except KafkaError as error:
        raise BrokerError(
            f"topic {name} cannot be read ({error}): look at the broker's log."
        ) from error
    finally:
        await stop_consumer(consumer)


async def _firsts(
    consumer: Consumer, name: str, start: Start, spans: Mapping[int, Span]
) -> dict[int, int]:
    times: dict[int, int | None] = {}
    if isinstance(start, Since):
        asked = {TopicPartition(name, number): start.ts_ms for number in spans}
        found = await consumer.offsets_for_times(asked)
        times = {place.partition: at.offset if at else None for place, at in found.items()}
    return first_offsets(start, spans, times)


async def _what_is_there(
    consumer: Consumer, there: Mapping[TopicPartition, Span], stop: asyncio.Event
) -> AsyncIterator[list[LogRecord]]:
    """Merge the partitions by time.  Only the one that holds the merge up is read on."""
    left = {place: span.end for place, span in there.items() if span.first < span.end}
    waiting: dict[TopicPartition, deque[LogRecord]] = {place: deque() for place in left}
    loop = asyncio.get_running_loop()
    heard = loop.time()
    while waiting and not stop.is_set():
        empty = [place for place in waiting if not waiting[place]]
        unread = [place for place in empty if place in left]
        for place in empty:
            if place not in left:
                del waiting[place]
        if not unread:
            yield _merged(waiting)
            heard = loop.time()
            continue
        for place, records in (await _poll(consumer, unread)).items():
            waiting[place] += [one for one in records if one.offset < left[place]]
            heard = loop.time()
        for place in unread:
            # A log with transactions may have no record at its last offset.
            if await consumer.position(place) >= left[place]:
                del left[place]
        if loop.time() - heard > STALL_S:
            raise BrokerError(
                "the topic cannot be read on: the broker gives nothing any more; look at its log."
            )


def _merged(waiting: Mapping[TopicPartition, deque[LogRecord]]) -> list[LogRecord]:
    """Take the earliest records, until a partition has none left or there are many."""
    taken: list[LogRecord] = []
    while waiting and len(taken) < BATCH and all(waiting.values()):
        queue = min(waiting.values(), key=lambda one: (one[0].ts_ms, one[0].partition))
        taken.append(queue.popleft())
    return taken


async def _what_comes(consumer: Consumer, places: list[TopicPartition]) -> list[LogRecord]:
    try:
        polled = await _poll(consumer, places)
    except OffsetOutOfRangeError as error:
        gone = ", ".join(f"{place.topic}:{place.partition}" for place in sorted(error.args[0]))
        raise BrokerError(
            f"what comes next on {gone} was deleted, or the topic was made anew: start the command"
            " again."
        ) from error
    records = [record for batch in polled.values() for record in batch]
    return sorted(records, key=lambda one: (one.ts_ms, one.partition, one.offset))


async def _poll(
    consumer: Consumer, places: list[TopicPartition]
) -> dict[TopicPartition, list[LogRecord]]:
    polled = await consumer.getmany(*places, timeout_ms=POLL_MS)
    return {
        place: [
            LogRecord(one.partition, one.offset, one.timestamp, one.key, one.value, one.headers)
            for one in records
        ]
        for place, records in polled.items()
    }
