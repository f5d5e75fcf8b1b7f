"""The two clients of aiokafka that a subscription needs.

A group's commits carry the marks of `marks.py` as their text.  aiokafka's consumer commits that text
but does not read it, so an admin client does.
"""

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from .closing import stop_consumer
from .errors import BrokerUnreachable, ClientError
from .log import OffsetSpan, Point
from .settings import ClientSettings

LEAVE_S = 10.0
"""Longest wait for a group to let us go; a member that vanished is put out soon after."""

TRIES = 20
TRY_AGAIN_S = 0.5
"""How often, and how soon, a broker that moves a group's affairs elsewhere is asked again."""


class KafkaClients:
    """A consumer of one topic, in a group or in none, and an admin client."""

    def __init__(self, settings: ClientSettings, topic: str, group: str | None) -> None:
        self._settings = settings
        self._topic = topic
        self._group = group
        self._consumer: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None

    async def open(self) -> list[TopicPartition]:
        """Start both and return the topic's partitions; raises `BrokerUnreachable`."""
        options = self._settings.options()
        self._admin = AIOKafkaAdminClient(**options, request_timeout_ms=10_000)
        self._consumer = AIOKafkaConsumer(
            **options,
            group_id=self._group,
            enable_auto_commit=False,
            # Where to begin is decided here, never by the client: a wrong guess would miss something.
            auto_offset_reset="none",
            fetch_max_wait_ms=100,
        )
        try:
            await self._admin.start()
            await self._consumer.start()
        except KafkaError as error:
            raise self.trouble(
                f"does not answer ({error}): see whether it runs, and whether the settings name it"
            ) from error
        # All topics: to ask for one makes some brokers create it, in a shape nobody chose.
        if self._topic not in await self._admin.list_topics():
            raise self.trouble(
                f"has no topic {self._topic}: see whether topic_prefix is that of the deployment"
            )
        return [TopicPartition(self._topic, number) for number in await self._partitions()]

    async def _partitions(self) -> list[int]:
        """Return the topic's partitions, once the consumer knows them.

        A group's leader that does not know them yet would give nobody anything (aiokafka 0.14), and
        only see it five minutes later.
        """
        client = self.consumer._client  # noqa: SLF001
        client.set_topics([self._topic])
        for _ in range(TRIES):
            await client.force_metadata_update()
            found = self.consumer.partitions_for_topic(self._topic)
            if found:
                return sorted(found)
            await asyncio.sleep(TRY_AGAIN_S)
        raise self.trouble(f"does not say which partitions {self._topic} has")

    async def close(self) -> None:
        """Leave the group and close the connections."""
        consumer, admin = self._consumer, self._admin
        self._consumer = self._admin = None
        try:
            if consumer is not None:
                with suppress(KafkaError):  # it was told when it happened
                    await stop_consumer(consumer, LEAVE_S)
        finally:
            if admin is not None:
                await admin.close()

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """Return the consumer of an open log."""
        if self._consumer is None:
            raise ClientError("the subscription is closed; call subscribe() again.")
        return self._consumer

    def trouble(self, what: str) -> BrokerUnreachable:
        """Return the error that says what the broker does."""
        return BrokerUnreachable(f"the broker at {self._settings.bootstrap} {what}.")

    async def committed(self, places: list[TopicPartition]) -> dict[TopicPartition, Point]:
        """Return what the group has acknowledged, where it has."""
        if self._group is None or not places:
            return {}
        assert self._admin is not None
        found = await self._admin.list_consumer_group_offsets(self._group, partitions=places)
        return {
            place: Point(told.offset, told.metadata or "")
            for place, told in found.items()
            if told.offset >= 0
        }

    async def spans(self, places: list[TopicPartition]) -> dict[TopicPartition, OffsetSpan]:
        """Return the offsets that partitions have."""
        if not places:
            return {}
        first = await self.consumer.beginning_offsets(places)
        end = await self.consumer.end_offsets(places)
        return {place: OffsetSpan(first[place], end[place]) for place in places}
