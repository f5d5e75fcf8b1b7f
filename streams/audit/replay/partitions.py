"""Replays every partition of a journal, one after the other, in offset order."""

from collections.abc import Callable
from dataclasses import dataclass

from state.dealing.attempts import Attempt
from state.market.hours import Calendars, Hours, calendars
from state.rules.policy import Policy
from streams.audit.recording.manifest import calendar_checksum
from streams.audit.recording.source import Gap, Gaps, Source, calendar_years, walk
from topics.catalogue import JOURNAL
from topics.digests import combined

from .drive import PartitionReplay, PartitionReplayed
from .said import Said
from .tally import ReplayTally, total

Listener = Callable[[Said], None]
Watcher = Callable[[Attempt], None]


NO_SESSIONS = Calendars(Hours("XNYS", [], 0, 0), Hours("weekdays", [], 0, 0))
"""For a journal without a frame, which has no years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay came to."""

    source: str
    policy: str
    what_if: bool
    complete: bool
    partitions: dict[int, PartitionReplayed]
    gaps: list[Gap]
    notes: list[str]

    @property
    def comparable(self) -> bool:
        """Whether this is what the live desks said: nothing missing, nothing changed."""
        return self.complete and not self.what_if and not self.gaps

    @property
    def tally(self) -> ReplayTally:
        """The figures of all partitions together."""
        return total(one.tally for one in self.partitions.values())

    @property
    def digest(self) -> str:
        """One digest of everything said."""
        return combined({str(n): one.digest for n, one in self.partitions.items()})

    @property
    def state_digest(self) -> str:
        """One state digest of all desks."""
        return combined({str(n): one.state_digest for n, one in self.partitions.items()})


class Replayer:
    """Replays partitions of one source with one table of sessions."""

    def __init__(self, source: Source, times: Calendars, policy: Policy | None) -> None:
        """Replay with these sessions; a `policy` makes it a what-if."""
        self.source = source
        self.what_if = policy is not None
        self.policy = policy if policy is not None else source.start_policy()
        self.times = times

    @classmethod
    async def of(cls, source: Source, policy: Policy | None = None) -> "Replayer":
        """Make the table of sessions that the journal's times call for."""
        span_us = await source.journal_times_us()
        if span_us is None:
            return cls(source, NO_SESSIONS, policy)
        times = calendars(*calendar_years(*span_us))
        if source.calendar not in ("", calendar_checksum(times)):
            source.notes.append("New York's sessions are not the recorded ones")
        return cls(source, times, policy)

    async def partition(
        self,
        number: int,
        gaps: Gaps,
        hear: Listener | None = None,
        end: int | None = None,
        watch: Watcher | None = None,
    ) -> PartitionReplay:
        """Replay one partition, to its end or to before the offset `end`.

        `hear` is called with what was said, in order, up to the first gap; `watch` with every try of
        an entry.
        """
        made = PartitionReplay(number, self.times, self.policy, what_if=self.what_if)
        made.desk.watch = watch

        def on_gap(gap: Gap) -> None:
            gaps.note(gap)
            made.skip(gap)

        async for batch in walk(self.source, JOURNAL.name, number, on_gap):
            for record in batch:
                if end is not None and record.offset >= end:
                    return made
                said = made.take(record)
                if hear is not None and made.gap is None:
                    for one in said:
                        hear(one)
        return made


async def replay(
    source: Source,
    *,
    allow_gaps: bool = False,
    policy: Policy | None = None,
    hear: Listener | None = None,
) -> Replayed:
    """Replay a journal; `policy` makes it a what-if.

    Raises `ReplayError` for gaps that are not allowed and for records that are no frames.
    """
    return await replay_with(await Replayer.of(source, policy), allow_gaps=allow_gaps, hear=hear)


async def replay_with(
    replayer: Replayer, *, allow_gaps: bool, hear: Listener | None = None
) -> Replayed:
    """Replay all partitions, in the order of their numbers."""
    source = replayer.source
    gaps = Gaps(source, allowed=allow_gaps)
    partitions = {}
    for number in source.spans(JOURNAL.name):
        partitions[number] = (await replayer.partition(number, gaps, hear)).result()
    return Replayed(
        source=source.name,
        policy=replayer.policy.name,
        what_if=replayer.what_if,
        complete=source.complete,
        partitions=partitions,
        gaps=gaps.found,
        notes=source.notes,
    )
