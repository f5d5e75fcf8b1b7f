"""The topics: there, as the catalogue has them, with as many partitions, and with leaders."""

from collections.abc import Iterator
from typing import Any

from streams.ground.kafka.topic_admin import CHANGELOG_BYTES_MAX, Finding, configurations
from streams.ground.settings import Settings
from topics.catalogue import CATALOGUE, JOURNAL

from .said import Line, fail, ok, warn


def check_topics(settings: Settings, findings: list[Finding]) -> Iterator[Line]:
    """Say what differs from the catalogue; retention may be somebody's decision."""
    missing = [settings.topic(one.topic) for one in findings if not one.partitions]
    if len(missing) == len(findings):
        yield fail("topics", f"none of the {len(findings)} is there", "`worksteal topics create`")
        return
    for finding in findings:
        if finding.fault:
            told, _, do = finding.fault.partition(": ")
            say = warn if told.startswith("retention.ms") else fail
            yield say("topics", f"{settings.topic(finding.topic)}: {told}", do)
    good = [one for one in findings if not one.fault]
    if len(good) == len(findings):
        count = next(one.partitions for one in findings if one.topic == JOURNAL.name)
        yield ok("topics", f"{len(good)} as the catalogue has them")
        yield ok("topics", f"account topics and the journal have {count} partitions each")


async def check_changelog(client: Any, name: str, partitions: int) -> list[Line]:
    """Compare the desk table's changelog with the journal and with how workers make it."""
    if name not in await client.list_topics():
        return [ok("changelog", f"{name} is made at the first start")]
    (described,) = await client.describe_topics([name])
    count = len(described["partitions"])
    lines = []
    if count != partitions:
        lines.append(
            fail(
                "changelog",
                f"{name} has {count} partitions, the journal {partitions}",
                "rebuild it (docs/how-to/recover.md)",
            )
        )
    found = (await configurations(client, [name]))[name]
    if found.get("cleanup.policy") != "compact":
        do = "set it to compact with kafka-configs, before it loses rows"
        told = f"{name}: cleanup.policy is {found.get('cleanup.policy')}, not compact"
        lines.append(fail("changelog", told, do))
    if int(found.get("max.message.bytes", 0)) < CHANGELOG_BYTES_MAX:
        told = f"{name}: max.message.bytes is below {CHANGELOG_BYTES_MAX}"
        lines.append(warn("changelog", told, "set it with kafka-configs, for very large accounts"))
    return lines or [ok("changelog", f"{name} has {count} partitions and is compacted")]


async def check_leaders(client: Any, names: list[str]) -> list[Line]:
    """Look whether every partition has a leader, and all its copies."""
    if not names:
        return []
    lines, few = [], 0
    for topic in await client.describe_topics(names):
        headless = [part["partition"] for part in topic["partitions"] if part["leader"] < 0]
        few += sum(len(part["isr"]) < len(part["replicas"]) for part in topic["partitions"])
        if headless:
            told = f"{topic['topic']}: partition {headless[0]} has no leader"
            lines.append(fail("topics", told, "look at the brokers"))
    if few:
        told = f"{few} partitions have fewer copies in step than they should"
        lines.append(warn("topics", told, "look at the brokers that are away or behind"))
    return lines


def names_of(settings: Settings, findings: list[Finding]) -> list[str]:
    """Return what the topics that are there are called on the broker, in the catalogue's order."""
    there = {one.topic for one in findings if one.partitions}
    return [settings.topic(topic.name) for topic in CATALOGUE if topic.name in there]
