"""Faust's parts where ours differ, each with the reason; the rest of Faust is as it comes.

docs/durability.md has the causes.
"""

from typing import Any

import faust
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.tables.table import Table
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP

from streams.journal.clients import FETCH_WAIT_MS

from .store import RowStore


class PromptConsumerThread(AIOKafkaConsumerThread):
    """The thread of Faust's consumer, with short fetches."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - Faust has no setting for it
        return consumer


class PromptConsumer(Consumer):
    """Faust's consumer on that thread."""

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return PromptConsumerThread(self, loop=self.loop, beacon=self.beacon)


class PromptTransport(Transport):
    """Faust's transport with that consumer."""

    Consumer = PromptConsumer


class RestoredRecovery(Recovery):
    """Faust's recovery, which finds that the store has restored itself.

    Asking the broker again would take two requests behind a fetch.
    """

    async def _build_highwaters(
        self,
        consumer: Any,  # noqa: ARG002 - the form of Faust's hook
        tps: set[TP],
        destination: Any,
        title: str,  # noqa: ARG002
    ) -> None:
        destination.clear()
        for tp in tps:
            destination[tp] = self._stands_at(tp)

    async def _build_offsets(
        self,
        consumer: Any,  # noqa: ARG002
        tps: set[TP],
        destination: Any,
        title: str,  # noqa: ARG002
    ) -> None:
        for tp in tps:
            destination[tp] = self._stands_at(tp)

    def _stands_at(self, tp: TP) -> int:
        persisted = self.tp_to_table[tp].persisted_offset(tp)
        return -1 if persisted is None else persisted


class PromptTables(TableManager):
    """Faust's table manager, without the second that it sleeps before it begins."""

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = RestoredRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()


class RowTable(Table):  # type: ignore[type-arg]
    """A table whose store restores itself."""

    def _new_store(self) -> Any:
        return RowStore(
            "rocksdb://",
            self.app,
            self,
            table_name=self.name,
            key_type=self.key_type,
            key_serializer=self.key_serializer,
            value_serializer=self.value_serializer,
            value_type=self.value_type,
            loop=self.loop,
            options=self.options,
        )


class JournalApp(faust.App):
    """A Faust application of these parts."""

    def _new_transport(self) -> Any:
        return PromptTransport(self.conf.broker_consumer, self)
