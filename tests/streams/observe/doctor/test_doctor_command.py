"""`worksteal doctor` as it is typed: beside a worker, without one, without a broker."""

import json
import os
import re
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from streams.ground.kafka.topic_admin import create
from streams.ground.settings import Settings
from streams.observe.doctor import said
from tests.faults.deployment import deployed
from tests.paths import ROOT
from tests.streams.cli.command import Done, document, worksteal, worksteal_process
from tests.streams.journal.test_folder import other_worker
from tests.streams.observe.doctor.said import only

NOBODY = ("--bootstrap", "127.0.0.1:1")
LINE = re.compile(r"(ok   |warn |FAIL ) [a-z_]+: \S.*")


def lines_of(done: Done) -> list[str]:
    """Return the lines of a report, all but the last one, which counts them."""
    *lines, last = done.out.splitlines()
    assert all(LINE.fullmatch(line) for line in lines), lines
    counts = [sum(line.startswith(level) for line in lines) for level in ("ok", "warn", "FAIL")]
    assert last == "{} ok, {} warn, {} FAIL".format(*counts)
    return lines


def failed(done: Done) -> list[str]:
    return [line for line in lines_of(done) if line.startswith("FAIL")]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_without_a_broker_the_rest_is_looked_at_and_it_says_what_to_do(tmp_path):
    done = worksteal("doctor", *NOBODY, cwd=tmp_path, WORKSTEAL_WEB_PORT=str(free_port()))
    assert (done.status, done.err) == (1, "")
    (line,) = failed(done)
    assert line.startswith("FAIL  broker: no Kafka broker answers at 127.0.0.1:1 (")
    assert "start it, or correct bootstrap" in line
    told = {line.split()[1] for line in lines_of(done)}
    assert told >= {"versions:", "names:", "calendar:", "settings:", "data_dir:", "disk:"}
    assert not list(tmp_path.iterdir())


def test_json_says_the_same(tmp_path):
    port = str(free_port())
    told = worksteal("doctor", *NOBODY, cwd=tmp_path, WORKSTEAL_WEB_PORT=port)
    done = worksteal("doctor", *NOBODY, "--json", cwd=tmp_path, WORKSTEAL_WEB_PORT=port)
    assert (done.status, done.err) == (1, "")
    read = json.loads(done.out)
    assert read["ok"] is False
    assert read["counts"]["fail"] == 1
    disk = re.compile(r"[\d,]+ MiB free")
    said_then = [disk.sub("", line) for line in lines_of(told)]
    assert [disk.sub("", str(said.Line(**one))) for one in read["checks"]] == said_then


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"CALENDAR_YEARS": "2018-2019"}, "FAIL  calendar: it covers 2018 to 2019"),
        ({"BOOTSTRAP": "kafka.example:9092"}, "FAIL  settings: bootstrap: kafka.example:9092 is not"),
        ({"WEB_HOST": "0.0.0.0"}, "FAIL  pages: web_host: 0.0.0.0 can be reached"),
        ({"POLICY": "mine.yaml"}, "FAIL  policy: 'mine.yaml' is no policy file and no preset"),
        ({"DATA_DIR": "/dev/null/data"}, "FAIL  data_dir: /dev/null is no folder: name another data_dir"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CAFILE": "none.pem"}, "FAIL  settings: ssl_cafile: none.pem does not load"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_fails(settings, told, tmp_path):
    values = {"BOOTSTRAP": "127.0.0.1:1", **settings}
    done = worksteal("doctor", cwd=tmp_path, **{f"WORKSTEAL_{k}": v for k, v in values.items()})
    assert (done.status, done.err) == (1, "")
    assert any(line.startswith(told) for line in failed(done)), done.out


def test_settings_that_cannot_be_read_are_a_mistake(tmp_path):
    (tmp_path / "worksteal.yaml").write_text("bootstrp: x\n")
    done = worksteal("doctor", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert done.err == "worksteal: worksteal.yaml: bootstrp is no setting; did you mean bootstrap?\n"  # fmt: skip


def test_another_distribution_with_our_names_is_found(tmp_path):
    other = tmp_path / "site"
    info = other / "statecraft-1.0.dist-info"
    info.mkdir(parents=True)
    (other / "state").mkdir()
    (other / "state" / "__init__.py").touch()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: statecraft\nVersion: 1.0\n")
    (info / "RECORD").write_text("state/__init__.py,,\n")
    path = f"{ROOT}{os.pathsep}{other}"
    done = worksteal_process("doctor", *NOBODY, cwd=tmp_path, PYTHONPATH=path)
    assert any("names: the distribution statecraft brings a package state" in line for line in failed(done))  # fmt: skip


def test_a_folder_that_somebody_else_has_fails(tmp_path):
    with other_worker(tmp_path / "data" / "agent") as holder:
        words = ("--data-dir", tmp_path / "data")
        done = worksteal("doctor", *NOBODY, *words, cwd=tmp_path, WORKSTEAL_WEB_PORT=str(free_port()))  # fmt: skip
    assert f"FAIL  folder: {tmp_path}/data/agent is locked by process {holder.pid}" in done.out


def test_a_port_that_another_program_has_fails(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def turn_away() -> None:
            server.accept()[0].close()

        taken = threading.Thread(target=turn_away)
        taken.start()
        done = worksteal("doctor", *NOBODY, cwd=tmp_path, WORKSTEAL_WEB_PORT=str(port))
        taken.join()
    assert f"FAIL  pages: http://127.0.0.1:{port} is taken by another program" in done.out


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Make a certificate that nobody has signed."""
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"  # fmt: skip
    try:
        subprocess.run([*words.split(), "-keyout", key, "-out", made], check=True, capture_output=True)  # fmt: skip
    except FileNotFoundError:
        pytest.skip("there is no openssl here")
    return made, key


def test_a_certificate_that_is_not_believed_fails(certificate, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    ended = threading.Event()

    def serve(server: socket.socket) -> None:
        while not ended.is_set():
            line, _ = server.accept()
            try:
                context.wrap_socket(line, server_side=True).close()
            except OSError:
                line.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=serve, args=(server,))
        serving.start()
        at = ("doctor", "--bootstrap", f"localhost:{server.getsockname()[1]}")
        env = {"WORKSTEAL_SECURITY_PROTOCOL": "SSL", "WORKSTEAL_WEB_PORT": "0"}
        unknown = worksteal(*at, cwd=tmp_path, **env)
        known = worksteal(*at, cwd=tmp_path, **env, WORKSTEAL_SSL_CAFILE=str(certificate[0]))
        ended.set()
        socket.create_connection(server.getsockname()).close()
        serving.join()
    assert "its certificate is not believed (self-signed certificate): set ssl_cafile" in failed(unknown)[0]  # fmt: skip
    assert "answers, but not as a broker does over SSL" in failed(known)[0]


@pytest.mark.broker
def test_beside_a_worker_and_after_it(broker, tmp_path):
    port = str(free_port())
    with deployed(broker.address, tmp_path) as deployment:
        settings = deployment.settings
        at = ("doctor", "--bootstrap", broker.address, "--topic-prefix", settings.topic_prefix, "--data-dir", tmp_path / "worker" / "data")  # fmt: skip

        def ask(*more: str) -> Done:
            return worksteal(*at, *more, cwd=tmp_path, WORKSTEAL_WEB_PORT=port)

        worker = deployment.start("worker", WORKSTEAL_WEB_PORT=port)
        worker.wait_ready()
        deployment.open()
        beside = ask()
        assert beside.status == 0, beside.out
        lines = lines_of(beside)
        assert not failed(beside)
        assert any(line.startswith(f"ok    worker: sequencer and agent at http://127.0.0.1:{port} ready") for line in lines)  # fmt: skip
        assert f"is in use by the worker (process {worker.process.pid})" in beside.out
        assert "ok    clock: within" in beside.out
        assert "-sequencer: 1 worker, 0 records wait" in beside.out
        other = worksteal(*at, "--group", "another", cwd=tmp_path, WORKSTEAL_WEB_PORT=port)
        assert "belongs to another deployment: give this one a web_port of its own" in other.out

        assert worker.stop() == 0
        read = document(ask("--json"))
        checks = [said.Line(**one) for one in read["checks"]]
        assert only(checks, "table").told.endswith("stand at the changelog's end")
        assert only(checks, "store").level == said.OK
        assert read["ok"] is True

        deployment.start("worker", WORKSTEAL_WEB_PORT=port).wait_ready()
        deployment.workers[-1].kill()
        assert "did not stop cleanly: nothing to do" in ask().out
        assert ask().status == 0


@pytest.mark.broker
def test_a_store_of_another_deployment_fails(broker, tmp_path):
    """Its changelog is not the one that this folder was filled from."""
    import asyncio  # noqa: PLC0415

    with deployed(broker.address, tmp_path) as deployment:
        worker = deployment.start("worker")
        worker.wait_ready()
        deployment.open()
        assert worker.stop() == 0
        settings = Settings(bootstrap=broker.address, topic_prefix="elsewhere-")
        asyncio.run(create(settings, 2, 1))
        done = worksteal("doctor", "--bootstrap", broker.address, "--topic-prefix", "elsewhere-", "--data-dir", tmp_path / "worker" / "data", cwd=tmp_path, WORKSTEAL_WEB_PORT="0")  # fmt: skip
    (line,) = failed(done)
    assert "table: partition 0 of the store has the changelog up to" in line
    assert "correct group, topic_prefix or data_dir" in line
