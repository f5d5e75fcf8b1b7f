"""What a reason means, what to do about it, and where in the bytes the fault lies."""

import json
import re
from typing import Any

from streams.journal.writing.framing import WRONG_TOPIC
from topics.meanings import RECORD_MEANING
from topics.refusals import RecordRefusal

from .letter import UNKNOWN

MEANING: dict[str, str] = {
    **{str(reason): meaning for reason, meaning in RECORD_MEANING.items()},
    WRONG_TOPIC: "a sound event on a topic that does not carry it",
    UNKNOWN: "it has no headers: another program than the sequencer put it here",
}
"""By reason, in the order of precedence."""

_CORRECT = "put the right value in and redrive with --with; then mend the producer"

ADVICE: dict[str, str] = {
    RecordRefusal.OVERSIZE: "find the producer that writes this; send the same as smaller events",
    RecordRefusal.TOO_DEEP: "no event nests like this: find the producer, or who else writes there",
    RecordRefusal.NOT_JSON: "see whether the producer writes another encoding, or cut it off; redrive"
    " it whole with --with",
    RecordRefusal.DUPLICATE_KEY: "say which of the two values is meant and redrive with --with",
    RecordRefusal.UNKNOWN_TYPE: "see whether `type` is misspelt, or the producer is of a later release",
    RecordRefusal.NEWER_VERSION: "upgrade the workers, then redrive it unchanged",
    RecordRefusal.MISSING_FIELD: "put the field in and redrive with --with; then mend the producer",
    RecordRefusal.EXTRA_FIELD: "take the field out and redrive with --with, or upgrade the workers"
    " if a later release has it",
    RecordRefusal.WRONG_TYPE: _CORRECT,
    RecordRefusal.NOT_A_NUMBER: _CORRECT,
    RecordRefusal.INFINITE_NUMBER: _CORRECT,
    RecordRefusal.NEGATIVE_NUMBER: _CORRECT,
    RecordRefusal.ZERO_NUMBER: _CORRECT,
    RecordRefusal.ABSURD_NUMBER: _CORRECT,
    RecordRefusal.BAD_ID: _CORRECT,
    WRONG_TOPIC: "redrive it with --reroute, which sends it to the topic that carries it; then mend"
    " the producer",
    UNKNOWN: "find out who writes to this topic; there is nowhere to put it back",
}


def meaning_of(reason: str) -> str:
    """Return what a reason means; a later release may have more of them than this one."""
    return MEANING.get(reason, "this release does not know this reason")


def advice_of(reason: str) -> str:
    """Return what a person does about it."""
    return ADVICE.get(reason, "upgrade, then look again")


def fault_at(value: bytes, reason: str, field: str) -> str:
    """Say where in the record the fault is, as well as that can be told; "" if it cannot."""
    if reason == RecordRefusal.NOT_JSON:
        return _where_json_ends(value)
    if not field:
        return ""
    told = f"field {field}"
    key = re.escape(json.dumps(_last_name(field)).encode())
    found = [match.start() for match in re.finditer(key + rb"\s*:", value)]
    if reason == RecordRefusal.MISSING_FIELD:
        return f"{told}: it is not there"
    if reason == RecordRefusal.DUPLICATE_KEY and len(found) > 1:
        return f"{told}: at bytes {' and '.join(map(str, found))}"
    if len(found) == 1:
        told += f", at byte {found[0]}"
    shown = _value_at(value, field)
    return f"{told}: {shown}" if shown else told


def _last_name(field: str) -> str:
    """Return the key that a path ends in: `positions.0.qty` ends in `qty`."""
    names = [name for name in field.split(".") if not name.isdigit()]
    return names[-1] if names else field


def _where_json_ends(value: bytes) -> str:
    if not value:
        return "the record is empty"
    try:
        body = json.loads(value.decode("utf-8"))
    except UnicodeDecodeError as error:
        return f"byte {error.start}: 0x{value[error.start]:02x} is no UTF-8 there"
    except json.JSONDecodeError as error:
        at = len(error.doc[: error.pos].encode())
        return f"byte {at}, line {error.lineno}: {error.msg[0].lower()}{error.msg[1:]}"
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return "it is JSON, but no object"
    return "a text has half a surrogate pair, which is no UTF-8"


def _value_at(value: bytes, field: str) -> str:
    """Return the value of a field as JSON, cut to a line."""
    try:
        at: Any = json.loads(value)
        for name in field.split("."):
            at = at[int(name)] if isinstance(at, list) else at[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    told = json.dumps(at, ensure_ascii=True)
    return told if len(told) <= 100 else f"{told[:100]}…"
