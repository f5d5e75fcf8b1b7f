"""Reads `dead-letters`: first who is there, without the bytes, then the bytes of those that are wanted.

It all has to be looked through, for what tells whether a letter was put back stands behind it.  A
healthy deployment has few.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from streams.ground.kafka import Span, log_spans, read_log, reader
from streams.ground.kafka.client import Consumer
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.observe.errors import DeadLetterError
from topics.catalogue import DEAD_LETTERS

from .letter import Letter, Note, Origin, Place, place_text, read_record

CHUNK_LETTERS = 500
CHUNK_BYTES = 32 << 20
"""Of letters whose bytes are held at one time."""


class LetterSurvey(NamedTuple):
    """What stands in some partitions: letters in their order of time, notes by the letters' origins.

    A letter can stand there twice, for the sequencer sends again what it does not know to have
    arrived.  Both have one origin, so both count as put back when one of them was.
    """

    letters: list[Letter]
    notes: dict[Origin, Note]
    spans: dict[int, Span]
    note_places: dict[Place, Note]

    def note_of(self, letter: Letter) -> Note | None:
        """Return the latest note of a letter, or None if it was never put back."""
        return None if letter.origin is None else self.notes.get(letter.origin)

    def at(self, place: Place) -> Letter:
        """Return the letter at a place; raises `DeadLetterError` if there is none."""
        for letter in self.letters:
            if letter.place == place:
                return letter
        raise DeadLetterError(self._why_not(place))

    def _why_not(self, place: Place) -> str:
        told = place_text(place)
        note = self.note_places.get(place)
        if note is not None:
            return f"{told} is the note that {note.letter} was put back; name that one instead."
        span = self.spans.get(place[0])
        if span is None:
            return (
                f"{told}: {DEAD_LETTERS.name} has no partition {place[0]}; `worksteal dlq list`"
                " shows what is there."
            )
        if place[1] < span.first:
            return f"{told} is gone: retention has taken what stood before {place[0]}:{span.first}."
        return f"there is no dead letter at {told}; `worksteal dlq list` shows what is there."


class DeadLetters:
    """The topic, open for reading."""

    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic

    async def survey(self, partitions: Iterable[int] | None = None) -> LetterSurvey:
        """Look through these partitions, or all; those that do not exist have nothing."""
        spans = await log_spans(self._consumer, self._topic)
        wanted = spans if partitions is None else _picked(spans, partitions)
        found = LetterSurvey([], {}, spans, {})
        async for records in read_log(self._consumer, self._topic, wanted):
            for read in map(read_record, records):
                if isinstance(read, Letter):
                    found.letters.append(read)
                    continue
                found.note_places[read.place] = read
                if read.origin is not None:
                    found.notes[read.origin] = read
        found.letters.sort(key=lambda letter: (letter.ts_ms, letter.place))
        return found

    async def values(self, letters: Sequence[Letter]) -> AsyncIterator[tuple[Letter, bytes]]:
        """Give each letter with its exact bytes, in the order told, a bounded number at a time."""
        for chunk in _chunks(letters):
            found = await self._read({letter.place for letter in chunk})
            for letter in chunk:
                yield letter, found[letter.place]

    async def _read(self, places: set[Place]) -> dict[Place, bytes]:
        spans: dict[int, Span] = {}
        for number, offset in sorted(places):
            first = spans.get(number, Span(offset, 0)).first
            spans[number] = Span(first, offset + 1)
        found: dict[Place, bytes] = {}
        async for records in read_log(self._consumer, self._topic, spans):
            for record in records:
                if (record.partition, record.offset) in places:
                    found[record.partition, record.offset] = record.value or b""
        for place in sorted(places - found.keys()):
            raise DeadLetterError(
                f"{place_text(place)} is gone: retention has just taken it; choose another."
            )
        return found


def _picked(spans: dict[int, Span], partitions: Iterable[int]) -> dict[int, Span]:
    wanted = set(partitions)
    return {number: span for number, span in spans.items() if number in wanted}


def _chunks(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    chunk: list[Letter] = []
    size = 0
    for letter in letters:
        if chunk and (len(chunk) == CHUNK_LETTERS or size + letter.size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(letter)
        size += letter.size
    if chunk:
        yield chunk


@asynccontextmanager
async def dead_letters(settings: Settings) -> AsyncIterator[DeadLetters]:
    """Open the topic for reading; raises `BrokerError` if the broker or the topic is not there."""
    consumer = await reader(client_options(settings))
    try:
        yield DeadLetters(consumer, settings.topic(DEAD_LETTERS.name))
    finally:
        await stop_consumer(consumer)
