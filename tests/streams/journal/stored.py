"""A changelog on a real broker and a worker's own folder with the real RocksDB in it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from faust.types import TP

from streams.agents.stealing import changelog_of, group_of
from streams.ground.kafka import reader, topic_admin
from streams.ground.settings import Settings, client_options
from streams.journal.faust.application import make_app
from streams.journal.faust.store import OPTIONS, RowStore
from streams.journal.faust.variants import RowTable
from streams.journal.folder import Folder
from streams.journal.standing.changelog import Changelog
from streams.journal.standing.claims import OWNER, claim
from streams.journal.standing.ports import Rows
from streams.journal.standing.staging import batches

from .deployed import deployed, worker_producer

Table = dict[str, bytes]


class Place:
    """A deployment's changelog and one worker's folder."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self.settings = settings
        self.producer = producer
        self.topic = changelog_of(settings)
        self.ends: dict[int, int] = {}

    async def append(self, rows: Rows, name: bytes = b"A", partition: int = 0) -> int:
        """Append rows as a writer of this name, wherever they land."""
        for batch in batches(rows):
            at = self.ends.get(partition, 0)
            log = Changelog(self.producer, self.topic, partition, name=name, expected=at)
            self.ends[partition] = await log.append(batch) + 1
        return self.ends[partition]

    async def claim(self, name: bytes, partition: int = 0) -> None:
        await self.append({OWNER: claim(name, self.ends.get(partition, 0))}, name, partition)

    @asynccontextmanager
    async def opened(self, *partitions: int) -> AsyncIterator[RowStore]:
        """Open the store as a worker does that was assigned these partitions."""
        folder = Folder(self.settings.data_dir)
        consumer = await reader(client_options(self.settings))
        try:
            store: Any = self.table(folder).data
            store.reader = consumer
            await self.assign(store, *partitions)
            yield store
            await store.stop()
            folder.stopped_cleanly()
        finally:
            await consumer.stop()
            folder._lock.close()
            store = None
            gc.collect()  # Rdict lets go of its files when it is gone

    def table(self, folder: Folder) -> RowTable:
        app = make_app(self.settings, group_of(self.settings), folder, 2)
        table: Any = app.Table("desk", partitions=2, key_type=bytes, value_type=bytes)
        table.options = dict(OPTIONS)
        return table  # type: ignore[no-any-return]

    async def assign(self, store: RowStore, *partitions: int) -> None:
        tps = {TP(self.topic, number) for number in partitions or (0,)}
        await store.assign_partitions(store.table, {*tps, TP("another", 0)})

    def files(self) -> Path:
        (path,) = self.settings.data_dir.glob("store/**/desk-0.db")
        return path


@asynccontextmanager
async def place(broker, folder: Path) -> AsyncIterator[Place]:
    settings = await deployed(broker, folder / "agent")
    await topic_admin.ensure_changelog(settings, changelog_of(settings))
    async with worker_producer(settings) as producer:
        await producer.partitions_for(changelog_of(settings))  # or a reader may not see it yet
        yield Place(settings, producer)


def desk_rows(store: RowStore, partition: int = 0) -> Table:
    rows = store.rows(partition)
    rows.pop(OWNER, None)
    return rows


def play(broker, folder, scenario: Callable[[Place], Any]) -> Any:
    async def run() -> Any:
        async with place(broker, folder) as at:
            return await scenario(at)

    return asyncio.run(run())
