"""Who looks on while the journal is written; `streams.observe.metrics` counts it, and a test may."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Protocol

from streams.journal.sources import Source

from .framing import DeadLetter


class SequencerObserver(Protocol):
    """Is told what the sequencer did.  Every call is on the hot path: it may not wait or fail."""

    def assigned(self) -> None:
        """Take note that source partitions were assigned anew."""
        ...

    def polled(self, polled: Mapping[Source, Sized], letters: Iterable[DeadLetter]) -> None:
        """Take note of a poll: its records by source, and those that were refused."""
        ...

    def framed(self, partition: int) -> None:
        """Take note of a frame, with or without events."""
        ...

    def acknowledged(self, oldest_ms: Sequence[int], appended_ms: int) -> None:
        """Take note of a poll whose frames stand in the journal.

        `oldest_ms` has the first record's own time for each source partition, `appended_ms` is the
        broker's time of the last frame, not above 0 if it gave none.
        """
        ...
