"""Traces: from a source record by way of the journal to what it caused, the same after every crash."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.journal.standing.machine import StandingMachine
from streams.journal.tracing import TRACES_MAX, frame_headers, traced, traces_of
from streams.journal.writing.framing import Framer
from topics.codec import decode_frame, encode, encode_frame
from topics.events import AccountSnapshot, Quote
from topics.frames import Frame, FrameEvent, Run
from topics.headers import TRACEPARENT, Header

from .fakes import Broker, FakePorts, JournalRecord, claimed, journal, live
from .subjects import DESK


@dataclass
class Record:
    """A source record as a consumer gives it."""

    offset: int
    timestamp: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def trace(number: int) -> bytes:
    return b"00-%032x-%016x-01" % (number + 1, number + 1)


def quote(offset: int, *headers: tuple[str, bytes | None]) -> Record:
    value = encode(Quote(ts_us=1, symbol="BTCUSD", bid=1.0, ask=2.0))
    return Record(offset, offset, value, headers)


def snapshot(offset: int, *headers: tuple[str, bytes | None]) -> Record:
    value = encode(AccountSnapshot(ts_us=1, account="a", equity=1.0))
    return Record(offset, offset, value, headers)


def traced_frames(
    polled: dict[tuple[str, int], list[Record]],
) -> list[tuple[int, dict[str, bytes], list[Header]]]:
    """Frame a poll as the sequencer does; return journal partition, traces read back, headers."""
    framed = Framer(2, dict.fromkeys(polled, 0)).frame(polled)
    traces = traced(polled)
    written = [(number, frame_headers(frame, traces)) for number, frame in framed.frames]
    return [(number, dict(traces_of(headers)), headers) for number, headers in written]


@given(
    st.lists(st.booleans(), max_size=20),
    st.lists(st.booleans(), max_size=20),
    st.lists(st.booleans(), max_size=20),
)
def test_every_trace_is_on_the_frames_that_hold_its_event_and_on_no_other(quotes, first, second):
    def records(make: Any, traced_ones: list[bool], base: int) -> list[Record]:
        return [
            make(n, *([(TRACEPARENT, trace(base + n))] if one else []))
            for n, one in enumerate(traced_ones)
        ]

    polled = {
        ("quotes", 1): records(quote, quotes, 0),
        ("accounts", 0): records(snapshot, first, 100),
        ("accounts", 1): records(snapshot, second, 200),
    }
    wanted: list[dict[str, bytes]] = [{}, {}]
    for n, one in enumerate(quotes):
        for number in range(2) if one else ():
            wanted[number][f"quotes:1:{n}"] = trace(n)
    for number, ones, base in ((0, first, 100), (1, second, 200)):
        for n, one in enumerate(ones):
            if one:
                wanted[number][f"accounts:{number}:{n}"] = trace(base + n)
    found: list[dict[str, bytes]] = [{}, {}]
    for number, traces, _ in traced_frames(polled):
        found[number] |= traces
    assert found == wanted


def test_without_a_trace_a_frame_has_no_header():
    polled = {("quotes", 0): [quote(0), quote(1, ("more", b"x"), (TRACEPARENT, b"bad"))]}
    assert [headers for _, _, headers in traced_frames(polled)] == [[], []]


def test_a_refused_record_gives_its_frame_no_trace():
    bad = Record(0, 0, b"{nonsense", ((TRACEPARENT, trace(1)),))
    polled = {("orders", 0): [bad]}
    assert [headers for _, _, headers in traced_frames(polled)] == [[]]
    assert traced(polled) == {"orders:0:0": trace(1)}, "its dead letter has it"


def test_traces_are_bounded_and_those_of_accounts_come_first():
    count = TRACES_MAX - 1
    polled = {
        ("quotes", 0): [quote(n, (TRACEPARENT, trace(n))) for n in range(count)],
        ("accounts", 0): [snapshot(n, (TRACEPARENT, trace(1000 + n))) for n in range(3)],
    }
    (_, traces, headers), (_, others, _) = traced_frames(polled)
    assert len(headers) == len(traces) == TRACES_MAX
    assert [f"accounts:0:{n}" in traces for n in range(3)] == [True] * 3
    assert len([place for place in traces if place.startswith("quotes")]) == TRACES_MAX - 3
    assert len(others) == count
    assert sum(len(name) + len(value) for name, value in headers) < 32_000


def test_headers_of_a_stranger_on_the_journal_are_passed_over():
    sound = b"orders:0:17 " + trace(1)
    headers = [
        (TRACEPARENT, trace(5)),
        (TRACEPARENT, b"orders:0:18 nonsense"),
        (TRACEPARENT, b"orders:0:19"),
        (TRACEPARENT, "órders:0:20 ".encode() + trace(2)),
        (TRACEPARENT, b"\xff " + trace(2)),
        (TRACEPARENT, None),
        ("other", b"orders:0:21 " + trace(3)),
        (TRACEPARENT, sound),
    ]
    assert traces_of(headers) == {"orders:0:17": trace(1)}
    many = [(TRACEPARENT, b"orders:0:%d %s" % (n, trace(n))) for n in range(10 * TRACES_MAX)]
    assert len(traces_of(many)) == TRACES_MAX


def merged(day: list[JournalRecord]) -> Iterator[tuple[int, Frame]]:
    """Put every two frames of a day into one, as a sequencer does that polls less often."""
    for (_, first), (ts_us, second) in zip(day[::2], day[1::2], strict=True):
        runs: dict[tuple[str, int], Run] = {}
        events = []
        for frame in (decode_frame(first), decode_frame(second)):
            for run in frame.runs:
                source = (run.topic, run.partition)
                prev = runs.get(source, run).prev
                runs[source] = msgspec.structs.replace(run, prev=prev)
            places = list(runs)
            for item in frame.events:
                run = frame.runs[item.run]
                at = places.index((run.topic, run.partition))
                events.append(FrameEvent(at, item.offset, item.event))
        yield ts_us, Frame(runs=list(runs.values()), events=events)


def with_traces() -> list[tuple[int, bytes, list[Header]]]:
    """Return a day in which the events of every second frame have traces."""
    found = []
    for number, (ts_us, frame) in enumerate(merged(journal(seed=10, moves=120))):
        runs = [frame.runs[event.run] for event in frame.events]
        headers = [
            (TRACEPARENT, b"%s:%d:%d %s" % (run.topic.encode(), run.partition, event.offset, one))
            for n, (run, event) in enumerate(zip(runs, frame.events, strict=True))
            for one in [trace(1000 * number + n)]
        ]
        found.append((ts_us, encode_frame(frame), headers if number % 2 else []))
    return found


TRACED = with_traces()
PLAIN = [record[:2] for record in TRACED]
BY_PLACE = {
    value.split(b" ")[0].decode(): value.split(b" ")[1]
    for _, _, headers in TRACED
    for _, value in headers
}


def test_what_an_event_causes_has_its_trace_and_nothing_else_has():
    calm, _ = asyncio.run(live(TRACED))
    kinds = set()
    for value, headers in calm.stamped.items():
        message = msgspec.json.decode(value)
        told = dict(headers)
        assert told.get(TRACEPARENT) == BY_PLACE.get(message["cause"])
        assert told["ce_id"].decode() == message["id"]
        assert told["ce_type"].decode() == message["type"]
        kinds.add((message["type"], TRACEPARENT in told))
    assert {("submit", True), ("submit", False)} <= kinds
    assert max(len(headers) for _, _, headers in TRACED) == 2
    assert {kind for kind, has in kinds if has} >= {"cancel", "steal", "steal.started"}


def test_traces_change_nothing_but_headers():
    plain, _ = asyncio.run(live(PLAIN))
    traced_day, _ = asyncio.run(live(TRACED))
    assert plain.outputs == traced_day.outputs
    assert plain.changelog == traced_day.changelog


@pytest.mark.parametrize("apart", [1, 7])
def test_what_is_sent_again_after_a_crash_has_the_same_headers(apart):
    """`FakePorts` compares the headers of each output with those of its first sending."""
    calm, steps = asyncio.run(live(TRACED))
    again = 0
    for point in range(0, steps, 5):
        broker, _ = asyncio.run(live(TRACED, frozenset({point, point + apart})))
        assert broker.stamped == calm.stamped
        again += len(broker.outputs) - len(calm.outputs)
    assert again > 0, "nothing was ever sent twice"


def test_the_name_of_the_journal_is_the_source():
    async def scenario() -> Broker:
        broker = Broker()
        ports = FakePorts(broker, frozenset())
        desk = StandingMachine(
            0, await claimed(broker, ports), ports, topics=DESK.topics, journal="blue-journal"
        )
        for offset, record in enumerate(PLAIN):
            await desk.take(offset, *record)
        return broker

    stamped = asyncio.run(scenario()).stamped
    assert {dict(headers)["ce_source"] for headers in stamped.values()} == {
        b"/worksteal/blue-journal"
    }
