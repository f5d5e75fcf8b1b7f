"""Reads everything and checks it without replaying: form, offsets, frames, time, ids, run chains."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from streams.audit.recording.source import OUTPUTS, Gap, Gaps, Source, walk
from streams.audit.replay.drive import frame_of
from streams.ground.records import LogRecord
from topics.catalogue import EXECUTION, JOURNAL, STEALS
from topics.codec import decode_command, decode_fact
from topics.frames import BEFORE_FIRST, Frame, advance, joins

DECODE: dict[str, Callable[[bytes], object]] = {
    EXECUTION.name: decode_command,
    STEALS.name: decode_fact,
}


@dataclass(slots=True, kw_only=True)
class Validated:
    """What was found.  Only gaps and what cannot be read are faults; the rest is told."""

    source: str
    complete: bool
    frames: int = 0
    events: int = 0
    commands: int = 0
    """Records on `execution`, repeats included."""
    facts: int = 0
    dropped_runs: int = 0
    """Runs that do not join: the desk drops them, and the rightful sequencer sends them again."""
    backward_times: int = 0
    """Frames with a time before an earlier one's; the desk's clock stands still meanwhile."""
    unreadable_outputs: list[str] = field(default_factory=list)
    """Places of records that are no commands or facts of this version."""
    gaps: list[Gap] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def validate(source: Source, *, allow_gaps: bool = False) -> Validated:
    """Read it all; raises `ReplayError` for the first fault, with its place."""
    gaps = Gaps(source, allowed=allow_gaps)
    found = Validated(
        source=source.name, complete=source.complete, gaps=gaps.found, notes=source.notes
    )
    for number in source.spans(JOURNAL.name):
        chain = _Chain(found)
        async for batch in walk(source, JOURNAL.name, number, gaps.note):
            for record in batch:
                chain.take(record, frame_of(record))
    for topic in OUTPUTS:
        for number in source.spans(topic):
            async for batch in walk(source, topic, number, gaps.note):
                for record in batch:
                    _take_output(found, topic, record)
    return found


class _Chain:
    """One journal partition's runs and times, as a desk would go through them."""

    def __init__(self, found: Validated) -> None:
        self._found = found
        self._marks: dict[tuple[str, int], int] = {}
        self._latest_ms = 0

    def take(self, record: LogRecord, frame: Frame) -> None:
        found = self._found
        found.frames += 1
        found.events += len(frame.events)
        found.backward_times += record.ts_ms < self._latest_ms
        self._latest_ms = max(self._latest_ms, record.ts_ms)
        for run in frame.runs:
            source = (run.topic, run.partition)
            mark = self._marks.get(source, BEFORE_FIRST)
            if joins(run, mark):
                self._marks[source] = advance(run, mark)
            else:
                found.dropped_runs += 1


def _take_output(found: Validated, topic: str, record: LogRecord) -> None:
    if topic == EXECUTION.name:
        found.commands += 1
    else:
        found.facts += 1
    try:
        DECODE[topic](record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found.unreadable_outputs.append(f"{topic}:{record.partition}:{record.offset}")
