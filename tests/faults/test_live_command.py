"""`make live` as a person runs it: it ends with `identical`, and nothing of it goes on running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.broker import need_java
from tests.paths import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def left_behind(folder: Path) -> list[str]:
    """Return the command lines of processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(folder) in words:
                found.append(words)
    return found


def live(folder: Path, *words: str) -> subprocess.Popen[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WORKSTEAL_")}
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.live", "--folder", folder, *words],
        cwd=ROOT, env=clean | {"WORKSTEAL_WEB_PORT": "0"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_make_live_ends_with_identical_and_leaves_nothing_behind(tmp_path):
    need_java()
    process = live(tmp_path / "live", "--limit", "5000")
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert "identical" in said
    assert "started" in said  # steals
    lines = said.splitlines()
    (page,) = (place for place, line in enumerate(lines) if line.startswith("page: http://127."))
    assert lines[page + 1].startswith("feed"), "the page can be opened before anything happens"
    assert left_behind(tmp_path / "live") == []


def test_ctrl_c_stops_all_of_it(tmp_path):
    need_java()
    process = live(tmp_path / "live")
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("feed"):
                break
        time.sleep(1.0)
        assert left_behind(tmp_path / "live")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 130, said
        assert left_behind(tmp_path / "live") == []
    finally:
        process.kill()
