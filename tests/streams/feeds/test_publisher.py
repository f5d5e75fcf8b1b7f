"""The producer of commands at the edge: every record once, in order, or an error."""

import asyncio
import os
import signal
import time
from contextlib import suppress

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from streams.ground.kafka import BrokerError, reader
from streams.ground.kafka.publish import Outgoing, Publisher, publisher
from streams.ground.settings import Settings, client_options
from tests.broker import LocalBroker
from tests.streams.feeds.logs import eventually, fresh_topics, records_of

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(broker_to_break: LocalBroker) -> LocalBroker:
    """Take one that may be killed."""
    return broker_to_break


@pytest.fixture
def topics(broker) -> Settings:
    return fresh_topics(broker.address)


BEGAN_MS = int(time.time() * 1000)
"""Of now: what looks older than its topic's retention is deleted at the broker's next look."""


def numbered(settings: Settings, first: int, end: int) -> list[Outgoing]:
    topic = settings.topic("quotes")
    return [
        Outgoing(topic, str(number).encode(), f"key{number % 7}".encode(), ts_ms=BEGAN_MS + number)
        for number in range(first, end)
    ]


def check(settings: Settings, count: int) -> None:
    """Every number once, those of a key in order and in one partition, with its time."""
    found: dict[bytes, list[int]] = {}
    places: set[tuple[bytes, int]] = set()
    for record in records_of(settings, "quotes"):
        assert record.key is not None
        assert record.value is not None
        found.setdefault(record.key, []).append(int(record.value))
        places.add((record.key, record.partition))
        assert record.ts_ms == BEGAN_MS + int(record.value)
    assert len(places) == len(found) == 7
    assert found == {f"key{n}".encode(): list(range(n, count, 7)) for n in range(7)}


def test_few_on_their_way_are_enough_for_many(topics):
    most = 0

    async def run() -> None:
        nonlocal most
        async with publisher(client_options(topics), [topics.topic("quotes")], 10) as out:
            for first in range(0, 3000, 100):
                await out.send(numbered(topics, first, first + 100))
                most = max(most, out._in_flight)
            await out.flush()
            assert out._in_flight == 0
            assert out.sent == {topics.topic("quotes"): 3000}

    asyncio.run(run())
    assert 0 < most <= 10
    check(topics, 3000)


async def full(out: Publisher) -> bool:
    return out._in_flight == 500


@pytest.mark.slow
def test_records_survive_a_broker_that_is_killed(topics, broker):
    async def run() -> None:
        async with publisher(client_options(topics), [topics.topic("quotes")], 500) as out:
            await out.send(numbered(topics, 0, 1000))
            await asyncio.to_thread(broker.kill)
            rest = asyncio.create_task(out.send(numbered(topics, 1000, 3000)))
            await eventually(lambda: full(out))
            with pytest.raises(BrokerError, match=r"did not acknowledge \d+ of \d+ records"):
                await out.flush(0.5)
            assert not rest.done()
            await asyncio.to_thread(broker.start)
            await rest
            await out.flush(60)

    try:
        asyncio.run(run())
    finally:
        broker.start()
    check(topics, 3000)


async def in_the_cluster(settings: Settings) -> None:
    """Wait until the broker names itself: one that slept for long is fenced until it reports again."""
    consumer = await reader(client_options(settings))
    try:
        async with asyncio.timeout(60):
            while True:
                with suppress(KafkaError):
                    if (await consumer._client.fetch_all_metadata()).brokers():
                        return
                await asyncio.sleep(0.2)
    finally:
        await consumer.stop()


@pytest.mark.slow
def test_a_broker_that_answers_too_late_has_every_record_once(topics, broker):
    """It takes what was sent before it froze, and hears of the same again."""
    count = 7

    async def publish_on(out: Publisher) -> None:
        """A stopped process runs on until its turn comes."""
        nonlocal count
        while count < 100_000:
            await out.send(numbered(topics, count, count + 700))
            count += 700
            await out.flush(3)

    async def run() -> None:
        async with publisher(client_options(topics), [topics.topic("quotes")]) as out:
            await out.send(numbered(topics, 0, count))
            await out.flush(60)
            for connected in out._producer.client._conns.values():
                connected._request_timeout = 1.0
            os.kill(broker.home.pid(), signal.SIGSTOP)
            try:
                with pytest.raises(BrokerError, match=r"did not acknowledge \d+ of \d+ records"):
                    await publish_on(out)
            finally:
                os.kill(broker.home.pid(), signal.SIGCONT)
            await out.flush(60)
            await in_the_cluster(topics)

    asyncio.run(run())
    check(topics, count)


def test_what_cannot_be_published_is_told(topics):
    async def run(size: int) -> None:
        async with publisher(client_options(topics), [topics.topic("quotes")]) as out:
            await out.send([Outgoing(topics.topic("quotes"), b"x" * size, b"key")])
            await out.flush(60)

    with pytest.raises(BrokerError, match=r"a record for topic \S+quotes cannot be published \("):
        asyncio.run(run(2 << 20))


async def there(client: AIOKafkaAdminClient, name: str) -> bool:
    return name in await client.list_topics()


def test_a_refusal_by_the_broker_is_told_at_the_next_call(topics):
    """What the producer lets pass and the broker does not."""
    name = topics.topic("small-records")

    async def make_topic() -> None:
        client = AIOKafkaAdminClient(**client_options(topics))
        await client.start()
        try:
            limits = {"max.message.bytes": "1000"}
            await client.create_topics([NewTopic(name, 1, 1, topic_configs=limits)])
            await eventually(lambda: there(client, name))
        finally:
            await client.close()

    async def run() -> None:
        await make_topic()
        async with publisher(client_options(topics), [name]) as out:
            await out.send([Outgoing(name, b"small")])
            await out.flush(60)
            await out.send([Outgoing(name, b"x" * 2000)])
            with pytest.raises(BrokerError, match=r"small-records cannot be published"):
                await out.flush(60)
            with pytest.raises(BrokerError, match=r"small-records cannot be published"):
                await out.send([Outgoing(name, b"small")])

    asyncio.run(run())


def test_a_missing_topic_and_a_missing_broker_are_told(topics):
    async def run(settings: Settings, topic: str) -> None:
        async with publisher(client_options(settings), [topic]):
            raise AssertionError

    with pytest.raises(
        BrokerError, match=r"topic nowhere is missing: run `worksteal topics create"
    ):
        asyncio.run(run(topics, "nowhere"))
    with pytest.raises(BrokerError, match=r"no Kafka broker answers at 127\.0\.0\.1:1:"):
        asyncio.run(run(Settings(bootstrap="127.0.0.1:1"), "quotes"))
