"""The two consumer groups: who is in them, how far they are, and whether anything is lost to them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from streams.ground.kafka import Span
from streams.ground.settings import Settings
from streams.journal.writing.positions import LostError, SourceLog, begin
from topics.catalogue import INBOUND, JOURNAL

from .said import Line, ok, sentence, warn

RECORDS_BEHIND = 100_000
"""Half a second's work for a sequencer at full speed; a second look tells whether it falls back."""

Spans = Mapping[str, Mapping[int, Span]]
"""What each topic holds, by its name in the catalogue and by partition."""


class Group(NamedTuple):
    """A consumer group: `committed` has the next offset by topic (its name here) and partition."""

    name: str
    members: int = 0
    committed: Mapping[tuple[str, int], int] = {}


async def ask_group(client: Any, name: str) -> Group:
    """Ask the brokers; a group that nobody was ever in is empty."""
    # Asked for by name, a group that is not there would be looked for until the time is over.
    if name not in {known for known, *_ in await client.list_consumer_groups()}:
        return Group(name)
    (answer,) = await client.describe_consumer_groups([name])
    ((_, _, _, _, _, members, *_),) = answer.groups
    offsets = await client.list_consumer_group_offsets(name)
    committed = {(at.topic, at.partition): found.offset for at, found in offsets.items()}
    return Group(name, len(members), committed)


def check_sequencing(settings: Settings, group: Group, spans: Spans) -> Iterator[Line]:
    """Compare what was framed with what the sources have."""
    fresh = not any(span.end for span in spans[JOURNAL.name].values())
    waiting, lost = 0, False
    for topic in INBOUND:
        for number, span in spans.get(topic.name, {}).items():
            committed = group.committed.get((settings.topic(topic.name), number))
            log = SourceLog(topic.name, number, span.first, span.end)
            waiting += span.end - max(span.first, committed or 0)
            if committed is None and not fresh:
                continue  # the journal knows; the sequencer asks it
            try:
                begin(log, committed, fresh=fresh, accept_gap=False)
            except LostError as error:
                lost = True
                yield sentence("sequencer", error)
    told = f"{group.name}: {members_of(group)}, {waiting:,} records wait to be framed"
    if not group.members and waiting:
        yield warn("sequencer", told, "start `worksteal worker`")
    elif waiting > RECORDS_BEHIND:
        yield warn("sequencer", told, "look again; if it grows, start more workers")
    elif not lost:
        yield ok("sequencer", told)


def members_of(group: Group) -> str:
    """Say how many are in a group."""
    if not group.members:
        return "nobody is in it"
    return f"{group.members} worker{'' if group.members == 1 else 's'}"
