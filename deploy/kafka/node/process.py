"""The broker's process: its data is formatted, it is launched, waited for, and ended."""

import base64
import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable

from .files import last_lines
from .home import Home
from .trouble import Trouble, say

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
LOGGING = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    # Several hundred lines of settings at every start.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)


def format_data(home: Home, command: list[str]) -> None:
    """Give new data its cluster id; Kafka writes meta.properties last, so half done is not done."""
    if (home.folder / "data" / "meta.properties").is_file():
        return
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    named = f"--cluster-id={cluster}"  # in one word: an id may begin with a dash
    quick = [command[0], "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *command[1:]]
    done = subprocess.run(
        [*quick, "kafka.tools.StorageTool", "format", named, "-c", str(home.properties)],
        cwd=home.folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=START_SECONDS_MAX,
        check=False,
    )
    if done.returncode:
        say(last_lines(done.stdout))
        raise Trouble("Kafka could not format its data folder; its last words are above.")


def launch(home: Home, command: list[str]) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own: neither Ctrl-C nor the end of a shell reaches it."""
    if home.log.exists():
        home.log.replace(home.log.with_suffix(".log.last"))
    flags = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
    flags += ["-Djava.net.preferIPv4Stack=true", *LOGGING]
    flagged = [command[0], *flags, *command[1:]]
    with home.log.open("wb") as log:
        return subprocess.Popen(
            [*flagged, "kafka.Kafka", str(home.properties)],
            cwd=home.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def environment() -> dict[str, str]:
    """Let Java 17 read names of folders as UTF-8, which it does not do in the locale C."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def child_lives(process: subprocess.Popen[bytes]) -> Callable[[], bool]:
    """Ask for our own child by its handle: just after its start /proc does not know its words yet."""
    return lambda: process.poll() is None


def await_answer(home: Home, alive: Callable[[], bool]) -> bool:
    """Wait until the broker answers; False when it has died or takes too long."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while alive() and time.monotonic() < deadline:
        if home.answers():
            return alive()
        time.sleep(0.05)
    return False


def halt(home: Home) -> bool:
    """End the broker of this folder if there is one, and forget its process id."""
    pid = home.pid()
    if pid is not None:
        end(pid, lambda: home.pid() == pid)
    home.pid_file.unlink(missing_ok=True)
    return pid is not None


def end(pid: int, alive: Callable[[], bool]) -> None:
    """Ask a process to end, then make it; ask each time first whether it is still the one meant."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not alive():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while alive() and time.monotonic() < deadline:
            time.sleep(0.02)
    if alive():
        raise Trouble(f"the broker (process {pid}) does not end, not even when killed.")
