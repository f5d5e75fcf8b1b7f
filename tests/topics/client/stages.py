"""Two places to subscribe at, with one face: the fake broker, and topics on a real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.errors import GroupCoordinatorNotAvailableError

from topics.client import ClientSettings, Subscription, subscribe
from topics.client.fake import FakeBroker
from topics.codec import encode
from topics.commands import Command
from topics.facts import Fact
from topics.ids import parse_id

PATIENCE_S = 30


class Stage(Protocol):
    """Where facts are published and subscribed to; two partitions."""

    async def push(self, *messages: Fact | Command, partition: int | None = None) -> None: ...
    async def push_bytes(self, value: bytes, partition: int = 0) -> None: ...
    async def delete_before(self, offset: int, partition: int) -> None: ...
    async def acknowledged(self, group: str) -> dict[int, int]: ...
    def subscribe(self, **words: Any) -> Subscription[Any]: ...


class InMemory:
    """The fake."""

    def __init__(self) -> None:
        self.broker = FakeBroker(2)

    async def push(self, *messages: Fact | Command, partition: int | None = None) -> None:
        self.broker.push(*messages, partition=partition)

    async def push_bytes(self, value: bytes, partition: int = 0) -> None:
        self.broker.push_bytes(value, partition)

    async def delete_before(self, offset: int, partition: int) -> None:
        self.broker.delete_before(offset, partition)

    async def acknowledged(self, group: str) -> dict[int, int]:
        return self.broker.acknowledged(group)

    def subscribe(self, **words: Any) -> Subscription[Any]:
        return self.broker.subscribe(**words)


class OnBroker:
    """A real broker's topic, under a prefix of its own."""

    def __init__(self, address: str, producer: Any, admin: Any) -> None:
        self.settings = ClientSettings(bootstrap=address, topic_prefix=f"{uuid4().hex[:8]}-")
        self.topic = self.settings.topic("steals")
        self.producer = producer
        self.admin = admin
        self.ends = {0: 0, 1: 0}
        """Where each partition ends."""

    async def push(self, *messages: Fact | Command, partition: int | None = None) -> None:
        for one in messages:
            place = parse_id(one.id)
            assert place is not None
            number = place.partition if partition is None else partition
            await self._send(encode(one), number, one.ts_us // 1000)

    async def push_bytes(self, value: bytes, partition: int = 0) -> None:
        await self._send(value, partition, 0)

    async def _send(self, value: bytes, partition: int, ts_ms: int) -> None:
        await self.producer.send_and_wait(
            self.topic, value, partition=partition, timestamp_ms=ts_ms
        )
        self.ends[partition] += 1

    async def delete_before(self, offset: int, partition: int) -> None:
        place = TopicPartition(self.topic, partition)
        await self.admin.delete_records({place: RecordsToDelete(before_offset=offset)})

    async def acknowledged(self, group: str) -> dict[int, int]:
        while True:
            try:
                found = await self.admin.list_consumer_group_offsets(self.settings.topic(group))
            except GroupCoordinatorNotAvailableError:  # a new broker's first group
                await asyncio.sleep(0.1)
            else:
                return {place.partition: told.offset for place, told in found.items()}

    def subscribe(self, **words: Any) -> Subscription[Any]:
        return subscribe(self.settings, **words)


@asynccontextmanager
async def on_broker(address: str) -> AsyncIterator[OnBroker]:
    """Make the topic; its clients are closed at the end."""
    async with AIOKafkaProducer(bootstrap_servers=address, linger_ms=0) as producer:
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        try:
            stage = OnBroker(address, producer, admin)
            # Records of tests are years old: retention must not take them.
            forever = {"retention.ms": "-1"}
            await admin.create_topics([NewTopic(stage.topic, 2, 1, topic_configs=forever)])
            while stage.topic not in await admin.list_topics():  # noqa: ASYNC110 - a broker tells nobody
                await asyncio.sleep(0.05)
            await producer.partitions_for(stage.topic)
            yield stage
        finally:
            await admin.close()


async def heard(steals: Subscription[Any], through: str, *, ack: bool = False) -> list[str]:
    """Return the ids that come, through one of them."""
    ids: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        async for message in steals:
            ids.append(message.id)
            if ack:
                assert await steals.ack()
            if message.id == through:
                break
    return ids
