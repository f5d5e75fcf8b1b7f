"""The processes of `make live`, with stand-ins: none is left behind, however it behaves."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.live import processes
from deploy.live.processes import Failed, Processes
from tests.paths import ROOT

DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("has", inner.pid, flush=True)
time.sleep(600)
"""
ENDS_AND_LEAVES_A_CHILD = DEAF.replace("signal.SIG_IGN", "lambda *_: sys.exit(0)")


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Processes]:
    def start(program: str) -> Processes:
        monkeypatch.setattr(processes, "WORKSTEAL", Path(sys.executable))
        monkeypatch.setattr(processes, "STOP_S", 1.0)
        monkeypatch.setattr(processes, "UP_S", 10.0)
        made = Processes(tmp_path, [])
        made.start("one", "-c", program)
        return made

    return start


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("program", [DEAF, ENDS_AND_LEAVES_A_CHILD], ids=["deaf", "left"])
def test_what_is_stopped_is_gone_with_what_it_started(started, program):
    running = started(program)
    inner = int(running.wait_for("one", r"has \d+(?=\n)").split()[1])
    assert lives(inner)
    running.stop_all()
    assert not lives(inner)


def test_what_ends_before_it_is_ready_is_told_with_its_log(started):
    running = started("print('no')")
    with pytest.raises(Failed, match=r"one did not come up: .*one\.log says why"):
        running.wait_for("one", "ready")
    running.stop_all()


FAKE_BROKER = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$1" in start) [ -n "$SLOW" ] && sleep "$SLOW"; echo 127.0.0.1:1 ;; esac
"""


def live(tmp_path: Path, **env: str) -> subprocess.Popen[str]:
    """Start `make live` with stand-ins for the broker's command and for worksteal."""
    for name in ("deploy/kafka/broker", "bin/worksteal"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(FAKE_BROKER if "kafka" in name else "#!/bin/sh\nexec sleep 600\n")
        path.chmod(0o755)
    program = (
        "import runpy; from pathlib import Path; from deploy.live import processes;"
        f"processes.ROOT = Path({str(tmp_path)!r});"
        f"processes.WORKSTEAL = Path({str(tmp_path / 'bin/worksteal')!r});"
        "runpy.run_module('deploy.live', run_name='__main__', alter_sys=True)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, "--folder", tmp_path / "live"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "CALLS": str(tmp_path / "calls"), **env},
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_broker_and_a_second_one_changes_nothing(tmp_path, number):
    process = live(tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("topics"):
            break
    time.sleep(0.2)
    process.send_signal(number)
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + number, said
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["start", "stop"]


def test_a_start_that_is_interrupted_stops_its_broker(tmp_path):
    process = live(tmp_path, SLOW="5")
    while not (tmp_path / "calls").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert (tmp_path / "calls").read_text().splitlines()[-1].startswith("stop")


def test_the_broker_of_a_run_that_was_killed_is_stopped_before_its_folder_goes(tmp_path):
    (tmp_path / "live" / "kafka").mkdir(parents=True)
    process = live(tmp_path, SLOW="5")
    while not (tmp_path / "calls").exists() or "start" not in (tmp_path / "calls").read_text():
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["stop", "start", "stop"]
