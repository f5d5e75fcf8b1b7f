"""The cursor rules: what a machine does with a frame, by its offset in the journal alone.

At start and after every rebalance a machine stands at its cursor, the first journal offset that its
durable rows do not contain.  The transport may deliver anything: frames from long ago, a frame
twice, or a frame too far ahead after its queues were cleared.
"""

import enum


class Place(enum.Enum):
    """Where a delivered frame stands."""

    OLD = "old"
    """Before the cursor: it is in the durable rows; acknowledge it, nothing else."""

    APPLIED = "applied"
    """Applied, but not durable yet; the next checkpoint acknowledges it."""

    NEXT = "next"
    """The one the machine waits for: apply it."""

    HOLE = "hole"
    """Frames before it are missing: rewind to where the machine stands, do not apply it."""


def place_of(offset: int, cursor: int, next_offset: int) -> Place:
    """Place a frame: `cursor` is durable, `next_offset` is what the machine waits for."""
    if offset < cursor:
        return Place.OLD
    if offset < next_offset:
        return Place.APPLIED
    return Place.NEXT if offset == next_offset else Place.HOLE


def stalled(next_offset: int, log_end: int, idle_us: int, patience_us: int) -> bool:
    """Tell whether to rewind: the journal is ahead and nothing has moved for too long.

    `log_end` is the offset after the journal's last record.
    """
    return next_offset < log_end and idle_us >= patience_us
