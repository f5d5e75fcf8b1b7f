"""Times as others write them to microseconds since 1970 UTC."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.ground.times import EPOCH, MICROSECOND
from topics.limits import TIME_US_MAX

from .cells import TIME_EXAMPLE
from .columns import ColumnMap
from .convert import first_true, plain_numbers
from .quotes import Ints
from .raw import RawTable, is_blank, objects

_FIELD = "time"
_PER_US = {"s": (1_000_000, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
_DATES = {"m": (60_000_000, 1), "h": (3_600_000_000, 1), "D": (86_400_000_000, 1)}
"""Microseconds for so many units: of counts, and of numpy's coarser times."""

_OUTSIDE = "is not between 1970 and 2100; correct the row, or `time` in the mapping"
NOWHERE = -1


def times_us(table: RawTable, columns: ColumnMap) -> Ints:
    """Return the rows' times; raises `MarketError` for one that cannot be."""
    column = table.columns[_FIELD]
    values = column.values
    if not isinstance(values, list) and values.dtype.kind == "M":
        found = _datetimes(table, values)
        naive = np.full(table.rows, not column.utc)
    elif not isinstance(values, list) and values.dtype.kind in "iuf":
        found = _counts(table, values, columns.time)
        naive = np.zeros(table.rows, np.bool_)
    elif columns.time == "iso":
        found, naive = _moments(table)
    else:
        found = _written_counts(table, columns.time)
        naive = np.zeros(table.rows, np.bool_)
    _check(table, found)
    return _localized(table, found, naive, columns.zone)


def _check(table: RawTable, found: Ints) -> None:
    row = first_true((found < 0) | (found > TIME_US_MAX))
    if row is not None:
        raise table.fault(_FIELD, row, f"{table.cell(_FIELD, row)} {_OUTSIDE}")


def _datetimes(table: RawTable, values: NDArray[Any]) -> Ints:
    unit, count = np.datetime_data(values.dtype)
    factors = (_PER_US | _DATES).get(unit)
    if factors is None or count != 1:
        raise table.fault(_FIELD, 0, f"numpy's unit {unit} is not known; use s, ms, us or ns")
    row = first_true(np.isnat(values))
    if row is not None:
        raise table.fault(_FIELD, row, "it is empty; correct or remove the row")
    return _scaled(values.view(np.int64), *factors)


def _scaled(counts: NDArray[Any], times: int, parts: int) -> Ints:
    """Return microseconds, rounded down; `NOWHERE` for what no calendar of ours has."""
    inside = (counts >= 0) & (counts <= TIME_US_MAX * parts // times)
    return np.where(inside, np.where(inside, counts, 0).astype(np.int64) * times // parts, NOWHERE)


def _counts(table: RawTable, values: NDArray[Any], form: str) -> Ints:
    if form == "iso":
        told = "the times are numbers; say `time: s`, ms, us or ns in the mapping"
        raise table.fault(_FIELD, 0, told)
    times, parts = _PER_US[form]
    if values.dtype.kind != "f":
        return _scaled(values, times, parts)
    with np.errstate(invalid="ignore"):
        whole = np.floor(values) == values
        inside = (values >= 0) & (values <= TIME_US_MAX * parts / times)
    # Fractions of a second as floats are exact to about a microsecond, so they are rounded.
    safe = np.where(inside, values, 0)
    exact = safe.astype(np.int64) * times // parts
    rounded = np.rint(safe * times / parts).astype(np.int64)
    return np.where(inside, np.where(whole, exact, rounded), NOWHERE)


def _written_counts(table: RawTable, form: str) -> Ints:
    times, parts = _PER_US[form]
    cells = objects(table.columns[_FIELD].values)
    found = np.empty(table.rows, np.int64)
    for row, cell in enumerate(cells):
        text = str(cell)
        count = None
        if plain_numbers([text]) and len(text) <= 40:  # a longer one is no time, and slow to read
            count = _count(text)
        if count is None:
            told = f"{table.cell(_FIELD, row)} is not a number of {form} since 1970"
            raise table.fault(_FIELD, row, f"{told}; correct the row, or `time` in the mapping")
        moment = count * times // parts
        found[row] = moment if 0 <= moment <= TIME_US_MAX else NOWHERE
    return found


def _count(text: str) -> int | Decimal | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        count = Decimal(text.strip())
    except InvalidOperation:
        return None
    return count if count.is_finite() and abs(count) < 10**19 else None


def _moments(table: RawTable) -> tuple[Ints, NDArray[np.bool_]]:
    """Read texts and datetime objects; tell which name no time zone."""
    found = np.empty(table.rows, np.int64)
    naive = np.zeros(table.rows, np.bool_)
    for row, cell in enumerate(objects(table.columns[_FIELD].values)):
        moment = _moment(cell)
        if moment is None:
            told = f"{table.cell(_FIELD, row)} is not a time such as {TIME_EXAMPLE}"
            raise table.fault(_FIELD, row, f"{told}; correct the row, or `time` in the mapping")
        if moment.tzinfo is None:
            naive[row] = True
            moment = moment.replace(tzinfo=EPOCH.tzinfo)
        found[row] = (moment - EPOCH) // MICROSECOND
    return found, naive


def _moment(cell: object) -> datetime | None:
    if is_blank(cell):
        return None
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - its zone comes from the mapping
    if not isinstance(cell, str):
        return None
    try:
        return datetime.fromisoformat(cell.strip())
    except ValueError:
        return None


def _localized(table: RawTable, found: Ints, naive: NDArray[np.bool_], zone: str | None) -> Ints:
    """Give times without a zone the one of the mapping."""
    row = first_true(naive)
    if row is None or zone == "UTC":
        return found
    if zone is None:
        told = f"{table.cell(_FIELD, row)} names no time zone; say `zone: UTC` or another one"
        raise table.fault(_FIELD, row, f"{told} in the mapping")
    from pandas import DatetimeIndex  # noqa: PLC0415 - slow to import, and seldom needed

    local = DatetimeIndex(found[naive].astype("datetime64[us]"))
    moved = local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    result = found.copy()
    result[naive] = np.where(moved.isna(), NOWHERE, moved.asi8)
    row = first_true(result == NOWHERE)
    if row is not None:
        told = f"{table.cell(_FIELD, row)} does not exist or comes twice in {zone}"
        raise table.fault(_FIELD, row, f"{told}, where clocks change; give times in UTC")
    _check(table, result)
    return result
