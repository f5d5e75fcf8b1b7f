"""The local store of a machine's table: Faust's RocksDB store, restored by us.

Faust assigns it and opens it; what is different:

- it is filled from the changelog by `restoring.restore`, which knows whose rows to believe, before
  Faust looks: Faust's own recovery then finds that there is nothing left to read;
- rows and the changelog offset they stand at are written as one batch.

A store that is torn, or does not stand exactly at the changelog's end, is filled anew from its
beginning.
"""

import shutil
import time
from collections.abc import Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer
from faust.stores.rocksdb import Store as RocksStore
from faust.types import TP
from rocksdict import WriteBatch

from streams.ground.kafka import log_spans
from streams.journal.standing.changelog import Restored
from streams.journal.standing.ports import Rows
from streams.journal.standing.restoring import restore

OPTIONS = {"driver": "rocksdict", "block_cache_size": 64 << 20, "write_buffer_size": 16 << 20}
"""Faust's defaults are 2 GiB of cache and 192 MiB of buffers, for each partition."""


class RowStore(RocksStore):
    """Rows of a machine's table, by partition."""

    reader: AIOKafkaConsumer
    """Reads the changelog; set before the table's first rebalance."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._restored: dict[int, Restored] = {}
        self.restoring_s: dict[int, float] = {}
        """How long the last restoring took, with the partitions restored beside it."""

    async def assign_partitions(
        self,
        table: Any,
        tps: set[TP],
        generation_id: int = 0,  # noqa: ARG002 - the form of Faust's hook
    ) -> None:
        """Open newly assigned partitions and bring them to the changelog's end."""
        topic = table.changelog_topic.get_topic_name()
        mine = sorted(tp for tp in tps if tp.topic == topic)
        if not mine:
            return
        began_s = time.monotonic()
        spans = await log_spans(self.reader, topic)
        behind = {}
        for tp in mine:
            span = spans[tp.partition]
            if self._stands_at(tp) == span.end:
                self._restored[tp.partition] = Restored(span.end, ())
            else:
                self._wipe(tp.partition)
                behind[tp.partition] = span
        tables = {number: _Filling(self._database(number)) for number in behind}
        self._restored |= await restore(self.reader, topic, behind, tables)
        for number in behind:
            next_offset = self._restored[number].next_offset
            if next_offset:
                self.set_persisted_offset(TP(topic, number), next_offset - 1)
        took_s = time.monotonic() - began_s
        self.restoring_s |= {tp.partition: took_s for tp in mine}

    def _stands_at(self, tp: TP) -> int | None:
        """Return the changelog offset after the last row here; None if the store is torn."""
        try:
            persisted = self.persisted_offset(tp)
            for _ in self._rows(tp.partition):
                pass
        except Exception:  # noqa: BLE001 - rocksdict raises bare exceptions; whatever it is, refill
            return None
        return 0 if persisted is None else persisted + 1

    def _wipe(self, partition: int) -> None:
        self._dbs.pop(partition, None)
        shutil.rmtree(self.partition_path(partition), ignore_errors=True)

    def _database(self, partition: int) -> Any:
        """Return the partition's `Rdict`, opened in raw mode: bytes to bytes."""
        return self._db_for_partition(partition)

    def restored(self, partition: int) -> Restored:
        """Return how far the partition is, and which of its keys are yet to be put right."""
        return self._restored[partition]

    def rows(self, partition: int) -> dict[str, bytes]:
        """Return every row of a partition."""
        return dict(self._rows(partition))

    def _rows(self, partition: int) -> Iterator[tuple[str, bytes]]:
        """Give the rows in the order of their keys; raises if the store is torn."""
        records = self._database(partition).iter()
        records.seek_to_first()
        while records.valid():
            key = records.key()
            if key != self.offset_key:
                yield key.decode(), records.value()
            records.next()
        records.status()  # at a torn block it just ends, and only this tells

    def write(self, partition: int, rows: Rows, offset: int) -> None:
        """Write rows and the changelog offset of the last one, all or nothing."""
        batch = _batch(rows)
        batch.put(self.offset_key, str(offset).encode())
        self._database(partition).write(batch)
        # The next machine of this partition may be restored without a new assignment.
        left = tuple(key for key in self._restored[partition].overwritten if key not in rows)
        self._restored[partition] = Restored(offset + 1, left)


class _Filling:
    """The table of one partition, while it is filled."""

    def __init__(self, database: Any) -> None:
        self._database = database

    def write(self, rows: Rows) -> None:
        self._database.write(_batch(rows))


def _batch(rows: Rows) -> WriteBatch:
    batch = WriteBatch(raw_mode=True)
    for key, value in rows.items():
        if value is None:
            batch.delete(key.encode())
        else:
            batch.put(key.encode(), value)
    return batch
