"""From source records to frames: refuse, merge, and cut into one frame for each journal partition.

The plain half of the sequencer.  Account events of source partition *i* go to journal partition *i*;
quotes and forecasts go, as the same bytes, to every one.  A frame's runs say which source offsets it
covers, refused records included; where a frame is full, the rest goes into the next.

`Framer` remembers how far each source partition was framed.  After a restart it begins at the
committed offsets, which may be older than what the journal holds: the runs then overlap, and the
desk trims them (see `topics.frames`).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from topics.catalogue import FORECASTS, INBOUND, QUOTES, TOPIC_OF
from topics.codec import decode_event
from topics.frames import RawFrame, RawFrameEvent, Run
from topics.refusals import Refused

EVENTS_MAX = 1000
BYTES_MAX = 512 * 1024
"""Of events in one frame; a single larger event still gets a frame."""

RANK = {topic.name: rank for rank, topic in enumerate(INBOUND)}
"""Records of the same time are merged in the order of the catalogue."""

BROADCAST = frozenset({QUOTES.name, FORECASTS.name})
"""For membership only."""

WRONG_TOPIC = "wrong_topic"
"""Reason for a sound event on a topic that does not carry it."""


class SourceRecord(NamedTuple):
    """One record of a source topic; `ts_ms` is the record's own time."""

    topic: str
    partition: int
    offset: int
    ts_ms: int
    value: bytes


class DeadLetter(NamedTuple):
    """A refused record: where it stood, why, and the exact bytes."""

    record: SourceRecord
    reason: str
    field: str


class Framed(NamedTuple):
    """What a batch of records became: frames by journal partition, in order, and dead letters."""

    frames: list[tuple[int, RawFrame]]
    dead_letters: list[DeadLetter]


class Framer:
    """Cuts batches into frames whose runs chain."""

    def __init__(self, partitions: int, positions: dict[tuple[str, int], int]) -> None:
        """Begin at `positions`: the next offset to read, of each source partition."""
        self.partitions = partitions
        self._framed = {source: offset - 1 for source, offset in positions.items()}

    def frame(self, records: Iterable[SourceRecord]) -> Framed:
        """Frame one polled batch; records of a source partition come in their order."""
        merged = sorted(records, key=lambda r: (r.ts_ms, RANK[r.topic], r.partition, r.offset))
        merged = list(_keep_source_order(merged))
        dead = []
        sound = []
        for record in merged:
            letter = refusal_of(record)
            if letter is not None:
                dead.append(letter)
            sound.append((record, letter is None))
        frames = []
        for journal in range(self.partitions):
            mine = [
                item for item in sound if item[0].topic in BROADCAST or item[0].partition == journal
            ]
            frames += [(journal, made) for made in self._cut(mine)]
        for record in merged:
            self._framed[record.topic, record.partition] = record.offset
        return Framed(frames, dead)

    def _cut(self, items: list[tuple[SourceRecord, bool]]) -> Iterator[RawFrame]:
        """Yield the frames of one journal partition."""
        framed = dict(self._framed)
        for part in _parts(items):
            runs: dict[tuple[str, int], int] = {}
            events = []
            for record, is_sound in part:
                source = (record.topic, record.partition)
                index = runs.setdefault(source, len(runs))
                if is_sound:
                    raw = msgspec.Raw(record.value)
                    events.append(RawFrameEvent(index, record.offset, raw))
            last = {(record.topic, record.partition): record.offset for record, _ in part}
            yield RawFrame(
                runs=[
                    Run(
                        topic=topic,
                        partition=number,
                        prev=framed[topic, number],
                        last=last[topic, number],
                    )
                    for topic, number in runs
                ],
                events=events,
            )
            framed |= last


def _parts(items: list[tuple[SourceRecord, bool]]) -> Iterator[list[tuple[SourceRecord, bool]]]:
    """Cut by number and size."""
    part: list[tuple[SourceRecord, bool]] = []
    size = 0
    for item in items:
        more = len(item[0].value)
        if part and (len(part) == EVENTS_MAX or size + more > BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(item)
        size += more
    if part:
        yield part


def _keep_source_order(merged: list[SourceRecord]) -> Iterator[SourceRecord]:
    """Give each source partition its records in offset order, whatever their times say.

    Producers' clocks differ, so record times can go back inside a partition; the merge decides
    which source comes next, the source decides which record.
    """
    queues: dict[tuple[str, int], list[SourceRecord]] = {}
    for record in merged:
        queues.setdefault((record.topic, record.partition), []).append(record)
    for queue in queues.values():
        queue.sort(key=lambda record: -record.offset)
    for record in merged:
        yield queues[record.topic, record.partition].pop()


def refusal_of(record: SourceRecord) -> DeadLetter | None:
    """Say why a record is refused, or None."""
    event = decode_event(record.value)
    if isinstance(event, Refused):
        return DeadLetter(record, str(event.reason), event.field)
    if TOPIC_OF[type(event)].name != record.topic:
        return DeadLetter(record, WRONG_TOPIC, "type")
    return None
