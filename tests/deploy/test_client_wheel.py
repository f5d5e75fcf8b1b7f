"""The wheel `worksteal-client` from an empty environment, and the 15-line program that needs no more."""

import asyncio
import json
import re
import subprocess
import time
import zipfile

import pytest

from tests.broker import LocalBroker
from tests.deploy.client_environment import EXAMPLES, PATIENCE_S, Environment, Running, needed
from tests.paths import ROOT
from tests.topics.client.facts import settled, started
from tests.topics.client.stages import OnBroker, on_broker

STEALS = 45


def test_the_wheel_has_the_client_alone(client: Environment):
    names = zipfile.ZipFile(client.wheel).namelist()
    code = sorted(name for name in names if name.endswith(".py"))
    expected = [
        f"worksteal_client/{path.relative_to(ROOT / 'topics').as_posix()}"
        for path in (ROOT / "topics").rglob("*.py")
    ]
    assert code == sorted(expected)
    assert "worksteal_client/py.typed" in names
    others = [name for name in names if not name.startswith("worksteal_client")]
    assert not others


def test_it_needs_aiokafka_and_msgspec_and_nothing_else(client: Environment):
    done = subprocess.run(
        [client.python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    )
    there = {re.sub(r"[-_.]+", "-", one["name"]).lower() for one in json.loads(done.stdout)}
    asked = needed("aiokafka") | needed("msgspec")
    allowed = {re.sub(r"[-_.]+", "-", name).lower() for name in asked}
    assert there - {"pip", "setuptools"} == {"worksteal-client"} | allowed
    for module in code_modules():
        subprocess.run([client.python, "-W", "error", "-c", f"import {module}"], check=True)


def code_modules() -> list[str]:
    """Return a few modules that between them import all of the wheel."""
    return ["worksteal_client.client.fake", "worksteal_client.codec", "worksteal_client.catalogue"]


def test_its_version_is_the_workers(client: Environment):
    told = re.search(
        r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    assert told is not None
    assert client.wheel.name.startswith(f"worksteal_client-{told[1]}-")


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_examples_are_short(name: str):
    lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= (15 if name == "print_steals.py" else 40)


class Printer:
    """The 15-line program at a topic, run again and again, and what it said each time."""

    def __init__(self, client: Environment, stage: OnBroker) -> None:
        self.client, self.stage = client, stage
        self.log: list[str] = []
        """The ids on partition 0, by offset."""

    async def push(self, *numbers: int) -> None:
        """Publish steals, each followed by a fact that the program does not want."""
        for n in numbers:
            for fact in (started(n), settled(n, 1)):
                await self.stage.push(fact)
                self.log.append(fact.id)

    async def acknowledged(self) -> set[str]:
        there = await self.stage.acknowledged("printer")
        return set(self.log[: there[0]])

    def start(self) -> Running:
        return self.client.start("print_steals.py", settings=self.stage.settings)

    async def stands(self, program: Running) -> None:
        """Wait until a first start has its place: it begins at the end of the log."""
        deadline = time.monotonic() + PATIENCE_S
        while len(await self.stage.acknowledged("printer")) < 2:
            assert time.monotonic() < deadline, program.lines
            assert program.process.poll() is None, program.lines
            await asyncio.sleep(0.1)


def ids(program: Running) -> list[str]:
    return [line.split()[0] for line in program.lines]


@pytest.mark.broker
@pytest.mark.slow
def test_killed_and_restarted_it_misses_none_and_repeats_none_that_it_acknowledged(
    client: Environment, broker: LocalBroker
):
    async def scene(stage: OnBroker) -> None:
        printer = Printer(client, stage)
        printed: list[str] = []
        program = printer.start()
        await printer.stands(program)
        for last in range(15, STEALS + 1, 15):
            before = await printer.acknowledged()
            # A worker that was killed says its last words again, then goes on.
            await printer.push(*range(max(1, last - 20), last + 1))
            # All but the last time it dies somewhere in the middle.
            await program.until(f"0-{last if last == STEALS else last - 7}-0 acct-1 BTCUSD")
            program.end(kill=True)
            assert not before & set(ids(program))
            assert len(set(ids(program))) == len(program.lines)
            printed += ids(program)
            # What it acknowledged it had printed: nothing is taken as done that was not.
            steals = {name for name in await printer.acknowledged() if name.endswith("-0")}
            assert steals <= set(printed)
            program = printer.start()
        program.end()
        assert list(dict.fromkeys(printed)) == [f"0-{n}-0" for n in range(1, STEALS + 1)]

    async def at_the_broker() -> None:
        async with on_broker(broker.address) as stage:
            await scene(stage)

    asyncio.run(at_the_broker())
