"""The stretches of the data that every policy is run on: all of it, or fit and unseen.

Each period starts afresh, with the capital of the start and a new strategy, so that nothing known
in one reaches the other.
"""

from dataclasses import dataclass
from itertools import pairwise

from streams.lab.errors import CompareError
from streams.market import Market
from topics.limits import TIME_US_MAX

ALL, FIT, UNSEEN = "all", "fit", "unseen"
END_US = TIME_US_MAX + 1
"""Behind every time there can be."""


@dataclass(frozen=True, slots=True)
class Period:
    """A named part of the data: from a time on, until before another; microseconds since 1970 UTC.

    Without bounds it is all of it.
    """

    name: str = ALL
    from_us: int = 0
    until_us: int = END_US

    def of(self, market: Market) -> Market:
        """Return this stretch of the data; raises `MarketError` if no quote lies in it."""
        if (self.from_us, self.until_us) == (0, END_US):
            return market
        return market.between(self.from_us, self.until_us)


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
    first_us, end_us = from_us or 0, END_US if until_us is None else until_us
    if split_us is None:
        return (Period(ALL, first_us, end_us),)
    return (Period(FIT, first_us, split_us), Period(UNSEEN, split_us, end_us))
