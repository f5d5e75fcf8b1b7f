"""Passes `traceparent` on, from a source record to the commands and facts that it causes.

    source record                     journal record                          execution, steals
    traceparent: 00-4bf9…-01  ──▶  traceparent: orders:0:17 00-4bf9…-01  ──▶  traceparent: 00-4bf9…-01

A frame holds the events' bytes alone, so their traces stand in the headers of its record, one header
for each event that has one.  What a desk says names its cause, and gets the trace of that.  The
journal is the only source, so what is sent again after a crash has the same trace.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from topics.frames import RawFrame
from topics.headers import TRACEPARENT, Header, is_traceparent, traceparent_of

from .sources import BROADCAST, Source

TRACES_MAX = 256
"""Of one frame, some 25 kB.  Events of accounts come first; the rest goes on without a trace."""

Traces: TypeAlias = Mapping[str, bytes]
"""`traceparent` by the origin of its event: topic of the catalogue, partition, offset."""

NONE: Traces = {}


class TracedRecord(Protocol):
    """What is needed of a consumer's record."""

    offset: int
    headers: Sequence[tuple[str, bytes | None]]


def traced(polled: Mapping[Source, Sequence[TracedRecord]]) -> Traces:
    """Return the traces of a batch of source records."""
    traces = {}
    for (topic, partition), records in polled.items():
        for record in records:
            if record.headers:
                trace = traceparent_of(record.headers)
                if trace is not None:
                    traces[f"{topic}:{partition}:{record.offset}"] = trace
    return traces


def frame_headers(frame: RawFrame, traces: Traces) -> list[Header]:
    """Return the headers of a frame's record: the traces of its events."""
    if not traces:
        return []
    to_one: list[Header] = []
    to_all: list[Header] = []
    for run_index, offset in ((event.run, event.offset) for event in frame.events):
        run = frame.runs[run_index]
        origin = f"{run.topic}:{run.partition}:{offset}"
        trace = traces.get(origin)
        if trace is not None:
            going = to_all if run.topic in BROADCAST else to_one
            going.append((TRACEPARENT, b"%s %s" % (origin.encode(), trace)))
    return [*to_one, *to_all][:TRACES_MAX]


def traces_of(headers: Iterable[tuple[str, bytes | None]]) -> Traces:
    """Read the headers of a journal record; what `frame_headers` did not write is passed over."""
    traces: dict[str, bytes] = {}
    for name, value in headers:
        if name == TRACEPARENT and value is not None and len(traces) < TRACES_MAX:
            origin, _, trace = value.partition(b" ")
            if origin.isascii() and is_traceparent(trace):
                traces[origin.decode()] = trace
    return traces
