"""Kafka and RocksDB behind one machine: outputs, changelog, local store, acknowledgements."""

from collections.abc import Callable, Mapping, Sequence

from aiokafka import AIOKafkaProducer

from streams.ground.settings import Settings
from streams.journal.standing.changelog import Changelog
from streams.journal.standing.observer import Acknowledged
from streams.journal.standing.outlet import Outlet
from streams.journal.standing.ports import Output, Rows

from .store import RowStore


class Transport:
    """The `Ports` of one partition.

    Outputs go to the partition of their journal, whose number is that of their accounts' own
    events: producers chose it by the account's key, and so does this.
    """

    def __init__(
        self,
        partition: int,
        *,
        topics: Sequence[str],
        settings: Settings,
        producer: AIOKafkaProducer,
        changelog: Changelog,
        store: RowStore,
        release: Callable[[int], None],
        acknowledged: Mapping[str, Acknowledged],
    ) -> None:
        """`topics` are those that may be spoken on; `acknowledged` is told of them, by topic."""
        self._partition = partition
        self._changelog = changelog
        self._store = store
        self._release = release
        self._outlets = {
            topic: Outlet(producer, settings.topic(topic), partition, acknowledged.get(topic))
            for topic in topics
        }

    async def publish(self, topic: str, outputs: Sequence[Output]) -> None:
        """Hand outputs to the producer."""
        await self._outlets[topic].put(outputs)

    async def published(self) -> None:
        """Return when the broker has acknowledged all of them."""
        for outlet in self._outlets.values():
            await outlet.drained()

    async def append(self, rows: Rows) -> int:
        """Append rows to the changelog as one batch."""
        return await self._changelog.append(rows)

    def store(self, rows: Rows, offset: int) -> None:
        """Write rows to RocksDB."""
        self._store.write(self._partition, rows, offset)

    async def acknowledge(self, next_offset: int) -> None:
        """Let Faust commit the frames before `next_offset`."""
        self._release(next_offset)
