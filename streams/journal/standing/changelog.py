"""The changelog of a machine's table: what its records say, and how its owner appends to it.

`restoring` reads it.
"""

from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from streams.ground.kafka import LogRecord

from .claims import HEADER, Row, expect
from .ports import Rows


class Restored(NamedTuple):
    """How far a partition was read, and what strangers wrote over."""

    next_offset: int
    overwritten: tuple[str, ...]


def decoded(record: LogRecord) -> Row:
    """Return a changelog record's row."""
    writer = dict(record.headers).get(HEADER, b"")
    return Row(record.offset, (record.key or b"").decode(), record.value, writer)


class Changelog:
    """Appends to one partition as its owner; each batch must land right behind the last."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        partition: int,
        *,
        name: bytes,
        expected: int,
    ) -> None:
        """Append under a name of its own; `expected` is the end of the log as it was restored."""
        self._producer = producer
        self._topic = topic
        self._partition = partition
        self._headers = [(HEADER, name)]
        self._expected = expected

    async def append(self, rows: Rows) -> int:
        """Append rows as one atomic batch and return the last one's offset.

        Raises `FencedError` if somebody else wrote there.
        """
        batch = self._producer.create_batch()
        for key, value in rows.items():
            taken = batch.append(
                key=key.encode(), value=value, timestamp=None, headers=self._headers
            )
            assert taken is not None, "a checkpoint's batch is larger than the producer allows"
        sent = await self._producer.send_batch(batch, self._topic, partition=self._partition)
        first = (await sent).offset
        expect(first, self._expected, self._partition)
        self._expected = first + len(rows)
        return int(self._expected - 1)
