"""Read several files of market data, each in its own form, and merge them on one clock."""

from collections.abc import Sequence
from pathlib import Path

from .arrow import FEATHER, PARQUET, read_arrow
from .columns import ColumnMap
from .errors import MarketError
from .foreign import part_of
from .foreign_csv import read_csv
from .lines import opened
from .merge import merged
from .model import Market
from .notes import notes_of
from .replay import replay
from .rows import read_native
from .table import MarketPart

RECORDING = b"worksteal recording "
"""What a recording begins with; named here so that reading a CSV does not import Kafka."""


def read_market(paths: Sequence[Path], columns: ColumnMap | Sequence[ColumnMap] = ()) -> Market:
    """Read the files, in the order that decides between events of the same instant.

    A file's form is known by how it begins.  `columns` are mappings of other people's columns: a
    file goes by the first one that is for its name, without one it has ours.  Raises `MarketError`
    with one sentence for anything that is wrong with any of them.
    """
    if not paths:
        raise MarketError("No market file was given; name at least one CSV file.")
    maps = (columns,) if isinstance(columns, ColumnMap) else tuple(columns)
    return merged([_part(path, [one for one in maps if one.is_for(path)]) for path in paths])


def _part(path: Path, maps: Sequence[ColumnMap]) -> MarketPart:
    with opened(path) as stream:
        beginning = stream.read(len(RECORDING))
    if beginning == RECORDING:
        from .recorded import read_recorded  # noqa: PLC0415 - brings Kafka's client along

        chosen = next((one for one in maps if one.kind == "recorded"), None)
        return read_recorded(path, chosen.bar_us if chosen else None)
    chosen = next((one for one in maps if one.kind != "recorded"), None)
    if beginning.startswith((PARQUET, FEATHER)):
        raw, found = read_arrow(path, chosen)
        return part_of(raw, found, path.name)
    if chosen is not None:
        return part_of(read_csv(path, chosen), chosen, path.name)
    table = read_native(path)
    quotes, bars = replay(table)
    notes = tuple(notes_of(path.name, table, len(quotes)))
    return MarketPart(str(path), quotes, bars, table.bar_us, notes)
