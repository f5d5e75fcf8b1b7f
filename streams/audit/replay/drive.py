"""One journal partition's desk, driven by what was recorded: no Kafka, no Faust, no clock."""

from dataclasses import dataclass

import msgspec

from state.dealing.outbox import Outputs
from state.desk import Desk
from state.market.hours import CalendarError, Calendars
from state.rules.policy import Policy
from streams.audit.recording.errors import ReplayError
from streams.audit.recording.source import Gap
from streams.ground.records import LogRecord
from topics.catalogue import JOURNAL
from topics.codec import FrameFault, decode_frame
from topics.digests import OutputDigest
from topics.events import PolicySet
from topics.frames import BEFORE_FIRST, Frame, JournalPosition, joins

from .said import Said, in_order
from .tally import ReplayTally


@dataclass(frozen=True, slots=True)
class PartitionReplayed:
    """What replaying one journal partition came to."""

    tally: ReplayTally
    digest: str
    """Of every command and fact, in the order of their ids."""
    state_digest: str
    """Of the desk at the end, as `Desk.digest` says it."""
    gap: int | None
    """Where the first gap begins, if there is one; what follows cannot be compared."""


class PartitionReplay:
    """A desk that takes the records of one journal partition, as the live one did.

    `what_if`: the policy stays the one that was given; those in the journal are ignored.
    """

    def __init__(
        self, partition: int, times: Calendars, policy: Policy, *, what_if: bool = False
    ) -> None:
        self.partition = partition
        self.desk = Desk(times, policy)
        self.tally = ReplayTally()
        self.gap: int | None = None
        self._what_if = what_if
        self._said = OutputDigest(behind=b"\n")
        self._runs = _ReplayedRuns(self.desk, self.tally)

    def skip(self, gap: Gap) -> None:
        """Go on behind missing frames, with the state from before them."""
        self.gap = gap.first if self.gap is None else self.gap
        self._runs.begin_anew()

    def take(self, record: LogRecord) -> list[Said]:
        """Apply a record; return what the desk said, in the order of ids.

        Raises `ReplayError` if the record is no frame.
        """
        frame = frame_of(record)
        if self._what_if:
            frame = self._without_policies(frame)
        self._runs.look_at(frame)
        outputs = applied(self.desk, record, frame)
        self.tally.frame(len(frame.events), record.ts_ms * 1000)
        self.tally.outputs(outputs)
        said = in_order(outputs)
        for one in said:
            self._said.take(one.value)
        return said

    def result(self) -> PartitionReplayed:
        """Return what it came to so far."""
        self.tally.open_runs = self._runs.still_open()
        return PartitionReplayed(self.tally, self._said.value(), self.desk.digest(), self.gap)

    def _without_policies(self, frame: Frame) -> Frame:
        kept = [item for item in frame.events if type(item.event) is not PolicySet]
        self.tally.ignored_policies += len(frame.events) - len(kept)
        return msgspec.structs.replace(frame, events=kept)


class _ReplayedRuns:
    """Watches which runs the desk will drop, and lets it join again behind a gap."""

    def __init__(self, desk: Desk, tally: ReplayTally) -> None:
        self._desk = desk
        self._tally = tally
        self._dropped: dict[tuple[str, int], int] = {}
        self._heard: dict[tuple[str, int], None] | None = None

    def begin_anew(self) -> None:
        """Take each source's next run wherever it begins: what joined it is missing."""
        self._heard = {}

    def look_at(self, frame: Frame) -> None:
        """Count this frame's runs before the desk takes it."""
        marks = self._desk.marks
        for run in frame.runs:
            source = (run.topic, run.partition)
            if not joins(run, marks.get(source, BEFORE_FIRST)):
                if self._heard is not None and source not in self._heard:
                    marks[source] = run.prev
                else:
                    self._tally.dropped_runs += 1
                    self._dropped[source] = max(run.last, self._dropped.get(source, run.last))
            if self._heard is not None:
                self._heard[source] = None

    def still_open(self) -> int:
        """Count the sources of which a dropped run's offsets never came again."""
        marks = self._desk.marks
        return sum(
            1 for source, last in self._dropped.items() if marks.get(source, BEFORE_FIRST) < last
        )


def applied(desk: Desk, record: LogRecord, frame: Frame) -> Outputs:
    """Apply a record's frame; raises `ReplayError` for a time that the calendar does not have."""
    position = JournalPosition(record.partition, record.offset, record.ts_ms * 1000)
    try:
        return desk.apply(frame, position)
    except CalendarError as error:
        told = f"{JOURNAL.name}:{record.partition} offset {record.offset}: {error}"
        raise ReplayError(told) from error


def frame_of(record: LogRecord) -> Frame:
    """Decode a record of the journal; raises `ReplayError` naming its place."""
    try:
        return decode_frame(record.value or b"")
    except FrameFault as fault:
        raise ReplayError(
            f"{JOURNAL.name}:{record.partition} offset {record.offset} is no frame of this version"
            f" ({fault}); a worker would stop there, too."
        ) from fault
