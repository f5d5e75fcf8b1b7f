"""Where the sequencer begins in a source partition, and when it must not begin at all.

Plain rules on four numbers: what was framed, what the log still has, and whether anything was ever
framed.  The committed offset is the first one that the journal may not hold yet.
"""

from typing import NamedTuple

from streams.ground.mistakes import Mistake
from topics.frames import Run


class LostError(Mistake):
    """Records are gone that the journal never got; the message says which, and what to do."""


class SourceLog(NamedTuple):
    """What a source partition has: offsets `first` through `end - 1`."""

    topic: str
    partition: int
    first: int
    end: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}"


class Begin(NamedTuple):
    """The next offset to read, and the run that tells the journal what is missing before it."""

    offset: int
    gap: Run | None


def begin(log: SourceLog, committed: int | None, *, fresh: bool, accept_gap: bool) -> Begin:
    """Say where to begin; `fresh` means that the journal is empty, so nothing was ever framed.

    Raises `LostError` if records are missing and that was not accepted.
    """
    # A new journal holds nothing, whatever was framed for the one before it.
    stood = 0 if fresh or committed is None else committed
    if stood > log.end:
        raise LostError(
            f"{log} ends at {log.end}, but the journal has it up to {stood}: the topic was made"
            " anew. Begin anew with another group and topic prefix."
        )
    if stood >= log.first:
        return Begin(stood, None)
    if not (fresh or accept_gap):
        raise LostError(
            f"{log}: offsets {stood} to {log.first - 1} ({log.first - stood} records) were deleted"
            " before they were framed. Restore them, or start with --accept-gap to go on without"
            " them."
        )
    gap = Run(
        topic=log.topic, partition=log.partition, prev=stood - 1, last=log.first - 1, gap=True
    )
    return Begin(log.first, gap)
