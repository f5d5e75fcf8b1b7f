"""What a user can do something about, and how times are written in such a sentence."""

from datetime import UTC, datetime, timedelta

from streams.ground.mistakes import Mistake

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class MarketError(Mistake):
    """Market data that cannot be used; the message is one sentence for the person who gave it."""


def utc_text(ts_us: int) -> str:
    """Write a time in microseconds since 1970 the way the files do."""
    return f"{(EPOCH + timedelta(microseconds=ts_us)).isoformat().removesuffix('+00:00')}Z"
