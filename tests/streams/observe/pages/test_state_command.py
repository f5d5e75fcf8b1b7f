"""`worksteal state`: the same answer from a worker and, when it is gone, from its changelog."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from bench.workload import account
from streams.agents.stealing import changelog_of
from streams.ground.kafka.topic_admin import create, ensure_changelog
from streams.ground.settings import Settings
from streams.observe.errors import WebError
from streams.observe.pages.ask import ask as ask_worker
from tests.state.world import World, roomy
from tests.streams.cli.command import Done, document, worksteal, worksteal_process
from tests.streams.observe.pages.standing import ask, standing, still

pytestmark = pytest.mark.broker


@pytest.fixture
def nobody() -> Iterator[str]:
    """Give a URL where nobody answers."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def refused(done: Done) -> str:
    """Return the one sentence of a mistake."""
    assert (done.status, done.out) == (2, "")
    line, end = done.err.split("\n")
    assert end == ""
    assert line.endswith((".", "?"))
    return line


def port_of(url: str) -> str:
    return url.rpartition(":")[2]


# ---- from a worker ----


def test_a_worker_that_is_named_is_asked(worker, tmp_path):
    page = ask(worker.url, f"/accounts/{account(1)}").body
    told = document(worksteal("state", account(1), "--json", "--url", worker.url, cwd=tmp_path))
    assert told["source"] == f"worker at {worker.url}"
    assert still(told) == still(page)
    assert told["as_of"]["next_offset"] >= page["as_of"]["next_offset"]


def test_the_worker_of_the_settings_is_asked_if_it_is_of_the_same_deployment(worker, tmp_path):
    words = ("state", account(1), "--json")
    port = port_of(worker.url)
    own = worksteal(*words, *worker.options(), cwd=tmp_path, WORKSTEAL_WEB_PORT=port)
    assert document(own)["source"] == f"worker at {worker.url}"
    past_it = worksteal(
        *words, *worker.options(), "--from-changelog", cwd=tmp_path, WORKSTEAL_WEB_PORT=port
    )
    assert document(past_it)["source"].startswith("changelog ")
    other = worksteal(
        *words, *worker.options(), "--group", "other", cwd=tmp_path, WORKSTEAL_WEB_PORT=port
    )
    assert (other.status, other.out) == (2, "")
    remark, mistake = other.err.splitlines()
    assert remark.startswith(f"The worker at {worker.url} belongs to another deployment.")
    assert "there is no topic" in mistake
    assert "--group" in mistake


def test_people_see_tables(worker, tmp_path):
    # Wide enough that no table is turned, whatever the prices are.
    done = worksteal("state", account(1), "--url", worker.url, cwd=tmp_path, COLUMNS="240")
    assert (done.status, done.err) == (0, "")
    title, capital, *rest = done.out.splitlines()
    assert title.startswith(f"{account(1)} · policy load · as of 20")
    assert "journal partition 1 before offset " in title
    assert title.endswith(f" · worker at {worker.url}")
    assert capital == "equity 10,000.00 · reserved 10,000.00: crypto 9,022.50 (1×), steals in flight 977.50 · free 0.00"  # fmt: skip
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in rest if "│" in line]
    (order,) = [row for row in rows if row[0] == "w0"]
    assert order[1:3] == ["SYM01USD", "buy"]
    assert "cancelling" in order
    assert "9,022.50" in order
    (entry,) = [row for row in rows if row[0] == "e0"]
    assert "stealing" in entry
    assert any(row[:2] == ["SYM01USD, SYM11USD", "1"] for row in rows)
    assert {"no positions", "no cooldowns"} <= set(rest)


def test_an_account_that_a_named_worker_does_not_know_is_a_mistake(worker, tmp_path):
    done = worksteal("state", "nobody", "--url", worker.url, cwd=tmp_path)
    assert refused(done) == "worksteal: no event has named an account 'nobody'."


# ---- from the changelog ----


def test_after_the_worker_the_changelog_says_the_same(broker, tmp_path, nobody):
    with standing(broker.address, tmp_path / "own") as worker:
        before = ask(worker.url, f"/accounts/{account(3)}").body
        words = ("state", account(3), "--json", *worker.options())
        while_it_runs = document(worksteal(*words, "--from-changelog", cwd=tmp_path))
        assert worker.worker.stop() == 0
    port = port_of(nobody)
    told = document(worksteal(*words, cwd=tmp_path, WORKSTEAL_WEB_PORT=port))
    prefix = worker.deployment.settings.topic_prefix
    assert told["source"] == f"changelog {prefix}worksteal-desk-changelog"
    assert still(told) == still(while_it_runs) == still(before)
    assert told["steals"]
    assert told["as_of"]["next_offset"] >= before["as_of"]["next_offset"]

    named = worksteal(*words, "--url", nobody, cwd=tmp_path)
    assert named.err == f"No worker answers at {nobody}. This is from the changelog.\n"
    assert json.loads(named.out) == told


def test_an_account_that_nobody_knows_is_a_mistake_with_the_nearest_names(worker, tmp_path):
    words = (*worker.options(), "--from-changelog")
    line = refused(worksteal("state", "acct-6", *words, cwd=tmp_path))
    assert "there is no account 'acct-6' in " in line
    assert "did you mean acct-6" in line
    line = refused(worksteal("state", "zzz", *words, cwd=tmp_path))
    assert line.endswith("; there are acct-00, acct-01, acct-02, acct-03, acct-04 and 60 more.")


def test_something_else_at_the_port_is_not_taken_for_a_worker(worker, tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        other.settimeout(60)
        port = other.getsockname()[1]
        started = worker.options()
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

        async def both() -> Done:
            loop = asyncio.get_running_loop()
            command = asyncio.to_thread(
                worksteal_process, "state", account(1), "--json", *started, cwd=tmp_path,
                WORKSTEAL_WEB_PORT=str(port),
            )  # fmt: skip
            task = asyncio.create_task(command)
            line, _ = await loop.run_in_executor(None, other.accept)
            with closing(line):
                line.recv(4096)
                line.sendall(answer)
            return await task

        told = document(asyncio.run(both()))
    assert told["source"].startswith("changelog ")


def changelog(broker: Any, partitions: int = 2) -> Settings:
    settings = Settings(bootstrap=broker.address, topic_prefix=f"{uuid4().hex[:8]}-")
    asyncio.run(create(settings, partitions, 1))
    asyncio.run(ensure_changelog(settings, changelog_of(settings)))
    return settings


async def put(settings: Settings, rows: dict[str, bytes], partition: int = 0) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        for key, row in rows.items():
            await producer.send(changelog_of(settings), row, key=key.encode(), partition=partition)


def state(settings: Settings, name: str, folder: Any) -> Done:
    return worksteal(
        *("state", name, "--from-changelog", "--json", "--bootstrap", settings.bootstrap),
        *("--topic-prefix", settings.topic_prefix),
        cwd=folder,
    )


def test_rows_of_years_ago_and_of_a_checkpoint_that_was_cut_off_can_be_read(broker, tmp_path):
    settings = changelog(broker)
    assert refused(state(settings, "A", tmp_path)).startswith(
        "worksteal: there is no account yet: "
    )
    world = World(roomy())
    world.fund(1000)
    asyncio.run(put(settings, world.desk.rows(), partition=1))
    world.fund(2000)
    rows = world.desk.rows()
    staged = {f"staged/7/{key}": row for key, row in rows.items() if key != "cursor"}
    asyncio.run(put(settings, {**staged, "cursor": rows["cursor"], "staging": b"7"}, partition=1))
    told = document(state(settings, "A", tmp_path))
    assert told["as_of"] == {
        "time": "2018-04-04T14:00:00.000Z",
        "time_us": world.now_us,
        "next_offset": 2,
        "journal_partition": 1,
    }
    assert told["capital"]["equity_micros"] == 2_000_000_000


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"cursor": msgspec.msgpack.encode({"format": 99})}, "the rows are of format 99"),
        ({"cursor": b"\xc1"}, "the rows are damaged"),
        ({"owner": b"99 somebody"}, "claimed by another version"),
    ],
)
def test_rows_that_cannot_be_read_are_told_in_a_sentence(broker, tmp_path, rows, told):
    settings = changelog(broker)
    asyncio.run(put(settings, {"account/A": b"x", **rows}))
    line = refused(state(settings, "A", tmp_path))
    assert changelog_of(settings) in line
    assert told in line


# ---- what cannot be asked ----


def test_one_source_at_a_time(tmp_path):
    line = refused(worksteal("state", "a", "--url", "http://x", "--from-changelog", cwd=tmp_path))
    assert "exclude each other" in line


def test_a_url_that_is_none_is_a_mistake(tmp_path):
    line = refused(worksteal("state", "a", "--url", "127.0.0.1:6066", cwd=tmp_path))
    assert line == "worksteal: --url 127.0.0.1:6066: write it as http://HOST:PORT."
    for url in ("ftp://127.0.0.1", "http://", "http://a b:1", "http://x:99999", "http://x?y", ""):
        with pytest.raises(WebError, match="write it as http://HOST:PORT"):
            asyncio.run(ask_worker(url, "a"))


def test_without_worker_and_broker_there_is_nobody_to_ask(tmp_path, nobody):
    done = worksteal(
        *("state", "a", "--bootstrap", nobody.removeprefix("http://")),
        cwd=tmp_path,
        WORKSTEAL_WEB_PORT=port_of(nobody),
    )
    assert "no Kafka broker answers at" in refused(done)
