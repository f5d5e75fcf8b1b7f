"""The processes of `make live`: started in order, stopped in the reverse order, none left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WORKSTEAL = Path(sys.executable).with_name("worksteal")
STOP_S = 20.0


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

    def start(self, name: str, *words: str, until: str = "") -> None:
        """Start a command in the background; wait until its log has the words `until`."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            # A session of its own: Ctrl-C reaches this program alone, which stops them in order.
            self._running[name] = subprocess.Popen(
                [WORKSTEAL, *words, *self.options],
                cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while until and until not in log.read_text():
            if self.ended(name) or time.monotonic() > deadline:
                raise Failed(f"{name} did not come up: {log} says why.")
            time.sleep(0.05)

    def ended(self, name: str) -> bool:
        """Tell whether a process has ended."""
        return self._running[name].poll() is not None

    def require(self, *names: str) -> None:
        """Fail if one of these has ended."""
        for name in names:
            if self.ended(name):
                raise Failed(f"{name} ended: {self.folder / name}.log says why.")

    def stop(self, name: str) -> None:
        """Stop a process cleanly, or at last by force."""
        process = self._running.pop(name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop_all(self) -> None:
        """Stop everything, the last one first."""
        for name in reversed(list(self._running)):
            self.stop(name)


def broker(word: str, folder: Path) -> str:
    """Start or stop the broker of a folder; return its address."""
    words = [ROOT / "deploy" / "kafka" / "broker", word, "--dir", folder]
    if word == "start" and not (folder / "server.properties").exists():
        words += ["--port", "0"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(done.stderr.strip() or f"the broker does not {word}")
    return done.stdout.strip()
