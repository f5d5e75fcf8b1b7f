"""Raw columns to checked arrays of numbers and symbols; whatever is wrong is told with its place."""

import math
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topics.limits import PRICE_MAX, QUANTITY_MAX
from topics.symbols import normal_symbol

from .cells import is_symbol
from .quotes import Floats, Ints
from .raw import RawTable, is_blank, objects

_REPAIR = "; correct or remove the row"


def prices(table: RawTable, field: str, *, blank: bool = False) -> Floats:
    """Return dollars, finite and above zero; NaN for an empty cell where `blank` allows one."""
    values = _numbers(table, field, PRICE_MAX, blank=blank)
    zeros = values == 0
    if zeros.any():
        raise table.fault(field, int(zeros.argmax()), f"a price cannot be zero{_REPAIR}")
    return values


def sizes(table: RawTable, field: str) -> Floats | None:
    """Return units, zero or more; NaN where the cell is empty, None if there is no such column."""
    if field not in table.columns:
        return None
    return _numbers(table, field, QUANTITY_MAX, blank=True)


def _numbers(table: RawTable, field: str, most: float, *, blank: bool) -> Floats:
    values = _floats(table, field, blank=blank)
    with np.errstate(invalid="ignore"):
        sound = (values >= 0) & (values <= most)
    if blank:
        sound |= np.isnan(values)
    if not sound.all():
        row = int((~sound).argmax())
        raise table.fault(field, row, _unsound(float(values[row]), table.cell(field, row), most))
    return values


def _unsound(value: float, cell: str, most: float) -> str:
    if math.isnan(value):
        return f"it is empty or not a number{_REPAIR}"
    if math.isinf(value):
        return f"{cell} is not a finite number{_REPAIR}"
    if value < 0:
        return f"{cell} is negative{_REPAIR}"
    return f"{cell} is beyond the limit of {most:g}{_REPAIR}"


def _floats(table: RawTable, field: str, *, blank: bool) -> Floats:
    """Return the numbers as they stand; a NaN that was written out is a NaN."""
    values = table.columns[field].values
    if not isinstance(values, list):
        if values.dtype.kind in "iuf":
            return values.astype(np.float64)
        if values.dtype.kind not in "OU":
            raise table.fault(field, 0, f"{table.cell(field, 0)} is not a number{_REPAIR}")
    elif plain_numbers(values):
        try:
            return np.array(list(map(float, values)), np.float64)
        except ValueError:
            pass  # the slow way finds out where
    found = np.empty(table.rows)
    for row, cell in enumerate(objects(values)):
        if is_blank(cell):
            found[row] = math.nan
            if blank:
                continue
        number = _number(cell)
        if number is None:
            raise table.fault(field, row, f"{table.cell(field, row)} is not a number{_REPAIR}")
        found[row] = number
    return found


def _number(cell: object) -> float | None:
    if isinstance(cell, str) and not plain_numbers([cell]):
        return None
    if type(cell) is bool:  # a number to Python, and a mistake in a table
        return None
    if isinstance(cell, str | Real | Decimal):
        try:
            return float(cell)
        except (ValueError, OverflowError, ArithmeticError):
            return None
    return None


def plain_numbers(texts: list[str]) -> bool:
    """Tell whether no text has what float() takes and no exporter writes: 1_000, foreign digits."""
    joined = "".join(texts)
    return joined.isascii() and "_" not in joined


def symbols(table: RawTable, fixed: str | None) -> tuple[tuple[str, ...], Ints]:
    """Return the sorted symbols in normal form, and the place of each row's among them."""
    if fixed is not None:
        return (normal_symbol(fixed),), np.zeros(table.rows, np.int64)
    seen: dict[Any, int] = {}
    raw = [
        seen.setdefault(_hashable(cell), len(seen))
        for cell in objects(table.columns["symbol"].values)
    ]
    found = np.array(raw, np.int64)
    normals = []
    for text, place in seen.items():
        stripped = text.strip() if isinstance(text, str) else ""
        if not is_symbol(stripped):
            row = raw.index(place)
            told = f"{table.cell('symbol', row)} is not a symbol such as BTCUSD or AAPL; correct the row"
            raise table.fault("symbol", row, told)
        normals.append(normal_symbol(stripped))
    names = tuple(sorted(set(normals)))
    return names, np.array([names.index(normal) for normal in normals], np.int64)[found]


def _hashable(cell: object) -> object:
    """Return the cell; what is no text is no symbol, and may not even be hashable."""
    return cell if isinstance(cell, str) else None


def first_true(flags: NDArray[np.bool_]) -> int | None:
    """Return the place of the first True, None if there is none."""
    return int(flags.argmax()) if flags.any() else None
