"""The changelog of the desk table: read a partition from its beginning, append atomic batches.

Faust restores 5,000 records a second and believes every one; this reads what the latest claims allow
(see `claims`), at the speed of the fetcher.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.ground.kafka import LogRecord, Span, read_log

from .claims import HEADER, Claims, Row, expect
from .ports import Rows

Believed = list[tuple[str, bytes | None]]


class Restored(NamedTuple):
    """How far a partition was read, and what strangers wrote over."""

    next_offset: int
    overwritten: tuple[str, ...]


def decoded(record: LogRecord) -> Row:
    """Return a changelog record's row."""
    writer = dict(record.headers).get(HEADER, b"")
    return Row(record.offset, (record.key or b"").decode(), record.value, writer)


async def restore(
    consumer: AIOKafkaConsumer,
    topic: str,
    spans: Mapping[int, Span],
    take: Callable[[int, Believed], None],
) -> dict[int, Restored]:
    """Hand every believed row of these partitions to `take`, in order, batch by batch."""
    claims = {number: Claims() for number in spans}
    async for records in read_log(consumer, topic, spans):
        if not records:
            continue
        number = records[0].partition
        rows = [decoded(record) for record in records]
        take(number, [(row.key, row.value) for row in rows if claims[number].believes(row)])
    return {
        number: Restored(span.end, tuple(claims[number].overwritten))
        for number, span in spans.items()
    }


class Changelog:
    """Appends to one partition as its owner; each batch must land right behind the last."""

    def __init__(
        self, producer: AIOKafkaProducer, topic: str, partition: int, name: bytes, expected: int
    ) -> None:
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
