"""Which messages were seen already: one number for each partition.

A message's id is `<journal partition>-<journal offset>-<index>`.  Within a partition of a topic the
ids of one journal partition rise, but for repeats; so whatever is not above the highest one is a
repeat.  Topic and journal partitions go together, one and one, unless somebody made the topics with
different counts: then there are a few numbers to a partition, one for each journal partition.

Beside the number stands the message's time.  The desk's clock never goes back, so a true repeat is
never younger than the highest id.  One that is younger comes from a journal that was made anew,
whose ids begin low again; it is taken, and its id is the number from then on.
"""

import re
from typing import NamedTuple

_ID = re.compile(r"([0-9]{1,9})-([0-9]{1,19})-([0-9]{1,9})")
_NOTE = re.compile(r"([0-9]{1,9})-([0-9]{1,19})-([0-9]{1,9})@([0-9]{1,16})")
FORM = "ws1"
"""Stands first in a note, so that a later form can be told from this one."""


class MessageId(NamedTuple):
    """A message's id as numbers, so that 10 comes after 9."""

    partition: int
    offset: int
    number: int


class Mark(NamedTuple):
    """The highest id of one journal partition, and that message's own time in microseconds."""

    offset: int
    number: int
    ts_us: int


def message_id(text: str) -> MessageId | None:
    """Read an id; None if it has another form."""
    match = _ID.fullmatch(text)
    return None if match is None else MessageId(*map(int, match.groups()))


class Marks:
    """The marks of one partition of a topic."""

    def __init__(self, note: str = "") -> None:
        """Read what `note` wrote; a note of another form, or none at all, says nothing."""
        self._highest: dict[int, Mark] = {}
        form, *written = note.split(" ")
        if form == FORM:
            for match in filter(None, map(_NOTE.fullmatch, written)):
                journal, *mark = map(int, match.groups())
                self._highest[journal] = Mark(*mark)

    def is_repeat(self, place: MessageId, ts_us: int) -> bool:
        """Tell whether a message was seen before; if not, it is now."""
        highest = self._highest.get(place.partition)
        if (
            highest is not None
            and (place.offset, place.number) <= highest[:2]
            and ts_us <= highest.ts_us
        ):
            return True
        self._highest[place.partition] = Mark(place.offset, place.number, ts_us)
        return False

    def note(self) -> str:
        """Write the marks down, for the text that a group keeps beside an offset."""
        written = (
            f"{journal}-{mark.offset}-{mark.number}@{mark.ts_us}"
            for journal, mark in sorted(self._highest.items())
        )
        return " ".join((FORM, *written))
