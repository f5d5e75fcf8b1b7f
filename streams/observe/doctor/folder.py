"""The worker's folder: can it be used, who uses it, did the last one stop cleanly, is there room."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from streams.journal.folder import FORMAT

from .said import Line, fail, ok, warn
from .store import Stored, read_store

PARTS = ("agent", "sequencer")

MIB = 1 << 20

LITTLE = 512 * MIB
"""With less a worker may end within the day: RocksDB writes what it has merged before it deletes."""

SHORT = 2048 * MIB


class HeldFolder(NamedTuple):
    """Whether somebody has the lock, and who."""

    held: bool
    pid: int | None = None


def check_space(
    data_dir: Path, free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Iterator[Line]:
    """Look at the disk; `free_bytes` says how much room a folder has."""
    there = nearest(data_dir)
    try:
        free = free_bytes(there)
    except OSError as error:
        yield fail("disk", f"{there} cannot be looked at ({error.strerror})", "see to that disk")
        return
    told = f"{free // MIB:,} MiB free for {data_dir}"
    if free < LITTLE:
        yield fail("disk", told, f"make room, at least {SHORT // MIB:,} MiB")
    elif free < SHORT:
        yield warn("disk", told, f"make room, {SHORT // MIB:,} MiB are comfortable")
    else:
        yield ok("disk", told)


def check_usable(data_dir: Path) -> Iterator[Line]:
    """Look whether a worker could write there; writes nothing."""
    there = nearest(data_dir)
    do = "correct its owner or rights, or name another data_dir"
    if not there.is_dir():
        yield fail("data_dir", f"{there} is no folder", "name another data_dir")
        return
    for path in (there, *(data_dir / part for part in PARTS if (data_dir / part).exists())):
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            yield fail("data_dir", f"{path} cannot be written", do)
            return
    made = "" if data_dir.exists() else "; it is made at the first start"
    yield ok("data_dir", f"{data_dir} can be used{made}")


def nearest(path: Path) -> Path:
    """Return the path, or what of it is there."""
    for one in (path, *path.absolute().parents):
        if os.path.lexists(one):
            return one
    return Path("/")


def check_part(data_dir: Path, part: str, alive: bool | None, stored: Stored) -> Iterator[Line]:
    """Look at one part's folder, and note in `stored` what its store holds.

    `alive`: a worker of this deployment answers on this machine; None if nobody can know.
    """
    path = data_dir / part
    if not path.is_dir():
        return
    try:
        lock = held(path / "lock")
    except OSError as error:
        do = "correct its owner or rights"
        yield fail("folder", f"{path}/lock cannot be read ({error.strerror})", do)
        return
    if lock.held:
        yield _in_use(path, lock.pid, alive)
    elif not (path / "format").exists():
        yield ok("folder", f"{path} was never used")
    else:
        yield from _left_behind(path, part, stored)


def _in_use(path: Path, pid: int | None, alive: bool | None) -> Line:
    who = "another process" if pid is None else f"process {pid}"
    if alive:
        return ok("folder", f"{path} is in use by the worker ({who})")
    if alive is None:
        do = "see that it is the worker"
        return warn("folder", f"{path} is locked by {who}, and web_port 0 tells no more", do)
    return fail(
        "folder",
        f"{path} is locked by {who}, and no worker of this deployment answers here",
        "give this worker another data_dir, or end that process",
    )


def _left_behind(path: Path, part: str, stored: Stored) -> Iterator[Line]:
    """Look at what the last worker left; no other is at it."""
    if part != "agent":
        yield ok("folder", f"{path} is free")
        return
    anew = "nothing to do, the next start fills the store anew from the changelog"
    if (path / "running").exists():
        yield warn("folder", f"{path}: the last worker there did not stop cleanly", anew)
        return
    if (path / "format").read_text() != FORMAT:
        yield warn("folder", f"{path} is of another version", anew)
        return
    yield ok("folder", f"{path} is free, and was left cleanly")
    yield from read_store(path / "store", stored)


def held(lock: Path) -> HeldFolder:
    """Tell whether somebody has this lock.

    It is asked for as one of many readers, which filelock does not know on one file, and let go at
    once: a worker that starts in this very moment tries again.
    """
    try:
        with lock.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return HeldFolder(False)
    except BlockingIOError:
        return HeldFolder(True, _holder(lock))
    return HeldFolder(False)


def _holder(lock: Path) -> int | None:
    """Return who has it, where the system tells."""
    try:
        inode = str(lock.stat().st_ino)
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if "FLOCK" in words and words[5].rpartition(":")[2] == inode and int(words[4]) > 0:
                return int(words[4])
    except (OSError, IndexError, ValueError):
        return None
    return None
