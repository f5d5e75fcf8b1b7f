"""An environment with the wheel `worksteal-client` and what it asks for; nothing of this repository."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from packaging.requirements import Requirement

from tests.paths import ROOT
from topics.client import ClientSettings

PROJECT = ROOT / "deploy" / "client"
EXAMPLES = ROOT / "examples" / "subscribers"
PATIENCE_S = 60


class Running:
    """A program that prints; its lines as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._coming: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._coming.put(line.rstrip("\n"))

    def _drain(self) -> None:
        while True:
            try:
                self.lines.append(self._coming.get_nowait())
            except Empty:
                return

    async def until(self, text: str) -> None:
        """Wait until a line has this."""
        deadline = time.monotonic() + PATIENCE_S
        while not any(text in line for line in self.lines):
            assert time.monotonic() < deadline, (text, self.lines)
            assert self.process.poll() is None or not self._coming.empty(), self.lines
            await asyncio.sleep(0.02)
            self._drain()

    def end(self, *, kill: bool = False) -> int:
        """End it, and take its last lines."""
        self.process.kill() if kill else self.process.terminate()
        status = self.process.wait(timeout=PATIENCE_S)
        self._reader.join(timeout=PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._drain()
        return status


class Environment:
    """Its interpreter, the wheel that is in it, and the programs that run there."""

    def __init__(self, python: Path, wheel: Path) -> None:
        self.python, self.wheel = python, wheel
        self._running: list[Running] = []

    def start(self, program: str, *words: str, settings: ClientSettings, **env: str) -> Running:
        """Start one of the examples as a user does, with nothing of this repository in reach."""
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        where = {
            "WORKSTEAL_BOOTSTRAP": settings.bootstrap,
            "WORKSTEAL_TOPIC_PREFIX": settings.topic_prefix,
        }
        running = Running(
            subprocess.Popen(
                [self.python, "-W", "error", EXAMPLES / program, *words],
                cwd=self.wheel.parent,
                env={**clean, **where, **env},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        self._running.append(running)
        return running

    def end(self) -> None:
        """Kill what a test has left."""
        for running in self._running:
            if running.process.poll() is None:
                running.end(kill=True)
        self._running.clear()


def build(folder: Path) -> Path:
    """Build the wheel; the backend is the one that pip would fetch for it."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        timeout=120,
    )
    (wheel,) = folder.glob("worksteal_client-*.whl")
    return wheel


def make(folder: Path) -> Environment:
    """Make an empty environment with the client's lock and the wheel, by the lines of its README.

    Where there is no index, pip takes the wheel alone, and the packages that it asks for are linked
    from here, those and no others.
    """
    wheel = build(folder)
    home = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True, timeout=120)
    python = home / "bin" / "python"
    pip: list[str | Path] = [
        python,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
    ]
    subprocess.run([*pip, "--no-deps", wheel], check=True, timeout=120)
    locked = [*pip, "--no-deps", "--require-hashes", "-r", PROJECT / "requirements.lock"]
    done = subprocess.run(locked, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        print(f"no index ({done.stderr.strip()[-200:]}): dependencies are linked")  # noqa: T201
        (packages,) = home.glob("lib/python*/site-packages")
        for name in sorted(needed("aiokafka") | needed("msgspec")):
            link(name, packages)
    subprocess.run([python, "-m", "pip", "check"], check=True, timeout=120)
    return Environment(python, wheel)


def needed(name: str) -> set[str]:
    """Return a distribution and all that it asks for."""
    found = {name}
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found |= needed(requirement.name)
    return found


def link(name: str, packages: Path) -> None:
    """Link a distribution's files and folders."""
    for top in sorted({path.parts[0] for path in distribution(name).files or ()}):
        there = packages / top
        if top not in ("..", "__pycache__") and not there.exists():
            there.symlink_to(distribution(name).locate_file(top))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def client_home(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Make the environment once."""
    return make(tmp_path_factory.mktemp("client"))


@pytest.fixture
def client(client_home: Environment) -> Iterator[Environment]:
    """Offer it to a test, and let nothing that the test started outlive it."""
    yield client_home
    client_home.end()
