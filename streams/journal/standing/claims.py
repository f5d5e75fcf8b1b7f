"""Who may write a changelog partition: the rule that fences a worker that does not know it is dead.

A worker that was stopped for longer than the group's session time-out and wakes up may still write
rows of its old state over the new owner's.  Kafka would take them.  So:

- An owner begins by appending a **claim**: the row `owner`, with a name that nobody else uses and the
  offset where it must land, which is the end of the log as its writer restored it.
- Every record carries its writer's name in a header.
- A claim that landed elsewhere is void: its writer did not know what came before it, and what its
  batch puts right is out of date.
- In the log, the latest claim rules.  A record by anybody else is passed over by whoever reads it
  (`Claims`), and its key is noted: compaction would keep the stranger's row and drop the owner's.
  The next claim's batch therefore writes the true rows of these keys again.
- Nobody else appends to an owner's partition, so each append must land on the expected offset.  If
  one does not, a stranger wrote: the worker ends before it acknowledges anything (`expect`), and
  recovery goes by the rules above.

So a stranger's rows are never believed, and a stranger's claim makes the owner end and claim anew.
A claim that counts stands behind everything that its writer knew, and nothing else stands there.

Compaction takes old claims away.  What stands before the first claim that is left is believed: the
batch of a later claim has put right what strangers wrote there.  Hence a log is read from its
beginning, never from the middle.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.ground.mistakes import Mistake, Passing

from .ports import Rows

OWNER = "owner"
"""Key of the claim."""

HEADER = "owner"
"""Name of the header that carries the writer's name, on every record."""

FORMAT = b"1 "
"""Stands before the name in a claim: the version of this rule."""


class FencedError(Passing):
    """Somebody else wrote to the changelog partition that this worker owns."""


class ClaimsError(Mistake):
    """A changelog that this version cannot read; the message says what to do."""


class Row(NamedTuple):
    """One changelog record, decoded; `value` None takes the row away."""

    offset: int
    key: str
    value: bytes | None
    writer: bytes


class Claims:
    """Reads a changelog partition in order and tells which rows to believe."""

    def __init__(self) -> None:
        """Begin at the log's beginning."""
        self.owner: bytes | None = None
        self.overwritten: dict[str, None] = {}
        """Keys that strangers wrote since their owner did, in the order of the log."""

    def believes(self, row: Row) -> bool:
        """Take the next row of the log; tell whether it counts."""
        if row.key == OWNER:
            name, offset = claimant(row.value)
            if offset != row.offset:
                return False  # void; the next claim writes this key anyway
            self.owner = name
            return True
        if self.owner is not None and row.writer != self.owner:
            self.overwritten[row.key] = None
            return False
        self.overwritten.pop(row.key, None)
        return True


def claim(name: bytes, offset: int) -> bytes:
    """Return the row of a claim that must land at this offset."""
    return FORMAT + b"%d " % offset + name


def claimant(value: bytes | None) -> tuple[bytes, int]:
    """Return the name in a claim and its offset; raises `ClaimsError` for another version's."""
    if value is None or not value.startswith(FORMAT):
        raise ClaimsError(
            "the changelog was claimed by another version of worksteal: run that version, or delete"
            " the changelog topic and let the journal be applied from its beginning."
        )
    offset, _, name = value.removeprefix(FORMAT).partition(b" ")
    return name, int(offset)


def opening(
    name: bytes, offset: int, rows: Mapping[str, bytes], overwritten: Iterable[str]
) -> Rows:
    """Return what a new owner appends first: its claim, then the true rows of what was overwritten.

    `rows` are those that the log gave up to `offset`, where this must land.
    """
    return {OWNER: claim(name, offset), **{key: rows.get(key) for key in overwritten}}


def expect(first: int, expected: int, partition: int) -> None:
    """Compare where an append landed with where it should have; raises `FencedError`."""
    if first != expected:
        raise FencedError(
            f"changelog partition {partition}: a batch landed at {first} instead of {expected};"
            " another worker wrote there."
        )
