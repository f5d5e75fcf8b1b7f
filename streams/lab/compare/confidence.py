"""How sure a difference between two policies is: days drawn again and again.

The days of a run (UTC) are drawn with replacement, as many as there are, the same days for both
policies; what the difference in P&L comes to then is one resample.  Days are taken as independent
of each other, which markets are not quite: positions are carried over midnight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.lab.backtest.result import Series

MICROS = 1_000_000
DAY_US = 86_400 * MICROS
DAYS_MIN = 5
"""Fewer days say nothing about a day."""
RESAMPLES = 10_000
LEVEL = 0.90
SEED = 20_180_404

Ints = NDArray[np.int64]
Days = Mapping[int, int]
"""Day (since 1970 UTC) → equity at its end in micro-dollars, in the order of days."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """The P&L of a run against that of the baseline, in dollars.

    `low` and `high` hold `LEVEL` of the resamples, `above_zero` is the share in which the run beats
    the baseline; all None with fewer than `DAYS_MIN` days.
    """

    days: int
    difference: float
    low: float | None = None
    high: float | None = None
    above_zero: float | None = None


def days_of(series: Series) -> dict[int, int]:
    """Return the equity at the end of each day that has a sample."""
    return {
        ts_us // DAY_US: round(equity * MICROS)
        for ts_us, equity in zip(series.ts_us, series.equity, strict=True)
    }


def confidences(
    runs: Mapping[str, Days], baseline: str, capital: float, seed: int = SEED
) -> dict[str, Confidence]:
    """Hold every run but the baseline against it; equal input and seed, equal figures."""
    others = [name for name in runs if name != baseline]
    if not others:
        return {}
    days = sorted({day for run in runs.values() for day in run})
    start = round(capital * MICROS)
    base = _daily(runs[baseline], days, start)
    differences = np.stack([_daily(runs[name], days, start) - base for name in others], axis=1)
    totals = differences.sum(axis=0)
    if len(days) < DAYS_MIN:
        return {
            name: Confidence(len(days), total / MICROS)
            for name, total in zip(others, totals.tolist(), strict=True)
        }
    resampled = _drawn(len(days), seed) @ differences
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0) / MICROS
    above = (resampled > 0).sum(axis=0) / RESAMPLES
    return {
        name: Confidence(
            len(days),
            int(totals[place]) / MICROS,
            float(low[place]),
            float(high[place]),
            float(above[place]),
        )
        for place, name in enumerate(others)
    }


def _daily(run: Days, days: Sequence[int], start: int) -> Ints:
    """Return what each day brought; a day without a sample ends as the one before it."""
    ends = []
    equity = start
    for day in days:
        equity = run.get(day, equity)
        ends.append(equity)
    closing = np.array([start, *ends], np.int64)
    return closing[1:] - closing[:-1]


def _drawn(days: int, seed: int) -> Ints:
    """Return how often each day (across) was drawn in each resample (down).

    Whole numbers throughout: a sum of them is the same on every machine.
    """
    chosen = np.random.default_rng(seed).integers(0, days, (RESAMPLES, days))
    rows = np.arange(RESAMPLES)[:, None] * days
    counts = np.bincount((chosen + rows).ravel(), minlength=RESAMPLES * days)
    return counts.reshape(RESAMPLES, days)
