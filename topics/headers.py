"""What the headers of records say: whose message it is, and which trace it belongs to.

Commands and facts carry the attributes of CloudEvents 1.0 under the names of its Kafka binding,
binary mode: `ce_` and the attribute's name, and `content-type`.  The value stays what it is without
them.  Each header is a function of the message and of the journal that it follows from, so a message
that is sent again has the same headers.

`traceparent` is that of W3C Trace Context; it travels from the event to what the event caused.  One in
any other form is ignored, as if it were not there.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from .commands import Command
from .facts import Fact

Header: TypeAlias = tuple[str, bytes]

SPECVERSION = "ce_specversion"
ID = "ce_id"
SOURCE = "ce_source"
TYPE = "ce_type"
TIME = "ce_time"
CONTENT_TYPE = "content-type"
TRACEPARENT = "traceparent"

CE_VERSION = b"1.0"
JSON = b"application/json"

REFUSED_TYPE = "record.refused"
"""`ce_type` of a dead letter."""

REASON = "reason"
FIELD = "field"
ORIGIN = "origin"
ORIGIN_TS_MS = "origin-ts-ms"
CUT_FROM_BYTES = "cut-from-bytes"

REDRIVEN_TYPE = "record.redriven"
"""`ce_type` of the note, on the topic of dead letters, that one of them was put back."""

REDRIVEN = "redriven"
REDRIVEN_TO = "redriven-to"
CORRECTED = "corrected"
REDRIVEN_FROM = "redriven-from"
REDRIVEN_ORIGINAL = "redriven-original"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def source_uri(topic: str) -> bytes:
    """Return the `ce_source` of messages whose ids are places in a topic, by its name on the broker."""
    return f"/worksteal/{topic}".encode()


def time_text(ts_us: int) -> bytes:
    """Return a time, in microseconds since 1970, in the form of RFC 3339."""
    at = _EPOCH + timedelta(microseconds=ts_us)
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z".encode()


class Stamp:
    """Makes the headers of commands and facts; what does not change is made once for each type."""

    def __init__(self, journal: str) -> None:
        """`journal` is the name, on the broker, of the journal in which ids are places."""
        self._source = source_uri(journal)
        self._fixed: dict[type[Command | Fact], tuple[Header, ...]] = {}
        self._at = (-1, b"")
        """The last time and its text: all messages of a frame have the same."""

    def headers(self, message: Command | Fact, trace: bytes | None = None) -> list[Header]:
        """Return the headers of a message; `trace` is the `traceparent` of the event it follows from."""
        kind = type(message)
        fixed = self._fixed.get(kind)
        if fixed is None:
            fixed = self._fixed[kind] = self._of(kind)
        if self._at[0] != message.ts_us:
            self._at = (message.ts_us, time_text(message.ts_us))
        made = [*fixed, (ID, message.id.encode()), (TIME, self._at[1])]
        if trace is not None:
            made.append((TRACEPARENT, trace))
        return made

    def _of(self, kind: type[Command | Fact]) -> tuple[Header, ...]:
        return (
            (SPECVERSION, CE_VERSION),
            (TYPE, str(kind.__struct_config__.tag).encode()),
            (SOURCE, self._source),
            (CONTENT_TYPE, JSON),
        )


def is_traceparent(value: bytes | None) -> bool:
    """Tell whether a value has the form of W3C Trace Context, with ids that are not all zeros."""
    found = _FORM.fullmatch(value) if value is not None else None
    return (
        found is not None
        and not found.string.startswith(b"ff")
        and any(byte != 0x30 for byte in found[1])
        and any(byte != 0x30 for byte in found[2])
    )


def traceparent_of(headers: Iterable[tuple[str, bytes | None]]) -> bytes | None:
    """Return a record's `traceparent`; None if there is none, several, or one in another form."""
    values = [value for name, value in headers if name == TRACEPARENT]
    return values[0] if len(values) == 1 and is_traceparent(values[0]) else None
