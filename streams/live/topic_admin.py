"""Makes the catalogue's topics on a broker, and says where a broker differs from the catalogue.

Nothing is ever changed on an existing topic: more partitions would move keys, and retention may be
somebody's decision.  `check` says what to do instead.
"""

from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code

from topics.catalogue import CATALOGUE, Topic

TOPIC_ALREADY_EXISTS = 36


class BrokerError(Exception):
    """The broker cannot be used; the message is one sentence that says what to do."""


class Finding(NamedTuple):
    """One topic on the broker: `fault` is empty when it is as the catalogue wants it."""

    topic: str
    partitions: int
    fault: str


def configuration(topic: Topic) -> dict[str, str]:
    """Return the settings that the catalogue asks of a topic."""
    wanted = {"cleanup.policy": topic.cleanup, "retention.ms": str(topic.retention_ms)}
    if topic.append_time:
        wanted["message.timestamp.type"] = "LogAppendTime"
    return wanted


async def connect(bootstrap: str) -> AIOKafkaAdminClient:
    """Return a started client; raises `BrokerError` if nobody answers."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await client.start()
    except KafkaConnectionError as error:
        await client.close()
        raise BrokerError(
            f"no Kafka broker answers at {bootstrap}: start one with `deploy/kafka/broker start`,"
            " or name another with --bootstrap."
        ) from error
    return client


async def create(bootstrap: str, partitions: int, replication: int) -> list[str]:
    """Create what is missing; return the names of the new topics.  What exists stays as it is."""
    client = await connect(bootstrap)
    try:
        wanted = [
            NewTopic(
                topic.name,
                topic.partitions or partitions,
                replication,
                topic_configs=configuration(topic),
            )
            for topic in CATALOGUE
        ]
        answer = await client.create_topics(wanted, timeout_ms=10_000)
        made = []
        for name, code, *rest in answer.topic_errors:
            if code == 0:
                made.append(name)
            elif code != TOPIC_ALREADY_EXISTS:
                told = (rest[0] if rest else None) or for_code(code).description
                raise BrokerError(f"topic {name} cannot be created: {told}")
    except KafkaError as error:
        raise BrokerError(f"the topics cannot be created: {error}") from error
    finally:
        await client.close()
    return made


async def check(bootstrap: str) -> list[Finding]:
    """Compare the broker with the catalogue, in the catalogue's order.

    The partition count may be any, but must be the same for every topic that leaves it open.
    """
    client = await connect(bootstrap)
    try:
        counts = await _partition_counts(client)
        present = [topic for topic in CATALOGUE if topic.name in counts]
        settings = await _settings(client, [topic.name for topic in present])
    except KafkaError as error:
        raise BrokerError(f"the topics cannot be looked at: {error}") from error
    finally:
        await client.close()
    open_counts = sorted({counts[topic.name] for topic in present if topic.partitions is None})
    expected = open_counts[-1] if open_counts else 0
    return [
        Finding(
            topic.name,
            counts.get(topic.name, 0),
            _fault(topic, counts, settings.get(topic.name, {}), expected),
        )
        for topic in CATALOGUE
    ]


def _fault(topic: Topic, counts: dict[str, int], settings: dict[str, str], expected: int) -> str:
    """Say what is wrong with one topic, and what to do."""
    if topic.name not in counts:
        return "missing: run `worksteal topics create`"
    count, wanted = counts[topic.name], topic.partitions or expected
    if count != wanted:
        return f"has {count} partitions, the others {wanted}: delete it and create it anew"
    for key, value in configuration(topic).items():
        if settings.get(key) != value:
            return f"{key} is {settings.get(key)}, not {value}: set it with kafka-configs"
    return ""


async def _partition_counts(client: AIOKafkaAdminClient) -> dict[str, int]:
    names = set(await client.list_topics())
    wanted = [topic.name for topic in CATALOGUE if topic.name in names]
    described: list[dict[str, Any]] = await client.describe_topics(wanted) if wanted else []
    return {item["topic"]: len(item["partitions"]) for item in described}


async def _settings(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for answer in await client.describe_configs(resources):
        for _, _, _, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
