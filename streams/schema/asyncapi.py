"""The AsyncAPI 3.0 document of worksteal: its topics, and what it receives and sends there."""

from typing import Any

from topics.catalogue import (
    CATALOGUE,
    DEAD_LETTERS,
    EXECUTION,
    INBOUND,
    JOURNAL,
    STEALS,
    Topic,
)
from topics.headers import JSON, REDRIVEN_TYPE, REFUSED_TYPE

from .headers import headers_of
from .messages import Schema, name_of

BINDING = "0.5.0"
"""Of AsyncAPI's Kafka bindings."""

_ABOUT = """\
worksteal moves scarce trading capital between limit orders. It receives entries, the venue's answers, \
fills, snapshots, quotes and forecasts; it sends commands to the venue and facts to subscribers. \
Operations are worksteal's own: a subscriber receives what it sends.

Commands and facts are sent at least once, always with the same id and the same bytes. An id is \
`<journal partition>-<journal offset>-<index>`, and ids rise within a partition, so a reader skips \
repeats with one number for each partition."""

_KEYS = {
    "account": "the account, so that its records stand in one partition, in order",
    "symbol": "the symbol",
    "partition": "none: the sequencer chooses the partition",
    "origin": "where the refused record stood: topic:partition:offset",
}


def asyncapi() -> Schema:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "worksteal",
            "version": f"{max(topic.version for topic in CATALOGUE)}.0.0",
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": JSON.decode(),
        "servers": {"broker": _SERVER},
        "channels": {topic.name: _channel(topic) for topic in CATALOGUE},
        "operations": _operations(),
        "components": {"messages": _messages()},
    }


_DEAD = {
    REFUSED_TYPE: "The exact bytes of a refused record, whatever they are.",
    REDRIVEN_TYPE: "No bytes: a note that a refused record was put back, with the key of its letter.",
}

_SERVER: dict[str, Any] = {
    "host": "{bootstrap}",
    "protocol": "kafka",
    "description": "Any broker of the deployment: the setting `bootstrap`.",
    "variables": {"bootstrap": {"default": "127.0.0.1:9092"}},
}


def _channel(topic: Topic) -> Schema:
    partitions = {} if topic.partitions is None else {"partitions": topic.partitions}
    return {
        "address": f"{{prefix}}{topic.name}",
        "title": topic.name,
        "description": f"{topic.purpose}. Key: {_KEYS[topic.key]}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
        "parameters": {
            "prefix": {"default": "", "description": "The setting `topic_prefix`, usually nothing."}
        },
        "bindings": {
            "kafka": {
                **partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup],
                    "retention.ms": topic.retention_ms,
                },
                "bindingVersion": BINDING,
            }
        },
    }


def _names(topic: Topic) -> list[str]:
    return list(_DEAD) if topic is DEAD_LETTERS else [name_of(kind) for kind in topic.models]


def _operations() -> Schema:
    """Return what worksteal does on each topic; its sequencer sends the journal, its agent receives."""
    received = {f"receive-{topic.name}": _operation("receive", topic) for topic in INBOUND}
    journal = {f"{action}-journal": _operation(action, JOURNAL) for action in ("send", "receive")}
    sent = {
        f"send-{topic.name}": _operation("send", topic)
        for topic in (EXECUTION, STEALS, DEAD_LETTERS)
    }
    return {**received, **journal, **sent}


def _operation(action: str, topic: Topic) -> Schema:
    place = f"#/channels/{topic.name}"
    return {
        "action": action,
        "channel": {"$ref": place},
        "summary": topic.purpose,
        "messages": [{"$ref": f"{place}/messages/{name}"} for name in _names(topic)],
    }


def _messages() -> Schema:
    return {name: _message(topic, name) for topic in CATALOGUE for name in _names(topic)}


def _message(topic: Topic, name: str) -> Schema:
    dead = topic is DEAD_LETTERS
    told = {"summary": _DEAD[name]} if dead else {}
    payload = {} if dead else {"payload": {"$ref": f"./messages/{name}.json"}}
    return {
        "name": name,
        "title": name,
        **told,
        "contentType": "application/octet-stream" if dead else JSON.decode(),
        "headers": headers_of(topic, name),
        **payload,
        "bindings": {"kafka": _key_binding(topic)},
    }


def _key_binding(topic: Topic) -> Schema:
    key = {} if topic is JOURNAL else {"key": {"type": "string", "description": _KEYS[topic.key]}}
    return {**key, "bindingVersion": BINDING}
