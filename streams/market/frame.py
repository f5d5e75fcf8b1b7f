"""A data frame from Python as a market: pandas, polars, or whatever gives columns as arrays."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .columns import ColumnMap, own_columns
from .errors import MarketError
from .foreign import part_of
from .merge import merged
from .model import Market
from .raw import RawColumn, RawTable


class DataFrame(Protocol):
    """What a data frame must have: columns by name, each with `to_numpy()`."""

    def __getitem__(self, name: Any, /) -> Any:
        """Return a column."""
        ...


def market_from_frame(
    frame: DataFrame,
    columns: ColumnMap | None = None,
    *,
    symbol: str | None = None,
    name: str = "frame",
) -> Market:
    """Return the market that a data frame holds.

    `columns` says which of its columns is what; without it they have our names, and `symbol` may be
    the one of all rows.  Columns may be numbers, texts, datetimes with or without a time zone, or
    numpy's; pandas' index counts as a column if it has a name.  `name` is what messages call the
    data.  Raises `MarketError` with one sentence for anything that is wrong; rows count from 1.
    """
    if columns is not None and symbol is not None:
        raise MarketError(f"{name}: say the symbol either in the mapping or beside it.")
    chosen = columns or _own(frame, symbol, name)
    if chosen.kind == "recorded":
        raise MarketError(f"{name}: a data frame is no recording; say another `kind`.")
    found = {}
    for field, theirs in chosen.columns.items():
        column = _find(frame, theirs)
        if column is None:
            raise MarketError(
                f"{name}, field {field}: the column {theirs!r} is missing; correct the mapping."
            )
        found[field] = _column(column)
        if found[field].values.ndim != 1:  # type: ignore[union-attr]
            raise MarketError(
                f"{name}, field {field}: the column {theirs!r} stands twice; keep one of them."
            )
    rows = len(found["time"].values)
    for field, cells in found.items():
        if len(cells.values) != rows:
            raise MarketError(
                f"{name}, field {field}: it is not as long as the column of times; give one value"
                " for each time."
            )
    raw = RawTable(name, "row", found, chosen.columns, rows)
    return merged([part_of(raw, chosen, name)])


def _own(frame: DataFrame, symbol: str | None, name: str) -> ColumnMap:
    index = getattr(frame, "index", None)
    labels = [*getattr(frame, "columns", ()), *getattr(index, "names", ())]
    try:
        return own_columns([str(label) for label in labels], symbol)
    except MarketError as error:
        raise MarketError(f"{name}: {error}") from None


def _find(frame: DataFrame, label: str | int) -> Any:
    index = getattr(frame, "index", None)
    if label in getattr(frame, "columns", (label,)):
        try:
            return frame[label]
        except (KeyError, IndexError):
            return None
    if label in getattr(index, "names", ()):
        return index.get_level_values(label)  # type: ignore[union-attr]
    return None


def _column(column: Any) -> RawColumn:
    """Return a column as an array; datetimes with a zone in UTC."""
    kind = getattr(column, "dtype", None)
    if isinstance(kind, np.dtype):
        return RawColumn(column.to_numpy())
    if getattr(kind, "tz", None) is not None:  # pandas; as objects a million would take seconds
        return RawColumn(
            column.to_numpy(dtype=f"datetime64[{getattr(kind, 'unit', 'ns')}]"), utc=True
        )
    if getattr(kind, "kind", "") in ("i", "u", "f"):  # pandas' numbers with missing ones
        return RawColumn(_numbers(column, kind))
    array: NDArray[Any] = np.asarray(column.to_numpy())
    return RawColumn(array, utc=getattr(kind, "time_zone", None) is not None)  # polars


def _numbers(column: Any, kind: Any) -> NDArray[Any]:
    if kind.kind != "f" and not column.isna().any():
        return np.asarray(column.to_numpy(dtype="int64" if kind.kind == "i" else "uint64"))
    return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan))
