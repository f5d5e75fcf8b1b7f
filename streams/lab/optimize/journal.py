"""The journal of a search: every evaluation that is over, so that none is ever played twice.

JSON lines.  The first says what was asked for; a search that asks for anything else refuses the
file.  A search is a function of its seed, so starting again proposes the same policies, finds them
here, and goes on where it stopped.  A line that was torn by a kill is dropped.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from filelock import lock_descriptor

from streams.lab.errors import OptimizeError

from .outcome import Outcome


class JournalLine(msgspec.Struct, forbid_unknown_fields=True):
    """One evaluation; `key` is `Job.key`."""

    key: str
    outcome: Outcome


class Journal:
    """An open journal; `known` holds every evaluation in it.  Use it in a `with` block."""

    def __init__(self, path: Path, asked: Mapping[str, Any]) -> None:
        """Open or begin a journal.

        Raises `OptimizeError` if it is of another search, damaged, in use or cannot be written.
        """
        self.path = path
        self.known: dict[str, Outcome] = {}
        try:
            self._file = path.open("a+b", buffering=0)
        except OSError as error:
            raise OptimizeError(
                f"--state {path}: it cannot be written ({error.strerror}); name another file."
            ) from error
        try:
            self._begin(asked)
        except BaseException:
            self._file.close()
            raise
        self.resumed = len(self.known)

    def _begin(self, asked: Mapping[str, Any]) -> None:
        if not lock_descriptor(self._file.fileno(), blocking=False):
            raise OptimizeError(
                f"--state {self.path}: another search writes to it; wait for it or name another file."
            )
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            if not content.startswith(b"{"):
                raise self._foreign()
            self._file.truncate(whole)
        lines = content[:whole].splitlines()
        if not lines:
            self._write(msgspec.json.encode(asked))
            return
        self._check(lines[0], asked)
        try:
            for raw in lines[1:]:
                line = msgspec.json.decode(raw, type=JournalLine)
                self.known[line.key] = line.outcome
        except msgspec.DecodeError:
            raise OptimizeError(
                f"--state {self.path}: line {len(self.known) + 2} is damaged; name another file."
            ) from None

    def _check(self, first: bytes, asked: Mapping[str, Any]) -> None:
        try:
            found = msgspec.json.decode(first, type=dict[str, Any])
        except msgspec.DecodeError:
            raise self._foreign() from None
        if "worksteal_optimize" not in found:
            raise self._foreign()
        wanted = msgspec.json.decode(msgspec.json.encode(asked))
        for name, value in wanted.items():
            if found.get(name) != value:
                raise OptimizeError(
                    f"--state {self.path}: it is the journal of a search with other {name};"
                    " ask for the same as then, or name another file."
                )

    def _foreign(self) -> OptimizeError:
        return OptimizeError(f"--state {self.path}: this is no journal of a search; name another.")

    def add(self, key: str, outcome: Outcome) -> None:
        """Write down an evaluation; once this returns, a kill of this process cannot take it."""
        self.known[key] = outcome
        self._write(msgspec.json.encode(JournalLine(key, outcome)))

    def _write(self, line: bytes) -> None:
        content = memoryview(line + b"\n")
        while content:  # a full disk raises; a short write goes on where it stopped
            content = content[os.write(self._file.fileno(), content) :]

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
