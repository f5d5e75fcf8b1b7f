"""A deployment with somebody who publishes and sequencers that come and go, on a real broker."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams.ground.kafka import log_spans, reader
from streams.ground.settings import Settings, client_options
from streams.journal.folder import Folder
from streams.journal.writing.sequencing import SequencerService, sequencer_group
from streams.observe.metrics.counts import SequencerCounts
from topics.catalogue import INBOUND
from topics.codec import encode
from topics.events import AccountSnapshot, Quote

from .deployed import Taken, deployed, taken, visible

DEADLINE_S = 90.0
"""Generous: the machines that run this are shared."""


def quote(n: int) -> bytes:
    return encode(Quote(ts_us=n, symbol="BTCUSD", bid=1.0 + n, ask=2.0 + n))


def snapshot(n: int) -> bytes:
    return encode(AccountSnapshot(ts_us=n, account=f"A{n % 7}", equity=1.0 + n))


class Deployment:
    """Topics, somebody who publishes, and sequencers."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self.settings = settings
        self.producer = producer
        self.services: list[SequencerService] = []
        self.failures: list[BaseException] = []

    async def start(self, name: str = "one", *, accept_gap: bool = False) -> SequencerService:
        """Start a sequencer; the same name is the same folder.  Returns when it is at work."""
        settings = self.settings.model_copy(update={"data_dir": self.settings.data_dir / name})
        folder = Folder(settings.data_dir / "sequencer")
        service = await SequencerService.start(
            settings, folder, self.failures.append, SequencerCounts(), accept_gap=accept_gap
        )
        self.services.append(service)
        await until(lambda: service.sequencer.ready.is_set() or self.failures)
        return service

    async def stop(self, service: SequencerService) -> None:
        await service.stop()
        service._folder._lock.close()
        self.services.remove(service)

    async def kill(self, service: SequencerService) -> None:
        """End a sequencer without another commit."""
        service._task.cancel()
        await asyncio.wait({service._task})
        await self.stop_clients(service)

    async def stop_clients(self, service: SequencerService) -> None:
        await service._consumer.stop()
        await service._producer.stop()
        service._folder._lock.close()
        self.services.remove(service)

    async def fails_to_start(self, *, accept_gap: bool = False) -> BaseException:
        """Start a sequencer that cannot begin, and return why."""
        service = await self.start(accept_gap=accept_gap)
        (failure,) = self.failures
        self.failures.clear()
        assert not service.sequencer.ready.is_set()
        await self.stop_clients(service)
        return failure

    async def publish(self, topic: str, partition: int, values: list[bytes | None]) -> None:
        name = self.settings.topic(topic)
        sent = [
            await self.producer.send(name, value, key=b"%d" % n, partition=partition)
            for n, value in enumerate(values)
        ]
        await asyncio.gather(*sent)

    async def ends(self) -> dict[tuple[str, int], int]:
        """Return the end of each source partition."""
        consumer = await reader(client_options(self.settings))
        try:
            return {
                (topic.name, number): span.end
                for topic in INBOUND
                for number, span in (
                    await log_spans(consumer, self.settings.topic(topic.name))
                ).items()
            }
        finally:
            await consumer.stop()

    async def framed(self) -> Taken:
        """Wait until the journal covers everything that was published, and return what desks take."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            assert not self.failures, self.failures
            ends, found = await self.ends(), await taken(self.settings)
            if all(
                found.marks[journal].get((topic, number), -1) == end - 1
                for (topic, number), end in ends.items()
                for journal in journals_of(topic, number)
            ):
                return found
            assert time.monotonic() < deadline, found.marks
            await asyncio.sleep(0.05)

    async def committed(self) -> dict[tuple[str, int], int]:
        async with admin(self.settings) as client:
            found = await client.list_consumer_group_offsets(sequencer_group(self.settings))
            prefix = self.settings.topic_prefix
            return {
                (tp.topic.removeprefix(prefix), tp.partition): meta.offset
                for tp, meta in found.items()
            }

    async def delete_records(self, topic: str, partition: int, before: int) -> None:
        """Do what retention does."""
        async with admin(self.settings) as client:
            await client.delete_records(
                {
                    TopicPartition(self.settings.topic(topic), partition): RecordsToDelete(
                        before_offset=before
                    )
                }
            )


class admin:  # noqa: N801 - reads as a function
    """An admin client for a while."""

    def __init__(self, settings: Settings) -> None:
        self.client: Any = AIOKafkaAdminClient(**client_options(settings))

    async def __aenter__(self) -> Any:
        await self.client.start()
        return self.client

    async def __aexit__(self, *error: object) -> None:
        await self.client.close()


def journals_of(topic: str, partition: int) -> list[int]:
    return [0, 1] if topic in {"quotes", "forecasts"} else [partition]


async def until(condition: Callable[[], Any], seconds: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.01)


def play(broker: Any, folder: Path, scenario: Callable[[Deployment], Any], **values: Any) -> None:
    """Run a scenario on a deployment of its own, and leave nothing running."""

    async def run() -> None:
        settings = await deployed(broker, folder, **{"session_timeout_ms": 6000, **values})
        producer = AIOKafkaProducer(
            **client_options(settings), acks="all", max_request_size=8 << 20
        )
        await producer.start()
        at = Deployment(settings, producer)
        try:
            await asyncio.wait_for(scenario(at), 2 * DEADLINE_S)
            assert at.failures == []
        finally:
            for service in list(at.services):
                await at.kill(service)
            await producer.stop()

    asyncio.run(run())


async def publish_everywhere(at: Deployment, first: int, last: int) -> None:
    for number in range(2):
        await at.publish("quotes", number, [quote(n) for n in range(first, last)])
        await at.publish("accounts", number, [snapshot(n) for n in range(first, last)])


def assert_once(found: Taken, count: int) -> None:
    """Every desk took each of its records once, in the order of their partition."""
    for journal in range(2):
        for number in range(2):
            assert found.offsets(journal, "quotes", number) == list(range(count))
            mine = range(count) if number == journal else range(0)
            assert found.offsets(journal, "accounts", number) == list(mine)


async def made_anew(at: Deployment, topic: str, **configuration: str) -> None:
    name = at.settings.topic(topic)
    async with admin(at.settings) as client:
        await client.delete_topics([name])
        while name in await client.list_topics():  # noqa: ASYNC110 - a broker tells nobody
            await asyncio.sleep(0.05)
        await client.create_topics([NewTopic(name, 2, 1, topic_configs=configuration)])
    await visible(at.settings)
