"""A real Kafka broker for tests: the session fixture `broker`, and the rule for when there is no Java.

tests/conftest.py offers it.  Nothing is started before a test asks
for it; with pytest-xdist every worker that asks has its own.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
        """Start it, or again after a kill, and return its address, which stays the same."""
        done = self.run("start", *([] if self.home.ports() else ["--port", "0"]))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

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


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """Run one broker for the whole session, on a free port, with data that nobody keeps."""
    need_java()
    running = LocalBroker(tmp_path_factory.mktemp("kafka"))
    try:
        running.start()
        yield running
    finally:
        running.stop()
