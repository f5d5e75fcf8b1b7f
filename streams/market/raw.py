"""Columns as some source has them, not yet checked, and the complaint that names a place in them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .cells import shown
from .errors import MarketError


class RawColumn(NamedTuple):
    """The cells of one field: texts of a CSV, or an array.  `utc`: its datetimes are in UTC."""

    values: "list[str] | NDArray[Any]"
    utc: bool = False


class RawTable(NamedTuple):
    """The columns that a mapping names, by our names for them.

    `place` is the file or the frame, `noun` what a row of it is called, and `numbers` the rows'
    numbers; without them rows count from 1.
    """

    place: str
    noun: str
    columns: Mapping[str, RawColumn]
    theirs: Mapping[str, str | int]
    rows: int
    numbers: Sequence[int] | None = None

    def fault(self, field: str, row: int, what: str) -> MarketError:
        """Return the error for one field of one row (counted from 0)."""
        number = row + 1 if self.numbers is None else self.numbers[row]
        theirs = self.theirs.get(field, field)
        column = "" if theirs == field else f" (column {theirs!r})"
        return MarketError(f"{self.place} {self.noun} {number}, field {field}{column}: {what}.")

    def cell(self, field: str, row: int) -> str:
        """Show one cell in a message."""
        value = self.columns[field].values[row]
        return shown(value) if isinstance(value, str) else shown_value(value)


def shown_value(value: object) -> str:
    """Show a value that is no text in a message, shortened, on one line."""
    if isinstance(value, np.generic):
        value = value.item()
    return shown(str(value)).strip("'")


def objects(values: "list[str] | NDArray[Any]") -> list[Any]:
    """Return the cells as Python objects."""
    return values if isinstance(values, list) else list(values)


def is_blank(value: object) -> bool:
    """Tell whether a cell holds nothing: blank text, None, NaN, or pandas' NA and NaT."""
    if isinstance(value, str):
        return not value.strip()
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN differs from itself
