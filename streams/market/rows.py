"""Read one of our own CSV files into columns: which layout it has, and every line checked."""

import csv
import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from streams.ground.times import utc_text

from .bar import BarForecast
from .cells import Cells
from .errors import MarketError
from .lines import Lines, opened
from .quotes import Floats, Ints
from .table import BAR_US_MIN, HOUR_US, MINUTE_US, SECOND_US, BarTable, Side, shortest_step_us
from .vendors import vendor_hint


class Layout(NamedTuple):
    """One kind of file, known by its columns.  `bar_us` is used when one instant is all it has."""

    columns: tuple[str, ...]
    bar_us: int


class RowPrices(NamedTuple):
    """One side of a bar in dollars; `open` is None where the file has none."""

    open: float | None
    high: float
    low: float
    close: float


class MarketRow(NamedTuple):
    """One line of a file.  Trade bars have the same prices on both sides and no sizes."""

    start_us: int
    symbol: str
    bid: RowPrices
    ask: RowPrices
    bid_size: float | None = None
    ask_size: float | None = None
    forecast: BarForecast | None = None


_SIDES = tuple(
    f"{side}_{name}" for side in ("bid", "ask") for name in ("open", "high", "low", "close", "size")
)
QUOTE_BARS = Layout(("time", "symbol", *_SIDES), MINUTE_US)
TRADE_BARS = Layout(("time", "symbol", "open", "high", "low", "close", "volume"), HOUR_US)
FORECASTS = ("forecast_high", "forecast_low", "forecast_close")
FORECAST_BARS = Layout(("time", "symbol", "high", "low", "close", "volume", *FORECASTS), HOUR_US)
_NO_FORECAST = (None, None, None)
LAYOUTS = (QUOTE_BARS, TRADE_BARS, FORECAST_BARS)


def read_native(path: Path) -> BarTable:
    """Read and check a whole file; raises `MarketError` with the first thing that is wrong."""
    with opened(path) as stream:
        lines = Lines(path, stream)
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, None)
            if header is None:
                raise MarketError(
                    f"{path} line 1: the file is empty; expected a header like "
                    f"{','.join(TRADE_BARS.columns)}."
                )
            layout, place = _layout_of(path, [name.strip() for name in header])
            return _table(path, layout, _rows(path, reader, lines, layout, place))
        except csv.Error as error:
            raise lines.unsound(error) from None


def _layout_of(path: Path, header: list[str]) -> tuple[Layout, dict[str, int]]:
    """Find the layout by its set of columns; the complaint speaks of the most similar one."""
    place = {name: index for index, name in enumerate(header)}
    # max() keeps the first of equals, so the choice does not depend on any set's order.
    best = max(
        LAYOUTS, key=lambda layout: 2 * len(place.keys() & layout.columns) - len(layout.columns)
    )
    missing = [name for name in best.columns if name not in place]
    extra = [name for name in place if name not in best.columns]
    faults = [f"column {name!r} is missing" for name in missing]
    faults += [f"column {name!r} is not known" for name in extra]
    faults += [f"column {name!r} stands twice" for name in place if header.count(name) > 1]
    if faults:
        hint = vendor_hint(path) if missing else None
        if hint is not None:
            raise MarketError(f"{path} line 1: {faults[0]}; {hint}")
        raise MarketError(
            f"{path} line 1: {', '.join(faults)}; expected {','.join(best.columns)} in any order."
        )
    return best, place


def _rows(
    path: Path,
    reader: Iterator[list[str]],
    lines: Lines,
    layout: Layout,
    place: dict[str, int],
) -> Iterator[MarketRow]:
    """Check line after line; time may not go back, and a symbol has one bar at a time."""
    before_us = -1
    latest: dict[str, int] = {}
    for texts in reader:
        if not texts:
            continue  # a blank line, as editors leave them at the end
        if len(texts) != len(place):
            raise MarketError(
                f"{path} line {lines.number}: the line has {len(texts)} fields where the "
                f"header has {len(place)}; correct or remove the line."
            )
        cells = Cells(path, lines.number, texts, place)
        row = _quote_bar(cells) if layout is QUOTE_BARS else _trade_bar(cells, layout)
        if row.start_us < before_us:
            raise cells.fault(
                "time",
                f"{utc_text(row.start_us)} is before {utc_text(before_us)} of an earlier line; "
                "sort the file by time",
            )
        if latest.get(row.symbol) == row.start_us:
            raise cells.fault(
                "time",
                f"{row.symbol} has a bar at {utc_text(row.start_us)} already; "
                "keep one of the two lines",
            )
        before_us = latest[row.symbol] = row.start_us
        yield row


def _quote_bar(cells: Cells) -> MarketRow:
    return MarketRow(
        cells.time_us(),
        cells.symbol(),
        _prices(cells, "bid_"),
        _prices(cells, "ask_"),
        cells.size("bid_size"),
        cells.size("ask_size"),
    )


def _trade_bar(cells: Cells, layout: Layout) -> MarketRow:
    start_us, symbol = cells.time_us(), cells.symbol()
    prices = _prices(cells, "", has_open=layout is TRADE_BARS)
    cells.size("volume")  # checked like the rest, though what was traded is not what is on offer
    forecast = None
    if layout is FORECAST_BARS and not cells.empty(*FORECASTS):
        high, low, close = (cells.price(name) for name in FORECASTS)
        forecast = BarForecast(low, high, close)
    return MarketRow(start_us, symbol, prices, prices, forecast=forecast)


def _prices(cells: Cells, side: str, *, has_open: bool = True) -> RowPrices:
    first = cells.price(f"{side}open") if has_open else None
    high, low = cells.price(f"{side}high"), cells.price(f"{side}low")
    if high < low:
        raise cells.fault(
            f"{side}high", f"the high {high} is below the low {low}; correct or remove the line"
        )
    return RowPrices(first, high, low, cells.price(f"{side}close"))


def _table(path: Path, layout: Layout, rows: Iterator[MarketRow]) -> BarTable:
    """Gather rows as columns, one row at a time: as objects a million would fill the memory."""
    starts, values, symbols = array("q"), array("d"), dict[str, int]()
    codes = array("q")
    for row in rows:
        starts.append(row.start_us)
        codes.append(symbols.setdefault(row.symbol, len(symbols)))
        cells = (*row.bid, row.bid_size, *row.ask, row.ask_size, *(row.forecast or _NO_FORECAST))
        values.extend(math.nan if cell is None else cell for cell in cells)
    if not starts:
        raise MarketError(f"{path} line 2: the file has a header and no bars; add at least one.")
    start_us: Ints = np.array(starts, np.int64)
    columns: Floats = np.ascontiguousarray(np.array(values).reshape(len(starts), -1).T)
    names = tuple(sorted(symbols))
    ranks = np.array([names.index(symbol) for symbol in symbols], np.int64)
    if layout is QUOTE_BARS:
        bid, ask = Side(*columns[0:5]), Side(*columns[5:10])
    else:
        first = columns[0] if layout is TRADE_BARS else None
        bid = ask = Side(first, columns[1], columns[2], columns[3], None)
    forecasts = columns[10:13] if layout is FORECAST_BARS else None
    bar_us = _bar_us(path, layout, start_us)
    return BarTable(names, ranks[np.array(codes, np.int64)], start_us, bar_us, bid, ask, forecasts)


def _bar_us(path: Path, layout: Layout, start_us: Ints) -> int:
    """Return the length of the file's bars: its shortest step from one time to the next."""
    bar_us = shortest_step_us(start_us) or layout.bar_us
    if bar_us < BAR_US_MIN:
        raise MarketError(
            f"{path}: two lines are only {bar_us / SECOND_US:g} s apart in the field time; "
            f"give bars of at least {BAR_US_MIN // SECOND_US} s."
        )
    return bar_us
