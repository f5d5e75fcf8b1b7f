"""What a reader of a result must know about the data it rests on."""

from collections.abc import Iterator
from itertools import pairwise

from topics.symbols import asset_class

from .quote import MarketQuote
from .replay import crossed
from .rows import HOUR_US, MINUTE_US, QUOTE_BARS, MarketFile

CLOSED_US = 6 * HOUR_US
"""A pause this long in a stock is the exchange being closed, not missing data."""


def notes_of(file: MarketFile, quotes: list[MarketQuote]) -> Iterator[str]:
    """Yield one sentence for each thing worth knowing about a file; it is named without folders."""
    name, count = file.path.name, len(file.rows)
    yield (
        f"{name}: {count:,} bars of {_length(file.bar_us)} replayed as {len(quotes):,} quotes; "
        "bars are sampled, not every tick."
    )
    if file.layout is QUOTE_BARS:
        yield f"{name}: a size is known at the close of a bar only and stands until the next close."
    else:
        yield (
            f"{name}: trade prices without bid, ask or size, so bid and ask are equal and "
            "fills are not limited by size."
        )
    if any(row.bid.open is None for row in file.rows):
        yield f"{name}: no opening prices; a bar starts at the close of the bar right before it."
    yield from _oddities(file)
    yield from _gaps(file)


def _oddities(file: MarketFile) -> Iterator[str]:
    name = file.path.name
    pairs = sum(crossed((row.bid, row.ask)) for row in file.rows)
    if pairs:
        yield f"{name}: {pairs:,} bars have a bid above an ask; such pairs were put in order."
    forecasts = [row.forecast for row in file.rows if row.forecast is not None]
    upside_down = sum(forecast.low >= forecast.high for forecast in forecasts)
    if forecasts:
        yield f"{name}: when a forecast was issued is not stated; lag it by one bar."
    if upside_down:
        yield f"{name}: {upside_down:,} forecasts have a low that is not below their high."


def _gaps(file: MarketFile) -> Iterator[str]:
    """Count what is missing between bars; how a symbol starts and ends is not a gap."""
    starts: dict[str, list[int]] = {}
    for row in file.rows:
        starts.setdefault(row.symbol, []).append(row.start_us)
    for symbol, times in sorted(starts.items()):
        steps = [after - before for before, after in pairwise(times)]
        if asset_class(symbol) == "stock":
            steps = [step for step in steps if step < CLOSED_US]
        missing = [step // file.bar_us - 1 for step in steps if step >= 2 * file.bar_us]
        if missing:
            yield (
                f"{file.path.name}: bars missing for {symbol}: {sum(missing):,}, "
                f"gaps: {len(missing):,}, longest gap: {max(missing):,}."
            )


def _length(bar_us: int) -> str:
    if bar_us % HOUR_US == 0:
        return f"{bar_us // HOUR_US} h"
    return f"{bar_us // MINUTE_US} min" if bar_us % MINUTE_US == 0 else f"{bar_us / 1e6:g} s"
