"""The command line: in this process, or started as a user starts it.

A process takes a second or two before it does anything, so what it prints and how it ends is looked
at in this one (`worksteal`).  Processes are for what only a process has: signals, a hash seed, an end
by force (`start`, `finish`; `worksteal_process` for both).
"""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO, Any, NamedTuple

from tests.paths import ROOT

MARKET = ROOT / "examples" / "market"
DAY = MARKET / "coinbase-2018-04-04.csv"
STOCKS_HOURLY = MARKET / "nyse-hourly-2018-04-04.csv"
STOCKS_MINUTE = MARKET / "nyse-2013-10-07.csv"
MIXED = MARKET / "hourly-mixed-2025-12.csv"


PATIENCE_S = 300
"""No command takes nearly as long, on a machine that has time for it."""


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def start(*words: object, cwd: Path, **env: str) -> subprocess.Popen[str]:
    """Start a command; what it says goes into two pipes."""
    return start_into(None, *words, cwd=cwd, **env)


def start_into(log: IO[str] | None, *words: object, cwd: Path, **env: str) -> subprocess.Popen[str]:
    """Start a command; all that it says goes into `log`, a file that nobody needs to empty."""
    return subprocess.Popen(
        [sys.executable, "-m", "streams.cli", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160", **env},
        stdout=log or subprocess.PIPE,
        stderr=log or subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def finish(started: subprocess.Popen[str]) -> Done:
    out, err = started.communicate(timeout=PATIENCE_S)
    return Done(started.returncode, out, err)


def worksteal_process(*words: object, cwd: Path, **env: str) -> Done:
    return finish(start(*words, cwd=cwd, **env))


def worksteal(*words: object, cwd: Path, **env: str) -> Done:
    """Run a command in this process, to its end.  A bug in it is raised."""
    from streams.cli import main  # noqa: PLC0415 - most tests that need this file do not need it

    assert words[:1] != ("worker",) or "--help" in words, (
        "a worker sets up the logging of its whole process"
    )
    assert threading.current_thread() is threading.main_thread(), (
        "a thread has no folder of its own"
    )
    out, err = _captured(), _captured()
    with (
        chdir(cwd),
        _environment({"COLUMNS": "160", **env}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main([str(word) for word in words])
        except SystemExit as ended:
            status = ended.code
    assert isinstance(status, int)
    return Done(status, _text(out), _text(err))


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _captured() -> io.TextIOWrapper:
    """Return a stream as a pipe is one: text in UTF-8, with the bytes below."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(captured: io.TextIOWrapper) -> str:
    captured.flush()
    captured.seek(0)
    return captured.read()


def document(done: Done) -> dict[str, Any]:
    """Read what `--json` printed: one document, and nothing else anywhere."""
    assert done.status == 0, done.err
    assert not done.err
    read = json.loads(done.out)
    assert isinstance(read, dict)
    return read


def head(source: Path, rows: int, folder: Path, name: str = "head.csv") -> Path:
    """Write the header and the first rows of a market file."""
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    path = folder / name
    path.write_text("".join(lines[: rows + 1]), encoding="utf-8")
    return path
