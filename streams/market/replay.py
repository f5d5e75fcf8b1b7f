"""Turn the bars of one source into quotes and finished bars, all of them at once.

A bar is replayed as four quotes: its start, a quarter and a half into it, and one second before
its end.  An up bar went to its low first, a down bar to its high.  That order is the only thing
taken from a bar's own end before the end; sizes and opening prices never are.
"""

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .quotes import Floats, Ints, Quotes
from .table import SECOND_US, BarTable

_Pair = tuple[Floats, Floats]
_Flags = NDArray[np.bool_]
QUOTES_A_BAR = 4


def replay(table: BarTable) -> tuple[Quotes, Bars]:
    """Return the quotes in time order (ties: by row) and the bars, by end and then symbol."""
    previous = table.previous()
    first, known = _first(table, previous)
    lows, highs = _pair(table.bid.low, table.ask.low), _pair(table.bid.high, table.ask.high)
    closes = _pair(table.bid.close, table.ask.close)
    rose = _rose(table, previous)
    step = table.bar_us
    offsets = np.array([0, step // 4, step // 2, step - SECOND_US], np.int64)
    times = (table.start_us[:, None] + offsets).ravel()

    # A stable sort keeps the rows' order at one instant; what nobody can know is left out.
    kept = np.ones((len(table.codes), QUOTES_A_BAR), np.bool_)
    kept[:, 0] = known
    places = np.flatnonzero(kept)
    places = places[np.argsort(times[places], kind="stable")]

    def column(*parts: Floats) -> Floats:
        return np.stack(parts, axis=1).ravel()[places]

    def prices(side: int) -> Floats:
        low, high = lows[side], highs[side]
        turns = np.where(rose, low, high), np.where(rose, high, low)
        return column(first[side], *turns, closes[side])

    def sizes(own: Floats | None) -> Floats:
        if own is None:
            return np.full(len(places), np.nan)
        before = np.where(previous >= 0, own[previous], np.nan)
        return column(before, before, before, own)

    bids = prices(0)
    quotes = Quotes(
        table.names,
        times[places],
        np.repeat(table.codes, QUOTES_A_BAR)[places],
        bids,
        bids if table.bid is table.ask else prices(1),
        sizes(table.bid.size),
        sizes(table.ask.size),
    )
    return quotes, _bars(table, np.stack([*lows, *highs, *closes]))


def _first(table: BarTable, previous: Ints) -> tuple[_Pair, _Flags]:
    """Return the prices at the starts of the bars, and whether anybody can know them.

    Without an open it is the close of the bar before, if that one ended just here: after a gap
    (a night, a lost hour) the old close is not a price that anybody could still trade at.
    """
    if table.bid.open is not None and table.ask.open is not None:
        return _pair(table.bid.open, table.ask.open), np.ones(len(previous), np.bool_)
    joined = (previous >= 0) & (table.start_us[previous] + table.bar_us == table.start_us)
    return _pair(table.bid.close[previous], table.ask.close[previous]), joined


def _rose(table: BarTable, previous: Ints) -> _Flags:
    """Tell which bars went up: from the open, else from the close before, else from the middle."""
    bid, ask = table.bid, table.ask
    closed = bid.close + ask.close
    if bid.open is not None and ask.open is not None:
        started = bid.open + ask.open
    else:
        started = np.where(previous >= 0, closed[previous], bid.low + bid.high)
    return np.asarray(closed >= started)


def _bars(table: BarTable, prices: Floats) -> Bars:
    end_us = table.start_us + table.bar_us
    bars = Bars(table.names, table.codes, table.start_us, end_us, prices, table.forecasts)
    return bars.take(np.lexsort((table.codes, end_us)))


def _pair(bid: Floats, ask: Floats) -> _Pair:
    """Order bid and ask: a bar's two extremes are of different instants and may stand crossed."""
    return (bid, ask) if bid is ask else (np.minimum(bid, ask), np.maximum(bid, ask))
