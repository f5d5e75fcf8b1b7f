"""What a machine on a journal needs from the outside.  Kafka and RocksDB stand behind it, or a test."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from topics.headers import Header

Rows = Mapping[str, bytes | None]
"""Durable rows by key; None takes a row away."""

Output = tuple[str, bytes, list[Header]]
"""Key, value and headers of one record."""


class Ports(Protocol):
    """The outside of one journal partition."""

    async def publish(self, topic: str, outputs: Sequence[Output]) -> None:
        """Hand outputs to the transport, in order; returns before the broker has them."""
        ...

    async def published(self) -> None:
        """Return when the broker has acknowledged every output handed over so far."""
        ...

    async def append(self, rows: Rows) -> int:
        """Append rows to the changelog as one atomic batch; return the last one's offset.

        Returns only when the broker has acknowledged the batch.
        """
        ...

    def store(self, rows: Rows, offset: int) -> None:
        """Write rows to the local store, with the changelog offset that they stand at."""
        ...

    async def acknowledge(self, next_offset: int) -> None:
        """Let the transport forget frames before `next_offset`; only a hint where to begin."""
        ...
