"""Which messages were seen already: one number for each partition.

Within a partition of a topic the ids of one journal partition rise, but for repeats; so whatever is
not above the highest one is a repeat.  Topic and journal partitions go together, one and one, unless somebody made the topics with
different counts: then there are a few numbers to a partition, one for each journal partition.

Beside the number stands the message's time.  The desk's clock never goes back, so a true repeat is
never younger than the highest id.  One that is younger comes from a journal that was made anew,
whose ids begin low again; it is taken, and its id is the number from then on.
"""

import re
from typing import NamedTuple

from ..ids import OutputId, parse_id

_TIME = re.compile(r"[0-9]{1,16}")
FORM = "ws1"
"""Stands first in a note, so that a later form can be told from this one."""


class Mark(NamedTuple):
    """The highest id of one journal partition, and that message's own time in microseconds."""

    offset: int
    nth: int
    ts_us: int


class Marks:
    """The marks of one partition of a topic."""

    def __init__(self, note: str = "") -> None:
        """Read what `note` wrote; a note of another form, or none at all, says nothing."""
        self._highest: dict[int, Mark] = {}
        form, *written = note.split(" ")
        if form == FORM:
            for mark in written:
                name, _, ts_us = mark.partition("@")
                highest = parse_id(name)
                if highest is not None and _TIME.fullmatch(ts_us):
                    self._highest[highest.partition] = Mark(*highest[1:], int(ts_us))

    def is_repeat(self, place: OutputId, ts_us: int) -> bool:
        """Tell whether a message was seen before; if not, it is now."""
        highest = self._highest.get(place.partition)
        if highest is not None and place[1:] <= highest[:2] and ts_us <= highest.ts_us:
            return True
        self._highest[place.partition] = Mark(*place[1:], ts_us)
        return False

    def note(self) -> str:
        """Write the marks down, for the text that a group keeps beside an offset."""
        written = (
            f"{OutputId(journal, mark.offset, mark.nth)}@{mark.ts_us}"
            for journal, mark in sorted(self._highest.items())
        )
        return " ".join((FORM, *written))
