"""Headers: the same for the same message, by the CloudEvents binding's names; traces of valid form."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.commands import Command
from topics.facts import Fact
from topics.headers import (
    TRACEPARENT,
    Stamp,
    is_traceparent,
    source_uri,
    time_text,
    traceparent_of,
)

from .examples import COMMANDS, FACTS, TS

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
"""The example of W3C Trace Context."""

OUTPUTS: list[Command | Fact] = [*COMMANDS, *FACTS]
YEAR_9999_US = 253_402_300_799_999_999


@pytest.mark.parametrize("message", OUTPUTS, ids=lambda one: one.__struct_config__.tag)
def test_a_command_or_fact_has_the_attributes_of_a_cloud_event(message):
    assert dict(Stamp("mine-journal").headers(message)) == {
        "ce_specversion": b"1.0",
        "ce_type": message.__struct_config__.tag.encode(),
        "ce_source": b"/worksteal/mine-journal",
        "ce_id": message.id.encode(),
        "ce_time": b"2018-04-04T00:00:00.000000Z",
        "content-type": b"application/json",
    }
    assert message.ts_us == TS


def test_headers_are_a_function_of_the_message_whatever_was_stamped_before():
    used = Stamp("journal")
    for message in [*OUTPUTS, *reversed(OUTPUTS)]:
        later = type(message)(
            **{name: getattr(message, name) for name in message.__struct_fields__ if name != "v"}
            | {"ts_us": message.ts_us + 1}
        )
        for one in (message, later, message):
            assert used.headers(one) == Stamp("journal").headers(one)
        assert used.headers(later) != used.headers(message)


def test_no_header_stands_twice_and_a_trace_is_one_more():
    stamp = Stamp("journal")
    plain = stamp.headers(OUTPUTS[0])
    assert len(dict(plain)) == len(plain)
    assert stamp.headers(OUTPUTS[0], TRACE) == [*plain, (TRACEPARENT, TRACE)]
    assert stamp.headers(OUTPUTS[0]) == plain


@given(st.integers(0, YEAR_9999_US))
def test_a_time_reads_back_to_the_microsecond(ts_us):
    text = time_text(ts_us).decode()
    assert text.endswith("Z")
    assert len(text) == len("2018-04-04T00:00:00.000000Z")
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    assert since // timedelta(microseconds=1) == ts_us


def test_a_source_is_the_topic_as_the_broker_knows_it():
    assert source_uri("blue-orders") == b"/worksteal/blue-orders"


# ---- traceparent ----


@pytest.mark.parametrize("value", [TRACE, TRACE[:-2] + b"00", b"01" + TRACE[2:]])
def test_a_trace_of_the_right_form_is_one(value):
    assert is_traceparent(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        TRACE.upper(),
        TRACE + b"\n",
        b" " + TRACE,
        TRACE + b"-01",
        TRACE[:-1],
        TRACE.replace(b"-", b"_"),
        b"ff" + TRACE[2:],
        b"0g" + TRACE[2:],
        b"00-" + b"0" * 32 + TRACE[35:],
        TRACE[:36] + b"0" * 16 + b"-01",
        "٠".encode() + TRACE[2:],
    ],
)
def test_a_trace_of_another_form_is_none(value):
    assert not is_traceparent(value)
    assert traceparent_of([(TRACEPARENT, value)]) is None


HEX = st.sampled_from("0123456789abcdef")


@given(
    st.text(HEX, min_size=2, max_size=2).filter(lambda text: text != "ff"),
    st.text(HEX, min_size=32, max_size=32).filter(lambda text: text.strip("0")),
    st.text(HEX, min_size=16, max_size=16).filter(lambda text: text.strip("0")),
    st.text(HEX, min_size=2, max_size=2),
)
def test_every_trace_that_is_sound_is_one(version, trace, parent, flags):
    assert is_traceparent(f"{version}-{trace}-{parent}-{flags}".encode())


def test_a_record_has_one_trace_or_none():
    other = b"00" + TRACE[2:-2] + b"00"
    assert traceparent_of([]) is None
    assert traceparent_of([("more", b"x"), (TRACEPARENT, TRACE), ("tracestate", b"y")]) == TRACE
    assert traceparent_of([(TRACEPARENT, TRACE), (TRACEPARENT, other)]) is None
    assert traceparent_of([(TRACEPARENT, TRACE), (TRACEPARENT, TRACE)]) is None
    assert traceparent_of([(TRACEPARENT, TRACE), (TRACEPARENT, None)]) is None
    assert traceparent_of([("Traceparent", TRACE)]) is None
