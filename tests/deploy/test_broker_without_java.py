"""`deploy/kafka/broker` with stand-ins for Java and Maven: what it says, and what it must never do."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import tests.broker as helper
from deploy.kafka.node import process as kafka
from deploy.kafka.node.__main__ import main
from deploy.kafka.node.home import command_line
from deploy.kafka.node.libraries import KAFKA, POM
from deploy.kafka.node.ports import answers, free_port
from tests.broker import LocalBroker

JAVA = """\
case "$*" in
  *-version*) echo 'openjdk version "{version}"' >&2 ;;
  *StorageTool*) mkdir -p data; echo cluster.id=x > data/meta.properties ;;
  *) echo "its last words"; {life} ;;
esac
"""
MAVEN = """\
echo called >> "$CALLS"
for word; do case "$word" in -DoutputDirectory=*) folder=${{word#*=}} ;; esac; done
touch "$folder/half-a.jar"
sleep 0.3
{end}
"""
COMPLETE = f'touch "$folder/kafka_2.13-{KAFKA}.jar"'


class Machine:
    """A machine with what a test puts on it, and no other Java, Maven or cache."""

    def __init__(self, folder: Path):
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.cache = folder / "cache"
        self.calls = folder / "calls"
        self.local = LocalBroker(folder / "kafka")
        self.put("python3", f'exec "{sys.executable}" "$@"')
        for tool in ("mkdir", "touch", "sleep"):
            self.put(tool, f'exec {find(tool)} "$@"')

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": str(self.bin),
            "XDG_CACHE_HOME": str(self.cache),
            "HOME": str(self.cache),
            "CALLS": str(self.calls),
        }

    def put(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def put_java(self, version: str = "17.0.1", life: str = "exit 1") -> None:
        self.put("java", JAVA.format(version=version, life=life))

    def put_libraries(self) -> None:
        folder = self.cache / "worksteal" / f"kafka-{KAFKA}"
        folder.mkdir(parents=True)
        (folder / f"kafka_2.13-{KAFKA}.jar").touch()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.local.run(*words, env=self.env)

    def kept(self) -> list[str]:
        return sorted(path.name for path in (self.cache / "worksteal").iterdir() if path.is_dir())


def find(tool: str) -> str:
    return next(
        f"{folder}/{tool}" for folder in ("/bin", "/usr/bin") if Path(folder, tool).exists()
    )


@pytest.fixture
def machine(tmp_path) -> Iterator[Machine]:
    one = Machine(tmp_path)
    yield one
    kafka.halt(one.local.home)


@pytest.fixture
def bystander():
    """A process that has nothing to do with Kafka."""
    with subprocess.Popen([find("sleep"), "60"]) as process:
        yield process
        process.kill()


# ---- what is missing is said in one sentence ----


def test_no_java(machine):
    done = machine.run("start", "--port", "0")
    sentence = "deploy/kafka/broker needs Java 17 or newer, and there is none on the PATH.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


@pytest.mark.parametrize(
    ("version", "said"), [("11.0.2", "is Java 11."), ("1.8.0_392", "is Java 8."), ("", "not say")]
)
def test_java_is_too_old(machine, version, said):
    machine.put_java(version)
    done = machine.run("start", "--port", "0")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


def test_no_maven(machine):
    machine.put_java()
    done = machine.run("start", "--port", "0")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Maven" in done.stderr


def test_no_python(machine):
    machine.put("python3", "exit 1")
    done = machine.run("status")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("port", ["-1", "65536", "many"])
def test_a_port_that_is_none(machine, port):
    assert machine.run("start", f"--port={port}").returncode == 2


def test_stop_and_status_need_nothing_and_leave_nothing(machine):
    assert machine.run("stop").returncode == 0
    assert machine.run("status").returncode == 3
    assert not machine.local.folder.exists()


@pytest.mark.parametrize(("ci", "outcome"), [("true", "Failed"), ("", "Skipped")])
def test_without_java_tests_are_skipped_but_fail_in_ci(machine, monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", str(machine.bin))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(
        BaseException, match=r"^NO JAVA: deploy/kafka/broker needs Java 17"
    ) as raised:
        helper.need_java()
    assert raised.typename == outcome


# ---- the libraries are fetched once, and whole ----


def test_two_starts_at_once_fetch_once(machine, tmp_path):
    machine.put_java()
    machine.put("mvn", MAVEN.format(end=COMPLETE))
    left = machine.cache / "worksteal" / f"kafka-{KAFKA}.part-cut-short"
    left.mkdir(parents=True)
    words: list[str | Path] = [helper.COMMAND, "start", "--port", "0", "--dir"]
    starts = [
        subprocess.Popen(
            [*words, tmp_path / name], env=machine.env, stderr=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for start in starts:
        _, said = start.communicate(timeout=60)
        assert "its last words" in said
    assert machine.calls.read_text() == "called\n"
    assert machine.kept() == [f"kafka-{KAFKA}"]


def test_half_a_download_is_none(machine):
    machine.put_java()
    machine.put("mvn", MAVEN.format(end="echo 'no network'; exit 1"))
    failed = machine.run("start", "--port", "0")
    assert failed.returncode == 1
    assert "no network" in failed.stderr
    assert machine.kept() == []
    machine.put("mvn", MAVEN.format(end=COMPLETE))
    assert "its last words" in machine.run("start", "--port", "0").stderr
    assert machine.kept() == [f"kafka-{KAFKA}"]


def test_the_folder_is_named_after_what_maven_is_asked_for():
    pom = ET.parse(POM)
    versions = {
        found.findtext("{*}artifactId"): found.findtext("{*}version")
        for found in pom.iterfind(".//{*}dependency")
    }
    assert versions == {"kafka_2.13": KAFKA, "slf4j-simple": "1.7.36"}


# ---- a broker that does not come up leaves nothing behind ----


def test_a_broker_that_ends_at_once(machine):
    machine.put_java()
    machine.put_libraries()
    done = machine.run("start", "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("its last words\nthe broker ended before it answered")
    assert not machine.local.home.pid_file.exists()


def test_a_broker_that_never_answers_is_stopped(machine, monkeypatch, capsys):
    machine.put_java(life="echo $$ > mute.pid; while :; do sleep 0.1; done")
    machine.put_libraries()
    for name, value in machine.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(kafka, "START_SECONDS_MAX", 1)
    folder = machine.local.folder
    assert main(["start", "--port", "0", "--dir", str(folder)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "its last words\nthe broker did not answer within 1 s" in said.err
    assert not machine.local.home.pid_file.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "mute.pid").read_text()), 0)


def test_a_start_that_is_terminated_takes_its_broker_along(machine):
    machine.put_java(life="while :; do sleep 0.1; done")
    machine.put_libraries()
    words: list[str | Path] = [
        helper.COMMAND,
        "start",
        "--port",
        "0",
        "--dir",
        machine.local.folder,
    ]
    with subprocess.Popen(words, env=machine.env) as start:
        pid = eventually(machine.local.home.pid)
        start.terminate()
        assert start.wait(30) == 128 + signal.SIGTERM
    assert command_line(pid) == ""
    assert not machine.local.home.pid_file.exists()


def test_a_start_that_was_killed_is_cleared_by_stop(machine):
    machine.put_java(life="while :; do sleep 0.1; done")
    machine.put_libraries()
    words: list[str | Path] = [
        helper.COMMAND,
        "start",
        "--port",
        "0",
        "--dir",
        machine.local.folder,
    ]
    with subprocess.Popen(words, env=machine.env) as start:
        pid = eventually(machine.local.home.pid)
        start.kill()
    assert machine.run("status").returncode == 3
    assert machine.run("stop").returncode == 0
    assert command_line(pid) == ""


def test_who_does_not_end_when_asked_is_killed(monkeypatch):
    monkeypatch.setattr(kafka, "STOP_SECONDS_MAX", 0.2)
    deaf = 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
    with subprocess.Popen(["/bin/sh", "-c", deaf], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            kafka.end(process.pid, kafka.child_lives(process))
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL


# ---- a process id may be anybody's by now ----


@pytest.mark.parametrize("content", ["{pid}", "0", "-1", "", "not a number", "999999999"])
def test_a_stale_process_id_is_nobodys(machine, bystander, content):
    home = machine.local.home
    home.folder.mkdir()
    home.pid_file.write_text(content.format(pid=bystander.pid))
    assert machine.run("status").returncode == 3
    assert machine.run("stop").returncode == 0
    assert not home.pid_file.exists()
    assert bystander.poll() is None


def test_a_stale_process_id_does_not_keep_from_starting(machine, bystander):
    machine.put_java()
    machine.put_libraries()
    home = machine.local.home
    home.folder.mkdir()
    home.pid_file.write_text(f"{bystander.pid}\n")
    assert "its last words" in machine.run("start", "--port", "0").stderr
    assert bystander.poll() is None


def test_the_broker_of_another_folder_is_not_ours(machine):
    other = LocalBroker(machine.local.folder.with_name("other")).home
    words = ["-c", "sleep 60; :", "kafka.Kafka", str(other.properties)]
    with subprocess.Popen(["/bin/sh", *words], start_new_session=True) as process:
        for home in (machine.local.home, other):
            home.folder.mkdir()
            home.pid_file.write_text(f"{process.pid}\n")
        assert eventually(other.pid) == process.pid
        assert machine.local.home.pid() is None
        os.killpg(process.pid, signal.SIGKILL)


# ---- what is no answer of Kafka's, and what is taken ----


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(10)])
def test_an_open_port_is_not_yet_kafka(said):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk():
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(said)

        thread = threading.Thread(target=talk)
        thread.start()
        assert not answers(server.getsockname()[1])
        thread.join()


def test_a_closed_port_is_not_kafka():
    assert not answers(free_port())


def test_a_port_that_is_taken(machine):
    machine.put_java()
    machine.put_libraries()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = machine.run("start", "--port", str(port))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"127.0.0.1:{port}" in done.stderr


def test_only_a_folder_of_its_own_is_ignored_by_git(machine):
    machine.put_java()
    machine.put_libraries()
    machine.run("start", "--port", "0")
    assert (machine.local.folder / ".gitignore").read_text() == "*\n"
    shared = LocalBroker(machine.bin)
    shared.run("start", "--port", "0", env=machine.env)
    assert not (machine.bin / ".gitignore").exists()


def eventually(ask):
    """Return the first answer that is one."""
    deadline = time.monotonic() + 30
    while not (answer := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer
