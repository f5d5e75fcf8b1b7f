"""The pages that are lists: topics, the policy."""

from itertools import groupby
from typing import Any

import msgspec

from state.rules.policy import DEFAULT, NONE, REFERENCE, Policy
from streams.schema.headers import HEADERS, NOTE, HeaderInfo
from topics.catalogue import CATALOGUE, DAY_MS, JOURNAL, Topic

from .fields import Row, table, tag_of

_TOPICS = """\
# Topics

Topics with `shared` partitions have the same number, which the deployment chooses: account events of
partition *i* go to journal partition *i*. A `delete` topic forgets records after its retention.
`append` means that the broker stamps the records itself (`message.timestamp.type=LogAppendTime`);
the journal's stamp is the desk's clock.
"""

_HEADERS = """\
## Headers

No header is needed to read a value or to write one. Names that begin with `ce_`, and `content-type`,
are those of the CloudEvents Kafka binding, binary mode. A command or fact has the same headers each
time that it is sent.

A `traceparent` on an inbound record travels to the commands and facts that name the record as their
`cause`, by way of the journal, so it is the same after a crash. One that has not the form of W3C Trace
Context, or stands twice on a record, is ignored. A frame carries at most 256 traces, those of account
events first. `tracestate` is not passed on.

A **note** is an empty record on `dead-letters`, with the key of its letter and behind it: the letter
was put back, says `worksteal dlq redrive`.
"""

_POLICY = """\
# Policy

A policy is data: immutable, complete, the same for a backtest and for a journal. A policy file
(YAML or JSON) names what differs from its `base`, a preset; `--set field=value` changes one field.
`worksteal policy show NAME` prints a policy with these meanings, `--yaml` a file to start from.
Fractions: 0.004 is 0.4 per cent.
"""


def topics_page() -> str:
    """Render the topic catalogue."""
    head = ("topic", "key", "partitions", "cleanup", "retention", "time", "version", "purpose")
    lines = [*_TOPICS.splitlines(), "", *table(head, [_topic(topic) for topic in CATALOGUE]), ""]
    lines += ["## What they carry", ""]
    for topic in CATALOGUE:
        lines += [f"- `{topic.name}`: {_carried(topic)}"]
    lines += ["", *_headers()]
    return _page(lines, "[schemas](../schema/README.md)")


def _headers() -> list[str]:
    lines = _HEADERS.splitlines()
    head = ("header", "there", "value")
    for told, topics in groupby(CATALOGUE, HEADERS.__getitem__):
        names = ", ".join(f"`{topic.name}`" for topic in topics)
        lines += ["", f"On {names}:", "", *table(head, [_header(info) for info in told])]
    notes = table(head, [_header(info) for info in NOTE])
    return [*lines, "", "On notes of `dead-letters`:", "", *notes]


def _header(info: HeaderInfo) -> Row:
    value = "" if info.value is None else f"`{info.value}`, "
    return (f"`{info.name}`", "always" if info.always else "sometimes", value + info.meaning)


def _topic(topic: Topic) -> Row:
    return (
        f"`{topic.name}`",
        topic.key,
        "shared" if topic.partitions is None else str(topic.partitions),
        topic.cleanup,
        "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms / DAY_MS:g} d",
        "append" if topic.append_time else "producer",
        str(topic.version),
        topic.purpose,
    )


def _carried(topic: Topic) -> str:
    if topic is JOURNAL:
        return "[frames](messages.md#frames)"
    return ", ".join(f"`{_tag(model)}`" for model in topic.models) or "exact bytes of any record"


def _tag(model: type[msgspec.Struct]) -> str:
    return tag_of(model)


def policy_page() -> str:
    """Render every field of a policy."""
    schema: dict[str, dict[str, Any]] = Policy.model_json_schema()["properties"]
    rows: list[Row] = [
        (
            f"`{name}`",
            _value(DEFAULT, name),
            "same" if _value(REFERENCE, name) == _value(DEFAULT, name) else _value(REFERENCE, name),
            _bounds(name, field),
            str(field["description"]),
        )
        for name, field in schema.items()
    ]
    same = [name for name in schema if getattr(NONE, name) != getattr(DEFAULT, name)]
    lines = [
        *_POLICY.splitlines(),
        "",
        "The preset `none` differs from `default` only in "
        + " and ".join(f"`{name}`: {_value(NONE, name)}" for name in same)
        + ".",
        "",
        *table(("field", "default", "reference", "allowed", "meaning"), rows),
    ]
    return _page(lines, "[settings](settings.md)")


def _value(policy: Policy, name: str) -> str:
    value = getattr(policy, name)
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value) or "none"
    return f"`{msgspec.json.encode(value).decode()}`"


def _bounds(name: str, field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    options = field.get("anyOf", [field])
    return " or ".join(_one(name, option) for option in options)


def _one(name: str, option: dict[str, Any]) -> str:
    kind = option["type"]
    if kind == "array":
        return "list of symbols"
    if kind == "boolean":
        return "true or false"
    if kind == "string":
        return f"text, at most {option['maxLength']} characters"
    if kind == "null":
        return "null"
    unit = " s" if name.endswith("_s") else ""
    least, most = option.get("minimum"), option.get("maximum")
    told = f"{least:g} to {most:,}{unit}" if most is not None else f"from {least:g}{unit}"
    return f"whole number {told}" if kind == "integer" else told


def _page(lines: list[str], following: str) -> str:
    return "\n".join([*lines, "", f"Next: {following}"]) + "\n"
