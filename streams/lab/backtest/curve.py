"""The course of an account's capital, drawn after a run from what it held and the market's columns.

A run that passes quotes over and one that does not have the same steps, so they have the same
curve.  It is sampled at the last quote of each minute that has one, and at every step.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.market import Quotes

from .checker import MICROS, AccountSteps
from .leverage import VenueLeverage
from .result import Series

MINUTE_US = 60_000_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Curve(NamedTuple):
    """Dollars, unless a name says otherwise."""

    series: Series
    final_equity_micros: int
    max_drawdown: float
    max_drawdown_fraction: float
    capital_mean: float
    capital_peak: float
    idle_fraction: float


class MarkPrices:
    """What anything was worth at any time; made once for a market, whoever holds what."""

    def __init__(self, quotes: Quotes) -> None:
        self.minute_ends = _minute_ends(quotes.ts_us)
        self._tracks = dict(zip(quotes.names, quotes.tracks, strict=True))

    def at(self, symbol: str, times: Ints, held: Floats) -> Floats:
        """Return the prices at which holdings could have been closed: bids of longs, else asks."""
        track = self._tracks[symbol]
        last = np.maximum(track.ts_us.searchsorted(times, "right") - 1, 0)
        prices: Floats = np.where(held > 0, track.bids[last], track.asks[last])
        return prices


def curve(steps: AccountSteps, marks: MarkPrices, capital: float, leverage: VenueLeverage) -> Curve:
    """Draw the curve of one account; `capital` is the dollars at the start."""
    minutes = marks.minute_ends
    changes = [ts_us for ts_us, _ in steps.cash]
    for taken in steps.open_entries.values():
        changes += [ts_us for ts_us, _ in taken]
    times = np.union1d(minutes, np.array(changes, np.int64))
    equity = _step(steps.cash, times, round(capital * MICROS)).astype(np.int64)
    used = np.zeros(len(times))
    for symbol in sorted(steps.held):
        held = _step(steps.held[symbol], times, 0.0)
        value = np.rint(held * marks.at(symbol, times, held) * MICROS)
        equity += value.astype(np.int64)
        used += np.abs(value) / leverage.at(symbol, times)
    for symbol in sorted(steps.open_entries):
        notional = _step(steps.open_entries[symbol], times, 0.0)
        used += notional * MICROS / leverage.at(symbol, times)
    return _figures(times, minutes, equity, used, capital)


def _figures(times: Ints, minutes: Ints, equity: Ints, used: Floats, capital: float) -> Curve:
    span_us = int(times[-1] - times[0])
    highest = np.maximum(np.maximum.accumulate(equity), round(capital * MICROS))
    fallen = highest - equity
    fractions = np.divide(fallen, highest, where=highest > 0, out=np.zeros(len(times)))
    lasting = np.diff(times, append=times[-1]).astype(np.float64)
    capacity = np.maximum(equity, 1)
    idle = np.clip(1.0 - used / capacity, 0.0, 1.0)
    shown = times.searchsorted(minutes)
    dollars = equity[shown] / MICROS
    return Curve(
        series=Series(
            minutes.tolist(), dollars.tolist(), (used[shown] / MICROS).tolist(), dollars.tolist()
        ),
        final_equity_micros=int(equity[-1]),
        max_drawdown=float(fallen.max()) / MICROS,
        max_drawdown_fraction=float(fractions.max()),
        capital_mean=float(used @ lasting) / span_us / MICROS if span_us else 0.0,
        capital_peak=float(used.max()) / MICROS,
        idle_fraction=float(idle @ lasting) / span_us if span_us else 0.0,
    )


def _step(steps: Iterable[tuple[int, float]], times: Ints, before: float) -> Floats:
    """Return what a list of steps says at each time; the last of one moment counts."""
    rows = list(steps)
    moments = np.array([ts_us for ts_us, _ in rows], np.int64)
    values = np.array([before, *(value for _, value in rows)], np.float64)
    found: Floats = values[moments.searchsorted(times, "right")]
    return found


def _minute_ends(ts_us: Ints) -> Ints:
    """Return the time of the last quote of each minute that has one."""
    minute = ts_us // MINUTE_US
    ends: Ints = ts_us[np.flatnonzero(np.diff(minute, append=minute[-1] + 1))]
    return ends
