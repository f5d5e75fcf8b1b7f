"""Where a journal and its outputs are read from, and how what is missing in them is noticed.

A recording (`recording.Recording`) and a broker (`broker.BrokerSource`) look the same from here on.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from state.market.hours import NEW_YORK
from state.rules.policy import Policy
from streams.ground.records import LogRecord, Span
from topics.catalogue import EXECUTION, JOURNAL, STEALS
from topics.limits import TIME_US_MAX

from .errors import ReplayError

RECORDED = (JOURNAL.name, EXECUTION.name, STEALS.name)
"""The topics of a recording.  The journal comes first: no output without its frame."""

OUTPUTS = (EXECUTION.name, STEALS.name)


class Gap(NamedTuple):
    """Offsets that are not there any more: `first` through `end - 1`."""

    topic: str
    partition: int
    first: int
    end: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition} lacks offsets {self.first} to {self.end - 1}"


class Source(Protocol):
    """A journal and its outputs, under the catalogue's topic names."""

    name: str
    """What a message calls it."""
    notes: list[str]
    """What a reader of any result must know about it."""
    complete: bool
    """False for a recording that was cut short."""

    calendar: str
    """Checksum of the sessions that it was recorded with; empty if it does not say."""

    def start_policy(self) -> Policy:
        """Return the policy that its desks began with; raises `ReplayError` if it is unknown."""
        ...

    def spans(self, topic: str) -> Mapping[int, Span]:
        """Return what each partition holds, by number in rising order."""
        ...

    async def journal_times_us(self) -> tuple[int, int] | None:
        """Return the earliest and the latest time of the journal's ends; None if it is empty."""
        ...

    def read(self, topic: str, partition: int) -> AsyncIterator[list[LogRecord]]:
        """Yield a partition's records in offset order; raises `ReplayError` if they cannot be."""
        ...


async def walk(
    source: Source, topic: str, partition: int, on_gap: Callable[[Gap], None]
) -> AsyncIterator[list[LogRecord]]:
    """Yield a partition's records; `on_gap` is called where offsets are missing, between batches.

    Raises `ReplayError` for an offset that comes twice or goes back.
    """
    expected = 0
    async for batch in source.read(topic, partition):
        start = 0
        for index, record in enumerate(batch):
            if record.offset < expected:
                raise ReplayError(
                    f"{source.name}: {topic}:{partition} has offset {record.offset}"
                    f" where {expected} should stand; record it anew."
                )
            if record.offset > expected:
                if index > start:
                    yield batch[start:index]
                    start = index
                on_gap(Gap(topic, partition, expected, record.offset))
            expected = record.offset + 1
        if start < len(batch):
            yield batch[start:]
    end = source.spans(topic)[partition].end
    if expected < end:
        on_gap(Gap(topic, partition, expected, end))


class Gaps:
    """Collects gaps where they are allowed, and refuses the first one where they are not."""

    def __init__(self, source: Source, *, allowed: bool) -> None:
        self.source = source
        self.allowed = allowed
        self.found: list[Gap] = []

    def note(self, gap: Gap) -> None:
        """Take a gap; raises `ReplayError` unless gaps are allowed."""
        if not self.allowed:
            consequence = (
                "a desk cannot be rebuilt without its beginning"
                if gap.first == 0 and gap.topic == JOURNAL.name
                else "nothing after it can be compared"
            )
            raise ReplayError(
                f"{self.source.name}: {gap}, and {consequence}; --allow-gaps goes on all the same."
            )
        if gap not in self.found:
            self.found.append(gap)


class Whole(Gaps):
    """Refuses every gap, where nobody may allow one: what was weighed cannot be shown without it."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, allowed=False)

    def note(self, gap: Gap) -> None:
        """Take a gap; raises `ReplayError`."""
        raise ReplayError(
            f"{self.source.name}: {gap}, and what was weighed after them cannot be known; record"
            " the journal from its beginning."
        )


def calendar_years(first_us: int, last_us: int) -> tuple[int, int]:
    """Return the years that a journal's desks look at: entries expire later than it ends.

    Raises `ReplayError` for times that no clock shows.
    """
    if not 0 <= first_us <= last_us <= TIME_US_MAX:
        raise ReplayError(
            f"{JOURNAL.name}: its records have times from {first_us} to {last_us} microseconds"
            " since 1970, which are none; is its message.timestamp.type LogAppendTime?"
        )
    first, last = (
        datetime.fromtimestamp(moment // 1_000_000, NEW_YORK).year for moment in (first_us, last_us)
    )
    return first, last + 1
