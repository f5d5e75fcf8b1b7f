"""`worksteal tail` on a real broker: what is there, what comes, and how it ends."""

import asyncio
import json
import signal
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from streams.ground.settings import Settings
from tests.broker import LocalBroker
from tests.streams.cli.command import Done, start, worksteal_process
from tests.streams.journal.deployed import deployed
from tests.topics.client.facts import STEP_US, TS, started
from topics.codec import encode

pytestmark = pytest.mark.broker

PATIENCE_S = 60


class Stage:
    """Topics of their own, and who publishes."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, folder: Path) -> None:
        self.settings, self.producer, self.folder = settings, producer, folder

    async def push(self, offset: int, partition: int = 0, **more: str) -> None:
        fact = started(offset, journal=partition, **more)  # type: ignore[arg-type]
        await self.producer.send_and_wait(
            self.settings.topic("steals"),
            encode(fact),
            partition=partition,
            timestamp_ms=(TS + offset * STEP_US) // 1000,
        )

    def words(self, *words: object) -> list[object]:
        where = ("--bootstrap", self.settings.bootstrap)
        return ["tail", *words, *where, "--topic-prefix", self.settings.topic_prefix]

    async def tail(self, *words: object) -> Done:
        return await asyncio.to_thread(worksteal_process, *self.words(*words), cwd=self.folder)

    def begin(self, *words: object) -> "Tail":
        return Tail(start(*self.words(*words), cwd=self.folder))


class Tail:
    """A command that follows; its lines as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._coming: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._coming.put(line)

    async def line(self) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                return self._coming.get_nowait()
            except Empty:
                assert self.process.poll() is None
                await asyncio.sleep(0.02)
        raise AssertionError("no line came")

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; return status and what was said beside the result."""
        self.process.send_signal(number)
        assert self.process.stderr is not None
        said = self.process.stderr.read()
        status = self.process.wait(timeout=PATIENCE_S)
        self.close()
        return status, said

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(timeout=PATIENCE_S)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def play(
    broker: LocalBroker, tmp_path: Path
) -> Callable[[Callable[[Stage], Awaitable[None]]], None]:
    """Run a scene at topics of its own."""

    async def at_the_broker(scene: Callable[[Stage], Awaitable[None]]) -> None:
        settings = await deployed(broker, tmp_path)
        async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap, linger_ms=0) as producer:
            await scene(Stage(settings, producer, tmp_path))

    return lambda scene: asyncio.run(at_the_broker(scene))


def places(done: Done) -> list[str]:
    assert (done.status, done.err) == (0, "")
    return [line.split()[1] for line in done.out.splitlines()]


def test_what_is_there_comes_in_the_order_of_its_time(play):
    async def scene(stage: Stage) -> None:
        for n in (1, 4, 5, 9):
            await stage.push(n, 0)
        for n in (2, 3, 7, 8):
            await stage.push(n, 1)
        done = await stage.tail("steals", "--no-follow")
        assert places(done) == [
            f"{p}-{n}-0"
            for p, n in zip((0, 1, 1, 0, 0, 1, 1, 0), (1, 2, 3, 4, 5, 7, 8, 9), strict=True)
        ]
        done = await stage.tail("steals", "--no-follow", "--start", "1:2")
        assert places(done) == ["1-7-0", "1-8-0"]
        at = "2023-11-14T22:13:25Z"  # five seconds after the first
        assert places(await stage.tail("steals", "--no-follow", "--start", at)) == [
            "0-5-0",
            "1-7-0",
            "1-8-0",
            "0-9-0",
        ]
        assert places(await stage.tail("steals", "--no-follow", "--start", "latest")) == []
        done = await stage.tail("steals", "--no-follow", "--start", "5:0")
        assert done.status == 2
        assert "there is no partition 5" in done.err

    play(scene)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_follows_until_a_signal(play, number):
    async def scene(stage: Stage) -> None:
        await stage.push(1)
        tail = stage.begin("steals", "--start", "earliest", "--json", "--account", "acct-1")
        try:
            assert json.loads(await tail.line())["place"] == "0-1-0"
            await stage.push(2, account="acct-2")
            await stage.push(1)
            await stage.push(3)
            told = json.loads(await tail.line())
            assert told["message"] == json.loads(encode(started(3)))
            assert tail.end(number) == (0, "")
        finally:
            tail.close()

    play(scene)


def test_a_closed_pipe_ends_it_while_much_and_while_nothing_comes(play):
    async def scene(stage: Stage) -> None:
        for n in range(1, 200):
            await stage.push(n)
        for words in (("--start", "earliest"), ("--start", "0:198")):
            process = start(*stage.words("steals", *words), cwd=stage.folder)
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                assert "acct-1" in await asyncio.to_thread(process.stdout.readline)
                process.stdout.close()  # as `| head -1` does
                assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0
                assert process.stderr.read() == ""
            finally:
                process.kill()
                process.wait()
                process.stderr.close()

    play(scene)


def test_a_missing_topic_is_told(play):
    async def scene(stage: Stage) -> None:
        stage.settings = stage.settings.model_copy(update={"topic_prefix": f"{uuid4().hex[:6]}-"})
        done = await stage.tail("steals")
        assert done.status == 2
        assert "run `worksteal topics create`" in done.err

    play(scene)
