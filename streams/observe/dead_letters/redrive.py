"""Puts a refused record back on a source topic, corrected or as it is, and notes that on `dead-letters`.

    check ──▶ the record on its source topic, acknowledged ──▶ the note on dead-letters, acknowledged

At least once: who dies between the two has put the record back, and no note says so.  The other
order could lose it.  The desk refuses a fill that comes twice, and an entry while it knows the first.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from streams.ground.kafka import BrokerError
from streams.ground.kafka.client import KafkaError, Producer, partition_of
from streams.ground.settings import Settings
from streams.observe.errors import DeadLetterError
from topics.catalogue import DEAD_LETTERS, INBOUND, TOPIC_OF
from topics.codec import decode_event
from topics.events import PolicySet
from topics.headers import REDRIVEN_FROM, REDRIVEN_ORIGINAL, TRACEPARENT, Header
from topics.refusals import RecordRefusal, Refused

from .hexdump import word
from .letter import Letter, Note, Origin, note_headers, place_text

SOURCES = frozenset(topic.name for topic in INBOUND)
"""For membership only."""


class RedriveOptions(NamedTuple):
    """What the person who redrives said beside which letter."""

    force: bool = False
    reroute: bool = False
    keep_partition: bool = False


class Redriven(NamedTuple):
    """One record, ready to be put back: where it goes, its key (None: no event tells it), its bytes."""

    letter: Letter
    topic: str
    partition: int
    key: bytes | None
    value: bytes
    corrected: bool

    @property
    def headers(self) -> list[Header]:
        """Return what says whence the record comes, and the trace that it belongs to."""
        letter = self.letter
        place = f"{DEAD_LETTERS.name}:{place_text(letter.place)}"
        trace = [] if letter.trace is None else [(TRACEPARENT, letter.trace)]
        return [
            *trace,
            (REDRIVEN_FROM, place.encode()),
            (REDRIVEN_ORIGINAL, str(letter.origin).encode()),
        ]


def prepare(
    letter: Letter,
    value: bytes,
    note: Note | None,
    partitions: Mapping[str, int],
    options: RedriveOptions = RedriveOptions(),  # noqa: B008 - immutable
    *,
    corrected: bool = False,
) -> Redriven:
    """Check a letter that is to go back with these bytes, and say where it goes.

    `partitions` has the number of partitions of each source topic.  Raises `DeadLetterError` if it
    cannot go back, and unless `force` says that it is meant, if it would come straight back or was put
    back before.
    """
    place, origin = place_text(letter.place), _source(letter)
    if letter.cut_from is not None and not corrected:
        raise DeadLetterError(
            f"{place} was cut from {letter.cut_from:,} to {letter.size:,} bytes, so what is here is"
            f" no record: read {origin} on its topic, or give the record whole with --with."
        )
    if note is not None and not options.force:
        raise DeadLetterError(
            f"{place} was put back already, to {note.to}: add --force if it shall be there twice."
        )
    whose = f"the record of --with for {place}" if corrected else place
    topic, key = _target(whose, origin.topic, value, options)
    count = partitions.get(topic, 0)
    partition = origin.partition
    if key is not None and not options.keep_partition and count:
        partition = partition_of(key, count)
    if partition >= count:
        raise DeadLetterError(
            f"{place} came from partition {origin.partition} of {origin.topic}, and {topic} has"
            f" {count}: give a corrected record whose key picks its partition."
        )
    return Redriven(letter, topic, partition, key, value, corrected)


def _source(letter: Letter) -> Origin:
    if letter.origin is None or letter.origin.topic not in SOURCES:
        raise DeadLetterError(
            f"{place_text(letter.place)} does not say from which source topic it came, so it cannot"
            " be put back: publish the record where it belongs."
        )
    return letter.origin


def _target(
    whose: str, topic: str, value: bytes, options: RedriveOptions
) -> tuple[str, bytes | None]:
    """Return the topic and key of a record that goes back; raises if it would be refused again."""
    event = decode_event(value)
    if isinstance(event, Refused):
        if options.force:
            return topic, None
        cure = (
            "upgrade first"
            if event.reason == RecordRefusal.NEWER_VERSION
            else "correct it with --with"
        )
        raise DeadLetterError(
            f"{whose} would come straight back ({word(str(event))}): {cure}, or add --force if that is meant."
        )
    right = TOPIC_OF[type(event)].name
    if right != topic and not options.force:
        if not options.reroute:
            raise DeadLetterError(
                f"{whose} would come straight back (wrong_topic): {topic} does not carry this event;"
                f" add --reroute to send it to {right}, or --force if that is meant."
            )
        if isinstance(event, PolicySet) and event.account is None:
            raise DeadLetterError(
                f"{whose} is a policy for all accounts, which must go to every partition: put it in"
                " force with `worksteal policy set`."
            )
        topic = right
    return topic, key_of(event)


def key_of(event: msgspec.Struct) -> bytes | None:
    """Return an event's key: its account, or the symbol; None for a policy for all accounts."""
    name = getattr(event, TOPIC_OF[type(event)].key)
    return None if name is None else str(name).encode()


async def redrive(producer: Producer, settings: Settings, record: Redriven) -> str:
    """Put a record back, then note it; returns its topic, partition and offset.

    Raises `BrokerError` if the broker does not take it; it may then be there all the same.
    """
    to = await put_back(producer, settings, record)
    await write_note(producer, settings, record, to)
    return to


async def put_back(producer: Producer, settings: Settings, record: Redriven) -> str:
    """Publish the record and wait for the acknowledgement."""
    offset = await _send(
        producer,
        settings.topic(record.topic),
        record.value,
        key=record.key,
        partition=record.partition,
        headers=record.headers,
    )
    return f"{record.topic}:{record.partition}:{offset}"


async def write_note(producer: Producer, settings: Settings, record: Redriven, to: str) -> None:
    """Publish the note, in the partition of its letter, and wait for the acknowledgement."""
    await _send(
        producer,
        settings.topic(DEAD_LETTERS.name),
        b"",
        key=str(record.letter.origin).encode(),
        partition=record.letter.place[0],
        headers=note_headers(
            record.letter, to, settings.topic(record.topic), corrected=record.corrected
        ),
    )


async def _send(
    producer: Producer,
    topic: str,
    value: bytes,
    *,
    key: bytes | None,
    partition: int,
    headers: list[Header],
) -> int:
    try:
        sent = await producer.send_and_wait(
            topic, value, key=key, partition=partition, headers=headers
        )
    except KafkaError as error:
        raise BrokerError(f"a record for topic {topic} cannot be published: {error}.") from error
    return int(sent.offset)
