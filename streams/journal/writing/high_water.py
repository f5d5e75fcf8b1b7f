"""How far the journal has each source partition: asked when the sequencer's group has forgotten.

A group's offsets go when nobody was in it for a week, and with a topic that is deleted.  The journal
knows better; reading it takes a while, and is done only then.
"""

import msgspec
from aiokafka import AIOKafkaConsumer

from streams.ground.kafka import log_spans, read_log
from streams.journal.sources import Source
from topics.frames import Run


class _FrameRuns(msgspec.Struct):
    """The part of a frame that is wanted; the events are passed over."""

    runs: list[Run] = []


_decode = msgspec.json.Decoder(_FrameRuns).decode


async def high_water_marks(consumer: AIOKafkaConsumer, journal: str) -> dict[Source, int]:
    """Return the highest offset of each source partition that a journal has in any partition.

    `consumer` has no group and nothing else to do.
    """
    highest: dict[Source, int] = {}
    async for records in read_log(consumer, journal, await log_spans(consumer, journal)):
        for record in records:
            for run in _decode(record.value or b"{}").runs:
                source = (run.topic, run.partition)
                highest[source] = max(run.last, highest.get(source, -1))
    return highest
