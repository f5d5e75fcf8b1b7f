"""What stands on a journal: a plain object to which frames are applied, and which says what follows.

The desk is one.  Whatever meets this form can stand behind the cursor rules, claims, staging and
checkpoints of `streams.journal.standing`, which know nothing else of it.  A machine does no input or
output, reads no clock and draws no random number: the same frames, from the same rows, give the same
outputs with the same ids.  That is all that makes applying them again harmless.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from topics.commands import Command
from topics.facts import Fact
from topics.frames import Frame, JournalPosition

CURSOR = "cursor"
"""Key of the row that says where a machine stands; nothing is believed before it is there."""


class Machine(Protocol):
    """The state of one journal partition."""

    next_offset: int
    """The journal offset of the frame that it waits for."""

    def apply(self, frame: Frame, position: JournalPosition) -> Sequence[Sequence[Command | Fact]]:
        """Apply the next frame; return what follows, in order: one list for each of its topics.

        What a frame can contain never raises; an exception is a bug, and ends the process.
        """
        ...

    def take_changed_rows(self) -> dict[str, bytes]:
        """Return the rows changed since the last call, and always the row `cursor`."""
        ...

    def digest(self) -> str:
        """Return a digest of all durable state; equal machines give equal digests."""
        ...


M = TypeVar("M", bound=Machine)

Restore = Callable[[Mapping[str, bytes]], M]
"""Makes a machine from its rows, or a new one where there are none.

Raises `RowsError` if the rows cannot be read.
"""
