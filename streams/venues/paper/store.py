"""The paper venue's file: rows and unsent answers, changed together or not at all.

One SQLite database in write-ahead mode.  A transaction is on the disk when `commit` returns, so what
is published after it can never be forgotten, whatever is killed when.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from filelock import lock_descriptor

from .answers import PaperAnswer
from .errors import PaperError
from .rows import FORMAT, FORMATS_READ

APPLICATION_ID = 0x57535056
"""Stands in the file's header: "WSPV"."""

TABLES = """
CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE unsent (
    number INTEGER PRIMARY KEY, topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL
);
"""


class Store:
    """Opens the file in a folder, for this process alone.  Raises `PaperError`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "book.sqlite"
        self._lock = _lock(folder)
        try:
            self._database = self._open()
        except BaseException:
            self._lock.close()
            raise

    def _open(self) -> sqlite3.Connection:
        with self._faults("opened"):
            database = sqlite3.connect(self.path, isolation_level=None)
        try:
            with self._faults("opened"):
                self._prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Make the tables of a new file; refuse one that is not ours, or not whole."""
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and application != APPLICATION_ID:
            raise PaperError(f"{self.path} is not a paper venue's file: name another --data-dir.")
        if tables and version not in FORMATS_READ:
            raise PaperError(
                f"{self.path} has format {version} and this program reads {FORMAT}: run the one"
                " that wrote it, or name another --data-dir."
            )
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        if not tables:
            header = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"
            database.executescript(f"BEGIN; {TABLES} {header} COMMIT;")
        elif version != FORMAT:  # from now on rows may be such as an older program cannot read
            database.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def _faults(self, done: str) -> Iterator[None]:
        """Turn what the database says into a sentence."""
        try:
            yield
        except sqlite3.Error as error:
            raise PaperError(
                f"{self.path} cannot be {done} ({error}): restore it, or name another --data-dir."
            ) from error

    def rows(self) -> dict[str, bytes]:
        """Return all rows."""
        with self._faults("read"):
            return dict(self._database.execute("SELECT key, value FROM rows"))

    def unsent(self) -> list[PaperAnswer]:
        """Return the answers that may not have been published, in their order."""
        query = "SELECT topic, key, value FROM unsent ORDER BY number"
        with self._faults("read"):
            return [PaperAnswer(*row) for row in self._database.execute(query)]

    def commit(self, rows: Mapping[str, bytes | None], answers: list[PaperAnswer]) -> None:
        """Write rows (None takes one away) and answers, all of them or none."""
        gone = [(key,) for key, value in rows.items() if value is None]
        kept = [(key, value) for key, value in rows.items() if value is not None]
        write = self._database
        with self._faults("written"):
            write.execute("BEGIN IMMEDIATE")
            write.executemany("DELETE FROM rows WHERE key = ?", gone)
            write.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", kept)
            write.executemany("INSERT INTO unsent (topic, key, value) VALUES (?, ?, ?)", answers)
            write.execute("COMMIT")

    def forget_unsent(self) -> None:
        """Take out the answers, all of which the broker has acknowledged."""
        with self._faults("written"):
            self._database.execute("DELETE FROM unsent")

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._database.close()
        self._lock.close()


def _lock(folder: Path) -> TextIO:
    """Take the folder for this process; the lock goes with the process, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("a", encoding="utf-8")
    except OSError as error:
        raise PaperError(
            f"{folder} cannot be used ({error.strerror}): name another --data-dir."
        ) from error
    if not lock_descriptor(handle.fileno(), blocking=False):
        handle.close()
        raise PaperError(
            f"another paper venue runs on {folder}: stop it, or name another --data-dir."
        )
    return handle
