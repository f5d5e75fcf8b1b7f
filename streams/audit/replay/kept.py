"""A desk's rows at some places of its journal, to go on from; as many as memory is given for."""

from collections.abc import Mapping
from typing import NamedTuple

from state.desk import Desk

EVENTS = 20_000
"""Rows are kept after so many events at first: applying that many takes a fraction of a second."""

KEPT_BYTES_MAX = 256 * 1024 * 1024
"""For all partitions of a recording together."""


class Kept(NamedTuple):
    """A desk's rows, and the offset of the frame that comes next.  Without rows it is a new desk."""

    next_offset: int
    rows: Mapping[str, bytes]


class KeptRows:
    """Rows of one partition's desk.

    When they grow too large, every second goes, and half as many are kept from then on.
    """

    def __init__(self, bytes_max: int, every: int) -> None:
        self.places = [Kept(0, {})]
        self._bytes_max = bytes_max
        self._every = every
        self._events = 0
        self._sizes = [0]

    def applied(self, desk: Desk, events: int) -> None:
        """Take note of a frame of so many events that the desk has applied."""
        self._events += events + 1  # an empty frame takes time, too
        if self._events < self._every:
            return
        self._events = 0
        kept = Kept(desk.next_offset, desk.rows())
        self.places.append(kept)
        self._sizes.append(sum(len(key) + len(row) for key, row in kept.rows.items()))
        while sum(self._sizes) > self._bytes_max and len(self.places) > 1:
            self.places, self._sizes = self.places[::2], self._sizes[::2]
            self._every *= 2

    def before(self, offset: int) -> Kept:
        """Return the last place from which one can go on to a frame."""
        return max((kept for kept in self.places if kept.next_offset <= offset), key=_place)


def _place(kept: Kept) -> int:
    return kept.next_offset
