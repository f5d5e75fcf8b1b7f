"""Read one market file into rows: which layout it has, and every line checked.

Files are streamed; a line is decoded on its own so that even bad bytes are reported by line.
"""

import csv
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from .cells import Cells, utc_text
from .model import Forecast, Kind, MarketError

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
BAR_US_MIN = 10 * SECOND_US
"""Shorter bars leave no room for four quotes, the last of them a second before the end."""


class Layout(NamedTuple):
    """One kind of file, known by its columns.  `bar_us` is used when one instant is all it has."""

    kind: Kind
    columns: tuple[str, ...]
    bar_us: int


class Prices(NamedTuple):
    """One side of a bar in dollars; `open` is None where the file has none."""

    open: float | None
    high: float
    low: float
    close: float


class Row(NamedTuple):
    """One line of a file.  Trade bars have the same prices on both sides and no sizes."""

    start_us: int
    symbol: str
    bid: Prices
    ask: Prices
    bid_size: float | None = None
    ask_size: float | None = None
    forecast: Forecast | None = None


class MarketFile(NamedTuple):
    """One file, read."""

    path: Path
    layout: Layout
    bar_us: int
    rows: list[Row]


_SIDES = tuple(
    f"{side}_{name}" for side in ("bid", "ask") for name in ("open", "high", "low", "close", "size")
)
QUOTE_BARS = Layout("minute", ("time", "symbol", *_SIDES), MINUTE_US)
TRADE_BARS = Layout("hourly", ("time", "symbol", "open", "high", "low", "close", "volume"), HOUR_US)
FORECASTS = ("forecast_high", "forecast_low", "forecast_close")
FORECAST_BARS = Layout(
    "hourly", ("time", "symbol", "high", "low", "close", "volume", *FORECASTS), HOUR_US
)
LAYOUTS = (QUOTE_BARS, TRADE_BARS, FORECAST_BARS)


class _Lines:
    """The decoded lines of a file; `number` is that of the line given last."""

    def __init__(self, path: Path, stream: Iterable[bytes]) -> None:
        self._path = path
        self._numbered = enumerate(stream, 1)
        self.number = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, raw = next(self._numbered)
        try:
            # Spreadsheets put a byte order mark in front of the header; it means nothing.
            return raw.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise MarketError(
                f"{self._path} line {self.number}: the line holds bytes that are not UTF-8 text; "
                "save the file as plain UTF-8 CSV."
            ) from None


def read_file(path: Path) -> MarketFile:
    """Read and check a whole file; raises `MarketError` with the first thing that is wrong."""
    try:
        with path.open("rb") as stream:
            return _read(path, _Lines(path, stream))
    except FileNotFoundError:
        raise MarketError(f"{path}: there is no such file; check the path.") from None
    except OSError as error:
        raise MarketError(
            f"{path}: the file cannot be read ({error.strerror}); check the path."
        ) from None


def _read(path: Path, lines: _Lines) -> MarketFile:
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise MarketError(
                f"{path} line 1: the file is empty; expected a header like "
                f"{','.join(TRADE_BARS.columns)}."
            )
        layout, place = _layout_of(path, [name.strip() for name in header])
        rows = list(_rows(path, reader, lines, layout, place))
    except csv.Error as error:
        raise MarketError(
            f"{path} line {lines.number}: the line is not sound CSV ({error}); correct it."
        ) from None
    if not rows:
        raise MarketError(f"{path} line 2: the file has a header and no bars; add at least one.")
    return MarketFile(path, layout, _bar_us(path, layout, rows), rows)


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
        raise MarketError(
            f"{path} line 1: {', '.join(faults)}; expected {','.join(best.columns)} in any order."
        )
    return best, place


def _rows(
    path: Path,
    reader: Iterator[list[str]],
    lines: _Lines,
    layout: Layout,
    place: dict[str, int],
) -> Iterator[Row]:
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


def _quote_bar(cells: Cells) -> Row:
    return Row(
        cells.time_us(),
        cells.symbol(),
        _prices(cells, "bid_"),
        _prices(cells, "ask_"),
        cells.size("bid_size"),
        cells.size("ask_size"),
    )


def _trade_bar(cells: Cells, layout: Layout) -> Row:
    start_us, symbol = cells.time_us(), cells.symbol()
    prices = _prices(cells, "", has_open=layout is TRADE_BARS)
    cells.size("volume")  # checked like the rest, though what was traded is not what is on offer
    forecast = None
    if layout is FORECAST_BARS and not cells.empty(*FORECASTS):
        high, low, close = (cells.price(name) for name in FORECASTS)
        forecast = Forecast(low, high, close)
    return Row(start_us, symbol, prices, prices, forecast=forecast)


def _prices(cells: Cells, side: str, *, has_open: bool = True) -> Prices:
    first = cells.price(f"{side}open") if has_open else None
    high, low = cells.price(f"{side}high"), cells.price(f"{side}low")
    if high < low:
        raise cells.fault(
            f"{side}high", f"the high {high} is below the low {low}; correct or remove the line"
        )
    return Prices(first, high, low, cells.price(f"{side}close"))


def _bar_us(path: Path, layout: Layout, rows: list[Row]) -> int:
    """Return the length of the file's bars: its shortest step from one time to the next."""
    steps = (after.start_us - before.start_us for before, after in pairwise(rows))
    bar_us = min((step for step in steps if step > 0), default=layout.bar_us)
    if bar_us < BAR_US_MIN:
        raise MarketError(
            f"{path}: two lines are only {bar_us / SECOND_US:g} s apart in the field time; "
            f"give bars of at least {BAR_US_MIN // SECOND_US} s."
        )
    return bar_us
