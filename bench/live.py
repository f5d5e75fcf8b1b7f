"""The whole live path on a real broker, beside a plain Faust agent in the same run.

    python bench/live.py [--events N] [--faust-events N] [--latency-s S] [--bootstrap HOST:PORT]

Throughput: raw JSON events are published as fast as the broker takes them (the batches are made
beforehand); counted is from the first of them to the last command on `execution`, with durable
state and acknowledged outputs.  Plain Faust is measured twice: each event given to one partition,
which is less than is done here, and quotes given to every partition, where the accounts are that need
them.  Latency: events come at 1,000 a second, each at its intended time;
counted is from an entry's intended time until its command has arrived at a consumer.  Everything,
the broker included, runs on this machine.  The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.workload import EVENTS_PER_COMMAND, Raw, events, opening
from streams.ground.kafka import topic_admin
from streams.ground.settings import Settings, client_options
from tests.broker import LocalBroker

PARTITIONS = 4
LATENCY_EVENTS_PER_S = 1000
WORKSTEAL = Path(sys.executable).with_name("worksteal")
notes = Console(stderr=True, highlight=False)


class Started(NamedTuple):
    """A process and the file with all that it says."""

    process: subprocess.Popen[bytes]
    log: Any

    def said(self) -> str:
        return Path(self.log.name).read_text()


@contextmanager
def running(*commands: list[object]) -> Iterator[list[Started]]:
    """Run processes, and end them."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WORKSTEAL_")}
    clean["WORKSTEAL_WEB_PORT"] = "0"
    started = []
    for words in commands:
        log = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed with the process
        process = subprocess.Popen(  # noqa: S603 - our own commands
            list(map(str, words)), env=clean, stdout=log, stderr=log
        )
        started.append(Started(process, log))
    try:
        yield started
    finally:
        for one in started:
            one.process.terminate()
        for one in started:
            try:
                one.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
            one.log.close()


def workers(settings: Settings, folder: Path) -> list[list[object]]:
    """Return the command lines of both halves of a worker."""
    return [
        [WORKSTEAL, "worker", "--bootstrap", settings.bootstrap, "--topic-prefix",
         settings.topic_prefix, "--data-dir", folder, "--only", half]
        for half in ("agent", "sequencer")
    ]  # fmt: skip


def wait_ready(started: list[Started]) -> None:
    """Return when each has said so."""
    for one in started:
        while "ready after" not in one.said():
            assert one.process.poll() is None, one.said()
            time.sleep(0.05)


def now_us() -> int:
    return int(time.time() * 1e6)


class Commands:
    """Counts what arrives on an output topic, and when the last came."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._consumer = AIOKafkaConsumer(
            **client_options(settings), fetch_max_wait_ms=5, auto_offset_reset="earliest"
        )
        self._places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        self.arrived: list[tuple[float, bytes]] = []

    async def __aenter__(self) -> "Commands":
        await self._consumer.start()
        self._consumer.assign(self._places)
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await self._consumer.stop()

    async def _read(self) -> None:
        while True:
            for records in (await self._consumer.getmany(timeout_ms=20)).values():
                now_s = time.time()
                self.arrived += [(now_s, record.value) for record in records]

    async def until(self, count: int, patience_s: float = 60.0) -> None:
        """Wait for so many; none for a while is a failure."""
        seen, since = -1, time.monotonic()
        while len(self.arrived) < count:
            if len(self.arrived) != seen:
                seen, since = len(self.arrived), time.monotonic()
            assert time.monotonic() - since < patience_s, f"{seen} of {count} commands came"
            await asyncio.sleep(0.01)


async def send_all(settings: Settings, records: list[tuple[str, int, bytes]]) -> float:
    """Publish as fast as the broker takes it, in batches made beforehand; return the start."""
    producer = AIOKafkaProducer(**client_options(settings), acks="all", max_batch_size=200_000)
    await producer.start()
    queues: dict[tuple[str, int], list[object]] = {}
    for topic, partition, value in records:
        batches = queues.setdefault((topic, partition), [producer.create_batch()])
        if batches[-1].append(key=None, value=value, timestamp=None) is None:  # type: ignore[attr-defined]
            batches.append(producer.create_batch())
            assert batches[-1].append(key=None, value=value, timestamp=None)  # type: ignore[attr-defined]
    began_s = time.time()

    async def one(place: tuple[str, int], batches: list[object]) -> None:
        for batch in batches:
            await (await producer.send_batch(batch, place[0], partition=place[1]))

    await asyncio.gather(*(one(place, batches) for place, batches in queues.items()))
    notes.print(f"  published in {time.time() - began_s:.1f} s")
    await producer.stop()
    return began_s


async def measure_throughput(settings: Settings, folder: Path, count: int) -> dict[str, float]:
    """Return events per second from the first input to the last command."""
    await topic_admin.create(settings, PARTITIONS, 1)
    stream = [
        (settings.topic(raw.topic), raw.partition, raw.value)
        for raw in events(count, PARTITIONS, now_us())
    ]
    with running(*workers(settings, folder)) as processes:
        wait_ready(processes)
        await _open(settings)
        async with Commands(settings, settings.topic("execution")) as commands:
            sending = asyncio.create_task(send_all(settings, stream))
            await commands.until(expected_commands(count) // 4)
            early_mb = memory_mb(processes)
            await commands.until(expected_commands(count))
            late_mb = memory_mb(processes)
            took_s = commands.arrived[-1][0] - await sending
    return {
        "events_per_s": count / took_s,
        "seconds": took_s,
        "memory_mb_at_a_quarter": early_mb,
        "memory_mb_at_the_end": late_mb,
    }


def expected_commands(count: int) -> int:
    """Return how many commands surely come: what the last, unfinished cycles give is left out."""
    return count // EVENTS_PER_COMMAND - 2 * 64


async def _open(settings: Settings) -> None:
    first = [(settings.topic(r.topic), r.partition, r.value) for r in opening(PARTITIONS, now_us())]
    await send_all(settings, first)
    await asyncio.sleep(2.0)


def memory_mb(started: list[Started]) -> float:
    """Return the resident memory of processes together, in MiB."""
    pages = 0
    for one in started:
        pages += int(Path(f"/proc/{one.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def measure_latency(settings: Settings, folder: Path, seconds: float) -> dict[str, float]:
    """Return latencies in ms from an entry's intended time to its command's arrival."""
    await topic_admin.create(settings, PARTITIONS, 1)
    count = int(seconds * LATENCY_EVENTS_PER_S)
    stream = list(events(count, PARTITIONS, now_us()))
    with running(*workers(settings, folder)) as processes:
        wait_ready(processes)
        await _open(settings)
        async with Commands(settings, settings.topic("execution")) as commands:
            intended = await _send_on_time(settings, stream)
            await commands.until(expected_commands(count))
            await asyncio.sleep(0.5)
    found = []
    for at_s, value in commands.arrived:
        due_s = intended.get(msgspec.json.decode(value)["cause"])
        if due_s is not None:
            found.append((at_s - due_s) * 1000)
    found.sort()
    return {
        "latency_p50_ms": statistics.median(found),
        "latency_p99_ms": found[int(len(found) * 0.99)],
        "latency_max_ms": found[-1],
        "latency_samples": len(found),
    }


async def _send_on_time(settings: Settings, stream: list[Raw]) -> dict[str, float]:
    """Publish one event each millisecond; return each one's intended time by its place."""
    producer = AIOKafkaProducer(**client_options(settings), acks="all", linger_ms=0)
    await producer.start()
    intended: dict[str, float] = {}
    sent = []
    began_s = time.time()
    for number, raw in enumerate(stream):
        due_s = began_s + number / LATENCY_EVENTS_PER_S
        await asyncio.sleep(max(0.0, due_s - time.time()))
        topic = settings.topic(raw.topic)
        sent.append((raw, due_s, await producer.send(topic, raw.value, partition=raw.partition)))
    for raw, due_s, future in sent:
        place = await future
        intended[f"{raw.topic}:{raw.partition}:{place.offset}"] = due_s
    await producer.stop()
    return intended


async def measure_faust(settings: Settings, folder: Path, count: int) -> dict[str, float]:
    """Return events per second of a plain Faust agent, each event given to one partition."""
    return {"faust_events_per_s": await _plain_faust(settings, folder, count, to_all=False)}


async def measure_faust_everywhere(
    settings: Settings, folder: Path, count: int
) -> dict[str, float]:
    """Return the same with quotes given to every partition, as each desk here has them."""
    return {
        "faust_everywhere_events_per_s": await _plain_faust(settings, folder, count, to_all=True)
    }


async def _plain_faust(settings: Settings, folder: Path, count: int, *, to_all: bool) -> float:
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    names = [settings.topic("plain-in"), settings.topic("plain-out")]
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
    await admin.close()
    stream: list[list[tuple[str, int, bytes]]] = []
    for number, raw in enumerate(events(count, PARTITIONS, now_us())):
        body = msgspec.json.decode(raw.value)
        key = body.get("account") or body["symbol"]
        places = range(PARTITIONS) if to_all and raw.topic == "quotes" else [raw.partition]
        copies = []
        for copy, partition in enumerate(places):
            commands = number % EVENTS_PER_COMMAND == 0 and copy == 0
            told = {"key": key, "number": number, "commands": commands, "body": body}
            copies.append((names[0], partition, msgspec.json.encode(told)))
        stream.append(copies)
    warm = 10 * EVENTS_PER_COMMAND  # it counts from when it is at work
    words: list[object] = [sys.executable, "-m", "bench.plain_faust", settings.bootstrap,
                           settings.topic_prefix, folder, PARTITIONS]  # fmt: skip
    with running(words):
        async with Commands(settings, names[1]) as commands_seen:
            await send_all(settings, [one for copies in stream[:warm] for one in copies])
            await commands_seen.until(10)
            await asyncio.sleep(3.0)
            rest = stream[warm:]
            began_s = await send_all(settings, [one for copies in rest for one in copies])
            await commands_seen.until(-(-count // EVENTS_PER_COMMAND))
            took_s = commands_seen.arrived[-1][0] - began_s
    return len(rest) / took_s


async def measure(bootstrap: str, told: argparse.Namespace) -> dict[str, float]:
    """Measure everything on one broker, each part with topics of its own."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        parts = [
            ("throughput", measure_throughput, told.events),
            ("plain Faust", measure_faust, told.faust_events),
            ("plain Faust, quotes to every partition", measure_faust_everywhere, told.faust_events),
            ("latency", measure_latency, told.latency_s),
        ]
        for number, (what, work, size) in enumerate(parts):
            notes.print(f"{what} …")
            settings = Settings(bootstrap=bootstrap, topic_prefix=f"b{now_us()}-{number}-")
            found = await work(settings, Path(name) / str(number), size)
            notes.print(found)
            figures |= found
    figures["ratio"] = figures["events_per_s"] / figures["faust_events_per_s"]
    figures["ratio_everywhere"] = figures["events_per_s"] / figures["faust_everywhere_events_per_s"]
    return figures


def main() -> None:
    """Measure, print a table for people and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--faust-events", type=int, default=20_000)
    parser.add_argument("--latency-s", type=float, default=20.0)
    parser.add_argument("--bootstrap", help="a broker that runs [default: one of its own]")
    told = parser.parse_args()
    if told.bootstrap:
        figures = asyncio.run(measure(told.bootstrap, told))
    else:
        with tempfile.TemporaryDirectory() as name:
            broker = LocalBroker(Path(name))
            try:
                figures = asyncio.run(measure(broker.start(), told))
            finally:
                broker.stop()
    table = Table("figure", "value", title=f"live, {told.events:,} events")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}" if value < 1000 else f"{value:,.0f}")
    Console(file=sys.stderr).print(table)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, CPython {platform.python_version()}"
    print(json.dumps({"bench": "live", "machine": machine, **figures}))


if __name__ == "__main__":
    main()
