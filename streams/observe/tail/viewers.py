"""How records of each topic are looked at, and which of them are wanted."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from streams.ground.kafka import LogRecord
from streams.observe.dead_letters import Note, place_text, read_record
from streams.observe.dead_letters.advice import MEANING, meaning_of
from streams.observe.errors import TailError
from topics.catalogue import DEAD_LETTERS, EXECUTION, JOURNAL, STEALS
from topics.client.errors import ClientSettingsError
from topics.client.log import Record
from topics.client.marks import Marks
from topics.client.wanted import UNREADABLE, Wanted
from topics.codec import FrameFault, decode_frame
from topics.events import EVENT_TYPES, Event
from topics.frames import advance, joins

from .sight import Sight, words_of

Viewer = Callable[[LogRecord], Iterator[Sight]]
"""Yields what is wanted of a record; asked once for each record, in the order of each partition."""

TOPICS = (STEALS.name, EXECUTION.name, JOURNAL.name, DEAD_LETTERS.name)


def viewer_for(topic: str, kinds: Sequence[str], accounts: Sequence[str]) -> Viewer:
    """Return what looks at a topic's records; no kinds or no accounts are all of them.

    Raises `TailError` for words that the topic does not have.
    """
    if topic == JOURNAL.name:
        return _Journal(kinds, accounts)
    if topic == DEAD_LETTERS.name:
        if accounts:
            raise TailError(
                f"--account: a record on {topic} was not understood, so it has no account; choose"
                " by --kind, its reason."
            )
        return _DeadLetters(kinds)
    if topic in TOPICS:
        return _Messages(topic, kinds, accounts)
    raise TailError(f"there is no topic {topic!r} to look at; there are {', '.join(TOPICS)}.")


def _known(kinds: Sequence[str], topic: str, names: Sequence[str]) -> frozenset[str]:
    for kind in kinds:
        if kind not in names:
            near = get_close_matches(kind, names, 1)
            told = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."
            raise TailError(f"--kind {kind}: {topic} has no such thing; {told}")
    return frozenset(kinds)


def _unreadable(record: LogRecord, why: str) -> Sight:
    """Nothing is passed over in silence, and nothing stops somebody who only looks."""
    body = {"unreadable": why, "bytes": len(record.value or b"")}
    place = place_text((record.partition, record.offset))
    return Sight(record.ts_ms * 1000, place, None, f"unreadable: {why}", body)


class _Messages:
    """Facts or commands, each once."""

    def __init__(self, topic: str, kinds: Sequence[str], accounts: Sequence[str]) -> None:
        try:
            self._wanted: Wanted[Any] = Wanted(topic, kinds or None, accounts or None)
        except ClientSettingsError as error:
            raise TailError(str(error)) from error
        self._marks: defaultdict[int, Marks] = defaultdict(Marks)

    def __call__(self, told: LogRecord) -> Iterator[Sight]:
        record = Record(told.partition, told.offset, told.ts_ms, told.value or b"")
        try:
            label, place = self._wanted.sight(record)
            message = self._wanted.decode(record, label) if self._wanted.takes(label) else None
        except (*UNREADABLE, ValueError) as error:
            yield _unreadable(told, str(error))
            return
        if not self._marks[told.partition].is_repeat(place, label.ts_us) and message is not None:
            body = msgspec.to_builtins(message)
            yield Sight(label.ts_us, label.id, label.account, words_of(message), {"message": body})


class _Journal:
    """Events as desks take them: by the chain rule, from the first run that is seen."""

    def __init__(self, kinds: Sequence[str], accounts: Sequence[str]) -> None:
        names = [str(model.__struct_config__.tag) for model in EVENT_TYPES]
        self._kinds = _known(kinds, JOURNAL.name, names)
        self._accounts = frozenset(accounts)
        self._taken: dict[tuple[int, str, int], int] = {}

    def __call__(self, record: LogRecord) -> Iterator[Sight]:
        try:
            frame = decode_frame(record.value or b"")
        except FrameFault as error:
            yield _unreadable(record, str(error))
            return
        after = []
        for run in frame.runs:
            source = (record.partition, run.topic, run.partition)
            mark = self._taken.get(source, run.prev)
            taken = joins(run, mark)
            after.append(mark if taken else run.last)
            self._taken[source] = advance(run, mark) if taken else mark
        for index, offset, event in ((one.run, one.offset, one.event) for one in frame.events):
            if offset > after[index] and self._wants(event):
                run = frame.runs[index]
                place = f"{run.topic}:{run.partition}:{offset}"
                body = {
                    "journal": place_text((record.partition, record.offset)),
                    "event": msgspec.to_builtins(event),
                }
                yield Sight(record.ts_ms * 1000, place, _account(event), words_of(event), body)

    def _wants(self, event: Event) -> bool:
        if self._kinds and str(event.__struct_config__.tag) not in self._kinds:
            return False
        return not self._accounts or _account(event) in self._accounts


def _account(event: Event) -> str | None:
    return getattr(event, "account", None)


class _DeadLetters:
    """Refused records by their reason, and notes that one was put back."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self._kinds = _known(kinds, DEAD_LETTERS.name, list(MEANING))

    def __call__(self, record: LogRecord) -> Iterator[Sight]:
        letter = read_record(record)
        place = place_text(letter.place)
        ts_us = letter.ts_ms * 1000
        if isinstance(letter, Note):
            if not self._kinds:
                body = {"redriven": letter.letter, "to": letter.to, "corrected": letter.corrected}
                what = f"{letter.letter} was put back, to {letter.to}"
                yield Sight(ts_us, place, None, what, body)
        elif not self._kinds or letter.reason in self._kinds:
            where = f" in {letter.field}" if letter.field else ""
            meaning = meaning_of(letter.reason)
            origin = None if letter.origin is None else str(letter.origin)
            yield Sight(
                ts_us,
                place,
                None,
                f"{letter.reason}{where}: {meaning}; {origin or 'unknown'}, {letter.size:,} bytes",
                {
                    "reason": letter.reason,
                    "meaning": meaning,
                    "field": letter.field,
                    "origin": origin,
                    "bytes": letter.size,
                },
            )
