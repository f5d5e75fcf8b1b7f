"""A consumer can be stopped while its broker is away; the library alone cannot do it."""

import asyncio
import logging

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.ground.kafka import reader
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from tests.broker import LocalBroker
from tests.streams.feeds.logs import fresh_topics

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture
def broker(broker_to_break: LocalBroker) -> LocalBroker:
    """Take one that may be killed."""
    return broker_to_break


class Failures(logging.Handler):
    """Hears when a fetch has failed, and so begins to wait."""

    def __init__(self, wanted: int) -> None:
        super().__init__(logging.ERROR)
        self.left = wanted
        self.all_heard = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.left -= record.getMessage().startswith("Failed fetch messages")
        if self.left == 0:
            self.all_heard.set()


async def consuming(settings: Settings) -> AIOKafkaConsumer:
    """Return a consumer that asks a lost broker again after a minute."""
    consumer = await reader(client_options(settings), retry_backoff_ms=60_000)
    place = TopicPartition(settings.topic("quotes"), 0)
    consumer.assign([place])
    consumer.seek(place, 0)
    await consumer.getmany(timeout_ms=500)
    return consumer


def test_stopping_in_an_outage_closes_and_cancels_nobody(broker):
    settings = fresh_topics(broker.address)

    async def run() -> None:
        ours, theirs = await consuming(settings), await consuming(settings)
        failures = Failures(2)
        logger = logging.getLogger("aiokafka.consumer.fetcher")
        logger.addHandler(failures)
        try:
            async with asyncio.timeout(60):
                await asyncio.to_thread(broker.kill)
                await failures.all_heard.wait()
                await stop_consumer(ours)
        finally:
            logger.removeHandler(failures)
        assert ours._client._sync_task is None
        # What it is for; when this no longer happens, it is no longer needed.
        with pytest.raises(asyncio.CancelledError):
            await theirs.stop()
        assert theirs._client._sync_task is not None
        await theirs._client.close()

    try:
        asyncio.run(run())
    finally:
        broker.start()
