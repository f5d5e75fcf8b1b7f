"""From a changelog to a machine: the one way, for the worker that goes on with it and for who looks.

    changelog ──▶ claims: whose records count ──▶ table of rows ──▶ staging: which copy counts ──▶ machine

The worker's table is its local store, and it claims the partition before it goes on (`take_over`).
Who only looks keeps the rows in memory and writes nothing (`read_machines`).
"""

from collections.abc import Callable, Container, Mapping
from typing import Protocol, TypeVar

from aiokafka import AIOKafkaConsumer

from streams.ground.kafka import Span, read_log

from .changelog import Restored, decoded
from .claims import OWNER, Claims, opening
from .ports import Ports, Rows
from .staging import BATCH_BYTES_MAX, batches, leftovers, settle

T = TypeVar("T")


class Table(Protocol):
    """Where the rows of a changelog partition go, in the order of the log."""

    def write(self, rows: Rows) -> None:
        """Write rows; None takes one away."""
        ...


class MemoryTable:
    """Rows in memory."""

    def __init__(self, only: Container[str] | None = None) -> None:
        """`only` are the keys to keep, None for all."""
        self.rows: dict[str, bytes] = {}
        self._only = only

    def write(self, rows: Rows) -> None:
        """Write rows; None takes one away."""
        for key, row in rows.items():
            if row is None:
                self.rows.pop(key, None)
            elif self._only is None or key in self._only:
                self.rows[key] = row


async def restore(
    consumer: AIOKafkaConsumer, topic: str, spans: Mapping[int, Span], tables: Mapping[int, Table]
) -> dict[int, Restored]:
    """Write every believed row of these partitions to their tables, batch by batch.

    Faust restores 5,000 records a second and believes every one; this takes what the latest claims
    allow (see `claims`), at the speed of the fetcher.
    Raises `ClaimsError` if the changelog is another version's.
    """
    claims = {number: Claims() for number in spans}
    async for records in read_log(consumer, topic, spans):
        if not records:
            continue
        number = records[0].partition
        rows = [decoded(record) for record in records]
        tables[number].write({row.key: row.value for row in rows if claims[number].believes(row)})
    return {
        number: Restored(span.end, tuple(claims[number].overwritten))
        for number, span in spans.items()
    }


def machine_of(rows: Mapping[str, bytes], make: Callable[[Mapping[str, bytes]], T]) -> T:
    """Make a machine, or whatever is to be known of it, of everything that a table holds.

    `make` gets the machine's own rows: no claim, and of staged rows those that count.
    """
    return make(settle({key: row for key, row in rows.items() if key != OWNER}))


async def read_machines(
    consumer: AIOKafkaConsumer,
    topic: str,
    spans: Mapping[int, Span],
    make: Callable[[Mapping[str, bytes]], T],
    only: Container[str] | None = None,
) -> dict[int, T]:
    """Return by partition what `make` makes of the rows; nothing is claimed or cleaned up.

    `only` are the keys that it needs, None for all.  Raises `ClaimsError` if the changelog is another
    version's.
    """
    tables = {number: MemoryTable(only) for number in sorted(spans)}
    await restore(consumer, topic, spans, tables)
    return {number: machine_of(table.rows, make) for number, table in tables.items()}


async def take_over(
    rows: Mapping[str, bytes],
    restored: Restored,
    *,
    name: bytes,
    ports: Ports,
    make: Callable[[Mapping[str, bytes]], T],
    batch_bytes_max: int = BATCH_BYTES_MAX,
) -> T:
    """Claim a restored partition under a name of its own, put it right, and make its machine.

    `rows` is all that the table holds, and `restored` how far it was read.
    """
    first = opening(name, restored.next_offset, rows, restored.overwritten)
    for batch in batches(first, batch_bytes_max):
        ports.store(batch, await ports.append(batch))
    await _clean_up(rows, ports, batch_bytes_max)
    return machine_of(rows, make)


async def _clean_up(rows: Mapping[str, bytes], ports: Ports, batch_bytes_max: int) -> None:
    """Finish the checkpoint that a crash cut short, before the machine goes on.

    Rows to be believed come first; only when they all stand is their staged copy taken away.
    """
    rest = leftovers(rows)
    kept: Rows = {key: row for key, row in rest.items() if row is not None}
    removed: Rows = {key: row for key, row in rest.items() if row is None}
    for batch in (*batches(kept, batch_bytes_max), *batches(removed, batch_bytes_max)):
        ports.store(batch, await ports.append(batch))
