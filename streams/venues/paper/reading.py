"""Reads `execution` and `quotes`, every partition, from where the venue stands.

There is no consumer group: nobody may take a partition away, and where to go on is the venue's own
knowledge, written down together with what follows from it.
"""

from collections.abc import Mapping

from streams.ground.kafka import log_spans
from streams.ground.kafka.client import Consumer, OffsetOutOfRangeError, TopicPartition
from streams.ground.settings import Settings
from topics.catalogue import EXECUTION, QUOTES

from .positions import execution_start, quotes_start
from .records import Batch, VenueRecord, VenueSource


class Reading:
    """A consumer that stands on all partitions of both topics."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._sources: dict[TopicPartition, VenueSource] = {}

    async def begin(self, settings: Settings, offsets: Mapping[VenueSource, int]) -> None:
        """Stand at the offsets; raises `BrokerError`, and `PaperError` if commands are gone."""
        starts = {}
        for topic in (EXECUTION, QUOTES):
            name = settings.topic(topic.name)
            for partition, span in (await log_spans(self._consumer, name)).items():
                place, source = TopicPartition(name, partition), VenueSource(topic.name, partition)
                stored = offsets.get(source)
                self._sources[place] = source
                if topic is EXECUTION:
                    starts[place] = execution_start(partition, stored, span)
                else:
                    starts[place] = quotes_start(stored, span)
        self._consumer.assign(list(starts))
        for place, offset in starts.items():
            self._consumer.seek(place, offset)

    def __str__(self) -> str:
        execution = sum(source.topic == EXECUTION.name for source in self._sources.values())
        return f"{execution} partitions of commands, {len(self._sources) - execution} of quotes"

    async def poll(self, wait_ms: int) -> Batch:
        """Return what has come in, after at most so long."""
        try:
            polled = await self._consumer.getmany(timeout_ms=wait_ms)
        except OffsetOutOfRangeError as error:
            await self._go_on_after(error.args[0])
            return {}
        return {
            self._sources[place]: [
                VenueRecord(record.offset, record.timestamp, record.value) for record in records
            ]
            for place, records in polled.items()
        }

    async def _go_on_after(self, lost: Mapping[TopicPartition, int]) -> None:
        """Retention overtook the venue: quotes may be left out, commands may not."""
        for place, offset in lost.items():
            span = (await log_spans(self._consumer, place.topic))[place.partition]
            if self._sources[place].topic == EXECUTION.name:
                execution_start(place.partition, offset, span)
            self._consumer.seek(place, quotes_start(offset, span))
