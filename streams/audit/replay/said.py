"""What a desk says, with its place in the one order of ids."""

import re
from typing import NamedTuple

from state.dealing.outbox import Outputs
from topics.catalogue import EXECUTION, STEALS
from topics.codec import encode

_ID = re.compile(r"(0|[1-9]\d{0,9})-(0|[1-9]\d{0,17})-(0|[1-9]\d{0,6})", re.ASCII)


class OutputId(NamedTuple):
    """Journal partition, journal offset and number in the frame; ids sort as they rise."""

    partition: int
    offset: int
    nth: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}-{self.nth}"


class Said(NamedTuple):
    """One command or fact: its id, the topic it goes to, whom it is about, its bytes."""

    id: OutputId
    topic: str
    account: str | None
    value: bytes


def parse_id(text: str) -> OutputId | None:
    """Read an id; None if no desk would write it so."""
    found = _ID.fullmatch(text)
    return OutputId(*map(int, found.groups())) if found else None


def in_order(outputs: Outputs) -> list[Said]:
    """Return commands and facts of one frame in the order of their ids, encoded as they are sent."""
    said = []
    for topic, messages in ((EXECUTION.name, outputs.commands), (STEALS.name, outputs.facts)):
        for message in messages:
            place = parse_id(message.id)
            assert place is not None
            said.append(Said(place, topic, message.account, encode(message)))
    said.sort(key=lambda one: one.id)
    return said
