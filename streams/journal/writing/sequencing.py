"""The sequencer as a part of the worker: its clients, its task, its stop."""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError

from streams.ground.kafka import BrokerError, topic_admin
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.journal.clients import start_producer
from streams.journal.faust.variants import FETCH_WAIT_MS
from streams.journal.folder import Folder
from topics.catalogue import JOURNAL

from .sequencer import Sequencer


def sequencer_group(settings: Settings) -> str:
    """Return the sequencer's consumer group."""
    return f"{settings.topic_prefix}{settings.group}-sequencer"


class SequencerService:
    """Runs a `Sequencer` from `start` to `stop`."""

    def __init__(self, settings: Settings, *, accept_gap: bool) -> None:
        self._settings = settings
        self._accept_gap = accept_gap
        self._folder = Folder(settings.data_dir / "sequencer")
        self._task: asyncio.Task[None] | None = None

    async def start(self, die: Callable[[BaseException], None]) -> None:
        """Connect and begin; a failure later on goes to `die`."""
        partitions = (await topic_admin.require(self._settings))[JOURNAL.name]
        self._producer = await start_producer(self._settings)
        self._consumer = await self._start_consumer()
        self.sequencer = Sequencer(
            self._settings,
            self._consumer,
            self._producer,
            partitions,
            accept_gap=self._accept_gap,
        )
        self._task = asyncio.create_task(self._run(die), name="sequencer")

    async def _run(self, die: Callable[[BaseException], None]) -> None:
        try:
            await self.sequencer.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process ends
            die(error)

    async def _start_consumer(self) -> AIOKafkaConsumer:
        session_ms = self._settings.session_timeout_ms
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            group_id=sequencer_group(self._settings),
            group_instance_id=self._folder.instance,
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
            raise BrokerError.nobody_answers(self._settings.bootstrap) from error
        return consumer

    async def ready(self) -> None:
        """Return when partitions are assigned and their places known."""
        await self.sequencer.ready.wait()

    async def stop(self) -> None:
        """Finish what is under way, commit, and leave."""
        self.sequencer.stop()
        if self._task is not None:
            await self._task
        await stop_consumer(self._consumer)
        await self._producer.stop()
        self._folder.stopped_cleanly()
