"""The lines of a text file, numbered, each decoded on its own so that bad bytes are told by line.

Ours, because the fast readers of CSV (pyarrow, pandas, polars) do not say in which line of the file a
cell stands, and a mistake in market data is told with its line.
"""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import MarketError


class Lines:
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

    def unsound(self, error: csv.Error) -> MarketError:
        """Return the complaint about a line that the CSV reader could not take."""
        return MarketError(
            f"{self._path} line {self.number}: the line is not sound CSV ({error}); correct it."
        )


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; raises `MarketError` if it cannot be opened or read."""
    try:
        with path.open("rb") as stream:
            yield stream
    except FileNotFoundError:
        raise MarketError(f"{path}: there is no such file; check the path.") from None
    except OSError as error:
        raise MarketError(
            f"{path}: the file cannot be read ({error.strerror}); check the path."
        ) from None
