"""Raw columns and their mapping to a part of a market."""

from typing import NamedTuple

import numpy as np

from streams.ground.times import utc_text

from .cells import is_symbol
from .columns import ColumnMap
from .convert import first_true, prices, sizes, symbols
from .errors import MarketError
from .notes import notes_of
from .quotes import Floats, Ints
from .raw import RawTable
from .replay import replay
from .table import (
    BAR_US_MIN,
    SECOND_US,
    BarTable,
    MarketPart,
    Side,
    previous_of,
    shortest_step_us,
)
from .ticks import tick_part
from .times import times_us


class _Rows(NamedTuple):
    """Who and when of each row, as they stand; `order` sorts them by time, None if they are."""

    names: tuple[str, ...]
    codes: Ints
    ts_us: Ints
    order: Ints | None

    def sorted(self, column: Floats) -> Floats:
        return column if self.order is None else column[self.order]


def part_of(raw: RawTable, columns: ColumnMap, file_name: str) -> MarketPart:
    """Return what a mapped source comes to; `file_name` is what notes call it.

    Rows of one symbol are in the order of time; the symbols may stand one after another.  Raises
    `MarketError` with the first thing that is wrong.
    """
    if raw.rows == 0:
        raise MarketError(f"{raw.place}: there are no rows; add at least one.")
    fixed = columns.symbol_of(file_name)
    if fixed is None and columns.symbol is not None:
        raise MarketError(
            f"{raw.place}: the file's name does not look like {columns.symbol!r}, where `symbol` of "
            "the mapping finds the symbol; rename the file or correct the mapping."
        )
    if fixed is not None and not is_symbol(fixed):
        raise MarketError(
            f"{raw.place}: {fixed!r}, taken from the file's name, is not a symbol; "
            "rename the file or correct `symbol` of the mapping."
        )
    names, codes = symbols(raw, fixed)
    ts_us = times_us(raw, columns)
    _check_order(raw, names, codes, ts_us, repeats=columns.kind == "ticks")
    order = None if bool((np.diff(ts_us) >= 0).all()) else np.argsort(ts_us, kind="stable")
    rows = _Rows(names, codes, ts_us, order)
    if columns.kind == "ticks":
        return _ticks(raw, columns, file_name, rows)
    table = _bars(raw, columns, rows)
    quotes, bars = replay(table)
    notes = tuple(notes_of(file_name, table, len(quotes)))
    return MarketPart(raw.place, quotes, bars, table.bar_us, notes)


def _check_order(
    raw: RawTable, names: tuple[str, ...], codes: Ints, ts_us: Ints, *, repeats: bool
) -> None:
    before = previous_of(codes)
    steps = np.where(before >= 0, ts_us - ts_us[before], 1)
    row = first_true(steps < 0)
    if row is not None:
        raise raw.fault(
            "time",
            row,
            f"{utc_text(int(ts_us[row]))} is before {utc_text(int(ts_us[before[row]]))} of an "
            f"earlier row of {names[codes[row]]}; sort the rows by time",
        )
    row = None if repeats else first_true(steps == 0)
    if row is not None:
        raise raw.fault(
            "time",
            row,
            f"{names[codes[row]]} has a bar at {utc_text(int(ts_us[row]))} already; "
            "keep one of the two rows",
        )


def _ticks(raw: RawTable, columns: ColumnMap, file_name: str, rows: _Rows) -> MarketPart:
    bid, ask = (rows.sorted(prices(raw, field)) for field in ("bid", "ask"))
    bid_size, ask_size = (
        None if size is None else rows.sorted(size)
        for size in (sizes(raw, "bid_size"), sizes(raw, "ask_size"))
    )
    ts_us, codes = rows.ts_us, rows.codes
    if rows.order is not None:
        ts_us, codes = ts_us[rows.order], codes[rows.order]
    return tick_part(
        (raw.place, file_name),
        rows.names,
        ts_us,
        codes,
        (bid, ask),
        (bid_size, ask_size),
        columns.bar_us,
    )


def _bars(raw: RawTable, columns: ColumnMap, rows: _Rows) -> BarTable:
    bar_us = _bar_us(raw, columns, rows)
    if columns.kind == "quotes":
        bid, ask = (_side(raw, rows, f"{side}_") for side in ("bid", "ask"))
    else:
        bid = ask = _side(raw, rows, "")
        sizes(raw, "volume")  # checked, though what was traded is not what is on offer
    start_us = rows.ts_us - (bar_us if columns.stamp == "end" else 0)
    row = first_true(start_us < 0)
    if row is not None:
        raise raw.fault("time", row, "its bar begins before 1970; correct the row")
    codes, forecasts = rows.codes, _forecasts(raw)
    if rows.order is not None:
        start_us, codes = start_us[rows.order], codes[rows.order]
        forecasts = None if forecasts is None else forecasts[:, rows.order]
    return BarTable(rows.names, codes, start_us, bar_us, bid, ask, forecasts)


def _bar_us(raw: RawTable, columns: ColumnMap, rows: _Rows) -> int:
    """Return the length that the mapping says, else the shortest step from one time to the next."""
    if columns.bar_us is None:
        bar_us = shortest_step_us(rows.ts_us)
        if bar_us is None:
            raise MarketError(
                f"{raw.place}: all rows are of one time, which does not say how long a bar is; "
                "say `bar: 1m` or another length in the mapping."
            )
        if bar_us < BAR_US_MIN:
            raise MarketError(
                f"{raw.place}: two rows are only {bar_us / SECOND_US:g} s apart in the field time; "
                f"give bars of at least {BAR_US_MIN // SECOND_US} s, or `kind: ticks`."
            )
        return bar_us
    before = previous_of(rows.codes)
    steps = np.where(before >= 0, rows.ts_us - rows.ts_us[before], columns.bar_us)
    row = first_true(steps < columns.bar_us)
    if row is not None:
        raise raw.fault(
            "time",
            row,
            f"the bar before began only {steps[row] / SECOND_US:g} s earlier, and the mapping says "
            f"`bar: {columns.bar}`; correct one of them",
        )
    return columns.bar_us


def _side(raw: RawTable, rows: _Rows, prefix: str) -> Side:
    first = prices(raw, f"{prefix}open") if f"{prefix}open" in raw.columns else None
    high, low, close = (prices(raw, f"{prefix}{name}") for name in ("high", "low", "close"))
    row = first_true(np.asarray(high < low))
    if row is not None:
        raise raw.fault(
            f"{prefix}high",
            row,
            f"the high {high[row]:g} is below the low {low[row]:g}; correct or remove the row",
        )
    size = sizes(raw, f"{prefix}size")
    return Side(
        None if first is None else rows.sorted(first),
        rows.sorted(high),
        rows.sorted(low),
        rows.sorted(close),
        None if size is None else rows.sorted(size),
    )


def _forecasts(raw: RawTable) -> Floats | None:
    """Return low, high and close of the forecasts; a row has all three or none."""
    if "forecast_low" not in raw.columns:
        return None
    fields = ("forecast_low", "forecast_high", "forecast_close")
    found = np.stack([prices(raw, field, blank=True) for field in fields])
    absent = np.isnan(found)
    row = first_true(np.asarray(absent.any(axis=0) & ~absent.all(axis=0)))
    if row is not None:
        field = fields[int(absent[:, row].argmax())]
        raise raw.fault(field, row, "it is empty and the rest is not; give all three or none")
    return found
