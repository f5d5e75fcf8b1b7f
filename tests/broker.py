"""Real Kafka brokers for tests, and the rule for when there is no Java; tests/conftest.py offers them.

`broker` is one for the whole run: all workers of pytest-xdist share it, the first that asks starts
it, and the run ends it.  Prefixes of topics keep the tests apart.  Who stops, pauses or kills a
broker takes `broker_to_break`, which no other test uses meanwhile.

Before each test of a broker, those that should run are asked whether they answer, and are started
again if not: one test that ends a broker is one failure, not sixty.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.kafka.node import libraries
from deploy.kafka.node.home import Home
from deploy.kafka.node.process import START_SECONDS_MAX
from deploy.kafka.node.trouble import Trouble
from tests.paths import ROOT

COMMAND = ROOT / "deploy" / "kafka" / "broker"
SECONDS_MAX = libraries.FETCH_SECONDS_MAX + 2 * START_SECONDS_MAX


@dataclass(frozen=True)
class LocalBroker:
    """The broker of one folder, moved by the same command that a person types."""

    folder: Path

    def run(
        self, *words: str, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *words, "--dir", self.folder],
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            env=env,
            check=False,
        )

    def start(self) -> str:
        """Start it unless it runs, and return its address, which stays the same after a kill."""
        done = self._start()
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def revive(self) -> None:
        """Start it if it does not answer, whatever it died of."""
        if self.home.pid() and self.home.answers():
            return
        if self._start().returncode:
            # It ran and did not answer (paused, perhaps), so that was the end of it.
            self.start()

    def _start(self) -> subprocess.CompletedProcess[str]:
        return self.run("start", *([] if self.home.ports() else ["--port", "0"]))

    def stop(self) -> None:
        done = self.run("stop")
        assert done.returncode == 0, done.stderr

    def kill(self) -> None:
        """End it as a power cut would."""
        pid = self.home.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while self.home.pid() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.home.pid() is None

    @property
    def home(self) -> Home:
        return Home(self.folder.resolve())

    @property
    def address(self) -> str:
        """Return what a client calls its bootstrap servers."""
        return self.home.address


def need_java() -> None:
    """Skip loudly where a broker cannot run; where all must be tested, that is a failure."""
    try:
        libraries.java()
        if not libraries.fetched():
            libraries.maven()
    except Trouble as trouble:
        sentence = f"NO JAVA: {trouble}"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)


FOLDER = pytest.StashKey[Path]()
"""Where the broker of the run stands; the run's controller removes it."""
STARTED = pytest.StashKey[list[LocalBroker]]()
"""The brokers that should run, as far as this process knows."""


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", None)
    folder = worker["broker"] if worker else tempfile.mkdtemp(prefix="worksteal-tests-")
    config.stash[FOLDER] = Path(folder)
    config.stash[STARTED] = []


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the run's broker stands."""
    node.workerinput["broker"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    shared = LocalBroker(config.stash[FOLDER])
    if shared.home.pid():
        shared.kill()  # nobody keeps its data
    shutil.rmtree(shared.folder)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("broker"):
        for running in item.config.stash[STARTED]:
            running.revive()


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> LocalBroker:
    """Return the broker of the run, on a free port."""
    need_java()
    running = LocalBroker(pytestconfig.stash[FOLDER])
    running.start()
    pytestconfig.stash[STARTED].append(running)
    return running


@pytest.fixture(scope="session")
def broker_to_break(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalBroker]:
    """Run a broker that a test may stop, pause and kill."""
    need_java()
    running = LocalBroker(tmp_path_factory.mktemp("kafka"))
    try:
        running.start()
        pytestconfig.stash[STARTED].append(running)
        yield running
    finally:
        if running.home.pid():
            running.kill()
