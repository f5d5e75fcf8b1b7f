"""Starts, stops and finds a real Kafka broker on this machine, without Docker and without root.

One process, which is broker and controller in one (KRaft), in one folder that holds everything it
knows.  The promise is that a restart, after whatever end, has the same port, data and cluster id, and
that no process is ever signalled which is not the broker of that folder.

Only the standard library, so that it runs before anything is installed.
"""

import argparse
import base64
import contextlib
import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

KAFKA = "4.1.1"
"""The same as in pom.xml; the folder of its libraries is named after it."""
JAVA_MIN = 17
HOST = "127.0.0.1"
PORT = 9092

FETCH_SECONDS_MAX = 600
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
ANSWER_SECONDS_MAX = 2
RELEASE_SECONDS_MAX = 2
"""A process that was killed is gone a moment before its ports are free."""
TRIES_MAX = 3
"""A port that was free when it was picked may be taken when the broker asks for it."""

EXIT_FAILED, EXIT_MISTAKE, EXIT_NOT_RUNNING = 1, 2, 3

HERE = Path(__file__).resolve().parent
PROPERTIES = """\
# Written anew at every start by deploy/kafka/broker.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
# Relative to this folder, so that it may be moved.
log.dirs=data

auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0

# After a kill -9 the controller lets the broker back in only when its old session has ended.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# A small footprint: few threads, and 16 instead of 128 MiB for the log cleaner.
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
"""
LOGGING = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    # Several hundred lines of settings at every start.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)


class Trouble(Exception):
    """What went wrong, in one sentence, and the exit status it has."""

    def __init__(self, sentence: str, status: int = EXIT_FAILED):
        super().__init__(sentence)
        self.status = status


def say(text: str) -> None:
    """Tell the person; the standard output belongs to the address."""
    sys.stderr.write(f"{text}\n")


# ---- what it needs: Java, and Kafka's libraries ----


def java() -> str:
    """Return the Java to use, which is new enough."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home, "bin"))) if home else None
    found = found or shutil.which("java")
    need = f"deploy/kafka/broker needs Java {JAVA_MIN} or newer"
    if not found:
        raise Trouble(f"{need}, and there is none on the PATH.", EXIT_MISTAKE)
    done = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    said = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    if not said:
        raise Trouble(f"{need}, and {found} does not say which it is.", EXIT_MISTAKE)
    if int(said[1]) < JAVA_MIN:
        raise Trouble(f"{need}, and {found} is Java {said[1]}.", EXIT_MISTAKE)
    return found


def maven() -> str:
    """Return the Maven to fetch the libraries with."""
    found = shutil.which("mvn")
    if not found:
        raise Trouble(
            f"deploy/kafka/broker needs Maven (mvn) to fetch Kafka {KAFKA} once, "
            "and there is none on the PATH.",
            EXIT_MISTAKE,
        )
    return found


def libraries_folder() -> Path:
    """Return where the libraries are or will be, shared by all checkouts of a user."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(named) if named.startswith("/") else Path.home() / ".cache"
    return cache / "worksteal" / f"kafka-{KAFKA}"


def fetched() -> bool:
    return (libraries_folder() / f"kafka_2.13-{KAFKA}.jar").is_file()


def libraries() -> Path:
    """Return the folder of Kafka's libraries, and fetch them if nobody did yet.

    They are fetched into a folder of another name, and renamed when complete: what has the right
    name is whole.
    """
    folder = libraries_folder()
    if fetched():
        return folder
    mvn = maven()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_name(f"{folder.name}.lock"), "another start fetches Kafka"):
        if fetched():
            return folder
        for rest in folder.parent.glob(f"{folder.name}.part-*"):
            shutil.rmtree(rest)
        part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
        try:
            fetch(mvn, part)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        if not fetched():
            raise Trouble(f"Maven fetched something, but not Kafka {KAFKA}.")
    return folder


def fetch(mvn: str, folder: Path) -> None:
    """Let Maven copy what pom.xml names into `folder`."""
    say(f"fetching Kafka {KAFKA} (43 MB, only this once) ...")
    command = [mvn, "-B", "-q", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=FETCH_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Trouble(f"Maven did not fetch Kafka within {FETCH_SECONDS_MAX} s.") from None
    if done.returncode:
        say(last_lines(done.stdout))
        raise Trouble(f"Maven could not fetch Kafka {KAFKA}; its last words are above.")


# ---- the broker of one folder ----


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that holds one broker: its data, its settings, its log, its process id."""

    folder: Path

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    @property
    def pid_file(self) -> Path:
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
        ports = self.ports()
        return ports is not None and answers(ports[0])

    @property
    def address(self) -> str:
        ports = self.ports()
        assert ports is not None
        return f"{HOST}:{ports[0]}"


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


def answers(port: int) -> bool:
    """Tell whether Kafka answers there: a port may be open long before, or be someone else's."""
    correlation = secrets.randbelow(2**31)
    # ApiVersions, version 0, from a client without a name.
    request = struct.pack(">hhih", 18, 0, correlation, -1)
    try:
        with socket.create_connection((HOST, port), ANSWER_SECONDS_MAX) as connection:
            connection.settimeout(ANSWER_SECONDS_MAX)
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as stream:
                said = stream.read(10)
    except OSError:
        return False
    if len(said) < 10:
        return False
    _, echoed, error = struct.unpack(">iih", said)
    return bool(echoed == correlation and error == 0)


def why_taken(port: int) -> str | None:
    """Return why nobody may listen on that port, or None if one may."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror
    return None


def why_still_taken(port: int) -> str | None:
    """Ask again for a while: whoever had the port may be about to leave it."""
    deadline = time.monotonic() + RELEASE_SECONDS_MAX
    while (reason := why_taken(port)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return reason


def free_port(but: int | None = None) -> int:
    """Pick a port below those that systems hand to clients, so that it is still free at a restart."""
    for _ in range(1000):
        port = 20_000 + secrets.randbelow(12_000)
        if port != but and why_taken(port) is None:
            return port
    raise Trouble("there is no free port between 20000 and 32000.")


def choose_ports(home: Home, wanted: int | None) -> tuple[int, int]:
    """Choose the port for clients (the last one unless told otherwise) and the controller's."""
    last, last_controller = home.ports() or (None, None)
    port = wanted or last or (PORT if wanted is None else free_port())
    reason = why_still_taken(port)
    if reason and wanted == 0:
        port = free_port()
    elif reason:
        raise Trouble(
            f"nobody can listen on {HOST}:{port} ({reason}); "
            "name another with --port, or let --port 0 pick one.",
            EXIT_MISTAKE,
        )
    if last_controller and last_controller != port and not why_still_taken(last_controller):
        return port, last_controller
    return port, free_port(but=port)


# ---- start, stop, status ----


def start(home: Home, wanted: int | None) -> None:
    """Start the broker unless it runs, wait until it answers, and print its address."""
    with occupied(home):
        pid = home.pid()
        if pid is None:
            bring_up(home, [java(), "-cp", f"{libraries()}/*"], wanted)
        elif await_answer(home, lambda: home.pid() == pid):
            say(f"already running (process {pid})")
        else:
            halt(home)
            say(tail(home))
            raise Trouble(f"the broker (process {pid}) ran but did not answer, so it was stopped.")
    sys.stdout.write(f"{home.address}\n")


def bring_up(home: Home, command: list[str], wanted: int | None) -> None:
    """Start the process, and leave it behind only if it answers."""
    for left in reversed(range(TRIES_MAX)):
        port, controller = choose_ports(home, wanted)
        write_whole(home.properties, PROPERTIES.format(host=HOST, port=port, controller=controller))
        format_data(home, command)
        process = launch(home, command)
        alive = child_lives(process)
        try:
            write_whole(home.pid_file, f"{process.pid}\n")
            if await_answer(home, alive):
                # It outlives us, and nobody shall warn of that.
                process.returncode = 0
                return
            died = not alive()
        except BaseException:
            end(process.pid, alive)
            home.pid_file.unlink(missing_ok=True)
            raise
        end(process.pid, alive)
        home.pid_file.unlink(missing_ok=True)
        collided = "Address already in use" in home.log.read_text(errors="replace")
        if died and collided and left:
            continue
        say(tail(home))
        how = "ended before it answered" if died else f"did not answer within {START_SECONDS_MAX} s"
        raise Trouble(f"the broker {how}; the end of {home.log} is above.")


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


def stop(home: Home) -> None:
    """Stop the broker; there is nothing wrong with one that does not run."""
    if not home.folder.is_dir():
        say("not running")
        return
    with occupied(home):
        say("stopped" if halt(home) else "not running")


def status(home: Home) -> None:
    """Print whether the broker runs, and where."""
    if home.pid() is None:
        raise Trouble("not running", EXIT_NOT_RUNNING)
    if not home.answers():
        raise Trouble(f"process {home.pid()} runs but does not answer", EXIT_NOT_RUNNING)
    sys.stdout.write(f"running {home.address}\n")


# ---- small things ----


@contextlib.contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: {busy} ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def occupied(home: Home) -> Iterator[None]:
    """Make the folder if need be, and be the only one who starts or stops its broker."""
    home.folder.mkdir(parents=True, exist_ok=True)
    if not any(home.folder.iterdir()):
        # A folder of our own is nothing to commit, wherever it is.
        (home.folder / ".gitignore").write_text("*\n", encoding="ascii")
    with locked(home.folder / "broker.lock", "another start or stop is under way here"):
        yield


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that nobody, after any end, finds half of it."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)


def tail(home: Home) -> str:
    return last_lines(home.log.read_text(encoding="utf-8", errors="replace"))


def last_lines(text: str, count: int = 20) -> str:
    return "\n".join(text.splitlines()[-count:])


def port_number(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError
    return port


def terminated(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="deploy/kafka/broker",
        description=f"A real Kafka {KAFKA} on this machine: one node, on {HOST} only.",
    )
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument(
        "--port",
        type=port_number,
        metavar="N",
        help=f"where to listen: the last port of this folder, or {PORT}; 0 picks a free one",
    )
    parser.add_argument(
        "--dir",
        type=Path,
        default=HERE.parent.parent / ".kafka",
        metavar="PATH",
        help="the folder of its data (.kafka in the repository)",
    )
    given = parser.parse_args(arguments)
    home = Home(given.dir.resolve())
    try:
        if given.action == "start":
            start(home, given.port)
        elif given.action == "stop":
            stop(home)
        else:
            status(home)
    except Trouble as trouble:
        say(str(trouble))
        return trouble.status
    except OSError as error:
        say(f"{error.strerror}: {error.filename}" if error.filename else str(error))
        return EXIT_FAILED
    except subprocess.TimeoutExpired as error:
        say(f"{error.cmd[0]} did not end within {error.timeout:.0f} s.")
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminated)
    sys.exit(main())
