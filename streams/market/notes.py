"""What a reader of a result must know about the data it rests on."""

from collections.abc import Iterator

import numpy as np

from topics.symbols import asset_class

from .table import HOUR_US, MINUTE_US, BarTable

CLOSED_US = 6 * HOUR_US
"""A pause this long in a stock is the exchange being closed, not missing data."""


def notes_of(name: str, table: BarTable, quotes: int) -> Iterator[str]:
    """Yield one sentence for each thing worth knowing about bars; `name` is without folders."""
    yield (
        f"{name}: {len(table.codes):,} bars of {length_text(table.bar_us)} replayed as "
        f"{quotes:,} quotes; bars are sampled, not every tick."
    )
    if table.bid is table.ask:
        yield (
            f"{name}: trade prices without bid, ask or size, so bid and ask are equal and "
            "fills are not limited by size."
        )
    elif table.bid.size is None or table.ask.size is None:
        yield f"{name}: sizes are not given for both sides; fills are limited only by those that are."
    else:
        yield f"{name}: a size is known at the close of a bar only and stands until the next close."
    if table.bid.open is None:
        yield f"{name}: no opening prices; a bar starts at the close of the bar right before it."
    yield from _oddities(name, table)
    yield from _gaps(name, table)


def _oddities(name: str, table: BarTable) -> Iterator[str]:
    crossed = np.zeros(len(table.codes), np.bool_)
    for bid, ask in zip(table.bid[:4], table.ask[:4], strict=True):
        if bid is not None and ask is not None:
            crossed |= bid > ask
    if crossed.any():
        yield (
            f"{name}: {crossed.sum():,} bars have a bid above an ask; such pairs were put in order."
        )
    if table.forecasts is not None:
        low, high, _ = table.forecasts
        if not np.isnan(low).all():
            yield f"{name}: when a forecast was issued is not stated; lag it by one bar."
        upside_down = (low >= high).sum()
        if upside_down:
            yield f"{name}: {upside_down:,} forecasts have a low that is not below their high."


def _gaps(name: str, table: BarTable) -> Iterator[str]:
    """Count what is missing between bars; how a symbol starts and ends is not a gap."""
    for code, symbol in enumerate(table.names):
        steps = np.diff(table.start_us[table.codes == code])
        if asset_class(symbol) == "stock":
            steps = steps[steps < CLOSED_US]
        missing = steps[steps >= 2 * table.bar_us] // table.bar_us - 1
        if len(missing):
            yield (
                f"{name}: bars missing for {symbol}: {missing.sum():,}, "
                f"gaps: {len(missing):,}, longest gap: {missing.max():,}."
            )


def length_text(bar_us: int) -> str:
    """Write the length of a bar in hours, minutes or seconds."""
    if bar_us % HOUR_US == 0:
        return f"{bar_us // HOUR_US} h"
    return f"{bar_us // MINUTE_US} min" if bar_us % MINUTE_US == 0 else f"{bar_us / 1e6:g} s"
