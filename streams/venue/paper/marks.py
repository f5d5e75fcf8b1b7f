"""Which commands were handled already: one number per partition.

A command's id is `<journal partition>-<journal offset>-<index>`.  Ids of one journal partition rise
within a partition of `execution`, so whatever is not above the highest one handled is a repeat.
The number is kept for each pair of the two partitions: they go together, one and one, unless the
topics were made with different counts, and then no order holds between partitions of `execution`.
"""

import re
from typing import NamedTuple

_FORM = re.compile(r"([0-9]{1,9})-([0-9]{1,19})-([0-9]{1,9})")


class CommandId(NamedTuple):
    """A command's id as numbers, so that 10 comes after 9."""

    partition: int
    offset: int
    number: int


def command_id(text: str) -> CommandId | None:
    """Read an id; None if it has another form."""
    match = _FORM.fullmatch(text)
    return None if match is None else CommandId(*map(int, match.groups()))


class Marks:
    """The highest command handled, by partition of `execution` and of the journal."""

    def __init__(self, marks: dict[str, tuple[int, int]]) -> None:
        self.marks = marks

    def is_new(self, execution_partition: int, command: CommandId) -> bool:
        """Tell whether a command was not handled yet, and count it as handled."""
        pair = f"{execution_partition}:{command.partition}"
        place = (command.offset, command.number)
        if place <= self.marks.get(pair, (-1, -1)):
            return False
        self.marks[pair] = place
        return True
