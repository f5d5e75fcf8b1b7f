"""The bytes on the wire, pinned: a golden file that no longer matches breaks every old journal.

If a test here fails, do not touch the file: old records and subscribers have these bytes.  Either
undo the change, or give the message a new version and keep reading this one.
"""

import msgspec
import pytest

from tests.topics.examples import EVENTS, GOLDEN, MESSAGES, decode
from topics.codec import decode_event, encode
from topics.commands import COMMAND_TYPES
from topics.events import EVENT_TYPES, PolicySet
from topics.facts import FACT_TYPES
from topics.frames import Frame

NAMES = sorted(MESSAGES)


@pytest.mark.parametrize("name", NAMES)
def test_encode_gives_the_golden_bytes(name: str):
    assert encode(MESSAGES[name]) == (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_golden_bytes_decode_to_the_example(name: str):
    golden = (GOLDEN / f"{name}.json").read_bytes()
    decoded = decode(golden, MESSAGES[name])
    assert isinstance(decoded, msgspec.Struct)
    assert decoded == MESSAGES[name]
    assert encode(decoded) == golden


def test_every_type_has_a_golden_file_and_every_file_a_type():
    types = {*EVENT_TYPES, *COMMAND_TYPES, *FACT_TYPES, Frame}
    assert {type(message) for message in MESSAGES.values()} == types
    assert len(MESSAGES) == len(types)
    assert sorted(path.stem for path in GOLDEN.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_example_sets_every_field(name: str):
    """A field left at its default would hide a changed default."""
    message = MESSAGES[name]
    for field in msgspec.structs.fields(message):
        if field.name != "v" and not field.required:
            assert getattr(message, field.name) != field.default, field.name


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_defaults_may_be_left_out(event: msgspec.Struct):
    """Producers need not write optional fields; they always write `v` and `type`."""
    body = msgspec.to_builtins(event)
    for field in msgspec.structs.fields(event):
        if field.name != "v" and not field.required:
            del body[field.name]
    decoded = decode_event(msgspec.json.encode(body))
    assert type(decoded) is type(event)


def test_the_key_order_of_a_policy_does_not_matter():
    """Equal messages give equal bytes, whatever order a dict was filled in."""
    policy = next(event for event in EVENTS if isinstance(event, PolicySet))
    turned = msgspec.structs.replace(policy, policy=dict(reversed(policy.policy.items())))
    assert encode(turned) == encode(policy)
