"""Parquet and Feather files as raw columns, through pyarrow where it is installed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .columns import ColumnMap, own_columns
from .errors import MarketError
from .raw import RawColumn, RawTable

if TYPE_CHECKING:
    from collections.abc import Sequence

PARQUET = b"PAR1"
FEATHER = b"ARROW1"
"""What such files begin with."""


def read_arrow(path: Path, columns: ColumnMap | None) -> tuple[RawTable, ColumnMap]:
    """Read the columns that a mapping names; without one they have our names.

    Raises `MarketError` if the file cannot be read, lacks a column, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional extra
        from pyarrow import feather, parquet  # noqa: PLC0415
    except ImportError:
        raise MarketError(
            f"{path}: reading this file needs pyarrow; install worksteal[parquet]."
        ) from None
    try:
        with path.open("rb") as stream:
            is_parquet = stream.read(len(PARQUET)) == PARQUET
        if is_parquet:
            names = parquet.ParquetFile(path).schema_arrow.names
        else:
            names = pa.ipc.open_file(path).schema.names
        chosen = columns or _own(path, names)
        wanted = _wanted(path, chosen, names)
        if is_parquet:
            table = parquet.ParquetFile(path).read(columns=wanted)
        else:
            table = feather.read_table(path, columns=wanted)
        table.validate(full=True)  # a damaged file may point outside itself and end the process
        found = {field: _column(table.column(theirs)) for field, theirs in chosen.columns.items()}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        told = " ".join(str(error).split())[:200]
        raise MarketError(f"{path}: the file cannot be read ({told}); write it anew.") from None
    return RawTable(str(path), "row", found, chosen.columns, table.num_rows), chosen


def _own(path: Path, names: "Sequence[str]") -> ColumnMap:
    try:
        return own_columns(names)
    except MarketError as error:
        raise MarketError(f"{path}: {error}") from None


def _wanted(path: Path, columns: ColumnMap, names: "Sequence[str]") -> list[str]:
    for field, theirs in columns.columns.items():
        found = list(names).count(str(theirs)) if isinstance(theirs, str) else 0
        if found != 1:
            told = "stands twice" if found else "is missing"
            raise MarketError(
                f"{path}, field {field}: the column {theirs!r} {told}; correct the file or the "
                "mapping."
            )
    return sorted({str(theirs) for theirs in columns.columns.values()})


def _column(column: Any) -> RawColumn:
    kind = column.type
    if hasattr(kind, "index_type"):  # texts kept as a dictionary
        column = column.cast(kind.value_type)
    return RawColumn(column.to_numpy(), utc=getattr(kind, "tz", None) is not None)
