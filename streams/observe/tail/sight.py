"""What is seen of a record: a line for people, an object for programs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from state.rules.money import to_dollars
from streams.ground.times import time_text

_SAID_ELSEWHERE = frozenset({"v", "type", "id", "ts_us", "account"})
"""Fields that have a place of their own in a line, or say nothing to a person."""


class Sight(NamedTuple):
    """One message, event or dead letter.

    `ts_us` is microseconds since 1970, `place` a message's id or where a record stood, `account`
    None if it is about none, `what` a line for people, `body` the same for programs.
    """

    ts_us: int
    place: str
    account: str | None
    what: str
    body: dict[str, Any]

    def line(self) -> str:
        """Return time, place, account and what, in one line that moves no cursor."""
        told = f"{time_text(self.ts_us)}  {self.place}  {self.account or '-'}  {self.what}"
        return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in told)

    def document(self) -> dict[str, Any]:
        """Return the same as plain values."""
        return {"time": time_text(self.ts_us), "place": self.place} | self.body


def words_of(message: msgspec.Struct) -> str:
    """Say what a message says: its kind, then its fields, those that say nothing left out."""
    kind = str(message.__struct_config__.tag)
    return " ".join((kind, *_fields(message)))


def _fields(struct: msgspec.Struct) -> Iterator[str]:
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        silent = value is None or value in ("", [])
        if field.name not in _SAID_ELSEWHERE and not silent:
            yield _field(field.name, value)


def _field(name: str, value: Any) -> str:
    if name.endswith("_micros"):
        return f"{name.removesuffix('_micros')}=${to_dollars(value):,.2f}"
    if name.endswith("_us"):
        return f"{name.removesuffix('_us')}={time_text(value)}"
    return f"{name}={_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, msgspec.Struct):
        return f"({' '.join(_fields(value))})"
    if isinstance(value, list | tuple):
        return ",".join(map(_value, value))
    if isinstance(value, dict):
        return f"({' '.join(f'{name}={_value(one)}' for name, one in value.items())})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) and value == int(value) else str(value)
