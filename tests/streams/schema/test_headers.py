"""The headers that are written down are those that are written, in their order, and no others."""

from typing import Any

import pytest
from jsonschema import Draft7Validator

from streams.journal.tracing import frame_headers, traced
from streams.journal.writing.framing import DeadLetter, Framer
from streams.observe.dead_letters.letter import Letter, Origin, note_headers
from streams.observe.dead_letters.redrive import Redriven
from streams.schema.asyncapi import asyncapi
from streams.schema.headers import HEADERS, NOTE, HeaderInfo
from tests.topics.examples import COMMANDS, FACTS, QUOTE
from topics.catalogue import DEAD_LETTERS, EXECUTION, INBOUND, JOURNAL, STEALS
from topics.codec import encode
from topics.headers import TRACEPARENT, Header, Stamp

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
MESSAGES = asyncapi()["components"]["messages"]


def hold(told: tuple[HeaderInfo, ...], message: str, written: list[Header]) -> None:
    """Hold headers against the list of them, and against the document's schema of them."""
    names = [name for name, _ in written]
    known = {info.name: place for place, info in enumerate(told)}
    assert names == sorted(names, key=known.__getitem__)
    assert {info.name for info in told if info.always} <= set(names)
    texts = {name: value.decode() for name, value in written}
    judge = Draft7Validator(MESSAGES[message]["headers"])
    judge.validate(texts)
    for name in texts:
        less: dict[str, Any] = {key: value for key, value in texts.items() if key != name}
        always = {info.name for info in told if info.always}
        assert judge.is_valid(less) == (name not in always)


@pytest.mark.parametrize("trace", [None, TRACE])
@pytest.mark.parametrize("message", [*COMMANDS, *FACTS], ids=lambda one: one.__struct_config__.tag)
def test_of_commands_and_facts(message, trace):
    topic = EXECUTION if message in COMMANDS else STEALS
    name = str(message.__struct_config__.tag)
    written = Stamp("journal").headers(message, trace)
    hold(HEADERS[topic], name, written)
    other = [(key, b"steal.undone" if key == "ce_type" else value) for key, value in written]
    texts = {key: value.decode() for key, value in other}
    assert not Draft7Validator(MESSAGES[name]["headers"]).is_valid(texts)


def test_of_dead_letters():
    letter = DeadLetter(("orders", 0), 17, 5, b"?", "not_json", "")
    hold(HEADERS[DEAD_LETTERS], "record.refused", letter.headers("blue-orders"))


@pytest.mark.parametrize("origin_ts_ms", [None, 7])
def test_of_notes(origin_ts_ms):
    letter = Letter((0, 3), 9, "not_json", "", Origin("orders", 0, 17), origin_ts_ms, 1, None, None)
    written = note_headers(letter, "orders:0:99", "blue-orders", corrected=True)
    hold(NOTE, "record.redriven", written)


def test_of_frames_and_of_what_is_redriven():
    class Record:
        offset, timestamp, value, headers = 0, 0, encode(QUOTE), [(TRACEPARENT, TRACE)]

    polled: Any = {("quotes", 0): [Record]}
    ((_, frame),) = Framer(1, {("quotes", 0): 0}).frame(polled).frames
    hold(HEADERS[JOURNAL], "frame", frame_headers(frame, traced(polled)))
    letter = Letter((0, 3), 9, "not_json", "", Origin("quotes", 0, 17), 7, 1, None, TRACE)
    back = Redriven(letter, "quotes", 0, None, encode(QUOTE), corrected=True)
    told = {info.name for topic in INBOUND for info in HEADERS[topic]}
    assert {name for name, _ in back.headers} == told
