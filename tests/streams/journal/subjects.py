"""What stands on the journal in these tests: the desk, and a machine that shares nothing with it.

The counter counts events by account and kind, remembers which they were, and states every count.  It
takes each event once, by the same rule of chained runs as the desk.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from state.machine import CURSOR, Restore
from streams.agents.stealing import TOPICS, restored_desk
from tests.state.world import roomy, times
from topics.facts import Fact
from topics.frames import BEFORE_FIRST, Frame, JournalPosition, advance, joins

Count = tuple[int, list[str]]
"""How many events, and which."""


class Counted(Fact, frozen=True, tag="counted"):
    """So many events of a kind have come."""

    name: str
    count: int


class Counter:
    """Counts by account (or symbol) and kind of event."""

    def __init__(self) -> None:
        self.next_offset = 0
        self.marks: dict[str, int] = {}
        self.counts: dict[str, Count] = {}
        self.changed: dict[str, None] = {}

    def apply(self, frame: Frame, position: JournalPosition) -> tuple[list[Fact]]:
        self.next_offset = position.offset + 1
        facts: list[Fact] = []
        above = []
        for run in frame.runs:
            mark = self.marks.get(f"{run.topic}:{run.partition}", BEFORE_FIRST)
            above.append(mark if joins(run, mark) else run.last)
            if joins(run, mark):
                self.marks[f"{run.topic}:{run.partition}"] = advance(run, mark)
        for item in frame.events:
            if item.offset <= above[item.run]:
                continue
            run, event = frame.runs[item.run], item.event
            cause = f"{run.topic}:{run.partition}:{item.offset}"
            name = f"{getattr(event, 'account', '')}.{event.__struct_config__.tag}"
            count, which = self.counts.get(name, (0, []))
            self.counts[name] = count + 1, [*which, cause]
            self.changed[name] = None
            facts.append(
                Counted(
                    id=f"{position.partition}-{position.offset}-{len(facts)}",
                    ts_us=position.ts_us,
                    account=getattr(event, "account", None),
                    cause=cause,
                    name=name,
                    count=count + 1,
                )
            )
        return (facts,)

    def take_changed_rows(self) -> dict[str, bytes]:
        rows = {f"count/{name}": msgspec.json.encode(self.counts[name]) for name in self.changed}
        self.changed.clear()
        return {CURSOR: msgspec.json.encode((self.next_offset, self.marks)), **rows}

    def digest(self) -> str:
        whole = msgspec.json.encode(
            (self.next_offset, sorted(self.marks.items()), sorted(self.counts.items()))
        )
        return blake2b(whole, digest_size=16).hexdigest()


def restored_counter(rows: Mapping[str, bytes]) -> Counter:
    """Return the counter that these rows describe; a new one if there are none."""
    counter = Counter()
    if CURSOR in rows:
        counter.next_offset, counter.marks = msgspec.json.decode(rows[CURSOR])
    for key, row in rows.items():
        if key != CURSOR:
            counter.counts[key.removeprefix("count/")] = msgspec.json.decode(row, type=Count)
    return counter


class Subject(NamedTuple):
    """A kind of machine, what a day must have it say, and how small a batch cuts its checkpoints."""

    restore: Restore[Any]
    topics: tuple[str, ...]
    says: frozenset[str]
    small_bytes: int


DESK = Subject(
    lambda rows: restored_desk(rows, times(), roomy()),
    TOPICS,
    frozenset({"submit", "cancel", "steal", "steal.started", "steal.settled"}),
    600,
)

COUNTER = Subject(restored_counter, ("counts",), frozenset({"counted"}), 150)
