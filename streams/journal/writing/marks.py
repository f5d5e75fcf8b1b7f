"""How far the journal has each source partition: what the sequencer asks when its group has forgotten.

A group's offsets go when nobody was in it for a week, and with a topic that is deleted.  The journal
knows better; reading it takes a while, and is done only then.
"""

from collections.abc import Iterable

import msgspec
from aiokafka import AIOKafkaConsumer

from streams.ground.kafka import log_spans, read_log
from streams.journal.sources import Source
from topics.frames import Run


class _Runs(msgspec.Struct):
    """The part of a frame that is wanted; the events are passed over."""

    runs: list[Run] = []


_decode = msgspec.json.Decoder(_Runs).decode


def marks(frames: Iterable[bytes]) -> dict[Source, int]:
    """Return the highest offset of each source partition in these frames."""
    found: dict[Source, int] = {}
    for frame in frames:
        for run in _decode(frame).runs:
            source = (run.topic, run.partition)
            found[source] = max(run.last, found.get(source, -1))
    return found


async def journal_marks(consumer: AIOKafkaConsumer, journal: str) -> dict[Source, int]:
    """Return them for a whole journal; `consumer` has no group and nothing else to do."""
    found: dict[Source, int] = {}
    async for records in read_log(consumer, journal, await log_spans(consumer, journal)):
        for source, last in marks(record.value or b"{}" for record in records).items():
            found[source] = max(last, found.get(source, -1))
    return found
