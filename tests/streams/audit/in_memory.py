"""Replays and compares with everything kept in memory, which a day of a real journal would fill."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.audit.broker.reader import broker_source
from streams.audit.recording.source import OUTPUTS, Gaps, Source, walk
from streams.audit.replay.partitions import Replayed, replay
from streams.audit.replay.said import Said
from streams.audit.verify.compare import Comparer
from streams.audit.verify.found import Findings, FoundRecord
from streams.ground.settings import Settings


class Heard(NamedTuple):
    """A replay, and everything said in it."""

    replayed: Replayed
    said: list[Said]


async def replay_all(source: Source) -> Heard:
    said: list[Said] = []
    return Heard(await replay(source, hear=said.append), said)


async def replay_broker(settings: Settings, ends: Mapping[int, int] | None = None) -> Heard:
    async with broker_source(settings, ends) as source:
        return await replay_all(source)


async def found_on_broker(settings: Settings) -> list[FoundRecord]:
    async with broker_source(settings) as source:
        gaps = Gaps(source, allowed=True)
        return [
            FoundRecord(topic, number, record.offset, record.value)
            for topic in OUTPUTS
            for number in source.spans(topic)
            async for batch in walk(source, topic, number, gaps.note)
            for record in batch
        ]


def compare(heard: Heard, found: Iterable[FoundRecord]) -> Findings:
    comparer = Comparer(heard.replayed.partitions)
    for said in heard.said:
        comparer.expect(said)
    for record in found:
        comparer.find(record)
    return comparer.conclude(complete=True)
