"""The folder of one broker, and the process that is meant by it."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .files import last_lines, locked
from .ports import HOST, answers


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that holds one broker: its data, its settings, its log, its process id."""

    folder: Path

    @property
    def properties(self) -> Path:
        """Its settings, as Kafka reads them."""
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        """What the process of the last start wrote."""
        return self.folder / "broker.log"

    @property
    def pid_file(self) -> Path:
        """The number of the process, while there is one."""
        return self.folder / "broker.pid"

    def ports(self) -> tuple[int, int] | None:
        """Return the ports of the last start, for clients and for the controller."""
        try:
            text = self.properties.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        said = re.search(r"(?m)^listeners=PLAINTEXT://.*:(\d+),CONTROLLER://.*:(\d+)$", text)
        return (int(said[1]), int(said[2])) if said else None

    def pid(self) -> int | None:
        """Return the process id of this folder's broker while it lives.

        The file may be older than the process that has the number now, so the process must have been
        started with the settings of this very folder.
        """
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        ours = pid > 0 and command_line(pid).endswith(f" kafka.Kafka {self.properties}")
        return pid if ours else None

    def answers(self) -> bool:
        """Tell whether Kafka answers on the port of the last start."""
        ports = self.ports()
        return ports is not None and answers(ports[0])

    @property
    def address(self) -> str:
        """What a client calls its bootstrap servers."""
        ports = self.ports()
        assert ports is not None
        return f"{HOST}:{ports[0]}"

    def tail(self) -> str:
        """Return the end of the log."""
        return last_lines(self.log.read_text(encoding="utf-8", errors="replace"))


def command_line(pid: int) -> str:
    """Return the words a process was started with, or nothing if there is none (or a zombie)."""
    if Path("/proc/self/cmdline").exists():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return os.fsdecode(words.rstrip(b"\0").replace(b"\0", b" "))
    ps = shutil.which("ps") or "/bin/ps"
    command = [ps, "-ww", "-o", "command=", "-p", str(pid)]
    done = subprocess.run(command, capture_output=True, check=False)
    return os.fsdecode(done.stdout).rstrip()


@contextlib.contextmanager
def occupied(home: Home) -> Iterator[None]:
    """Make the folder if need be, and be the only one who starts or stops its broker."""
    home.folder.mkdir(parents=True, exist_ok=True)
    if not any(home.folder.iterdir()):
        # A folder of our own is nothing to commit, wherever it is.
        (home.folder / ".gitignore").write_text("*\n", encoding="ascii")
    with locked(home.folder / "broker.lock", "another start or stop is under way here"):
        yield
