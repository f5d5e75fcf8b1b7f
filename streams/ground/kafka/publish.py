"""Publishes records so that each stands in the log once and in order, or the caller hears that not.

For commands at the edge; the worker's hot path has its own way.  The broker numbers what it takes
(idempotence), so a record is sent again and again while the broker is away, and still stands there
once.  Nothing is given up in silence: what cannot be published is a `BrokerError` at the next call.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from .errors import BrokerError

CONNECT_S = 30.0
ABANDON_S = 2.0
PATIENCE_MS = 120_000
"""How long a partition may be without a leader before its records fail; a request may take as long."""


class Outgoing(NamedTuple):
    """One record to publish; the key picks the partition unless `partition` says so itself.

    `topic` is the name on the broker; `ts_ms` the record's time (None: now).
    """

    topic: str
    value: bytes
    key: bytes | None = None
    partition: int | None = None
    ts_ms: int | None = None


class Publisher:
    """An idempotent producer with a bounded number of records on their way; for one task at a time.

    `sent` counts the records by topic; after `flush` all of them are acknowledged by every replica
    that is in sync.
    """

    def __init__(self, producer: AIOKafkaProducer, bootstrap: str, in_flight_max: int) -> None:
        self.sent: Counter[str] = Counter()
        self._producer = producer
        self._bootstrap = bootstrap
        self._in_flight_max = in_flight_max
        self._in_flight = 0
        self._moved = asyncio.Event()
        self._fault: BrokerError | None = None

    async def partitions(self, topic: str) -> list[int]:
        """Return the numbers of a topic's partitions."""
        return sorted(await self._producer.partitions_for(topic))

    async def send(self, records: Iterable[Outgoing]) -> None:
        """Hand records over in their order; waits while too many are on their way.

        Raises `BrokerError` as soon as any record so far cannot be published.
        """
        for record in records:
            await self._until_at_most(self._in_flight_max - 1)
            acknowledged = await self._hand_over(record)
            self._in_flight += 1
            self.sent[record.topic] += 1
            acknowledged.add_done_callback(partial(self._settle, record.topic))

    async def flush(self, timeout_s: float | None = None) -> None:
        """Wait until all that was sent is acknowledged; raises `BrokerError` if that fails.

        Without a time-out it waits for as long as the broker is away.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._until_at_most(0)
        except TimeoutError:
            raise BrokerError(
                f"the broker at {self._bootstrap} did not acknowledge {self._in_flight} of"
                f" {self.sent.total()} records within {timeout_s:g} s: see whether it runs; those"
                " may be missing."
            ) from None

    async def _until_at_most(self, count: int) -> None:
        while self._fault is None and self._in_flight > count:
            self._moved.clear()
            await self._moved.wait()
        if self._fault is not None:
            raise self._fault

    async def _hand_over(self, record: Outgoing) -> asyncio.Future[Any]:
        while True:
            try:
                future: asyncio.Future[Any] = await self._producer.send(
                    record.topic,
                    record.value,
                    key=record.key,
                    partition=record.partition,
                    timestamp_ms=record.ts_ms,
                )
            except KafkaTimeoutError:
                continue  # its partition's buffer stayed full: the broker is away
            except KafkaError as error:
                raise _unpublished(record.topic, error) from error
            return future

    def _settle(self, topic: str, acknowledged: asyncio.Future[Any]) -> None:
        self._in_flight -= 1
        self._moved.set()
        error = None if acknowledged.cancelled() else acknowledged.exception()
        if error is not None and self._fault is None:
            self._fault = _unpublished(topic, error)


@asynccontextmanager
async def publisher(
    options: Mapping[str, Any], topics: Iterable[str], in_flight_max: int = 5000
) -> AsyncIterator[Publisher]:
    """Connect a `Publisher` that may write to these topics.

    `options` are those of every client (`streams.ground.settings.client_options`).  Leaving does not wait
    for acknowledgements: `flush` does.  Raises `BrokerError` if nobody answers or a topic is missing.
    """
    producer = AIOKafkaProducer(
        **options,
        acks="all",
        enable_idempotence=True,
        max_batch_size=256 << 10,
        request_timeout_ms=PATIENCE_MS,
    )
    bootstrap = options["bootstrap_servers"]
    try:
        await _connect(producer, bootstrap, topics)
        yield Publisher(producer, bootstrap, in_flight_max)
    finally:
        await _close(producer)


async def _connect(producer: AIOKafkaProducer, bootstrap: str, topics: Iterable[str]) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            await producer.start()
            # All of it: to ask for one topic makes some brokers create it, in a shape nobody chose.
            there = (await producer.client.fetch_all_metadata()).topics()
    except (KafkaConnectionError, TimeoutError) as error:
        raise BrokerError.nobody_answers(bootstrap) from error
    except KafkaError as error:
        raise BrokerError(
            f"the broker at {bootstrap} cannot be used ({error}); look at its log."
        ) from error
    for topic in topics:
        if topic not in there:
            raise BrokerError(f"topic {topic} is missing: run `worksteal topics create`.")


async def _close(producer: AIOKafkaProducer) -> None:
    """Close the connection; what a broker that is away has not taken yet would hold it for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ABANDON_S):
            await producer.stop()
            return
    await producer.client.close()


def _unpublished(topic: str, error: BaseException) -> BrokerError:
    return BrokerError(
        f"a record for topic {topic} cannot be published ({error}); look at the broker's log."
    )
