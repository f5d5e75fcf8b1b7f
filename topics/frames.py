"""The journal's record: a frame of events in their one total order, and the rule that chains frames.

    { "v": 1,
      "runs":   [ {"topic": "quotes", "partition": 0, "prev": 9, "last": 11} ],
      "events": [ [0, 10, {…}], [0, 11, {…}] ] }        # run index, source offset, event

A run says: *after* `prev`, *through* `last`, of that source partition; records refused by the
sequencer lie inside it too, so a run can have fewer events than offsets.  The reader keeps one
high-water mark per source partition and takes a run only where it joins (`joins`).  A resend is
trimmed, a run from a sequencer that lost its place is dropped; nothing is lost or doubled.
"""

from typing import NamedTuple

import msgspec

from .events import AnyEvent, Version
from .limits import Offset

BEFORE_FIRST = -1
"""The high-water mark of a source partition that nothing was taken from yet."""


class Run(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A gapless stretch of one source partition: offsets `prev + 1` through `last`.

    `gap` marks a stretch that was deleted before anybody framed it, which an operator accepted.
    """

    topic: str
    partition: int
    prev: Offset
    last: Offset
    gap: bool = False


class FrameEvent(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One event with its place: index into the frame's runs, and offset in the source partition."""

    run: int
    offset: int
    event: AnyEvent


class RawFrameEvent(msgspec.Struct, frozen=True, array_like=True):
    """The same, holding the producer's bytes untouched; this is what the sequencer writes."""

    run: int
    offset: int
    event: msgspec.Raw


class Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many events in merged order, and the runs they came from.  Empty frames let time pass."""

    v: Version = 1
    runs: list[Run] = []
    events: list[FrameEvent] = []


class RawFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame as the sequencer writes it."""

    v: Version = 1
    runs: list[Run] = []
    events: list[RawFrameEvent] = []


class JournalPosition(NamedTuple):
    """Where a frame stands in the journal, and the broker's time for it in microseconds."""

    partition: int
    offset: int
    ts_us: int


def joins(run: Run, mark: int) -> bool:
    """Tell whether a run follows on from the high-water mark (an overlap does, a hole does not).

    If it does, take its events with an offset above `mark`; `advance` gives the new mark.
    """
    return run.prev <= mark


def advance(run: Run, mark: int) -> int:
    """Return the high-water mark after a run that joins."""
    return max(mark, run.last)


def fault_of(frame: Frame) -> str | None:
    """Say what is wrong with a frame's own structure, or None.

    A faulty frame is the sequencer's bug, never a producer's: the caller stops.
    """
    for run in frame.runs:
        if run.last < run.prev:
            return f"the run of {run.topic}:{run.partition} ends at {run.last} before {run.prev}"
    sources = {(run.topic, run.partition) for run in frame.runs}
    if len(sources) != len(frame.runs):
        return "two runs of one source partition"
    reached = [run.prev for run in frame.runs]
    for item in frame.events:
        if not 0 <= item.run < len(reached):
            return f"an event names run {item.run} of {len(reached)}"
        if not reached[item.run] < item.offset <= frame.runs[item.run].last:
            return f"offset {item.offset} lies outside its run or out of order"
        reached[item.run] = item.offset
    return None
