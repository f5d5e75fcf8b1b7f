"""Which commands were handled already: one number per partition.

Ids of one journal partition rise within a partition of `execution`, so whatever is not above the
highest one handled is a repeat.  The number is kept for each pair of the two partitions: they go together, one and one, unless the
topics were made with different counts, and then no order holds between partitions of `execution`.
"""

from topics.ids import OutputId


class CommandMarks:
    """The highest command handled, by partition of `execution` and of the journal."""

    def __init__(self, marks: dict[str, tuple[int, int]]) -> None:
        self.marks = marks

    def is_repeat(self, execution_partition: int, command: OutputId) -> bool:
        """Tell whether a command was handled already."""
        highest = self.marks.get(f"{execution_partition}:{command.partition}", (-1, -1))
        return (command.offset, command.nth) <= highest

    def handled(self, execution_partition: int, command: OutputId) -> None:
        """Count a command that is no repeat as handled."""
        pair = f"{execution_partition}:{command.partition}"
        self.marks[pair] = (command.offset, command.nth)


REPEATS_MAX = 100
"""In a row: a desk that was killed may repeat more, but seldom does."""

REMIND_US = 60_000_000


class RepeatAlarm:
    """Tells when there are repeats and nothing else: perhaps the journal was made anew.

    Its ids begin low again then, and every command looks like a repeat.  A desk that was killed
    repeats some as well; one command looks like the other, so this can only be a guess.
    """

    def __init__(self) -> None:
        self._in_a_row = 0
        self._told_us: int | None = None

    def calm(self) -> None:
        """Note a command that is no repeat."""
        self._in_a_row = 0

    def repeat(self, now_us: int) -> str | None:
        """Note a repeat, and return what to tell, at most once a minute."""
        self._in_a_row += 1
        if self._in_a_row <= REPEATS_MAX:
            return None
        if self._told_us is not None and now_us - self._told_us < REMIND_US:
            return None
        self._told_us = now_us
        return (
            f"the last {self._in_a_row} commands were all handled before, by their ids, and are"
            " ignored: if the journal was made anew, start the venue with another --data-dir."
        )
