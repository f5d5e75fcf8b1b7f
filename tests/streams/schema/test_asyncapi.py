"""The AsyncAPI document: sound by AsyncAPI's own schema, whole, and about files that are there."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from streams.schema.asyncapi import asyncapi
from streams.schema.headers import HEADERS, NOTE
from streams.schema.messages import MESSAGES, name_of
from tests.paths import ROOT
from topics.catalogue import CATALOGUE, DEAD_LETTERS, EXECUTION, INBOUND, STEALS

FOLDER = ROOT / "docs" / "schema"
DOCUMENT = asyncapi()
OFFICIAL = json.loads(Path(__file__).with_name("asyncapi-3.0.0.json").read_text(encoding="utf-8"))


def faults(document: Any) -> list[str]:
    return [error.message for error in Draft7Validator(OFFICIAL).iter_errors(document)]


def test_the_document_is_sound_by_the_official_schema():
    assert faults(json.loads((FOLDER / "asyncapi.json").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("info"),
        lambda document: document.update(asyncapi="2.6.0"),
        lambda document: document["operations"]["send-steals"].update(action="publish"),
        lambda document: document["channels"]["steals"].update(surprise=1),
        lambda document: document["servers"]["broker"].pop("protocol"),
        lambda document: document["components"]["messages"]["fill"].update(contentType=7),
    ],
)
def test_the_official_schema_would_find_a_fault(spoil):
    spoiled = deepcopy(DOCUMENT)
    spoil(spoiled)
    assert faults(spoiled)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_leads_somewhere():
    found = set(references(DOCUMENT))
    assert len(found) > 60
    for reference in found:
        if reference.startswith("./"):
            assert (FOLDER / reference).is_file(), reference
            continue
        node = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_every_topic_is_a_channel_with_its_messages_and_a_use():
    assert list(DOCUMENT["channels"]) == [topic.name for topic in CATALOGUE]
    for topic in CATALOGUE:
        channel = DOCUMENT["channels"][topic.name]
        assert channel["address"] == "{prefix}" + topic.name
        assert topic.purpose in channel["description"]
        if topic is not DEAD_LETTERS:
            assert list(channel["messages"]) == [name_of(kind) for kind in topic.models]
    actions = {
        (operation["channel"]["$ref"].rpartition("/")[2], operation["action"])
        for operation in DOCUMENT["operations"].values()
    }
    assert actions == {
        *((topic.name, "receive") for topic in INBOUND),
        ("journal", "send"),
        ("journal", "receive"),
        *((topic.name, "send") for topic in (EXECUTION, STEALS, DEAD_LETTERS)),
    }


def test_every_message_has_its_payload_key_and_headers():
    messages = DOCUMENT["components"]["messages"]
    assert set(messages) == {*MESSAGES, "record.refused", "record.redriven"}
    for name in MESSAGES:
        assert messages[name]["payload"] == {"$ref": f"./messages/{name}.json"}
        assert messages[name]["contentType"] == "application/json"
    assert "key" not in messages["frame"]["bindings"]["kafka"]
    assert messages["quote"]["bindings"]["kafka"]["key"]["description"] == "the symbol"
    headers = messages["steal.lost"]["headers"]
    assert headers["properties"]["ce_type"]["const"] == "steal.lost"
    assert "traceparent" not in headers["required"]


def test_the_page_of_topics_has_every_header():
    page = (ROOT / "docs" / "reference" / "topics.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([\w-]+)` \| (?:always|sometimes) \|", page, re.MULTILINE)
    names = {info.name for known in (*HEADERS.values(), NOTE) for info in known}
    assert set(told) == names
    assert set(HEADERS) == set(CATALOGUE)
