"""The desks: where they stand by the changelog, in the journal, and whether the local store knows."""

from collections.abc import Iterator, Mapping

from state.machine import CURSOR
from state.rows import RowsError, decode_rows
from streams.ground.kafka import Span, log_spans
from streams.ground.kafka.client import Consumer
from streams.journal.standing.claims import ClaimsError
from streams.journal.standing.restoring import read_machines

from .groups import Group, members_of
from .said import Line, fail, ok, sentence, warn
from .store import Stored

FRAMES_BEHIND = 1000

ANEW = "restore it, or begin anew with another group and topic prefix"


class Desks:
    """What the changelog says: its end by partition, and each desk's next journal offset."""

    def __init__(self) -> None:
        self.ends: dict[int, int] = {}
        self.stand: dict[int, int] = {}
        self.fault: Line | None = None


async def ask_desks(consumer: Consumer, changelog: str) -> Desks:
    """Read the changelog from its beginning: only so it is known whose rows to believe."""
    found = Desks()
    if changelog not in await consumer.topics():
        return found
    spans = await log_spans(consumer, changelog)
    found.ends = {number: span.end for number, span in spans.items()}
    try:
        stand = await read_machines(consumer, changelog, spans, _next_offset, only=(CURSOR,))
        found.stand = {number: offset for number, offset in stand.items() if offset is not None}
    except (ClaimsError, RowsError) as error:
        found.fault = sentence("desks", error)
    return found


def _next_offset(rows: Mapping[str, bytes]) -> int | None:
    """Return where a desk with these rows stands; None if it never made a checkpoint."""
    return decode_rows(rows)[0].next_offset if CURSOR in rows else None


def check_desks(group: Group, journal: Mapping[int, Span], desks: Desks) -> Iterator[Line]:
    """Compare each desk's place with what the journal has."""
    if desks.fault is not None:
        yield desks.fault
        return
    behind, lost = 0, False
    for number, span in sorted(journal.items()):
        stands = desks.stand.get(number, 0)
        behind += max(0, span.end - max(stands, span.first))
        told = ""
        if stands < span.first:
            told = f"begins at {span.first}, but its desk stands at {stands}"
        elif stands > span.end:
            told = f"ends at {span.end}, but its desk stands at {stands}"
        if told:
            lost = True
            yield fail("desks", f"journal partition {number} {told}", ANEW)
    told = f"{group.name}: {members_of(group)}, {behind:,} frames to apply"
    if not group.members and behind:
        yield warn("desks", told, "start `worksteal worker`")
    elif behind > FRAMES_BEHIND:
        yield warn("desks", told, "look again; if it grows, start more workers")
    elif not lost:
        yield ok("desks", told)


def check_stored(stored: Stored, desks: Desks) -> Iterator[Line]:
    """Compare the local store with the changelog's end."""
    other = [
        number for number, offset in sorted(stored.items()) if offset > desks.ends.get(number, 0)
    ]
    if other:
        number = other[0]
        yield fail(
            "table",
            f"partition {number} of the store has the changelog up to {stored[number]}, and that"
            f" ends at {desks.ends.get(number, 0)}: it was deleted, or belongs to another deployment",
            "correct group, topic_prefix or data_dir; if it was meant, the next start fills the store anew",
        )
        return
    behind = sum(desks.ends[number] - offset for number, offset in stored.items())
    if stored and behind:
        told = f"the local store is {behind:,} rows behind the changelog"
        yield ok("table", f"{told}; the next start reads it anew")
    elif stored:
        yield ok("table", f"{len(stored)} partitions stand at the changelog's end")
