"""Who looks on while a journal is applied: counts, a log of decisions, pages, a test."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from topics.frames import Frame, JournalPosition

Applied = Callable[[Frame, JournalPosition, Any], None]
"""Is shown every frame that was applied and what the machine said to it, before that is published.

It is on the hot path: it may not wait or fail.
"""

Acknowledged = Callable[[int], None]
"""Is told how many more outputs the broker has, in their order."""


class MachineObserver(Protocol):
    """Is told what becomes of the machines of one worker."""

    def assigned(self) -> None:
        """Take note that journal partitions were assigned anew."""
        ...

    def takes_off(self, partition: int) -> Mapping[str, Acknowledged]:
        """Begin with a new machine's outputs; say who is told of them, by topic of the catalogue."""
        ...

    def recovery(self, partition: int, seconds: float, rows: int) -> None:
        """Take note of a machine that was restored, how long that took, and from how many rows."""
        ...

    def checkpointed(self, seconds: float) -> None:
        """Take note of a checkpoint that made something durable."""
        ...
