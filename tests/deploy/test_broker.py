"""`deploy/kafka/broker` with a real broker: whatever its end, it comes back as the same one.

Whether it lives is asked in Kafka's own protocol, by hand: these tests need no client.
"""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka.node.home import command_line
from tests.broker import LocalBroker, need_java, pytest_runtest_setup
from tests.paths import ROOT

pytestmark = pytest.mark.broker

CREATE_TOPICS = 19
NONE, TOPIC_ALREADY_EXISTS = 0, 36


@pytest.fixture
def local(tmp_path) -> Iterator[LocalBroker]:
    need_java()
    one = LocalBroker(tmp_path / "kafka")
    yield one
    one.stop()


def create_topic(address: str, name: str) -> int:
    """Ask for a topic of one partition, and return Kafka's error code."""
    word = struct.pack(">h", len(name)) + name.encode()
    topic = word + struct.pack(">ihii", 1, 1, 0, 0)
    body = struct.pack(">i", 1) + topic + struct.pack(">ib", 10_000, 0)
    request = struct.pack(">hhih", CREATE_TOPICS, 2, 1, -1) + body
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            (size,) = struct.unpack(">i", stream.read(4))
            answer = stream.read(size)
    correlation, throttled, topics = struct.unpack_from(">iii", answer)
    assert (correlation, throttled, topics) == (1, 0, 1)
    (error,) = struct.unpack_from(">h", answer, 12 + len(word))
    return int(error)


def cluster_id(local: LocalBroker) -> str:
    lines = (local.folder / "data" / "meta.properties").read_text().splitlines()
    return next(line for line in lines if line.startswith("cluster.id="))


@pytest.mark.slow
def test_its_whole_life(local):
    assert local.run("status").returncode == 3

    first = local.run("start", "--port", "0")
    assert first.returncode == 0, first.stderr
    address = first.stdout.strip()
    assert first.stdout == f"127.0.0.1:{local.home.ports()[0]}\n"
    running = local.run("status")
    assert (running.returncode, running.stdout) == (0, f"running {address}\n")
    assert create_topic(address, "kept") == NONE
    cluster, pid = cluster_id(local), local.home.pid()

    second = local.run("start", "--port", "0")
    assert (second.returncode, second.stdout) == (0, f"{address}\n")
    assert "already running" in second.stderr
    assert local.home.pid() == pid

    local.kill()
    assert local.run("status").returncode == 3
    again = local.run("start")
    assert (again.returncode, again.stdout) == (0, f"{address}\n"), again.stderr
    assert local.home.pid() != pid
    assert cluster_id(local) == cluster
    assert create_topic(address, "kept") == TOPIC_ALREADY_EXISTS

    assert local.run("stop").returncode == 0
    assert not local.home.pid_file.exists()
    assert local.run("status").returncode == 3
    assert local.run("stop").returncode == 0


@pytest.mark.slow
def test_the_port_is_kept_unless_another_is_given(local):
    address = local.start()
    cluster = cluster_id(local)
    local.stop()
    port = local.home.ports()[0]
    with socket.create_server(("127.0.0.1", port)):
        refused = local.run("start")
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
        assert str(port) in refused.stderr
        moved = local.run("start", "--port", "0")
    assert moved.returncode == 0, moved.stderr
    assert moved.stdout.strip() != address
    assert cluster_id(local) == cluster


def test_the_session_has_a_broker(broker):
    assert broker.run("status").stdout == f"running {broker.address}\n"
    assert create_topic(broker.address, "asked-for") == NONE


def test_one_that_died_or_sleeps_is_there_again_for_the_next_test(broker_to_break, request):
    address, pid = broker_to_break.address, broker_to_break.home.pid()
    broker_to_break.kill()
    pytest_runtest_setup(request.node)
    assert create_topic(address, "kept") == NONE
    assert broker_to_break.home.pid() != pid


SESSION = """
import pytest

@pytest.mark.broker
@pytest.mark.parametrize("number", range(2))
def test_one(broker, number, worker_id):
    with open("said", "a") as file:
        file.write(f"{worker_id} {broker.folder} {broker.home.pid()} {broker.address}\\n")
"""


@pytest.mark.slow
def test_all_workers_of_a_run_share_one_broker_which_ends_with_the_run(tmp_path):
    need_java()
    (tmp_path / "test_session.py").write_text(SESSION)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = broker\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist=each", "-p", "tests.broker"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    said = [line.split(" ", 1) for line in (tmp_path / "said").read_text().splitlines()]
    assert {worker for worker, _ in said} == {"gw0", "gw1"}
    (one,) = {broker for _, broker in said}
    folder, pid, _ = one.split(" ")
    assert not Path(folder).exists()
    assert not command_line(int(pid))


def test_it_listens_on_one_address_only(broker):
    """127.0.0.2 is this machine as well: who listens on every address would answer there."""
    for port in broker.home.ports():
        with socket.create_connection(("127.0.0.1", port), 5):
            pass
        with pytest.raises(OSError, match=r"refused|timed out|assign|unreachable"):
            socket.create_connection(("127.0.0.2", port), 2)
