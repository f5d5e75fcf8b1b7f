"""A lock that ends with its process, a file that is written whole, the end of a log.

The lock is `fcntl`'s and no library's: this runs before anything is installed.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from .trouble import say


@contextlib.contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: {busy} ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that nobody, after any end, finds half of it."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)


def last_lines(text: str, count: int = 20) -> str:
    """Return the end of a text."""
    return "\n".join(text.splitlines()[-count:])
