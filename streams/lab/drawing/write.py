"""A file is either the old one or the whole new one, never a part of it."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from streams.lab.errors import ReportError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, then rename onto it; failures surface as `ReportError`."""
    if not path.name:
        raise ReportError(f"cannot write the report {path}: name a file, not a folder")
    # The process id keeps two reports written to one path at once from sharing a file.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise ReportError(
            f"cannot write the report {path} ({error.strerror or error}): {_advice(error)}"
        ) from error


def _advice(error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "create its folder first or choose another path"
    if isinstance(error, IsADirectoryError):
        return "name a file, not a folder"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return "choose a folder you may write to"
    if error.errno in _FULL:
        return "free some space on that disk or choose another one"
    return "choose another path"
