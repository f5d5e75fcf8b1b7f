"""What a desk says, with its place in the one order of ids."""

from typing import NamedTuple

from state.dealing.outbox import Outputs
from topics.catalogue import EXECUTION, STEALS
from topics.codec import encode
from topics.ids import OutputId, output_id


class Said(NamedTuple):
    """One command or fact: its id, the topic it goes to, whom it is about, its bytes."""

    id: OutputId
    topic: str
    account: str | None
    value: bytes


def in_order(outputs: Outputs) -> list[Said]:
    """Return commands and facts of one frame in the order of their ids, encoded as they are sent."""
    said = [
        Said(output_id(message.id), topic, message.account, encode(message))
        for topic, messages in ((EXECUTION.name, outputs.commands), (STEALS.name, outputs.facts))
        for message in messages
    ]
    said.sort(key=lambda each: each.id)
    return said
