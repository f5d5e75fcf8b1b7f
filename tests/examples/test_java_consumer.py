"""The subscriber in Java, against a real broker: the topics need none of this project's code."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest
from aiokafka import AIOKafkaProducer

from deploy.kafka.node import libraries as kafka
from streams.ground.settings import Settings, client_options
from tests.broker import LocalBroker, need_java
from tests.paths import ROOT
from tests.streams.journal.deployed import deployed, everything
from topics.catalogue import STEALS
from topics.codec import encode
from topics.facts import CooldownStarted, EventRefused, Fact
from topics.headers import Stamp

FOLDER = ROOT / "examples" / "java-consumer"
SOURCE = FOLDER / "src" / "main" / "java" / "StealsConsumer.java"
DEADLINE_S = 90.0
"""Generous: the machines that run this are shared."""

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def compiler() -> str:
    """Return the Java compiler; where there is none, skip loudly, or fail if all must be tested."""
    need_java()
    found = shutil.which("javac", path=str(Path(kafka.java()).parent)) or shutil.which("javac")
    if found is None:
        sentence = "NO JAVA COMPILER: javac is not on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Compile the program beside the libraries that the broker has anyway; return its class path."""
    javac, made = compiler(), tmp_path_factory.mktemp("java-consumer")
    libraries = f"{kafka.libraries()}/*"
    words = [javac, "-Xlint:all,-processing", "-Werror", "--release", "17"]
    done = subprocess.run(
        [*words, "-cp", libraries, "-d", made, SOURCE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return f"{made}:{libraries}"


class Running:
    """The program, and the lines that it prints."""

    def __init__(self, program: str, settings: Settings) -> None:
        words = [kafka.java(), "-XX:TieredStopAtLevel=1", "-cp", program]
        words += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "StealsConsumer"]
        words += [settings.bootstrap, settings.topic(STEALS.name), f"{settings.topic_prefix}java"]
        self._lines: Queue[str] = Queue()
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self._reading = Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def lines(self, count: int) -> list[str]:
        """Wait for so many lines."""
        return [self._lines.get(timeout=DEADLINE_S) for _ in range(count)]

    def rest(self) -> list[str]:
        """Return the lines that nobody asked for; the program has ended."""
        self._reading.join(DEADLINE_S)
        left = []
        while True:
            try:
                left.append(self._lines.get_nowait())
            except Empty:
                return left


@contextmanager
def running(program: str, settings: Settings) -> Iterator[Running]:
    one = Running(program, settings)
    try:
        yield one
        one.process.terminate()
        one.process.wait(DEADLINE_S)
    finally:
        one.process.kill()
        one.process.wait()
        one._reading.join()
        assert one.process.stdout is not None
        one.process.stdout.close()


def cooldown(partition: int, offset: int, index: int, symbol: str) -> CooldownStarted:
    return CooldownStarted(
        id=f"{partition}-{offset}-{index}",
        ts_us=1_522_800_000_000_000,
        account=f"acc-{partition}",
        cause="orders:0:1",
        symbol=symbol,
        until_us=1_522_800_001_000_000,
    )


async def publish(settings: Settings, partition: int, facts: Sequence[Fact]) -> None:
    """Publish facts as the worker does, headers and all."""
    stamp = Stamp(settings.topic("journal"))
    async with AIOKafkaProducer(**client_options(settings)) as producer:
        for fact in facts:
            await producer.send_and_wait(
                settings.topic(STEALS.name),
                encode(fact),
                key=(fact.account or "").encode(),
                partition=partition,
                headers=stamp.headers(fact),
            )


FIRST = [cooldown(0, 9, index, symbol) for index, symbol in enumerate(("BTCUSD", "ETHUSD"))]
OTHER = [cooldown(1, 9, 0, "LTCUSD")]
NEXT = [cooldown(0, 10, 0, "AAPL"), cooldown(0, 101, 0, "MSFT")]


def test_each_fact_is_printed_once_also_over_a_restart(broker: LocalBroker, tmp_path, program):
    settings = asyncio.run(deployed(broker, tmp_path))
    asyncio.run(publish(settings, 0, [*FIRST, *FIRST]))
    asyncio.run(publish(settings, 1, OTHER))
    with running(program, settings) as before:
        told = before.lines(3)
    assert sorted([*told, *before.rest()]) == [
        "acc-0 cooldown.started BTCUSD",
        "acc-0 cooldown.started ETHUSD",
        "acc-1 cooldown.started LTCUSD",
    ]
    # What the worker sends again after a crash, then something new.
    asyncio.run(publish(settings, 0, [*FIRST, NEXT[0], FIRST[1], *NEXT]))
    asyncio.run(publish(settings, 1, [*OTHER, cooldown(1, 12, 0, "XRPUSD")]))
    with running(program, settings) as after:
        told = after.lines(3)
    assert sorted([*told, *after.rest()]) == [
        "acc-0 cooldown.started AAPL",
        "acc-0 cooldown.started MSFT",
        "acc-1 cooldown.started XRPUSD",
    ]
    found = asyncio.run(everything(settings, settings.topic(STEALS.name)))
    assert {number: len(records) for number, records in found.items()} == {0: 10, 1: 3}


def test_a_fact_about_no_account_or_symbol_is_printed_all_the_same(broker, tmp_path, program):
    settings = asyncio.run(deployed(broker, tmp_path))
    nobody = EventRefused(
        id="0-1-0",
        ts_us=1_522_800_000_000_000,
        account=None,
        cause="orders:0:7",
        reason="bad_policy",
        detail="",
    )
    asyncio.run(publish(settings, 0, [nobody]))
    with running(program, settings) as one:
        assert one.lines(1) == ["- event.refused -"]
    assert one.rest() == []


def test_the_versions_in_the_pom_are_those_that_were_tested():
    """The test compiles against the broker's libraries; Maven takes those that the pom names."""
    need_java()
    pom = (FOLDER / "pom.xml").read_text(encoding="utf-8")
    named = dict(
        re.findall(r"<artifactId>([\w-]+)</artifactId>\s+<version>([\d.]+)</version>", pom)
    )
    assert named["kafka-clients"] == kafka.KAFKA
    there = {path.name for path in kafka.libraries().glob("*.jar")}
    for name in ("kafka-clients", "jackson-databind"):
        assert f"{name}-{named[name]}.jar" in there


def test_maven_builds_it_by_its_pom(tmp_path):
    need_java()
    folder = shutil.copytree(FOLDER, tmp_path / "built", ignore=shutil.ignore_patterns("target"))
    command = [kafka.maven(), "-B", "-q", "compile"]
    env = os.environ | {"JAVA_HOME": str(Path(compiler()).resolve().parent.parent)}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "target" / "classes" / "StealsConsumer.class").exists()


def test_it_uses_nothing_of_this_project():
    imported = re.findall(r"^import ([\w.]+);$", SOURCE.read_text(encoding="utf-8"), re.MULTILINE)
    ours = [
        name
        for name in imported
        if not name.startswith(("java.", "org.apache.kafka.", "com.fasterxml.jackson."))
    ]
    assert (imported != [], ours) == (True, [])
