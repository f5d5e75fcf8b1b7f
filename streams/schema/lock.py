"""The lock: which fields each version of a message has, so that none changes under a version.

The rules, which docs/schema/README.md gives to people:

- a new message is free, and so is a new field of an inbound event that may be left out;
- anything else that changes a field, or a message, needs a new version;
- a version that stands in the lock stays there.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

from .messages import MESSAGES, Schema, is_inbound, references

Fields: TypeAlias = dict[str, Any]
"""The form of each field by its name; a field of a part is `victims.order`."""

Lock: TypeAlias = dict[str, dict[str, Fields]]
"""Fields by message and version."""

_SAID_ONLY = ("description", "title")
"""Words for people; they may change."""


def fields_of(schema: Schema) -> Fields:
    """Return the form of each field of a message."""
    return dict(_walk("", schema, schema.get("definitions", {})))


def merged(lock: Lock, schemas: Mapping[str, Schema]) -> Lock:
    """Return the lock with the versions that the code has now."""
    found = {name: dict(versions) for name, versions in lock.items()}
    for name, schema in schemas.items():
        found.setdefault(name, {})[_version(schema)] = fields_of(schema)
    return found


def faults(lock: Lock, schemas: Mapping[str, Schema]) -> list[str]:
    """Return a sentence for each change that the version of its message does not show."""
    found = []
    for name, versions in lock.items():
        if name not in schemas:
            found.append(f"message `{name}` is gone: old records have it, so keep reading it.")
            continue
        version = _version(schemas[name])
        newest = max(map(int, versions))
        if int(version) < newest:
            found.append(
                f"message `{name}` has version {version}, and had {newest}: go on from there."
            )
        elif version in versions:
            inbound = name in MESSAGES and is_inbound(MESSAGES[name])
            now = fields_of(schemas[name])
            for field, what in _changes(versions[version], now, inbound=inbound):
                found.append(
                    f"message `{name}` version {version}, field `{field}` {what}: raise the version"
                    " of the message, `v`, and keep reading the old one."
                )
    return found


def text_of(lock: Lock) -> str:
    """Return the lock as the bytes of its file, a line for each field."""
    messages = []
    for name in sorted(lock):
        versions = []
        for version in sorted(lock[name], key=int):
            fields = lock[name][version]
            lines = [f'      "{field}": {_line(fields[field])}' for field in sorted(fields)]
            versions.append(f'    "{version}": {{\n' + ",\n".join(lines) + "\n    }")
        messages.append(f'  "{name}": {{\n' + ",\n".join(versions) + "\n  }")
    return "{\n" + ",\n".join(messages) + "\n}\n"


def parsed(text: str) -> Lock:
    """Read a lock; raises `ValueError` if it is none."""
    read: Any = json.loads(text)
    sound = isinstance(read, dict) and all(
        isinstance(versions, dict)
        and versions
        and all(version.isdecimal() and isinstance(at, dict) for version, at in versions.items())
        for versions in read.values()
    )
    if not sound:
        raise ValueError("no lock")
    return cast(Lock, read)


def _changes(was: Fields, now: Fields, *, inbound: bool) -> Iterator[tuple[str, str]]:
    for field in sorted({*was, *now}):
        if field not in now:
            yield field, "is gone"
        elif field not in was:
            if not inbound or now[field].get("required"):
                yield field, "is new"
        elif was[field] != now[field]:
            yield field, f"was {_line(was[field])} and is {_line(now[field])}"


def _version(schema: Schema) -> str:
    version = schema["properties"]["v"]
    return str(version["default"] if "default" in version else version["const"])


def _walk(prefix: str, part: Schema, parts: Mapping[str, Schema]) -> Iterator[tuple[str, Any]]:
    required = part.get("required", [])
    for name, node in part.get("properties", {}).items():
        yield f"{prefix}{name}", {"required": name in required, **_form(node)}
        for reference in references(node):
            inner = parts[reference]
            yield from _walk(f"{prefix}{name}.", inner, parts)
    if "properties" not in part:
        yield prefix.removesuffix(".") + "[]", _form(part)


def _form(node: Any) -> Any:
    """Leave out what is said only; events inside a frame are locked as messages of their own."""
    if isinstance(node, list):
        return [_form(item) for item in node]
    if not isinstance(node, dict):
        return node
    if _is_any_event(node):
        return {"message": "event"}
    return {key: _form(value) for key, value in node.items() if key not in _SAID_ONLY}


def _is_any_event(node: Schema) -> bool:
    named = {kind.__name__ for kind in MESSAGES.values()}
    options = node.get("anyOf", [])
    return bool(options) and all(set(references(option)) & named for option in options)


def _line(form: Any) -> str:
    return json.dumps(form, sort_keys=True, ensure_ascii=False)
