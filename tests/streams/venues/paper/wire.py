"""`worksteal venue paper` as a process on a real broker, and the topics around it."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaProducer

from streams.ground.kafka import LogRecord, log_spans, read_log, reader, topic_admin
from streams.ground.settings import Settings, client_options
from tests.streams.cli.command import Done, finish, start
from topics.catalogue import ACCOUNTS, EXECUTION, FILLS, ORDERS, QUOTES
from topics.codec import decode_event, encode
from topics.commands import Command
from topics.events import AnyEvent, Quote
from topics.refusals import Refused

SECONDS_MAX = 90
"""Longer than anything takes on a slow machine: a test that waits so long has failed."""

QUICK = ("--ack-delay-ms", 20, "--snapshot-ms", 100)


def quote(bid: float, ask: float) -> Quote:
    now_us = time.time_ns() // 1000
    return Quote(ts_us=now_us, symbol="BTC-USD", bid=bid, ask=ask)


class Wire:
    """Topics of one test's own, a producer for them, and the venue's processes."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.settings = Settings(bootstrap=bootstrap, topic_prefix=uuid4().hex[:8] + "-")
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        self._producer = AIOKafkaProducer(**client_options(self.settings))

    # ---- the process ----

    def launch(self, *words: object) -> subprocess.Popen[str]:
        """Start a venue without waiting for it."""
        process = start(
            *["venue", "paper", "--bootstrap", self.settings.bootstrap],
            *["--topic-prefix", self.settings.topic_prefix, *words],
            cwd=self.folder,
        )
        self.processes.append(process)
        return process

    async def ready(self, process: subprocess.Popen[str]) -> str:
        """Return the line that a venue says when it is ready."""
        assert process.stdout is not None
        line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), SECONDS_MAX)
        assert line.startswith("paper venue ready: "), line
        return line

    async def stop(self, process: subprocess.Popen[str], number: int = signal.SIGTERM) -> Done:
        """Send a signal and return how the process ended."""
        process.send_signal(number)
        return await asyncio.to_thread(finish, process)

    # ---- the topics ----

    async def send(self, *messages: msgspec.Struct | bytes, now: bool = True) -> None:
        """Publish commands and quotes as their producers would; the commands are of now."""
        now_us = time.time_ns() // 1000
        for message in messages:
            if isinstance(message, bytes):
                value = message
            elif isinstance(message, Command) and now:
                value = encode(msgspec.structs.replace(message, ts_us=now_us))
            else:
                value = encode(message)
            topic = EXECUTION if isinstance(message, Command | bytes) else QUOTES
            named = getattr(message, topic.key, "nobody")
            await self._producer.send_and_wait(
                self.settings.topic(topic.name), value, key=named.encode()
            )

    async def records(self, *topics: str) -> list[LogRecord]:
        """Return all records of topics, each partition's in order."""
        consumer = await reader(client_options(self.settings))
        try:
            found = []
            for topic in topics:
                name = self.settings.topic(topic)
                spans = await log_spans(consumer, name)
                found += [r async for batch in read_log(consumer, name, spans) for r in batch]
        finally:
            await consumer.stop()
        return found

    async def answers(self) -> list[AnyEvent]:
        """Return what the venue has said, repeats left out."""
        records = await self.records(ORDERS.name, FILLS.name, ACCOUNTS.name)
        found = []
        for value in dict.fromkeys(record.value for record in records):
            event = decode_event(value or b"")
            assert not isinstance(event, Refused), event
            found.append(event)
        return found

    async def until(self, true: Callable[[list[AnyEvent]], bool]) -> list[AnyEvent]:
        """Wait until something is true of the answers, and return them."""
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                answers = await self.answers()
                if true(answers):
                    return answers
                await asyncio.sleep(0.1)


@asynccontextmanager
async def wire(bootstrap: str, folder: Path, partitions: int = 2) -> AsyncIterator[Wire]:
    """Make topics, and end every process at the end."""
    made = Wire(bootstrap, folder)
    await topic_admin.create(made.settings, partitions, 1)
    await made._producer.start()
    try:
        yield made
    finally:
        await made._producer.stop()
        for process in made.processes:
            process.kill()
            process.communicate()
