"""The stretches of the data that every policy is run on: all of it, or fit and unseen.

Each period starts afresh, with the capital of the start and a new strategy, so that nothing known
in one reaches the other.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from streams.lab.errors import CompareError
from streams.market import Market
from topics.limits import TIME_US_MAX

ALL, FIT, UNSEEN = "all", "fit", "unseen"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_AGO_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True, slots=True)
class Period:
    """From a time on, until before another; microseconds since 1970 UTC, None for no bound."""

    name: str = ALL
    from_us: int | None = None
    until_us: int | None = None

    def of(self, market: Market) -> Market:
        """Return this stretch of the data; raises `MarketError` if no quote lies in it."""
        if self.from_us is None and self.until_us is None:
            return market
        until_us = TIME_US_MAX + 1 if self.until_us is None else self.until_us
        return market.between(self.from_us or 0, until_us)


WHOLE = (Period(),)


def periods(
    from_us: int | None = None, until_us: int | None = None, split_us: int | None = None
) -> tuple[Period, ...]:
    """Return one period, or two when there is a time to split at, which belongs to the second.

    Raises `CompareError` when the times do not rise.
    """
    named = [("--from", from_us), ("--split", split_us), ("--until", until_us)]
    given = [(option, ts_us) for option, ts_us in named if ts_us is not None]
    for (option, earlier), (next_option, later) in pairwise(given):
        if earlier >= later:
            raise CompareError(f"{option} is not before {next_option}: give times that rise.")
    if split_us is None:
        return (Period(ALL, from_us, until_us),)
    return (Period(FIT, from_us, split_us), Period(UNSEEN, split_us, until_us))


def read_time(option: str, text: str) -> int:
    """Read an ISO date (its midnight) or time, UTC unless it names a zone; microseconds.

    Raises `CompareError` naming the option.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise CompareError(
            f"{option} {text}: write a date such as 2026-01-16 or a time such as 2026-01-16T14:30Z."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    ts_us = (moment - _EPOCH) // _MICROSECOND
    if not 0 <= ts_us <= TIME_US_MAX:
        raise CompareError(f"{option} {text}: give a time between 1970 and 2100.")
    return ts_us


def read_since(option: str, text: str, now_ms: int) -> int:
    """Read a time as `read_time` does, or how long ago it is, such as `10m`; milliseconds.

    Raises `CompareError` naming the option.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now_ms - int(ago[1]) * _AGO_MS[ago[2]]
    return read_time(option, text) // 1000
