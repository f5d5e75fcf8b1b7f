"""Makes the catalogue's topics on a broker, and says where a broker differs from the catalogue.

Nothing is ever changed on an existing topic: more partitions would move keys, and retention may be
somebody's decision.  `check` says what to do instead.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code

from streams.ground.settings import Settings, client_options
from topics.catalogue import CATALOGUE, JOURNAL, Topic

from .errors import BrokerError

TOPIC_ALREADY_EXISTS = 36

VISIBLE_TRIES = 300
VISIBLE_S = 0.1
"""A new topic takes a moment to be known, on a slow broker seconds."""

CHANGELOG_BYTES_MAX = 64 << 20
"""Of one record batch.  An account is one row, 250 bytes for each entry that waits in it, and one
that did not fit could never be made durable; brokers take a megabyte by default."""


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
    if topic.batch_bytes_max is not None:
        wanted["max.message.bytes"] = str(topic.batch_bytes_max)
    return wanted


async def connect(settings: Settings) -> AIOKafkaAdminClient:
    """Return a started client; raises `BrokerError` if nobody answers."""
    client = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=10_000)
    try:
        await client.start()
    except KafkaConnectionError as error:
        await client.close()
        raise BrokerError.nobody_answers(settings.bootstrap) from error
    return client


async def create(settings: Settings, partitions: int, replication: int) -> list[str]:
    """Create what is missing; return the names of the new topics.  What exists stays as it is."""
    client = await connect(settings)
    try:
        wanted = [
            NewTopic(
                settings.topic(topic.name),
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
                raise BrokerError(
                    f"topic {name} cannot be created ({told}): look at the broker's log"
                )
        await _until_there(client, [settings.topic(topic.name) for topic in CATALOGUE])
    except KafkaError as error:
        raise BrokerError(
            f"the topics cannot be created ({error}): look at the broker's log"
        ) from error
    finally:
        await client.close()
    return made


async def check(settings: Settings) -> list[Finding]:
    """Compare the broker with the catalogue, in the catalogue's order.

    The partition count may be any, but must be the same for every topic that leaves it open.
    """
    client = await connect(settings)
    try:
        counts = await _partition_counts(client, settings)
        present = [topic for topic in CATALOGUE if topic.name in counts]
        real = {settings.topic(topic.name): topic.name for topic in present}
        named = await configurations(client, list(real))
        found = {real[name]: settings_there for name, settings_there in named.items()}
    except KafkaError as error:
        raise BrokerError(
            f"the topics cannot be looked at ({error}): look at the broker's log"
        ) from error
    finally:
        await client.close()
    # What most of them have: whoever is told to begin anew should be the odd one.
    found_counts = [counts[topic.name] for topic in present if topic.partitions is None]
    expected = max(found_counts, key=lambda count: (found_counts.count(count), count), default=0)
    return [
        Finding(
            topic.name,
            counts.get(topic.name, 0),
            _fault(topic, counts, found.get(topic.name, {}), expected),
        )
        for topic in CATALOGUE
    ]


def _fault(topic: Topic, counts: dict[str, int], found: dict[str, str], expected: int) -> str:
    """Say what is wrong with one topic, and what to do."""
    if topic.name not in counts:
        return "missing: run `worksteal topics create`"
    count, wanted = counts[topic.name], topic.partitions or expected
    if count != wanted:
        return f"has {count} partitions, the others {wanted}: delete it and create it anew"
    for key, value in configuration(topic).items():
        if key == "max.message.bytes" and int(found.get(key, 0)) >= int(value):
            continue
        if found.get(key) != value:
            return f"{key} is {found.get(key)}, not {value}: set it with kafka-configs"
    return ""


async def _partition_counts(client: AIOKafkaAdminClient, settings: Settings) -> dict[str, int]:
    """Return how many partitions each topic of the catalogue has; missing ones are left out."""
    there = set(await client.list_topics())
    names = {settings.topic(topic.name): topic.name for topic in CATALOGUE}
    wanted = [name for name in names if name in there]
    described: list[dict[str, Any]] = await client.describe_topics(wanted) if wanted else []
    return {names[item["topic"]]: len(item["partitions"]) for item in described}


async def configurations(
    client: AIOKafkaAdminClient, names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return the settings of topics, by their names on the broker."""
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for answer in await client.describe_configs(resources):
        for _, _, _, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


async def require(settings: Settings) -> dict[str, int]:
    """Return how many partitions each topic has; raises `BrokerError` unless all is as it must be.

    Retention may be anybody's decision; what is missing, or would decide wrongly, is not.
    """
    findings = await check(settings)
    for finding in findings:
        if finding.fault and not finding.fault.startswith("retention.ms"):
            raise BrokerError(f"topic {settings.topic(finding.topic)} {finding.fault}.")
    return {finding.topic: finding.partitions for finding in findings}


async def ensure_changelog(settings: Settings, name: str) -> None:
    """Create the changelog if it is missing, with as many partitions as the journal has.

    An active segment is not compacted, so segments are short lest recovery slow down by the hour.
    What is younger than ten minutes is not compacted at all: see `streams.journal.standing.claims`.
    """
    client = await connect(settings)
    try:
        journal = settings.topic(JOURNAL.name)
        (described,) = await client.describe_topics([journal])
        copies = min(len(part["replicas"]) for part in described["partitions"])
        wanted = NewTopic(
            name,
            len(described["partitions"]),
            copies,
            topic_configs={
                "cleanup.policy": "compact",
                "segment.ms": "600000",
                "min.cleanable.dirty.ratio": "0.1",
                "min.compaction.lag.ms": "600000",
                "max.message.bytes": str(CHANGELOG_BYTES_MAX),
            },
        )
        answer = await client.create_topics([wanted], timeout_ms=10_000)
        ((_, code, *_),) = answer.topic_errors
        if code not in (0, TOPIC_ALREADY_EXISTS):
            told = for_code(code).description
            raise BrokerError(f"topic {name} cannot be created ({told}): look at the broker's log.")
        await _until_there(client, [name])
    except KafkaError as error:
        raise BrokerError(
            f"topic {name} cannot be created ({error}): look at the broker's log."
        ) from error
    finally:
        await client.close()


async def _until_there(client: AIOKafkaAdminClient, names: list[str]) -> None:
    """Wait until new topics have leaders: a consumer that asks before is told of none of them."""
    for _ in range(VISIBLE_TRIES):
        described: list[dict[str, Any]] = await client.describe_topics(names)
        parts = [part for topic in described for part in topic["partitions"]]
        there = [topic for topic in described if topic["error_code"] == 0 and topic["partitions"]]
        if len(there) == len(names) and all(part["leader"] >= 0 for part in parts):
            return
        await asyncio.sleep(VISIBLE_S)
    raise BrokerError(f"topics {', '.join(names)} have no leader: look at the brokers.")
