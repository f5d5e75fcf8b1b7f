"""The JSON Schemas say what the wire carries: golden bytes pass, whatever the door refuses does not."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from streams.schema.messages import MESSAGES, schemas
from tests.paths import ROOT
from tests.topics.examples import GOLDEN
from topics.codec import decode_event
from topics.events import EVENT_TYPES
from topics.refusals import Refused

FOLDER = ROOT / "docs" / "schema" / "messages"
NAMES = sorted(MESSAGES)
INBOUND = sorted(str(kind.__struct_config__.tag) for kind in EVENT_TYPES)


def validator(name: str) -> Draft7Validator:
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def golden(name: str) -> dict[str, Any]:
    read = json.loads((GOLDEN / f"{name}.json").read_bytes())
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_message_passes(name):
    validator(name).validate(golden(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_other_golden_message_passes(name):
    assert [other for other in NAMES if validator(name).is_valid(golden(other))] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_every_property_is_in_the_golden_message(name):
    """So that what passes has been tried on every field."""
    assert set(schemas()[name]["properties"]) == set(golden(name))


def bad_values(value: Any) -> list[Any]:
    """Return values that may not stand where this one does."""
    if isinstance(value, bool):
        return [1, "true", None]
    if isinstance(value, int | float):
        return [str(value), [], 1e300 if isinstance(value, float) else -1e300]
    if isinstance(value, str):
        return [7, "no id, no symbol: \n" * 100, {}]
    return [7, "text"]


def spoiled(message: dict[str, Any]) -> list[dict[str, Any]]:
    found = [{**message, "surprise": 1}]
    for name, value in message.items():
        found.append({key: other for key, other in message.items() if key != name})
        found += [{**message, name: bad} for bad in bad_values(value)]
    return found


@pytest.mark.parametrize("name", INBOUND)
def test_schema_and_door_agree_on_messages_that_are_spoiled(name):
    judge = validator(name)
    refused = 0
    for message in spoiled(golden(name)):
        at_the_door = decode_event(json.dumps(message).encode())
        assert isinstance(at_the_door, Refused) != judge.is_valid(message), message
        refused += isinstance(at_the_door, Refused)
    assert refused > 5


def test_an_output_without_one_of_its_fields_does_not_pass():
    message = golden("steal.started")
    for name in message:
        less = {key: value for key, value in message.items() if key != name}
        assert not validator("steal.started").is_valid(less), name


def test_patterns_are_of_every_language():
    """`\\A` and `\\Z` mean nothing to most readers of JSON Schema."""
    for path in FOLDER.iterdir():
        assert r"\\A" not in path.read_text(encoding="utf-8")


def test_a_word_that_is_no_id_is_refused_inside_a_list():
    message = golden("account.snapshot")
    message["positions"][0]["symbol"] = "not a symbol"
    assert not validator("account.snapshot").is_valid(message)
