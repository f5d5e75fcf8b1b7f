"""The pages that are lists: topics, refusals, the policy."""

from typing import Any

import msgspec

from state.decision import MEANING, EventFault, Protection, Refusal
from state.meanings import EVENT_FAULT_MEANING, PROTECTION_MEANING
from state.policy import DEFAULT, NONE, REFERENCE, Policy
from topics.catalogue import CATALOGUE, DAY_MS, JOURNAL, Topic
from topics.meanings import RECORD_MEANING
from topics.refusals import RecordRefusal

from .fields import Row, table, tag_of

_TOPICS = """\
# Topics

Topics with `shared` partitions have the same number, which the deployment chooses: account events of
partition *i* go to journal partition *i*. A `delete` topic forgets records after its retention.
`append` means that the broker stamps the records itself (`message.timestamp.type=LogAppendTime`);
the journal's stamp is the desk's clock.
"""

_REFUSALS = """\
# Refusals

Everything that is not done is refused by name. There are four kinds: a record may be refused at the
door, an event by the desk, an entry when it tries to go, an order as a victim. One reason is given,
the first that applies; for records, entries and victims the lists below stand in that order.
"""

_BLOCKED = """\
It waits on and is tried again when something changes; the fact `entry.blocked` is sent when the
reason changes. From `disabled` on there was not enough free capital. `orders_unavailable` and
`cancel_failed` belong to the original's synchronous broker; the desk never gives them."""

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
    return _page(lines, "[refusals](refusals.md)")


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


def refusals_page() -> str:
    """Render all reasons, in their order of precedence."""
    lines = _REFUSALS.splitlines()
    kinds: list[tuple[str, str, list[Row]]] = [
        (
            "A record at the door",
            "It goes to `dead-letters` with its exact bytes; the desk never sees it.",
            _reasons(list(RecordRefusal), RECORD_MEANING),
        ),
        (
            "An event at the desk",
            "It changed nothing; the fact `event.refused` names the reason and the order or entry.",
            _reasons(list(EventFault), EVENT_FAULT_MEANING),
        ),
        (
            "An entry that tries to go",
            _BLOCKED,
            _reasons(list(Refusal), MEANING),
        ),
        (
            "An order as a victim",
            "`worksteal explain` shows it beside each order that was weighed.",
            _reasons(list(Protection), PROTECTION_MEANING),
        ),
    ]
    for title, told, rows in kinds:
        lines += ["", f"## {title}", "", told, "", *table(("reason", "meaning"), rows)]
    return _page(lines, "[policy](policy.md)")


def _reasons(members: list[Any], meanings: Any) -> list[Row]:
    return [(f"`{member}`", meanings[member]) for member in members]


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
