"""Why a record is refused: the full ladder of checks, in the order that is their precedence.

`codec.decode_event` accepts the ordinary record in a microsecond; only what that does not accept
comes here, where the time to find the precise reason may be spent.
"""

import enum
import json
import math
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import msgspec

from .events import EVENT_TYPES, AnyEvent, Position
from .limits import DEPTH_MAX, RECORD_BYTES_MAX, Id

FIELD_CHARS_MAX = 100
"""A producer's own key is cut to this length where a refusal names it."""


class RecordRefusal(enum.StrEnum):
    """Reasons in order of precedence.  Names are public (dead-letter header, metrics label)."""

    OVERSIZE = "oversize"
    TOO_DEEP = "too_deep"
    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_TYPE = "unknown_type"
    NEWER_VERSION = "newer_version"
    MISSING_FIELD = "missing_field"
    EXTRA_FIELD = "extra_field"
    WRONG_TYPE = "wrong_type"
    NOT_A_NUMBER = "not_a_number"
    INFINITE_NUMBER = "infinite_number"
    NEGATIVE_NUMBER = "negative_number"
    ZERO_NUMBER = "zero_number"
    ABSURD_NUMBER = "absurd_number"
    BAD_ID = "bad_id"


class Refused(NamedTuple):
    """A refused record: the reason, the field it lies in ("" for the whole), and the exact bytes."""

    reason: RecordRefusal
    field: str
    raw: bytes

    def __str__(self) -> str:
        return f"{self.reason} in {self.field}" if self.field else str(self.reason)


TYPES: dict[str, type[AnyEvent]] = {
    str(info.tag): info.cls  # type: ignore[misc]
    for info in map(msgspec.inspect.type_info, EVENT_TYPES)
    if isinstance(info, msgspec.inspect.StructType)
}
"""The event class of each `type`."""

_ID_FIELDS = frozenset({"account", "entry", "order", "fill", "symbol", "orders"})
_UNSIGNED = frozenset(
    {"limit", "price", "bid", "ask", "bid_size", "ask_size", "tolerance", "rank", "ts_us"}
    | {"expires_us", "low", "high", "close"}
)
_SIGNED = frozenset({"equity", "pnl", "fee", "qty"})
_WHOLE = frozenset({"rank", "ts_us", "expires_us"})
_ELEMENTS: dict[str, Any] = {"positions": Position, "orders": Id}
_PRECEDENCE = {reason: place for place, reason in enumerate(RecordRefusal)}


def too_deep(raw: bytes) -> bool:
    """Tell whether brackets nest beyond `DEPTH_MAX`, without parsing.

    Cheap for the usual record: fewer opening brackets than the limit cannot nest beyond it.
    """
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:
        return False
    depth = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"{[":
            depth += 1
            if depth > DEPTH_MAX:
                return True
        elif byte in b"}]":
            depth -= 1
    return False


def why_refused(raw: bytes) -> Refused | None:
    """Walk the whole ladder over one record; None if every check passes."""
    if len(raw) > RECORD_BYTES_MAX:
        return Refused(RecordRefusal.OVERSIZE, "", raw)
    if too_deep(raw):
        return Refused(RecordRefusal.TOO_DEEP, "", raw)
    doubled: list[str] = []
    try:
        body = json.loads(raw.decode("utf-8"), object_pairs_hook=partial(_noting_doubled, doubled))
        # Python reads half a surrogate pair, which no UTF-8 can write; what does not go out again
        # never came in.
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except ValueError:
        return Refused(RecordRefusal.NOT_JSON, "", raw)
    if not isinstance(body, dict):
        return Refused(RecordRefusal.NOT_JSON, "", raw)
    faults = [(RecordRefusal.DUPLICATE_KEY, key) for key in doubled] or [*_head_faults(body)]
    if not faults:
        kind = TYPES[body["type"]]
        faults = [*_field_faults(body, kind, ""), *_number_faults(body, "")]
    if not faults:
        return None
    reason, field = min(faults, key=lambda fault: _PRECEDENCE[fault[0]])
    return Refused(reason, field[:FIELD_CHARS_MAX], raw)


def _noting_doubled(doubled: list[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object, and note each key that it has twice: a parser's hook cannot return more."""
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                doubled.append(key)
            seen.add(key)
    return result


_Fault = tuple[RecordRefusal, str]


def _head_faults(body: dict[str, Any]) -> Iterator[_Fault]:
    """Check type and version, on which the meaning of everything else depends."""
    kind = body.get("type")
    version = body.get("v", 1)
    if not isinstance(kind, str) or kind not in TYPES:
        yield RecordRefusal.UNKNOWN_TYPE, "type"
    elif isinstance(version, int) and not isinstance(version, bool) and version > 1:
        yield RecordRefusal.NEWER_VERSION, "v"


def _field_faults(body: dict[str, Any], kind: type[msgspec.Struct], path: str) -> Iterator[_Fault]:
    """Check the set of fields, then let msgspec judge each value, and name its complaint."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if name not in body and (field.required or name == "v"):
            yield RecordRefusal.MISSING_FIELD, path + name
    for name, value in body.items():
        if name in fields:
            yield from _value_faults(value, fields[name].type, path + name)
        elif name != "type" or path:
            yield RecordRefusal.EXTRA_FIELD, path + name


def _value_faults(value: Any, kind: Any, path: str) -> Iterator[_Fault]:
    """Let msgspec judge one value; if it complains, find each fault inside, and name it."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        element = _ELEMENTS.get(path)
        if isinstance(value, list) and element is not None:
            inner = [
                fault
                for index, item in enumerate(value)
                for fault in _element_faults(item, element, f"{path}.{index}")
            ]
            yield from inner or [(RecordRefusal.WRONG_TYPE, path)]
        else:
            yield _non_finite(value) or _name(value, path), path


def _element_faults(value: Any, kind: Any, path: str) -> Iterator[_Fault]:
    if kind is Position and isinstance(value, dict):
        return _field_faults(value, Position, f"{path}.")
    return _value_faults(value, kind, path)


def _number_faults(value: Any, path: str) -> Iterator[_Fault]:
    """Find NaN and infinity anywhere; JSON has neither, but many writers emit them."""
    reason = _non_finite(value)
    if reason:
        yield reason, path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _number_faults(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _number_faults(item, f"{path}.{index}")


def _non_finite(value: Any) -> RecordRefusal | None:
    if not isinstance(value, float) or math.isfinite(value):
        return None
    return RecordRefusal.NOT_A_NUMBER if math.isnan(value) else RecordRefusal.INFINITE_NUMBER


def _name(value: Any, path: str) -> RecordRefusal:
    """Name the fault of a value that msgspec did not take, by the field it stands in."""
    names = [part for part in path.split(".") if not part.isdigit()]
    field = names[-1]
    if isinstance(value, str) and field in _ID_FIELDS:
        return RecordRefusal.BAD_ID
    if isinstance(value, bool) or not isinstance(value, int | float):
        return RecordRefusal.WRONG_TYPE
    positive = field in _UNSIGNED or names == ["qty"]
    if field in _WHOLE and isinstance(value, float):
        return RecordRefusal.WRONG_TYPE
    if positive and value < 0:
        return RecordRefusal.NEGATIVE_NUMBER
    if positive and value == 0:
        return RecordRefusal.ZERO_NUMBER
    if positive or field in _SIGNED:
        return RecordRefusal.ABSURD_NUMBER
    return RecordRefusal.WRONG_TYPE
