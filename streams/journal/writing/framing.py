"""From source records to frames: refuse, merge, and cut into one frame for each journal partition.

The plain half of the sequencer.  Account events of source partition *i* go to journal partition *i*;
quotes and forecasts go, as the same bytes, to every one.  A frame's runs say which source offsets it
covers, refused records included; where a frame is full, the rest goes into the next.

`Framer` remembers how far each source partition was framed.  After a restart it begins at the
committed offsets, which may be older than what the journal holds: the runs then overlap, and the
desk trims them (see `topics.frames`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, Protocol

import msgspec

from streams.journal.sources import BROADCAST, Source
from topics.catalogue import INBOUND, TOPIC_OF
from topics.codec import decode_event
from topics.frames import RawFrame, RawFrameEvent, Run
from topics.headers import (
    CE_VERSION,
    FIELD,
    ID,
    ORIGIN,
    ORIGIN_TS_MS,
    REASON,
    REFUSED_TYPE,
    SOURCE,
    SPECVERSION,
    TYPE,
    Header,
    source_uri,
)
from topics.refusals import Refused

EVENTS_MAX = 1000
BYTES_MAX = 512 * 1024
"""Of records in one frame; a single larger one still gets a frame."""

RANK = {topic.name: rank for rank, topic in enumerate(INBOUND)}
"""Records of the same time are merged in the order of the catalogue."""

WRONG_TOPIC = "wrong_topic"
"""Reason for a sound event on a topic that does not carry it."""


class SourceRecord(Protocol):
    """What is needed of a consumer's record; `timestamp` is the record's own, in milliseconds."""

    offset: int
    timestamp: int
    value: bytes | None


Polled = Mapping[Source, Sequence[SourceRecord]]
"""Records by source partition, each in its order."""


class DeadLetter(NamedTuple):
    """A refused record: where it stood, its time in the merge (ms), why, and the exact bytes."""

    source: Source
    offset: int
    ts_ms: int
    value: bytes
    reason: str
    field: str

    @property
    def origin(self) -> str:
        """Return topic, partition and offset of the refused record."""
        return f"{self.source[0]}:{self.source[1]}:{self.offset}"

    def headers(self, topic: str) -> list[Header]:
        """Return what its record says beside the bytes; `topic` is the source's name on the broker."""
        origin = self.origin.encode()
        return [
            (REASON, self.reason.encode()),
            (FIELD, self.field.encode()),
            (ORIGIN, origin),
            (ORIGIN_TS_MS, str(self.ts_ms).encode()),
            (SPECVERSION, CE_VERSION),
            (TYPE, REFUSED_TYPE.encode()),
            (SOURCE, source_uri(topic)),
            (ID, origin),
        ]


class Framed(NamedTuple):
    """What a batch of records became: frames by journal partition, in order, and dead letters."""

    frames: list[tuple[int, RawFrame]]
    dead_letters: list[DeadLetter]


_Item = tuple[int, Source, int, bytes]
"""A record in the merge: its order in time, its source, offset and bytes.  A plain tuple, since a
named one takes six times as long to make, and there is one for each record."""

_BY_ORDER = itemgetter(0)


class Framer:
    """Cuts batches into frames whose runs chain."""

    def __init__(self, partitions: int, positions: dict[Source, int]) -> None:
        """Begin at `positions`: the next offset to read, of each source partition."""
        self.partitions = partitions
        self._framed = {source: offset - 1 for source, offset in positions.items()}

    def frame(self, polled: Polled) -> Framed:
        """Frame one polled batch."""
        framed = Framed([], [])
        for part in _parts(_merged(polled)):
            self._frame_part(part, framed)
        return framed

    def gap_frames(self, gaps: Iterable[Run]) -> list[tuple[int, RawFrame]]:
        """Return frames without events that tell each journal partition what is missing."""
        missing: dict[int, list[Run]] = {}
        for run in gaps:
            to_all = run.topic in BROADCAST
            for journal in range(self.partitions) if to_all else (run.partition,):
                missing.setdefault(journal, []).append(run)
        return [(journal, RawFrame(runs=runs)) for journal, runs in sorted(missing.items())]

    def _frame_part(self, part: Sequence[_Item], framed: Framed) -> None:
        """Make one frame for each journal partition that this stretch concerns.

        Sources that go everywhere come first in every frame's runs, so that their events are the
        same objects in all of them.
        """
        last = {source: offset for _, source, offset, _ in part}
        everywhere = [source for source in last if source[0] in BROADCAST]
        runs = [everywhere.copy() for _ in range(self.partitions)]
        index = {source: number for number, source in enumerate(everywhere)}
        for source in last:
            if source not in index:
                index[source] = len(runs[source[1]])
                runs[source[1]].append(source)
        events: list[list[RawFrameEvent]] = [[] for _ in range(self.partitions)]
        for order, source, offset, value in part:
            refused = refusal_of(source[0], value)
            if refused is not None:
                reason, field = refused
                letter = DeadLetter(
                    source=source,
                    offset=offset,
                    ts_ms=order >> 24,
                    value=value,
                    reason=reason,
                    field=field,
                )
                framed.dead_letters.append(letter)
                continue
            item = RawFrameEvent(index[source], offset, msgspec.Raw(value))
            if source[0] in BROADCAST:
                for going in events:
                    going.append(item)
            else:
                events[source[1]].append(item)
        for journal, sources in enumerate(runs):
            if sources:
                made = [self._run(source, last[source]) for source in sources]
                framed.frames.append((journal, RawFrame(runs=made, events=events[journal])))
        self._framed |= last

    def _run(self, source: Source, last: int) -> Run:
        return Run(topic=source[0], partition=source[1], prev=self._framed[source], last=last)


def _merged(polled: Polled) -> list[_Item]:
    """Merge by record time, then by the catalogue's order of topics, then by partition.

    Producers' clocks differ, so times can go back inside a source partition.  There a record counts
    as of the latest time before it: the source decides its own order, the merge which comes next.
    """
    items: list[_Item] = []
    for source, records in polled.items():
        rank = RANK[source[0]] << 16 | source[1]
        latest = 0
        for record in records:
            if record.timestamp > latest:  # noqa: PLR1730 - max() takes twice as long
                latest = record.timestamp
            items.append((latest << 24 | rank, source, record.offset, record.value or b""))
    items.sort(key=_BY_ORDER)  # stable: records of one source stay as they came
    return items


def _parts(items: list[_Item]) -> Iterator[Sequence[_Item]]:
    """Cut by number and size."""
    begin = size = 0
    for number, item in enumerate(items):
        more = len(item[3])
        if number > begin and (number - begin == EVENTS_MAX or size + more > BYTES_MAX):
            yield items[begin:number]
            begin, size = number, 0
        size += more
    if begin < len(items):
        yield items[begin:]


def refusal_of(topic: str, value: bytes) -> tuple[str, str] | None:
    """Say why a record is refused, reason and field, or None.

    The record is decoded to see whether it can be, and the event is thrown away: that is 2.7 of the
    4.1 us of processor time that an event costs the sequencer before Kafka (`python bench/door.py`).
    It buys that no desk ever meets a record that it cannot read.  The desk decodes the frame once
    more; nothing else in the worker decodes these bytes.
    """
    event = decode_event(value)
    if isinstance(event, Refused):
        return str(event.reason), event.field
    if TOPIC_OF[type(event)].name != topic:
        return WRONG_TOPIC, "type"
    return None
