"""What a worker counts while it runs: plain integers, no lock, no library.

Everything here belongs to the worker's one event loop.  A counter never goes back while the process
lives, also when partitions come and go; a new process begins at 0.  Frames that are applied again
after a crash or a rewind are counted again.
"""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from functools import partial
from typing import Any

from state.dealing.outbox import Outputs
from state.rules.refusals import EventFault, Refusal
from streams.journal.writing.framing import WRONG_TOPIC, DeadLetter
from topics.catalogue import EXECUTION, INBOUND
from topics.commands import COMMAND_TYPES
from topics.facts import FACT_TYPES, EntryBlocked, EventRefused
from topics.frames import Frame, JournalPosition
from topics.refusals import RecordRefusal

OTHER = "other"
"""Stands for a reason that is not in its list.  There is none; it keeps labels bounded by force."""

EDGES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper edges of every histogram, in seconds."""

RECORD_REASONS = (*map(str, RecordRefusal), WRONG_TOPIC, OTHER)

Flight = deque[tuple[int, int]]
"""Frames whose commands are under way: the frame's time in microseconds, and how many are left."""


class Histogram:
    """Observations by upper edge; the last count is of those beyond every edge."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(EDGES_S) + 1)
        self.sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Take an observation; less than nothing, where two clocks differ, counts as nothing."""
        seconds = max(seconds, 0.0)
        self.counts[bisect_left(EDGES_S, seconds)] += 1
        self.sum_s += seconds


class SequencerCounts:
    """Of the sequencer, since the start of the process."""

    def __init__(self) -> None:
        self.records = {topic.name: 0 for topic in INBOUND}
        self.refused = {topic.name: dict.fromkeys(RECORD_REASONS, 0) for topic in INBOUND}
        self.frames: dict[int, int] = {}
        """By journal partition."""
        self.rebalances = 0
        self.latency = Histogram()

    def assigned(self) -> None:
        """Take note that source partitions were assigned anew."""
        self.rebalances += 1

    def polled(
        self, polled: Mapping[tuple[str, int], Sized], letters: Iterable[DeadLetter]
    ) -> None:
        """Take note of a poll: its records by source, and those that were refused."""
        for (topic, _), batch in polled.items():
            self.records[topic] += len(batch)
        for letter in letters:
            _add(self.refused[letter.source[0]], letter.reason)

    def framed(self, partition: int) -> None:
        """Take note of a frame, with or without events."""
        self.frames[partition] = self.frames.get(partition, 0) + 1

    def acknowledged(self, oldest_ms: Sequence[int], appended_ms: int) -> None:
        """Take note of a poll whose frames stand in the journal.

        `oldest_ms` has the first record's own time for each source partition, `appended_ms` is the
        broker's time of the last frame, not above 0 if it gave none.
        """
        if appended_ms > 0:
            for ms in oldest_ms:
                self.latency.observe((appended_ms - ms) / 1000)


class AgentCounts:
    """Of the agent, since the start of the process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives wall time in seconds, to be held against the broker's."""
        self._clock = clock
        self.events: dict[int, int] = {}
        self.frames: dict[int, int] = {}
        """Both by journal partition."""
        self.commands: dict[type, int] = dict.fromkeys(COMMAND_TYPES, 0)
        self.facts: dict[type, int] = dict.fromkeys(FACT_TYPES, 0)
        self.blocked = dict.fromkeys((*map(str, Refusal), OTHER), 0)
        self.refused = dict.fromkeys((*map(str, EventFault), OTHER), 0)
        self.rebalances = 0
        self.latency = Histogram()
        self.checkpoints = Histogram()
        self.recoveries = 0
        self.recovered: dict[int, tuple[float, int]] = {}
        """Of the last recovery of a journal partition: seconds, and rows found."""
        self._flights: dict[int, Flight] = {}

    def applied(self, frame: Frame, position: JournalPosition, outputs: Outputs) -> None:
        """Take note of a frame and what followed from it, before it is published."""
        number = position.partition
        self.frames[number] = self.frames.get(number, 0) + 1
        self.events[number] = self.events.get(number, 0) + len(frame.events)
        if outputs.commands:
            for command in outputs.commands:
                self.commands[type(command)] += 1
            flight = self._flights.get(number)
            if flight is not None:
                flight.append((position.ts_us, len(outputs.commands)))
        for fact in outputs.facts:
            self.facts[type(fact)] += 1
            if type(fact) is EntryBlocked:
                _add(self.blocked, fact.reason)
            elif type(fact) is EventRefused:
                _add(self.refused, fact.reason)

    def _acknowledged(self, flight: Flight, commands: int) -> None:
        now_s = self._clock()
        while commands and flight:
            ts_us, left = flight[0]
            if left > commands:
                flight[0] = ts_us, left - commands
                return
            flight.popleft()
            commands -= left
            self.latency.observe(now_s - ts_us / 1e6)

    def assigned(self) -> None:
        """Take note that journal partitions were assigned anew."""
        self.rebalances += 1

    def takes_off(self, partition: int) -> dict[str, Callable[[int], None]]:
        """Begin with a partition's commands; returns what to call with how many are acknowledged.

        Commands are acknowledged in their order.  Those of an earlier desk of the same partition
        have a flight of their own.
        """
        flight = self._flights[partition] = deque()
        return {EXECUTION.name: partial(self._acknowledged, flight)}

    def checkpointed(self, seconds: float) -> None:
        """Take note of a checkpoint that made something durable."""
        self.checkpoints.observe(seconds)

    def recovery(self, partition: int, seconds: float, rows: int) -> None:
        """Take note of a desk that came to life."""
        self.recoveries += 1
        self.recovered[partition] = seconds, rows


def _add(counts: dict[str, int], reason: Any) -> None:
    counts[reason if reason in counts else OTHER] += 1
