"""Reads journal and outputs from a broker, as they stand at one moment."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from state.rules.policy import DEFAULT, Policy
from streams.audit.recording.source import RECORDED
from streams.ground.kafka import BrokerError, log_spans, read_log, reader
from streams.ground.kafka.client import Consumer, KafkaError
from streams.ground.records import LogRecord, Span
from streams.ground.settings import Settings, client_options
from topics.catalogue import JOURNAL


class BrokerSource:
    """What the topics held when it was opened."""

    complete = True
    calendar = ""

    def __init__(
        self,
        consumer: Consumer,
        settings: Settings,
        spans: Mapping[str, Mapping[int, Span]],
    ) -> None:
        self.name = settings.bootstrap
        self.notes: list[str] = []
        self._consumer = consumer
        self._settings = settings
        self._spans = spans

    def start_policy(self) -> Policy:
        """Return what desks begin with."""
        return DEFAULT

    def spans(self, topic: str) -> Mapping[int, Span]:
        """Return what each partition held."""
        return self._spans[topic]

    async def journal_times_us(self) -> tuple[int, int] | None:
        """Return the earliest and the latest time of the journal's ends; None if it is empty."""
        times = []
        for number, (first, end) in self._spans[JOURNAL.name].items():
            if first < end:
                for span in (Span(first, first + 1), Span(end - 1, end)):
                    async for batch in self._read(JOURNAL.name, number, span):
                        times += [record.ts_ms * 1000 for record in batch]
        return (min(times), max(times)) if times else None

    def read(self, topic: str, partition: int) -> AsyncIterator[list[LogRecord]]:
        """Yield a partition's records in offset order; raises `BrokerError` if it cannot."""
        return self._read(topic, partition, self._spans[topic][partition])

    async def _read(self, topic: str, partition: int, span: Span) -> AsyncIterator[list[LogRecord]]:
        async for batch in read_stretch(
            self._consumer, self._settings.topic(topic), {partition: span}
        ):
            yield batch


async def read_stretch(
    consumer: Consumer, topic: str, spans: Mapping[int, Span]
) -> AsyncIterator[list[LogRecord]]:
    """Yield like `read_log`; what the broker objects to becomes a `BrokerError`."""
    try:
        async for batch in read_log(consumer, topic, spans):
            if batch:
                yield batch
    except KafkaError as error:
        raise BrokerError(
            f"topic {topic} cannot be read on ({error}): look at the broker's log."
        ) from error


async def look(consumer: Consumer, settings: Settings) -> dict[str, dict[int, Span]]:
    """Return what the recorded topics hold.

    The journal is looked at last: every output that was seen then has its frame in the journal.
    """
    spans = {}
    for topic in reversed(RECORDED):
        spans[topic] = await log_spans(consumer, settings.topic(topic))
    return spans


@asynccontextmanager
async def broker_source(
    settings: Settings, ends: Mapping[int, int] | None = None
) -> AsyncIterator[BrokerSource]:
    """Open the topics of a deployment; `ends` cuts journal partitions short, by number.

    Raises `BrokerError` if nobody answers or a topic is missing.
    """
    consumer = await reader(client_options(settings))
    try:
        spans = await look(consumer, settings)
        journal = spans[JOURNAL.name]
        for number, end in (ends or {}).items():
            first, last = journal[number]
            journal[number] = Span(min(first, end), min(last, end))
        yield BrokerSource(consumer, settings, spans)
    finally:
        await consumer.stop()
