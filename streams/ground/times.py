"""Times as people write and read them; inside, a time is microseconds since 1970, UTC.

What options take is read here and nowhere else.  The many forms that market files have are the
business of `streams.market.times`.
"""

import re
from datetime import UTC, datetime, timedelta

from topics.limits import TIME_US_MAX

from .mistakes import Mistake

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_AGO_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class TimeError(Mistake):
    """An option's time that cannot be read."""


def read_time(option: str, text: str) -> int:
    """Read an ISO date (its midnight) or time, UTC unless it names a zone; microseconds.

    Raises `TimeError` naming the option.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise TimeError(
            f"{option} {text}: write a date such as 2026-01-16 or a time such as 2026-01-16T14:30Z."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    ts_us = (moment - EPOCH) // MICROSECOND
    if not 0 <= ts_us <= TIME_US_MAX:
        raise TimeError(f"{option} {text}: give a time between 1970 and 2100.")
    return ts_us


def read_since(option: str, text: str, now_ms: int) -> int:
    """Read a time as `read_time` does, or how long ago it is, such as `10m`; milliseconds.

    Kafka's own times are milliseconds.  Raises `TimeError` naming the option.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now_ms - int(ago[1]) * _AGO_MS[ago[2]]
    return read_time(option, text) // 1000


def utc_text(ts_us: int) -> str:
    """Write a time the way market files do: seconds, and microseconds if it has any."""
    return f"{(EPOCH + timedelta(microseconds=ts_us)).isoformat().removesuffix('+00:00')}Z"


def time_text(ts_us: int) -> str:
    """Write a time to the millisecond; what no calendar has as its number."""
    try:
        moment = EPOCH + timedelta(microseconds=ts_us)
    except OverflowError:
        return f"{ts_us} us"
    return f"{moment.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
