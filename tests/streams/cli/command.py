"""The real command line, started as a user starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, NamedTuple

from tests.paths import ROOT

MARKET = ROOT / "examples" / "market"
DAY = MARKET / "coinbase-2018-04-04.csv"
STOCKS_HOURLY = MARKET / "nyse-hourly-2018-04-04.csv"
STOCKS_MINUTE = MARKET / "nyse-2013-10-07.csv"
MIXED = MARKET / "hourly-mixed-2025-12.csv"


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
    out, err = started.communicate(timeout=120)
    return Done(started.returncode, out, err)


def worksteal(*words: object, cwd: Path, **env: str) -> Done:
    return finish(start(*words, cwd=cwd, **env))


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
