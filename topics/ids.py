"""The id of a command or fact: `<journal partition>-<journal offset>-<index>`.

It is a function of the cause: a desk that applies a frame again says the same things under the same
ids.  The index counts commands and facts of one frame together, from 0.  Ids of a journal partition
rise, so a reader tells repeats by one number for each; as text, 10 would stand before 9.
"""

import re
from typing import NamedTuple

_FORM = re.compile(r"(0|[1-9][0-9]{0,9})-(0|[1-9][0-9]{0,18})-(0|[1-9][0-9]{0,6})")


class OutputId(NamedTuple):
    """Journal partition, journal offset and index in the frame, which sort as ids rise.

    The last is `nth`, because tuples have a method `index`.
    """

    partition: int
    offset: int
    nth: int

    def __str__(self) -> str:
        return f"{id_prefix(self.partition, self.offset)}{self.nth}"


def id_prefix(partition: int, offset: int) -> str:
    """Return what the ids of one frame's outputs begin with; the index follows."""
    return f"{partition}-{offset}-"


def parse_id(text: str) -> OutputId | None:
    """Read an id; None if no desk would write it so."""
    match = _FORM.fullmatch(text)
    return None if match is None else OutputId(*map(int, match.groups()))


def output_id(text: str) -> OutputId:
    """Read an id that a desk gave, to compare or sort by; raises `ValueError` for another text."""
    parsed = parse_id(text)
    if parsed is None:
        raise ValueError(f"{text!r} is no id of a command or fact")
    return parsed
