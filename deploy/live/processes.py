"""The processes of `make live`: started in order, stopped in the reverse order, none left behind."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WORKSTEAL = Path(sys.executable).with_name("worksteal")
UP_S, STOP_S = 60.0, 20.0
"""How long a process may take to be ready, and to end when it is asked to."""


class Failed(Exception):
    """Something ended that should not have; the message says where to look."""


class Processes:
    """What runs, by name, each with a log of its own."""

    def __init__(self, folder: Path, options: list[str]) -> None:
        """`options` are what every command that speaks to Kafka is told."""
        self.folder = folder
        self.options = options
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def do(self, *words: str, quiet: bool = True) -> int:
        """Run a command to its end and return its status; a mistake fails unless it may print."""
        done = subprocess.run(
            [WORKSTEAL, *words, *self.options], cwd=ROOT, capture_output=quiet, check=False
        )
        if done.returncode and quiet:
            raise Failed(f"worksteal {words[0]}: {done.stderr.decode().strip()}")
        return done.returncode

    def start(self, name: str, *words: str) -> None:
        """Start a command in the background."""
        with self._log(name).open("wb") as output:
            # A session of its own: Ctrl-C reaches this program alone, which stops them in order.
            self._running[name] = subprocess.Popen(
                [WORKSTEAL, *words, *self.options],
                cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def wait_for(self, name: str, pattern: str) -> str:
        """Wait until the log of a process has what matches, and return that."""
        log = self._log(name)
        deadline = time.monotonic() + UP_S
        while True:
            if found := re.search(pattern, log.read_text()):
                return found[0]
            if self.ended(name) or time.monotonic() > deadline:
                raise Failed(f"{name} did not come up: {log} says why.")
            time.sleep(0.05)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def ended(self, name: str) -> bool:
        """Tell whether a process has ended."""
        return self._running[name].poll() is not None

    def require(self, *names: str) -> None:
        """Fail if one of these has ended."""
        for name in names:
            if self.ended(name):
                raise Failed(f"{name} ended: {self.folder / name}.log says why.")

    def stop(self, name: str) -> None:
        """Stop a process cleanly, or at last by force, and return when all of its group is gone."""
        process = self._running.get(name)
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_S)
        # What it may have started is in its group; a process that is gone has no group any more.
        while _signalled(process.pid, signal.SIGKILL):
            process.poll()
            time.sleep(0.02)
        process.wait()
        del self._running[name]

    def stop_all(self) -> None:
        """Stop everything, the last one first."""
        for name in reversed(list(self._running)):
            self.stop(name)


def broker(word: str, folder: Path) -> str:
    """Start or stop the broker of a folder; return its address.

    Whoever interrupts a start waits until it has taken its broker along.
    """
    words = [str(ROOT / "deploy" / "kafka" / "broker"), word, "--dir", str(folder)]
    if word == "start" and not (folder / "server.properties").exists():
        words += ["--port", "0"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            output, messages = process.communicate()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        raise Failed(messages.strip() or f"the broker does not {word}")
    return output.strip()


def _signalled(group: int, number: signal.Signals) -> bool:
    """Send a signal to a group; False if nobody is in it."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
