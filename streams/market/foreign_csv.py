"""Somebody's CSV as raw columns: only those that a mapping names, and only their form is checked."""

import csv
from array import array
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from .columns import ColumnMap
from .errors import MarketError
from .lines import Lines, opened
from .raw import RawColumn, RawTable


def read_csv(path: Path, columns: ColumnMap) -> RawTable:
    """Read a CSV file; raises `MarketError` for what is no CSV or lacks a column."""
    with opened(path) as stream:
        lines = Lines(path, stream)
        reader = csv.reader(lines, strict=True, delimiter=columns.delimiter)
        try:
            first = next(reader, None)
            if first is None:
                raise MarketError(f"{path} line 1: the file is empty; give one with rows.")
            places = _places(path, columns, [name.strip() for name in first])
            rest = reader if columns.header else chain([first], reader)
            return _gather(path, columns, places, len(first), rest, lines)
        except csv.Error as error:
            raise lines.unsound(error) from None


def _places(path: Path, columns: ColumnMap, first: list[str]) -> dict[str, int]:
    """Find the place (from 0) of each field's column."""
    places = {}
    for field, theirs in columns.columns.items():
        if isinstance(theirs, int):
            if not 1 <= theirs <= len(first):
                raise MarketError(
                    f"{path} line 1, field {field}: there is no column {theirs}, the line has "
                    f"{len(first)}; correct the mapping."
                )
            places[field] = theirs - 1
            continue
        found = first.count(theirs)
        if found != 1:
            told = "stands twice" if found else "is missing"
            raise MarketError(
                f"{path} line 1, field {field}: the column {theirs!r} {told}; correct the file or "
                "the mapping."
            )
        places[field] = first.index(theirs)
    return places


def _gather(
    path: Path,
    columns: ColumnMap,
    places: dict[str, int],
    width: int,
    rows: Iterator[list[str]],
    lines: Lines,
) -> RawTable:
    cells: list[tuple[int, list[str]]] = [(place, []) for place in places.values()]
    numbers = array("q")
    for row in rows:
        if not row:
            continue  # a blank line, as editors leave them at the end
        if len(row) != width:
            raise MarketError(
                f"{path} line {lines.number}: the line has {len(row)} fields where the first has "
                f"{width}; correct or remove the line."
            )
        numbers.append(lines.number)
        for place, column in cells:
            column.append(row[place])
    found = {field: RawColumn(column) for field, (_, column) in zip(places, cells, strict=True)}
    return RawTable(str(path), "line", found, columns.columns, len(numbers), numbers)
