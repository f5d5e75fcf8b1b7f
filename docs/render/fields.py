"""A message's fields as table rows, read off the types that decode it."""

from typing import Any

import msgspec
from msgspec import inspect

Row = tuple[str, ...]

_WORDS: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.AnyType: "any",
    inspect.NoneType: "null",
}


def table(head: Row, rows: list[Row]) -> list[str]:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines]


def tag_of(kind: type[msgspec.Struct]) -> str:
    """Return the `type` by which a message is told on the wire."""
    return str(kind.__struct_config__.tag)


def own_fields(kind: type[msgspec.Struct], base: type[msgspec.Struct] | None) -> list[Row]:
    """Return a row for each field that the base does not have: name, type, default, meaning."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    known = set(base.__struct_fields__) if base is not None else set()
    return [_row(field) for field in info.fields if field.name not in known]


def _row(field: inspect.Field) -> Row:
    return (
        f"`{field.encode_name}`",
        type_text(field.type),
        "" if field.required or field.name == "v" else f"`{_default(field)}`",
        meaning(field.type),
    )


def _default(field: inspect.Field) -> str:
    value = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory()
    return msgspec.json.encode(value).decode()


def type_text(kind: inspect.Type) -> str:
    """Say what JSON value a type is, with its bounds."""
    if isinstance(kind, inspect.Metadata):
        return type_text(kind.type)
    if isinstance(kind, inspect.UnionType):
        if all(isinstance(part, inspect.StructType) for part in kind.types):
            return "[event](#events)"  # the only union of messages on the wire
        return " or ".join(type_text(part) for part in kind.types)
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, inspect.StructType):
        return f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})"
    if isinstance(kind, inspect.ListType):
        most = f", at most {kind.max_length}" if kind.max_length is not None else ""
        return f"list of {type_text(kind.item_type)}{most}"
    if isinstance(kind, inspect.TupleType):
        return f"list of {len(kind.item_types)} {type_text(kind.item_types[0])}s"
    if isinstance(kind, inspect.DictType):
        return "object"
    if isinstance(kind, inspect.StrType):
        most = f", at most {kind.max_length} characters" if kind.max_length is not None else ""
        return f"text{most}"
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return ("integer" if isinstance(kind, inspect.IntType) else "number") + bounds(kind)
    return _WORDS[type(kind)]


def bounds(kind: Any) -> str:
    """Say between what a number lies."""
    signs = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
    stated = [(sign, getattr(kind, name)) for name, sign in signs]
    told = [f"{sign} {value:,.16g}" for sign, value in stated if value is not None]
    return " " + ", ".join(told) if told else ""


def meaning(kind: inspect.Type) -> str:
    """Return the unit or form that a type carries."""
    if isinstance(kind, inspect.Metadata):
        return str((kind.extra_json_schema or {}).get("description", ""))
    if isinstance(kind, inspect.UnionType):
        return next(filter(None, map(meaning, kind.types)), "")
    if isinstance(kind, inspect.ListType):
        return meaning(kind.item_type)
    return ""
