"""The headers of each topic's records, for the AsyncAPI document and the page of topics."""

from typing import Any, NamedTuple

from topics import headers as names
from topics.catalogue import DEAD_LETTERS, EXECUTION, INBOUND, JOURNAL, STEALS, Topic


class HeaderInfo(NamedTuple):
    """One header: its name, what it says, whether it is always there, its only value if it has one."""

    name: str
    meaning: str
    always: bool = True
    value: str | None = None


_INBOUND = (
    HeaderInfo(
        names.TRACEPARENT,
        "W3C Trace Context; goes on to the commands and facts that the event causes",
        always=False,
    ),
    HeaderInfo(
        names.REDRIVEN_FROM, "place of the dead letter that was put back here", always=False
    ),
    HeaderInfo(
        names.REDRIVEN_ORIGINAL,
        "where the refused record stood: topic:partition:offset",
        always=False,
    ),
)

_VERSION = HeaderInfo(names.SPECVERSION, "version of CloudEvents", value=names.CE_VERSION.decode())

_OUTPUT = (
    _VERSION,
    HeaderInfo(names.TYPE, "`type` of the message"),
    HeaderInfo(names.SOURCE, "`/worksteal/` and the journal's name: ids are places in it"),
    HeaderInfo(names.CONTENT_TYPE, "of the value", value=names.JSON.decode()),
    HeaderInfo(names.ID, "`id` of the message"),
    HeaderInfo(names.TIME, "`ts_us` of the message, as text of RFC 3339"),
    HeaderInfo(names.TRACEPARENT, "that of the record in `cause`", always=False),
)

_DEAD = (
    HeaderInfo(names.REASON, "why the record was refused"),
    HeaderInfo(names.FIELD, "the field that is wrong, or nothing"),
    HeaderInfo(names.ORIGIN, "where it stood: topic:partition:offset"),
    HeaderInfo(names.ORIGIN_TS_MS, "its time when it was merged, in milliseconds since 1970"),
    _VERSION,
    HeaderInfo(names.TYPE, "of a dead letter", value=names.REFUSED_TYPE),
    HeaderInfo(names.SOURCE, "`/worksteal/` and the name of the topic that it came from"),
    HeaderInfo(names.ID, "the same as `origin`"),
    HeaderInfo(names.TRACEPARENT, "that of the record", always=False),
    HeaderInfo(
        names.CUT_FROM_BYTES, "its length in bytes, if it was too long to keep", always=False
    ),
)

NOTE: tuple[HeaderInfo, ...] = (
    HeaderInfo(names.REASON, "what it is", value="redriven"),
    HeaderInfo(names.FIELD, "nothing"),
    HeaderInfo(names.ORIGIN, "that of the letter"),
    HeaderInfo(names.ORIGIN_TS_MS, "that of the letter, if it has one", always=False),
    _VERSION,
    HeaderInfo(names.TYPE, "of a note", value=names.REDRIVEN_TYPE),
    HeaderInfo(names.SOURCE, "`/worksteal/` and the name of the topic where the record stands now"),
    HeaderInfo(names.ID, "the same as `redriven-to`"),
    HeaderInfo(names.REDRIVEN, "the place of the letter that was put back"),
    HeaderInfo(names.REDRIVEN_TO, "where the record stands now: topic:partition:offset"),
    HeaderInfo(names.CORRECTED, "`yes` if other bytes than the letter's were put back, else `no`"),
)
"""Of the notes on `dead-letters` that a letter was put back."""

_FRAME = HeaderInfo(
    names.TRACEPARENT,
    "`topic:partition:offset`, a blank, and the `traceparent` of that event; one for each",
    always=False,
)

HEADERS: dict[Topic, tuple[HeaderInfo, ...]] = {
    **dict.fromkeys(INBOUND, _INBOUND),
    JOURNAL: (_FRAME,),
    EXECUTION: _OUTPUT,
    STEALS: _OUTPUT,
    DEAD_LETTERS: _DEAD,
}
"""In the order in which they are written."""


def headers_of(topic: Topic, message: str) -> dict[str, Any]:
    """Return the JSON Schema of a message's headers; their values are text in UTF-8."""
    known = NOTE if message == names.REDRIVEN_TYPE else HEADERS[topic]
    return {
        "type": "object",
        "properties": {info.name: _property(info, topic, message) for info in known},
        "required": [info.name for info in known if info.always],
    }


def _property(info: HeaderInfo, topic: Topic, message: str) -> dict[str, Any]:
    typed = info.name == names.TYPE and topic in (EXECUTION, STEALS)
    value = message if typed else info.value
    told = {"type": "string", "description": info.meaning}
    return told if value is None else {**told, "const": value}
