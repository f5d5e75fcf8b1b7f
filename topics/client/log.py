"""What a subscription reads from: records by partition, and points that outlast a restart.

The broker is one (`kafka_log.py`), the tests' own memory another (`fake.py`).
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """One record as it stands in the log; `ts_ms` is milliseconds since 1970."""

    partition: int
    offset: int
    ts_ms: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Point(NamedTuple):
    """How far a partition is acknowledged: before `offset`; `note` is the text beside it."""

    offset: int
    note: str = ""


class OffsetSpan(NamedTuple):
    """The offsets that a partition has: `first` through `end - 1`."""

    first: int
    end: int


class Holder(Protocol):
    """Who is told which partitions are his, as a group gives and takes them."""

    def given(self, partition: int, point: Point) -> None:
        """Begin a partition at a point."""

    def taken(self, partition: int) -> None:
        """Forget a partition: from now on it is somebody else's, or given anew."""


class Log(Protocol):
    """One topic, as one subscriber sees it."""

    async def open(self, holder: Holder) -> None:
        """Connect; on return the holder has been given its partitions."""

    async def poll(self, wait_s: float) -> list[Record]:
        """Return what comes next, each partition's in order; nothing if nothing came so long."""

    async def commit(self, points: Mapping[int, Point]) -> bool:
        """Keep points for ever; False if a partition was taken away before that."""

    async def close(self) -> None:
        """Give back partitions and connections; a second time does nothing."""
