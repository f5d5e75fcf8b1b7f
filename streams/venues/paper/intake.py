"""Takes the records of `execution`: which commands are followed, and what becomes of the others.

A new venue finds the commands of an earlier one in the topic.  They were decided on accounts that are
no more, so it does not follow them; it refuses each, so that nobody waits for ever for an answer.
The command's own time tells, which is the desk's when it decided, and not its record's: a desk that
was killed says the same command again in a younger record, and what was refused must not be followed
then.  Nor do their ids count as handled: if the journal was made anew as well, ids begin low again.
"""

from collections.abc import Callable

from topics.codec import decode_command
from topics.commands import AnyCommand
from topics.ids import OutputId, parse_id

from .book import PaperBook
from .marks import CommandMarks, RepeatAlarm
from .records import UNREADABLE, VenueRecord

CLOCKS_APART_US = 60_000_000
"""A command is older than the venue if it was decided so long before: their clocks may differ."""


class Counts:
    """What a venue has done since it started."""

    def __init__(self) -> None:
        self.commands = self.repeats = self.too_old = self.quotes = self.answers = 0


class Commands:
    """Hands commands to a book.

    `say` gets a sentence about a record that is no command, and about repeats without end.
    """

    def __init__(
        self, book: PaperBook, marks: CommandMarks, counts: Counts, say: Callable[[str], None]
    ) -> None:
        self._book = book
        self._marks = marks
        self._counts = counts
        self._say = say
        self._alarm = RepeatAlarm()

    def take(self, partition: int, records: list[VenueRecord], now_us: int) -> None:
        """Take new records of a partition of `execution`, in their order."""
        for record in records:
            try:
                command = decode_command(record.value or b"")
            except UNREADABLE as error:
                self._say(f"execution:{partition}:{record.offset} is no command: {error}")
                continue
            place = parse_id(command.id)
            if place is None:
                told = f"{command.id!r} is no command's id"
                self._say(f"execution:{partition}:{record.offset} is no command: {told}")
            else:
                self._take(partition, place, command, now_us)

    def _take(self, partition: int, place: OutputId, command: AnyCommand, now_us: int) -> None:
        if self._marks.is_repeat(partition, place):
            self._counts.repeats += 1
            told = self._alarm.repeat(now_us)
            if told is not None:
                self._say(told)
            return
        self._alarm.calm()
        if command.ts_us < self._book.born_us - CLOCKS_APART_US:
            self._counts.too_old += 1
            self._book.turn_away(command, "older than this venue", now_us)
            return
        self._marks.handled(partition, place)
        self._counts.commands += 1
        self._book.command(command, now_us)
