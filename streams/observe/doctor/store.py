"""Reads the local store of the desk table without leaving a trace in it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from rocksdict import AccessType, Options, Rdict

from .said import Line, fail, ok

OFFSET_KEY = b"__faust\0offset__"
"""Where Faust's store keeps the changelog offset of its last row."""

Stored = dict[int, int]
"""By partition of the changelog: the offset after the last row that the store has."""


def read_store(store: Path, stored: Stored) -> Iterator[Line]:
    """Read every row of every partition, and note in `stored` how far each is."""
    rows = 0
    found = sorted(store.rglob("desk-*.db"))
    for path in found:
        try:
            count, offset = _read(path)
        except Exception as error:  # noqa: BLE001 - rocksdict raises bare exceptions
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            yield fail(
                "store",
                f"{path} was left cleanly and cannot be read ({why})",
                "look at the disk; the store itself is filled anew at the next start",
            )
            return
        rows += count
        stored[int(path.stem.rpartition("-")[2])] = offset
    if found:
        yield ok("store", f"{rows:,} rows of {len(found)} partitions can be read")


def _read(path: Path) -> tuple[int, int]:
    """Return how many rows there are, and the changelog offset behind them.

    Even read-only, the library writes into the folder that it opens: so it opens one of links.
    """
    with tempfile.TemporaryDirectory(prefix="worksteal-doctor-") as view:
        for file in path.iterdir():
            if file.suffix == ".json":
                shutil.copy(file, view)
            elif not file.name.startswith("LOG"):
                (Path(view) / file.name).symlink_to(file.absolute())
        options = Options(raw_mode=True)
        options.create_if_missing(False)
        options.set_paranoid_checks(True)
        with closing(Rdict(view, options, access_type=AccessType.read_only())) as opened:
            count, offset = 0, -1
            records = opened.iter()
            records.seek_to_first()
            while records.valid():
                if records.key() == OFFSET_KEY:
                    offset = int(records.value())
                else:
                    count += 1
                records.next()
            records.status()  # at a torn block it just ends, and only this tells
    return count, offset + 1
