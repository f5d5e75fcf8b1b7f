"""Several sources on one clock."""

from collections.abc import Sequence

import numpy as np

from streams.ground.times import utc_text

from .bars import Bars
from .errors import MarketError
from .model import LONG_BAR_US, Market
from .quotes import Quotes
from .table import MarketPart


def merged(parts: Sequence[MarketPart]) -> Market:
    """Merge sources; at one instant their quotes stand in the order of the parts.

    Raises `MarketError` for a symbol of which two sources speak at the same time.
    """
    names = tuple(sorted({name for part in parts for name in part.bars.names}))
    bar_us = max(part.bar_us for part in parts)
    return Market(
        quotes=_quotes(names, parts),
        bars=_bars(names, parts),
        symbols=names,
        kind="hourly" if bar_us >= LONG_BAR_US else "minute",
        bar_us=bar_us,
        notes=tuple(note for part in parts for note in part.notes),
    )


def _quotes(names: tuple[str, ...], parts: Sequence[MarketPart]) -> Quotes:
    if len(parts) == 1:
        return parts[0].quotes
    ts_us = np.concatenate([part.quotes.ts_us for part in parts])
    order = np.argsort(ts_us, kind="stable")
    codes = np.concatenate([_recoded(names, part.quotes)[part.quotes.codes] for part in parts])
    rest = [
        np.concatenate(columns)[order]
        for columns in zip(*(part.quotes.columns()[2:] for part in parts), strict=True)
    ]
    return Quotes(names, ts_us[order], codes[order], *rest)


def _bars(names: tuple[str, ...], parts: Sequence[MarketPart]) -> Bars:
    if len(parts) == 1:
        return parts[0].bars
    forecasts = None
    if any(part.bars.forecasts is not None for part in parts):
        forecasts = np.concatenate(
            [
                np.full((3, len(part.bars)), np.nan)
                if part.bars.forecasts is None
                else part.bars.forecasts
                for part in parts
            ],
            axis=1,
        )
    bars = Bars(
        names,
        np.concatenate([_recoded(names, part.bars)[part.bars.codes] for part in parts]),
        np.concatenate([part.bars.start_us for part in parts]),
        np.concatenate([part.bars.end_us for part in parts]),
        np.concatenate([part.bars.prices for part in parts], axis=1),
        forecasts,
    )
    _refuse_overlaps(bars, parts)
    return bars.take(np.lexsort((bars.codes, bars.end_us)))


def _refuse_overlaps(bars: Bars, parts: Sequence[MarketPart]) -> None:
    """Refuse a symbol that two files speak of at the same time: it would have two prices."""
    order = np.lexsort((bars.start_us, bars.codes))
    before, after = order[:-1], order[1:]
    doubled = (bars.codes[before] == bars.codes[after]) & (
        bars.start_us[after] < bars.end_us[before]
    )
    if not doubled.any():
        return
    found = np.flatnonzero(doubled)
    first = found[np.argmin(bars.start_us[after[found]])]
    owner = np.repeat(np.arange(len(parts)), [len(part.bars) for part in parts])
    bar = bars[int(after[first])]
    raise MarketError(
        f"{parts[owner[after[first]]].name}: {bar.symbol} has a bar at {utc_text(bar.start_us)} "
        f"that overlaps one in {parts[owner[before[first]]].name}; "
        "give each symbol from one file at a time."
    )


def _recoded(
    names: tuple[str, ...], source: Quotes | Bars
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return what each code of a source is among all names."""
    return np.array([names.index(name) for name in source.names], np.int64)
