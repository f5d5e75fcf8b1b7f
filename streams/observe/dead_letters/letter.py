"""Records of `dead-letters`: letters, and the notes that say that a letter was put back.

A letter's value is the refused record's exact bytes; its headers are those that
`streams.journal.writing.sequencer` writes.  A note is an empty record with the key of its letter, in its
partition and behind it, so retention never takes it first.  It has a letter's headers too, with the
reason `redriven`: a reader that knows of no notes sees a letter without bytes.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from streams.ground.kafka import LogRecord
from streams.observe.errors import DeadLetterError
from topics.catalogue import DEAD_LETTERS
from topics.headers import (
    CE_VERSION,
    CORRECTED,
    CUT_FROM_BYTES,
    FIELD,
    ID,
    ORIGIN,
    ORIGIN_TS_MS,
    REASON,
    REDRIVEN,
    REDRIVEN_TO,
    REDRIVEN_TYPE,
    SOURCE,
    SPECVERSION,
    TYPE,
    Header,
    source_uri,
    traceparent_of,
)

from .hexdump import word

REDRIVEN_REASON = "redriven"
"""A note's `reason`, which no letter has."""

UNKNOWN = "unknown"
"""Reason of a record without headers, which the sequencer did not write."""

PLACE = re.compile(rf"(?:{DEAD_LETTERS.name}:)?([0-9]{{1,9}}):([0-9]{{1,18}})")
_ORIGIN = re.compile(r"([A-Za-z0-9._-]+):([0-9]{1,9}):([0-9]{1,18})")
_WHOLE = re.compile(r"[0-9]{1,18}")

Place = tuple[int, int]
"""Partition and offset on `dead-letters`."""


class Origin(NamedTuple):
    """Where a refused record stood: a topic of the catalogue, partition, offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


class Letter(NamedTuple):
    """A refused record without its bytes, of which it has only the number (`size`).

    `ts_ms` is when it was refused, `origin_ts_ms` the record's own time (None: not told), both in
    milliseconds since 1970.  `cut_from` is its length before it was cut, None if it is whole.
    `trace` is its `traceparent`, None if it has none.
    """

    place: Place
    ts_ms: int
    reason: str
    field: str
    origin: Origin | None
    origin_ts_ms: int | None
    size: int
    cut_from: int | None
    trace: bytes | None


class Note(NamedTuple):
    """That a letter was put back: when (ms since 1970), which letter, of what origin, and where to."""

    place: Place
    ts_ms: int
    letter: str
    origin: Origin | None
    to: str
    corrected: bool


def place_text(place: Place) -> str:
    """Write a place as it is typed: partition, colon, offset."""
    return f"{place[0]}:{place[1]}"


def parse_place(text: str) -> Place:
    """Read a place; raises `DeadLetterError` for anything else."""
    match = PLACE.fullmatch(text.strip())
    if match is None:
        raise DeadLetterError(
            f"{word(text)} is no place of a dead letter: write PARTITION:OFFSET, as `worksteal dlq list`"
            " shows it."
        )
    return int(match[1]), int(match[2])


def read_record(record: LogRecord) -> Letter | Note:
    """Tell what a record of `dead-letters` is.  One of a stranger is a letter of no origin."""
    headers = dict(record.headers)
    place = (record.partition, record.offset)
    origin = _origin(_text(headers, ORIGIN))
    if REDRIVEN in headers:
        return Note(
            place,
            record.ts_ms,
            _text(headers, REDRIVEN),
            origin,
            _text(headers, REDRIVEN_TO),
            corrected=_text(headers, CORRECTED) == "yes",
        )
    return Letter(
        place,
        record.ts_ms,
        _text(headers, REASON) or UNKNOWN,
        _text(headers, FIELD),
        origin,
        _whole(_text(headers, ORIGIN_TS_MS)),
        len(record.value or b""),
        _whole(_text(headers, CUT_FROM_BYTES)),
        traceparent_of(record.headers),
    )


def note_headers(letter: Letter, to: str, topic: str, *, corrected: bool) -> list[Header]:
    """Return the headers of the note that a letter was put back at `to`.

    `topic` is the name, on the broker, of the topic in `to`.
    """
    headers = [
        (REASON, REDRIVEN_REASON.encode()),
        (FIELD, b""),
        (ORIGIN, str(letter.origin).encode()),
        (SPECVERSION, CE_VERSION),
        (TYPE, REDRIVEN_TYPE.encode()),
        (SOURCE, source_uri(topic)),
        (ID, to.encode()),
        (REDRIVEN, f"{DEAD_LETTERS.name}:{place_text(letter.place)}".encode()),
        (REDRIVEN_TO, to.encode()),
        (CORRECTED, b"yes" if corrected else b"no"),
    ]
    if letter.origin_ts_ms is not None:
        headers.insert(3, (ORIGIN_TS_MS, str(letter.origin_ts_ms).encode()))
    return headers


def _origin(text: str) -> Origin | None:
    match = _ORIGIN.fullmatch(text)
    return None if match is None else Origin(match[1], int(match[2]), int(match[3]))


def _text(headers: Mapping[str, bytes | None], name: str) -> str:
    """Return a header as text that can be shown; anybody can write to the topic."""
    return word((headers.get(name) or b"").decode("utf-8", "backslashreplace"))


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None
