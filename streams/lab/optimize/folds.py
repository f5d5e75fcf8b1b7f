"""Walking forward: each fold is fitted on a period and judged on the one that follows it.

The folds are anchored: every fit begins with the data and takes all that came before its unseen
period, as somebody would who fits again each month with all they have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from streams.lab.compare.confidence import DAY_US
from streams.lab.errors import OptimizeError
from streams.lab.periods import Period
from streams.market import Market

FOLDS_MAX = 20
SEVERAL_FROM_DAYS = 60
"""From so many days on there is data for several folds."""
FOLDS_OF_MUCH_DATA = 3
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Fold:
    """A fit and the period after it that it never saw."""

    fit: Period
    unseen: Period


def folds_of(market: Market, count: int | None = None, split_us: int | None = None) -> list[Fold]:
    """Cut the data; `split_us` (microseconds since 1970) is where the first unseen period begins.

    Without `count`: 1, or 3 from 60 days of data on.  Without `split_us`, each of n unseen periods
    is 1/(n+2) of the data, so the last third of it for one fold.  Raises `OptimizeError` for a
    split outside the data, and `MarketError` for a period without quotes.
    """
    first_us = int(market.quotes.ts_us[0])
    end_us = int(market.quotes.ts_us[-1]) + 1
    span_us = end_us - first_us
    if count is None:
        count = FOLDS_OF_MUCH_DATA if span_us >= SEVERAL_FROM_DAYS * DAY_US else 1
    if split_us is None:
        split_us = _round(first_us + 2 * span_us // (count + 2), span_us // (count + 2))
    if not first_us < split_us < end_us:
        raise OptimizeError("--split is outside the data: name a time between its two ends.")
    each_us = (end_us - split_us) // count
    cuts = [split_us]
    cuts += [_round(split_us + fold * each_us, each_us) for fold in range(1, count)]
    cuts.append(end_us)
    folds = []
    for number, (cut_us, until_us) in enumerate(pairwise(cuts), 1):
        about = f" {number}" if count > 1 else ""
        fold = Fold(
            Period(f"fit{about}", first_us, cut_us),
            Period(f"unseen{about}", cut_us, until_us),
        )
        for period in (fold.fit, fold.unseen):
            period.of(market)  # an empty one is told at once
        folds.append(fold)
    return folds


def periods_of(folds: Sequence[Fold]) -> tuple[Period, ...]:
    """Return the periods of `Work`: of each fold its fit, then what it never saw."""
    return tuple(period for fold in folds for period in (fold.fit, fold.unseen))


def _round(ts_us: int, piece_us: int) -> int:
    """Move a cut back to a UTC midnight where pieces are days long, else to a whole minute."""
    unit_us = DAY_US if piece_us >= 2 * DAY_US else MINUTE_US
    return ts_us - ts_us % unit_us
