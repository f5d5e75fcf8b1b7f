"""Goes to any frame of a recording: what it held, what was weighed in it, what followed.

    once, from the first frame on         ──▶  where the steals are, and the desk's rows now and then
    to a frame: the rows before it, then  ──▶  frame, outputs, every try of an entry, the desk after it

A desk restored from its rows goes on as the one that wrote them, as after a crash; so going back is
going on from an earlier place.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple, TypeVar

from state.dealing.attempts import Attempt
from state.dealing.outbox import Outputs
from state.desk import Desk
from streams.audit.recording.errors import ReplayError
from streams.audit.recording.reader import Recording
from streams.audit.recording.source import Whole, walk
from topics.catalogue import JOURNAL
from topics.facts import StealStarted
from topics.frames import Frame

from .drive import applied, frame_of
from .kept import EVENTS, KEPT_BYTES_MAX, KeptRows
from .partitions import Replayer

T = TypeVar("T")


class Step(NamedTuple):
    """One frame.  `attempts` are the tries of entries in it; `desk` stands behind it."""

    partition: int
    offset: int
    ts_us: int
    frame: Frame
    outputs: Outputs
    attempts: list[Attempt]
    desk: Desk


class PartitionTrack:
    """What is known of one journal partition: how many frames, and which of them begin steals."""

    def __init__(self) -> None:
        self.frames = 0
        self.steals = 0
        self.steal_frames = array("Q")
        """Offsets, rising; a frame may begin several steals."""

    def take(self, offset: int, outputs: Outputs) -> None:
        """Note what the next frame led to."""
        self.frames += 1
        steals = sum(isinstance(fact, StealStarted) for fact in outputs.facts)
        if steals:
            self.steals += steals
            self.steal_frames.append(offset)


class Steps:
    """The frames of a recording that is open, by journal partition and offset.

    `at` may be called from any thread, by one after the other.
    """

    def __init__(self, recording: Recording, replayer: Replayer) -> None:
        self.recording = recording
        self.tracks: dict[int, PartitionTrack] = {}
        self._replayer = replayer
        self._kept: dict[int, KeptRows] = {}
        self._lock = Lock()
        self._standing: tuple[int, Desk] | None = None

    @classmethod
    async def of(cls, recording: Recording, keep_every: int = EVENTS) -> "Steps":
        """Go through a recording once; rows are kept after every so many events.

        Raises `ReplayError` if it lacks frames, the first ones included, or is damaged.
        """
        steps = cls(recording, await Replayer.of(recording))
        numbers = recording.spans(JOURNAL.name)
        for number in numbers:
            steps._kept[number] = KeptRows(KEPT_BYTES_MAX // len(numbers), keep_every)
            steps.tracks[number] = await steps._go_through(number)
        return steps

    async def _go_through(self, number: int) -> PartitionTrack:
        desk, track, kept = self._new_desk(), PartitionTrack(), self._kept[number]
        async for batch in walk(self.recording, JOURNAL.name, number, Whole(self.recording).note):
            for record in batch:
                frame = frame_of(record)
                track.take(record.offset, applied(desk, record, frame))
                kept.applied(desk, len(frame.events))
        return track

    def _new_desk(self) -> Desk:
        return Desk(self._replayer.times, self._replayer.policy)

    def at(self, partition: int, offset: int, look: Callable[[Step], T]) -> T:
        """Go to a frame and return what `look` makes of it; the step is good only as long.

        Raises `ReplayError` if the file is damaged; there must be such a frame.
        """
        with self._lock:
            desk = self._before(partition, offset)
            self._standing = None  # not to be gone on from if anything is raised
            step = self._go_on(desk, partition, offset)
            found = look(step)
            self._standing = partition, desk
            return found

    def _before(self, partition: int, offset: int) -> Desk:
        """Return a desk that stands before a frame, the nearest there is."""
        start = self._kept[partition].before(offset)
        if self._standing is not None:
            where, desk = self._standing
            if where == partition and start.next_offset <= desk.next_offset <= offset:
                return desk
        return Desk.restore(start.rows, self._replayer.times) if start.rows else self._new_desk()

    def _go_on(self, desk: Desk, partition: int, offset: int) -> Step:
        for batch in self.recording.read_from(JOURNAL.name, partition, desk.next_offset):
            for record in batch[max(0, desk.next_offset - batch[0].offset) :]:
                frame = frame_of(record)
                if record.offset < offset:
                    applied(desk, record, frame)
                    continue
                attempts: list[Attempt] = []
                desk.watch = attempts.append
                outputs = applied(desk, record, frame)
                desk.watch = None
                ts_us = record.ts_ms * 1000
                return Step(partition, offset, ts_us, frame, outputs, attempts, desk)
        raise ReplayError(
            f"{self.recording.name}: {JOURNAL.name}:{partition} ends before offset {offset};"
            " was the file changed?"
        )


def last_before(places: Sequence[int], offset: int) -> int | None:
    """Return the last of rising offsets that is lower than this one."""
    count = bisect_right(places, offset - 1)
    return places[count - 1] if count else None


def first_after(places: Sequence[int], offset: int) -> int | None:
    """Return the first of rising offsets that is higher than this one."""
    count = bisect_right(places, offset)
    return places[count] if count < len(places) else None
