"""What the doctor says of a real broker, its topics, and what stands in them."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.agents.stealing import changelog_of
from streams.ground.kafka import Span, log_spans, reader, topic_admin
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.journal.standing.claims import OWNER
from streams.observe.doctor import Line, examine, said
from streams.observe.doctor.clock import check_clock, now_ms
from streams.observe.doctor.desks import Desks, ask_desks, check_desks
from streams.observe.doctor.groups import Group, check_sequencing
from streams.observe.doctor.run import Examiner
from tests.streams.ground.kafka.test_topics_command import remade
from tests.streams.journal.deployed import deployed, worker_producer
from tests.streams.observe.doctor.said import bad, only
from topics.catalogue import CATALOGUE, JOURNAL

PARTITIONS = 2


def broker_lines(settings: Settings) -> list[Line]:
    """Return what is said of the broker alone."""
    lines: list[Line] = []
    examiner = Examiner(settings, lines.append, datetime.now(UTC))
    examiner._speakable = True
    asyncio.run(examiner.broker())
    return lines


def on(broker: Any, folder: Any, **values: Any) -> Settings:
    return asyncio.run(deployed(broker, folder, PARTITIONS, web_port=0, **values))


@pytest.mark.broker
def test_a_new_deployment_is_fine_before_its_first_worker(broker, tmp_path):
    settings = on(broker, tmp_path)
    lines = broker_lines(settings)
    clock = only(bad(lines))
    assert (clock.level, clock.check) == (said.WARN, "clock")
    assert "no sequencer is writing" in clock.told
    told = [line.told for line in lines]
    assert f"{len(CATALOGUE)} as the catalogue has them" in told
    assert f"account topics and the journal have {PARTITIONS} partitions each" in told
    assert f"{changelog_of(settings)} is made at the first start" in told


@pytest.mark.broker
def test_no_topics_is_one_line(broker, tmp_path):
    settings = Settings(bootstrap=broker.address, topic_prefix="nowhere-", data_dir=tmp_path)
    line = only(bad(broker_lines(settings)))
    assert (line.level, line.told) == (said.FAIL, f"none of the {len(CATALOGUE)} is there")
    assert line.do == "`worksteal topics create`"


@pytest.mark.broker
def test_topics_that_differ_fail_each_by_its_name(broker, tmp_path):
    settings = on(broker, tmp_path)
    prefix = settings.topic_prefix
    asyncio.run(remade(broker.address, f"{prefix}fills", PARTITIONS + 1))
    asyncio.run(remade(broker.address, f"{prefix}quotes", PARTITIONS, retention_ms="1000"))
    asyncio.run(remade(broker.address, f"{prefix}journal", PARTITIONS, retention_ms="2592000000"))
    asyncio.run(deleted(broker.address, f"{prefix}steals"))
    found = {
        line.told.removeprefix(prefix): (line.level, line.do)
        for line in broker_lines(settings)
        if line.check == "topics"
    }
    anew = "delete it and create it anew"
    assert found == {
        "fills: has 3 partitions, the others 2": (said.FAIL, anew),
        "quotes: retention.ms is 1000, not 86400000": (said.WARN, "set it with kafka-configs"),
        "journal: message.timestamp.type is CreateTime, not LogAppendTime": (
            said.FAIL,
            "set it with kafka-configs",
        ),
        "steals: missing": (said.FAIL, "run `worksteal topics create`"),
    }


async def deleted(bootstrap: str, name: str) -> None:
    client: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        await client.delete_topics([name])
        while name in await client.list_topics():  # noqa: ASYNC110 - a broker tells nobody
            await asyncio.sleep(0.05)
    finally:
        await client.close()


@pytest.mark.broker
def test_a_changelog_of_another_shape_fails(broker, tmp_path):
    settings = on(broker, tmp_path)
    name = changelog_of(settings)
    asyncio.run(topic_admin.ensure_changelog(settings, name))
    assert only(broker_lines(settings), "changelog").level == said.OK
    asyncio.run(remade(broker.address, name, PARTITIONS + 1))
    found = [line for line in broker_lines(settings) if line.check == "changelog"]
    assert [(line.level, line.told.removeprefix(name)) for line in found] == [
        (said.FAIL, f" has {PARTITIONS + 1} partitions, the journal {PARTITIONS}"),
        (said.FAIL, ": cleanup.policy is delete, not compact"),
        (said.WARN, f": max.message.bytes is below {topic_admin.CHANGELOG_BYTES_MAX}"),
    ]


@contextmanager
def listening() -> Iterator[int]:
    """Let somebody listen who is no broker, and who closes whatever comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = threading.Event()

        def serve() -> None:
            while not closed.is_set():
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                line.close()

        taking = threading.Thread(target=serve)
        taking.start()
        try:
            yield server.getsockname()[1]
        finally:
            closed.set()
            with socket.create_connection(server.getsockname()):
                pass
            taking.join()


def test_nobody_there():
    found = broker_lines(Settings(bootstrap="127.0.0.1:1,localhost:2"))
    assert [one.level for one in found] == [said.FAIL, said.FAIL]
    assert found[0].told == "no Kafka broker answers at 127.0.0.1:1 (Connection refused)"
    assert "`deploy/kafka/broker start`" in found[0].do


def test_no_such_host():
    settings = Settings(bootstrap="nobody.invalid:9092", insecure=True)
    assert only(broker_lines(settings)).told == "nobody.invalid:9092: there is no host nobody.invalid"  # fmt: skip


def test_something_else_listens_there():
    with listening() as port:
        line = only(broker_lines(Settings(bootstrap=f"127.0.0.1:{port}")))
    assert line.level == said.FAIL
    assert line.told == f"127.0.0.1:{port} answers, but not as a broker does over PLAINTEXT"


@pytest.mark.broker
def test_a_broker_without_tls_or_login(broker):
    host = broker.address
    tls = only(broker_lines(Settings(bootstrap=host, security_protocol="SSL")))
    assert (tls.level, tls.told) == (said.FAIL, f"{host} answers, but does not speak TLS")
    login = {"sasl_username": "u", "sasl_password": "secret-p"}
    sasl = only(broker_lines(Settings(bootstrap=host, security_protocol="SASL_PLAINTEXT", **login)))  # type: ignore[arg-type]
    assert sasl.level == said.FAIL
    assert sasl.told.startswith(f"{host} answers and does not let us in")
    assert "secret-p" not in str(sasl)


SETTINGS = Settings(topic_prefix="p-")


def spans(journal: Span, orders: Span) -> dict[str, dict[int, Span]]:
    return {JOURNAL.name: {0: journal}, "orders": {0: orders}}


@pytest.mark.parametrize(
    ("journal", "orders", "committed", "members", "level", "told"),
    [
        (Span(0, 5), Span(0, 10), 10, 1, said.OK, "1 worker, 0 records wait to be framed"),
        (Span(0, 5), Span(0, 10), 4, 2, said.OK, "2 workers, 6 records wait"),
        (Span(0, 0), Span(0, 0), None, 0, said.OK, "nobody is in it, 0 records wait"),
        (Span(0, 0), Span(7, 9), None, 0, said.WARN, "nobody is in it, 2 records wait"),
        (Span(0, 5), Span(0, 200_000), 5, 1, said.WARN, "199,995 records wait"),
        (Span(0, 5), Span(4, 10), 2, 1, said.FAIL, "orders:0: offsets 2 to 3 (2 records) were deleted"),
        (Span(0, 5), Span(0, 1), 2, 1, said.FAIL, "orders:0 ends at 1, but the journal has it up to 2"),
        # Without a commit the journal knows how far it is; the doctor does not guess.
        (Span(0, 5), Span(4, 10), None, 1, said.OK, "6 records wait"),
    ],
)  # fmt: skip
def test_the_sequencer_beside_its_sources(journal, orders, committed, members, level, told):
    marks = {} if committed is None else {("p-orders", 0): committed}
    group = Group("p-worksteal-sequencer", members, marks)
    lines = list(check_sequencing(SETTINGS, group, spans(journal, orders)))
    assert lines[0].level == level
    assert told in lines[0].told
    if level == said.FAIL:
        assert "--accept-gap" in lines[0].told or "Begin anew" in lines[0].told


async def claimed(settings: Settings, *, version: bytes = b"1 ") -> None:
    """Put a claim into the changelog."""
    name = changelog_of(settings)
    await topic_admin.ensure_changelog(settings, name)
    async with worker_producer(settings) as producer:
        await producer.send_and_wait(name, version + b"0 me", key=OWNER.encode(), partition=0)


async def stood(settings: Settings) -> list[Line]:
    consumer = await reader(client_options(settings))
    try:
        desks = await ask_desks(consumer, changelog_of(settings))
        journal = await log_spans(consumer, settings.topic(JOURNAL.name))
    finally:
        await stop_consumer(consumer)
    return list(check_desks(Group("g", 1), journal, desks))


@pytest.mark.broker
def test_a_changelog_of_another_version_fails(broker, tmp_path):
    settings = on(broker, tmp_path)
    asyncio.run(claimed(settings))
    assert only(asyncio.run(stood(settings))).level == said.OK
    asyncio.run(claimed(settings, version=b"2 "))
    line = only(asyncio.run(stood(settings)))
    assert line.level == said.FAIL
    assert "claimed by another version of worksteal: run that version" in line.told


@pytest.mark.parametrize(
    ("stand", "span", "level", "told"),
    [
        ({0: 10}, Span(0, 10), said.OK, "0 frames to apply"),
        ({0: 5}, Span(0, 2000), said.WARN, "1,995 frames to apply"),
        ({}, Span(0, 0), said.OK, "0 frames"),
        ({}, Span(3, 9), said.FAIL, "journal partition 0 begins at 3, but its desk stands at 0"),
        ({0: 2}, Span(3, 9), said.FAIL, "journal partition 0 begins at 3, but its desk stands at 2"),
        ({0: 11}, Span(3, 9), said.FAIL, "journal partition 0 ends at 9, but its desk stands at 11"),
    ],
)  # fmt: skip
def test_desks_beside_the_journal(stand, span, level, told):
    desks = Desks()
    desks.stand = stand
    lines = list(check_desks(Group("g", 1), {0: span}, desks))
    assert lines[0].level == level
    assert told in lines[0].told


def test_frames_that_wait_for_nobody_are_a_warning():
    line = only(check_desks(Group("g", 0), {0: Span(0, 1)}, Desks()))
    assert (line.level, line.do) == (said.WARN, "start `worksteal worker`")


async def clock(settings: Settings, off_ms: int, *, writing: bool) -> Line:
    """Hold a clock that is off against the broker's, while somebody writes frames or nobody does."""
    name = settings.topic(JOURNAL.name)

    async def write() -> None:
        async with worker_producer(settings) as producer:
            while True:
                await producer.send_and_wait(name, b"{}", partition=1)
                await asyncio.sleep(0.2)

    consumer = await reader(client_options(settings))
    writer = asyncio.create_task(write()) if writing else None
    try:
        found = await log_spans(consumer, name)
        wait_ms = 20_000 if writing else 0
        return await check_clock(consumer, name, found, wait_ms, lambda: now_ms() + off_ms)
    finally:
        if writer is not None:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        await stop_consumer(consumer)


@pytest.mark.broker
def test_clocks_that_differ(broker, tmp_path):
    settings = on(broker, tmp_path)
    for off_ms, level, told in (
        (60_000, said.FAIL, "s ahead of the broker"),
        (5_000, said.WARN, "s ahead of the broker"),
        (-60_000, said.FAIL, "s behind the broker"),
    ):
        line = asyncio.run(clock(settings, off_ms, writing=True))
        assert (line.level, line.check) == (level, "clock")
        assert line.told.endswith(told)
    # Nobody writes any more: only a frame from the future still tells something.
    assert asyncio.run(clock(settings, -600_000, writing=False)).level == said.FAIL
    quiet = asyncio.run(clock(settings, 600_000, writing=False))
    assert (quiet.level, "unknown" in quiet.told) == (said.WARN, True)


@pytest.mark.broker
def test_everything_is_said_and_the_broker_is_as_before(broker, tmp_path):
    settings = on(broker, tmp_path / "data")
    lines: list[Line] = []
    asyncio.run(examine(settings, lines.append))
    checks = list(dict.fromkeys(line.check for line in lines))
    assert checks == "versions names calendar settings pages worker data_dir disk broker topics changelog sequencer desks clock".split()  # fmt: skip
    assert not any(line.level == said.FAIL for line in lines)
    assert not (tmp_path / "data").exists()

    async def ends() -> list[int]:
        consumer = await reader(client_options(settings))
        try:
            assert changelog_of(settings) not in await consumer.topics()
            found = [await log_spans(consumer, settings.topic(one.name)) for one in CATALOGUE]
        finally:
            await stop_consumer(consumer)
        return [span.end for topic in found for span in topic.values()]

    assert not any(asyncio.run(ends()))
