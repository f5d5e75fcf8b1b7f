"""`deploy/kafka/broker` with a real broker: whatever its end, it comes back as the same one.

Whether it lives is asked in Kafka's own protocol, by hand: these tests need no client.
"""

import socket
import struct
from collections.abc import Iterator

import pytest

from tests.broker import LocalBroker, need_java

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


def test_it_listens_on_one_address_only(broker):
    """127.0.0.2 is this machine as well: who listens on every address would answer there."""
    for port in broker.home.ports():
        with socket.create_connection(("127.0.0.1", port), 5):
            pass
        with pytest.raises(OSError, match=r"refused|timed out|assign|unreachable"):
            socket.create_connection(("127.0.0.2", port), 2)
