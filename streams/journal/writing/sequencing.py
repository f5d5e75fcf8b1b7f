"""The sequencer as a part of the worker: its clients, its task, its stop."""

import asyncio
from collections.abc import Callable
from typing import Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from streams.ground.kafka import BrokerError, topic_admin
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.journal.clients import FETCH_WAIT_MS, start_producer
from streams.journal.folder import Folder
from topics.catalogue import JOURNAL

from .observer import SequencerObserver
from .sequencer import Sequencer


def sequencer_group(settings: Settings) -> str:
    """Return the sequencer's consumer group."""
    return f"{settings.topic_prefix}{settings.group}-sequencer"


class SequencerService:
    """A running sequencer with its clients, from `start` to `stop`."""

    def __init__(
        self,
        sequencer: Sequencer,
        *,
        folder: Folder,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
        die: Callable[[BaseException], None],
    ) -> None:
        self.sequencer = sequencer
        self._folder = folder
        self._consumer = consumer
        self._producer = producer
        self._task = asyncio.create_task(self._run(die), name="sequencer")

    @classmethod
    async def start(
        cls,
        settings: Settings,
        folder: Folder,
        die: Callable[[BaseException], None],
        observer: SequencerObserver,
        *,
        accept_gap: bool,
    ) -> Self:
        """Connect and begin; a failure later on goes to `die`.

        Raises `BrokerError` if nobody answers or topics are not as they must be.
        """
        partitions = (await topic_admin.require(settings))[JOURNAL.name]
        producer = await start_producer(settings)
        consumer = await _start_consumer(settings, folder.instance)
        sequencer = Sequencer(
            settings,
            consumer=consumer,
            producer=producer,
            partitions=partitions,
            observer=observer,
            accept_gap=accept_gap,
        )
        return cls(sequencer, folder=folder, consumer=consumer, producer=producer, die=die)

    async def _run(self, die: Callable[[BaseException], None]) -> None:
        try:
            await self.sequencer.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process ends
            die(error)

    async def ready(self) -> None:
        """Return when partitions are assigned and their positions known."""
        await self.sequencer.ready.wait()

    async def stop(self) -> None:
        """Finish what is under way, commit, and leave."""
        self.sequencer.stop()
        await self._task
        await stop_consumer(self._consumer)
        await self._producer.stop()
        self._folder.stopped_cleanly()


async def _start_consumer(settings: Settings, instance: str) -> AIOKafkaConsumer:
    session_ms = settings.session_timeout_ms
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        group_id=sequencer_group(settings),
        group_instance_id=instance,
        enable_auto_commit=False,
        # Going on elsewhere than told would lose records in silence.
        auto_offset_reset="none",
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=session_ms // 4,
        fetch_max_bytes=8 << 20,
        max_partition_fetch_bytes=2 << 20,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        check_crcs=False,
    )
    try:
        await consumer.start()
    except KafkaConnectionError as error:
        await consumer.stop()
        raise BrokerError.nobody_answers(settings.bootstrap) from error
    return consumer
