"""A JSON Schema for each message, from the structs that decode it.

Draft 07, which every validator and generator knows, and which AsyncAPI's own schemas are written in.
Where the decoder asks for more than its struct says (`v` must be there), so does the schema; what the
desk writes has every field.
"""

import json
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any, TypeAlias

import msgspec

from topics.catalogue import CATALOGUE
from topics.events import Event
from topics.frames import Frame

Schema: TypeAlias = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
_PLACE = "#/definitions/"

MESSAGES: dict[str, type[msgspec.Struct]] = {}
"""Every message of the catalogue by its name: its `type` on the wire, or `frame`."""


def name_of(kind: type[msgspec.Struct]) -> str:
    """Return a message's name."""
    tag = kind.__struct_config__.tag
    return kind.__name__.lower() if tag is None else str(tag)


MESSAGES |= {name_of(kind): kind for topic in CATALOGUE for kind in topic.models}


def is_inbound(kind: type[msgspec.Struct]) -> bool:
    """Tell whether others write the message, so that it need not have every field."""
    return issubclass(kind, Event)


def schemas(kinds: Iterable[type[msgspec.Struct]] = tuple(MESSAGES.values())) -> dict[str, Schema]:
    """Return the schema of each message by its name."""
    return {name_of(kind): _schema(kind) for kind in kinds}


def rendered(document: Schema) -> str:
    """Return a document as the bytes of its file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _schema(kind: type[msgspec.Struct]) -> Schema:
    _, parts = msgspec.json.schema_components([kind], ref_template=_PLACE + "{name}")
    plain = {name: _plain(part) for name, part in parts.items()}
    own = plain.pop(kind.__name__)
    _demand(kind, own)
    if kind is Frame:
        for name in ("v", *own["properties"]):
            _require(own, name)
    for part in plain.values():
        if "v" in part.get("properties", {}):
            _require(part, "v")
    name = name_of(kind)
    head = {"$schema": DRAFT, "title": name, "description": own.pop("description", name)}
    own.pop("title")
    rest = {name: plain[name] for name in sorted(plain)}
    return {**head, **own, **({"definitions": rest} if rest else {})}


def _demand(kind: type[msgspec.Struct], own: Schema) -> None:
    """Make required what always stands in a record."""
    names: Iterable[str] = ("type", "v") if is_inbound(kind) else own["properties"]
    for name in names:
        _require(own, name)


def _require(own: Schema, name: str) -> None:
    if name in own["properties"] and name not in own["required"]:
        own["required"].append(name)


def _plain(node: Any) -> Any:
    """Say in draft 07, and in patterns of every language, what msgspec says in a later draft."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _plain(value) for key, value in node.items() if key != "discriminator"}
    if "prefixItems" in made:
        made["items"] = made.pop("prefixItems")
        made["additionalItems"] = False
    if isinstance(made.get("pattern"), str):
        made["pattern"] = made["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    if isinstance(made.get("description"), str):
        made["description"] = cleandoc(made["description"])
    one = made.get("enum")
    if isinstance(one, list) and len(one) == 1:
        made.pop("enum")
        made = {"const": one[0], **made}
    return made


def references(node: Any) -> Iterator[str]:
    """Find the names of the parts that a piece of a schema refers to."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(_PLACE)
        for value in node.values():
            yield from references(value)
