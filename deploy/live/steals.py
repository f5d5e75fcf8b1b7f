"""Follows the topic `steals` and keeps what the live table shows."""

import asyncio
from collections import Counter, deque
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.cli.tables import Column, Sheet
from streams.ground.kafka import log_spans, reader
from streams.ground.settings import Settings, client_options
from topics.catalogue import STEALS
from topics.codec import decode_fact
from topics.facts import StealExpired, StealLost, StealSettled, StealStarted
from topics.ids import output_id

SHOWN = 12


class Row:
    """One steal, from its start to its end."""

    def __init__(self, fact: StealStarted) -> None:
        at = datetime.fromtimestamp(fact.ts_us / 1e6, UTC).astimezone()
        self.time = at.strftime("%H:%M:%S.%f")[:-4]
        self.account = fact.account or ""
        self.thief = fact.symbol
        self.victims = ", ".join(f"{v.symbol} {v.distance:.2%} away" for v in fact.victims)
        self.freed = sum(v.freed_micros for v in fact.victims) / 1e6
        self.outcome = "cancelling"


class Steals:
    """The latest steals, and how many there were of each outcome."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rows: dict[tuple[str, str], Row] = {}
        self._latest: deque[Row] = deque(maxlen=SHOWN)
        self.counts: Counter[str] = Counter()
        self._seen: dict[int, tuple[int, ...]] = {}

    async def follow(self) -> None:
        """Read until cancelled."""
        consumer: AIOKafkaConsumer = await reader(client_options(self._settings))
        topic = self._settings.topic(STEALS.name)
        try:
            spans = await log_spans(consumer, topic)
            places = [TopicPartition(topic, number) for number in spans]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            while True:
                for place, records in (await consumer.getmany(timeout_ms=100)).items():
                    for record in records:
                        self.take(place.partition, record.value)
        finally:
            await consumer.stop()

    def take(self, partition: int, value: bytes) -> None:
        """Take a fact; ids rise, so one number for each partition tells repeats."""
        fact = decode_fact(value)
        said = output_id(fact.id)[1:]
        if said <= self._seen.get(partition, (-1, -1)):
            return
        self._seen[partition] = said
        if isinstance(fact, StealStarted):
            row = self._rows[fact.account or "", fact.steal] = Row(fact)
            self._latest.append(row)
            self.counts["started"] += 1
        elif isinstance(fact, StealSettled | StealLost | StealExpired):
            outcome = type(fact).__name__.removeprefix("Steal").lower()
            self.counts[outcome] += 1
            started = self._rows.get((fact.account or "", fact.steal))
            if started is not None:
                started.outcome = outcome + (
                    f": {fact.reason}" if isinstance(fact, StealLost) else ""
                )

    def table(self, seconds: float) -> Sheet:
        """Return the latest steals, so many seconds after the first could be seen."""
        told = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        heads = ("time", "account", "thief", "victims", "frees $", "outcome")
        return Sheet(
            title=f"steals after {seconds:.0f} s: {told or 'none yet'}",
            columns=[Column(head, figures=head == "frees $") for head in heads],
            rows=[
                (row.time, row.account, row.thief, row.victims, f"{row.freed:,.0f}", row.outcome)
                for row in self._latest
            ],
        )

    def line(self) -> str:
        """Return one line for an output that is no terminal."""
        return "steals: " + ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items()))


async def while_following(steals: Steals, work: object) -> None:
    """Follow the steals while an awaitable is at work."""
    follower = asyncio.create_task(steals.follow())
    try:
        await work  # type: ignore[misc]
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
