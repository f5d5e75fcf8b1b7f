"""Every command's `--help` has an example, and the examples run: one day, from topics to proof.

They are taken from the help texts themselves and played in one order on one broker, so that each
finds what those before it have left.  A command that is not in `STORY` fails by its name.
"""

import asyncio
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.cli import app
from tests.paths import ROOT
from tests.streams.cli.command import Done, finish, start, start_into, worksteal
from topics.catalogue import DEAD_LETTERS, ORDERS

WAIT_S = 60
SHOWN = 17
"""The offset in partition 0 that the example of `worksteal dlq show` names."""


class Step(NamedTuple):
    """A command of the story.  `until`: leave it running once it has logged this."""

    command: str
    until: str = ""
    follows: bool = False
    """It goes on by itself; it is given a moment, and ended with Ctrl-C."""
    status: int = 0


STORY = (
    Step("schema"),
    Step("backtest"),
    Step("explain"),
    Step("optimize"),
    Step("policy show"),
    Step("config show"),
    Step("topics create"),
    Step("topics check"),
    Step("worker", until="ready after"),
    Step("policy set"),
    Step("venue paper", until="ready"),
    Step("feed"),
    Step("state"),
    Step("doctor"),
    Step("tail"),
    Step("dlq list"),
    Step("dlq show"),
    Step("dlq redrive", status=1),  # this version cannot read them either, and says so
    Step("record", follows=True),
    Step("replay"),
    Step("page", until="http://"),
    Step("verify"),
)


def leaves(group: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with its name."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        if hasattr(command, "commands"):
            yield from leaves(command, path)
        else:
            yield path, command


def example_of(command: Any) -> list[str]:
    """Return the words of the example in a command's help, without its redirection."""
    (example,) = re.findall(r"Example: `worksteal (.*?)`", command.help)
    return shlex.split(example.partition(" > ")[0])


def test_every_command_is_in_the_story():
    assert sorted(name for name, _ in leaves()) == sorted(step.command for step in STORY)


@pytest.mark.parametrize("name", [name for name, _ in leaves()])
def test_help_ends_well_and_its_example_is_of_this_command(name, tmp_path):
    done = worksteal(*name.split(), "--help", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    words = example_of(dict(leaves())[name])
    assert words[: len(name.split())] == name.split()
    assert f"worksteal {name}" in done.out


class Day:
    """The folder, the settings and the programs that are left running."""

    def __init__(self, address: str, folder: Path) -> None:
        self.folder = folder
        self.address = address
        self.env = {
            "WORKSTEAL_BOOTSTRAP": address,
            "WORKSTEAL_TOPIC_PREFIX": f"examples-{time.time_ns()}-",
            "WORKSTEAL_WEB_PORT": "0",
        }
        self.running: dict[str, subprocess.Popen[str]] = {}
        (folder / "examples").symlink_to(ROOT / "examples")

    def play(self, step: Step, words: list[str]) -> Done | None:
        """Run an example; None if it was left running."""
        words = [word.replace("127.0.0.1:9092", self.address) for word in words]
        if step.command == "dlq list":
            asyncio.run(self.refused())
        if step.until:
            with self._log(step).open("w") as log:
                started = start_into(log, *words, cwd=self.folder, **self.env)
            self.running[step.command] = started
            self._await(step, started)
            return None
        started = start(*words, cwd=self.folder, **self.env)
        if step.follows:
            deadline = time.monotonic() + WAIT_S
            while not (self.folder / words[1]).exists():
                assert started.poll() is None, finish(started)
                assert time.monotonic() < deadline, f"{step.command} has not begun"
                time.sleep(0.1)
            time.sleep(3)
            started.send_signal(signal.SIGINT)
        return finish(started)

    async def refused(self) -> None:
        """Publish what a later version might, and wait until enough of it is a dead letter."""
        prefix = self.env["WORKSTEAL_TOPIC_PREFIX"]
        dead = prefix + DEAD_LETTERS.name
        async with (
            AIOKafkaProducer(bootstrap_servers=self.address) as producer,
            AIOKafkaConsumer(
                dead, bootstrap_servers=self.address, auto_offset_reset="earliest"
            ) as consumer,
        ):
            for _ in range(8 * SHOWN):
                told = b'{"type":"order.accepted","v":99,"account":"demo"}'
                await producer.send(prefix + ORDERS.name, told, key=b"demo")
            await producer.flush()
            async with asyncio.timeout(WAIT_S):
                async for letter in consumer:
                    if (letter.partition, letter.offset) == (0, SHOWN):
                        return

    def _log(self, step: Step) -> Path:
        return self.folder / f"{step.command}.log"

    def _await(self, step: Step, started: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + WAIT_S
        while step.until not in self._log(step).read_text():
            assert started.poll() is None, f"{step.command} ended: {self._log(step).read_text()}"
            assert time.monotonic() < deadline, f"{step.command} is not ready"
            time.sleep(0.1)

    def end(self) -> None:
        """End what is still running, the last started first."""
        for program in reversed(self.running.values()):
            program.terminate()
        for program in self.running.values():
            program.communicate(timeout=WAIT_S)


@pytest.mark.broker
def test_the_examples_run_one_after_the_other(broker, tmp_path):
    day = Day(broker.address, tmp_path)
    commands = dict(leaves())
    try:
        for step in STORY:
            if step.command == "verify":  # what was decided must be published before it is proved
                day.end()
            print(step.command, time.monotonic())  # noqa: T201 - which one, when one hangs
            done = day.play(step, example_of(commands[step.command]))
            assert done is None or done.status == step.status, (step.command, done)
    finally:
        day.end()
