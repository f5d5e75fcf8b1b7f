"""`worksteal topics` on a real broker, and what it says without one."""

import asyncio
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.ground.kafka.topic_admin import check, create
from streams.ground.settings import Settings
from tests.streams.cli.command import worksteal
from topics.catalogue import CATALOGUE, JOURNAL, QUOTES

NOBODY = "127.0.0.1:1"


async def remade(bootstrap: str, name: str, partitions: int, **settings: str) -> None:
    """Delete a topic and make it anew in another shape."""
    client: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        await client.delete_topics([name])
        for _ in range(100):
            if name not in await client.list_topics():
                break
            await asyncio.sleep(0.05)
        wanted = {key.replace("_", "."): value for key, value in settings.items()}
        await client.create_topics([NewTopic(name, partitions, 1, topic_configs=wanted)])
        for _ in range(100):
            (described,) = await client.describe_topics([name])
            if len(described["partitions"]) == partitions:
                break
            await asyncio.sleep(0.05)
    finally:
        await client.close()


@pytest.mark.broker
def test_topics_are_created_once_and_checked(broker, tmp_path):
    at = ("--bootstrap", broker.address, "--topic-prefix", "admin-")
    settings = Settings(bootstrap=broker.address, topic_prefix="admin-")
    missing = worksteal("topics", "check", *at, cwd=tmp_path)
    assert missing.status == 1
    assert "run `worksteal topics create`" in " ".join(missing.out.split())
    made = worksteal("topics", "create", *at, "--partitions", "3", cwd=tmp_path)
    assert made.out.endswith(f"{len(CATALOGUE)} created, 0 were there\n")
    again = worksteal("topics", "create", *at, cwd=tmp_path)
    assert again.out == f"0 created, {len(CATALOGUE)} were there\n"
    checked = worksteal("topics", "check", *at, cwd=tmp_path)
    assert (checked.status, checked.out.count(" ok ")) == (0, len(CATALOGUE))
    findings = asyncio.run(check(settings))
    assert {finding.partitions for finding in findings} == {3}

    asyncio.run(remade(broker.address, "admin-quotes", 2))
    asyncio.run(remade(broker.address, "admin-journal", 3, retention_ms="1000"))
    faults = {f.topic: f.fault for f in asyncio.run(check(settings)) if f.fault}
    assert set(faults) == {QUOTES.name, JOURNAL.name}
    assert faults[QUOTES.name].startswith("has 2 partitions, the others 3")
    assert faults[JOURNAL.name].startswith("retention.ms is 1000, not ")
    assert asyncio.run(create(settings, 3, 1)) == []


def test_without_a_broker_it_says_how_to_start_one(tmp_path):
    done = worksteal("topics", "check", "--bootstrap", NOBODY, cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"worksteal: no Kafka broker answers at {NOBODY}: start one with")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("bootstrap", "told"),
    [("kafka.example:9092", "add --insecure"), ("9092", "HOST:PORT"), ("host:port", "HOST:PORT")],
)
def test_a_plaintext_broker_elsewhere_must_be_meant(bootstrap, told, tmp_path):
    done = worksteal("topics", "create", "--bootstrap", bootstrap, cwd=tmp_path)
    assert done.status == 2
    assert told in done.err
