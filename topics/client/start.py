"""Where a subscriber begins that no group remembers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from .errors import ClientSettingsError, MessagesGone
from .log import OffsetSpan

Start: TypeAlias = Literal["latest", "earliest"] | datetime | Mapping[int, int]
"""The end of the log, its beginning, the first record of a time, or an offset for each partition."""


def checked(start: Start) -> Start:
    """Return it if it can be meant; raises `ClientSettingsError`."""
    if isinstance(start, datetime):
        if start.tzinfo is None:
            raise ClientSettingsError(
                f"start: {start.isoformat()} has no time zone; write datetime(…, tzinfo=UTC)."
            )
    elif isinstance(start, Mapping):
        if not start:
            raise ClientSettingsError("start names no partition; give an offset for each.")
    elif start not in ("latest", "earliest"):
        raise ClientSettingsError(
            f'start: {start!r} is no place to begin; it is "latest", "earliest", a datetime, or a'
            " mapping of partitions to offsets."
        )
    return start


def first_offset(start: Start, partition: int, span: OffsetSpan, at_time: int | None) -> int:
    """Return where a partition begins; `at_time` is the first offset of a start that is a time.

    Raises `ClientSettingsError` for a partition that a mapping leaves out: nobody can tell whether
    it was forgotten.
    """
    if isinstance(start, datetime):
        return span.end if at_time is None else at_time
    if isinstance(start, Mapping):
        if partition not in start:
            raise ClientSettingsError(f"start has no offset for partition {partition}; add one.")
        return start[partition]
    return span.first if start == "earliest" else span.end


def within(topic: str, partition: int, offset: int, span: OffsetSpan, *, allow_gaps: bool) -> int:
    """Return the offset, if the log has what comes next; raises `MessagesGone` if it has not.

    With `allow_gaps`: the first offset that the log does have.
    """
    if span.first <= offset <= span.end:
        return offset
    if allow_gaps:
        return span.first
    if offset > span.end:
        raise MessagesGone(
            f"{topic}:{partition} ends at offset {span.end}, before {offset}, so the topic was made"
            " anew; subscribe with another group, or with allow_gaps=True."
        )
    raise MessagesGone(
        f"offsets {offset} to {span.first - 1} of {topic}:{partition} were deleted before they were"
        " read; subscribe with allow_gaps=True to go on with what is left."
    )
