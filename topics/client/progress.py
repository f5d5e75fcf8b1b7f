"""How far a subscriber is: what was read, handed out, acknowledged.  No I/O.

A partition may be acknowledged up to the first message that was handed out and not acknowledged.
What was passed over (repeats, other kinds, other accounts) needs no acknowledgement of its own.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from ..ids import OutputId
from .log import Point, Record
from .marks import Marks


class Handed(NamedTuple):
    """A message that the subscriber has: `point` is where its partition stands behind it."""

    record: Record
    id: str
    point: Point

    def is_within(self, points: Mapping[int, Point]) -> bool:
        """Tell whether points acknowledge it."""
        point = points.get(self.record.partition)
        return point is not None and self.point.offset <= point.offset


class _Partition:
    def __init__(self, point: Point) -> None:
        self.marks = Marks(point.note)
        self.committed = point
        self.next = point.offset


class Progress:
    """The partitions that are held, and in one order what was handed out of them."""

    def __init__(self) -> None:
        self._held: dict[int, _Partition] = {}
        self._handed: deque[Handed] = deque()

    def given(self, partition: int, point: Point) -> None:
        """Begin a partition at a point."""
        self.taken(partition)
        self._held[partition] = _Partition(point)

    def taken(self, partition: int) -> list[Handed]:
        """Forget a partition; return what was handed out of it and is not acknowledged."""
        self._held.pop(partition, None)
        lost = [one for one in self._handed if one.record.partition == partition]
        self._handed = deque(one for one in self._handed if one.record.partition != partition)
        return lost

    def holds(self, record: Record) -> bool:
        """Tell whether a record's partition is held."""
        return record.partition in self._held

    def is_repeat(self, record: Record, place: OutputId, ts_us: int) -> bool:
        """Tell whether a message was seen before; if not, it is now."""
        return self._held[record.partition].marks.is_repeat(place, ts_us)

    def passed(self, record: Record) -> None:
        """Note that a record was read and concerns nobody."""
        self._held[record.partition].next = record.offset + 1

    def hand_out(self, record: Record, name: str) -> None:
        """Note that a record's message goes to the subscriber."""
        held = self._held[record.partition]
        held.next = record.offset + 1
        self._handed.append(Handed(record, name, Point(held.next, held.marks.note())))

    def outstanding(self) -> bool:
        """Tell whether the subscriber has something that is not acknowledged."""
        return bool(self._handed)

    def record_of(self, name: str) -> Record | None:
        """Return the record of a message that is not acknowledged yet."""
        return next((one.record for one in reversed(self._handed) if one.id == name), None)

    def all_points(self) -> dict[int, Point]:
        """Return what to commit when everything handed out is acknowledged."""
        points = {
            number: Point(held.next, held.marks.note())
            for number, held in self._held.items()
            if held.next != held.committed.offset
        }
        return dict(sorted(points.items()))

    def points_through(self, name: str) -> dict[int, Point]:
        """Return what to commit when a message and all handed out before it are acknowledged.

        Nothing if it is acknowledged already or its partition was taken away.
        """
        points: dict[int, Point] = {}
        for one in self._handed:
            points[one.record.partition] = one.point
            if one.id == name:
                return points
        return {}

    def acknowledged(self, points: dict[int, Point]) -> None:
        """Note that points were committed."""
        for number, point in points.items():
            if number in self._held:
                self._held[number].committed = point
        self._handed = deque(one for one in self._handed if not one.is_within(points))
