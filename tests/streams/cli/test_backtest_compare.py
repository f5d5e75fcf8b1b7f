"""`worksteal backtest` with many policies: ranges, periods, workers, and what ends them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.streams.cli.command import DAY, MIXED, document, finish, head, worksteal

RECORDS = sorted((ROOT / "examples" / "policies").glob("record-*.yaml"))
NAMED = [word for path in RECORDS for word in ("--policy", str(path))]
SPLIT = "2026-01-16"


@pytest.fixture(scope="module")
def week(tmp_path_factory) -> Path:
    """Cut the hourly file down to days on both sides of the split."""
    lines = MIXED.read_text(encoding="utf-8").splitlines(keepends=True)
    path = Path(tmp_path_factory.mktemp("week")) / "week.csv"
    kept = [line for line in lines[1:] if "2026-01-09" <= line[:10] <= "2026-01-21"]
    path.write_text("".join([lines[0], *kept]), encoding="utf-8")
    return path


def test_the_records_fitted_and_unseen_are_the_same_for_any_workers(week, tmp_path):
    assert len(RECORDS) == 6
    words = ("backtest", week, "--json", *NAMED, "--split", SPLIT)
    first = document(worksteal(*words, "--workers", 2, cwd=tmp_path))
    again = document(worksteal(*words, "--workers", 2, cwd=tmp_path))
    alone = document(worksteal(*words, "--workers", 1, cwd=tmp_path))
    assert first == again == alone
    names = [path.stem for path in RECORDS]
    for period in ("fit", "unseen"):
        assert list(first[period]["runs"]) == names
        for run in first[period]["runs"].values():
            assert run["steals"] > 0
            assert run["capacity_breaches"] == 0
            assert run["worth"]["settled"] == run["steals_settled"]
    assert first["fit"]["last_us"] < 1_768_521_600_000_000 <= first["unseen"]["first_us"]
    assert first["baseline"] == names[0]


def test_table_and_report_of_two_periods(week, tmp_path):
    done = worksteal("backtest", week, "--split", SPLIT, "--workers", 2, cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    for word in ("The policies by P&L of fit", "unseen", "baseline: none", "digest of all: "):
        assert word in done.out
    report = (tmp_path / "worksteal-report.html").read_text(encoding="utf-8")
    assert 'id="equity-unseen"' in report
    (digest,) = (line for line in done.out.splitlines() if "digest of all" in line)
    assert digest.split()[-1] in report


def test_a_range_runs_each_value_beside_none_and_default(week, tmp_path):
    words = ("backtest", week, "--json", "--set", "protection=0.0005:0.01:3", "--workers", 2)
    runs = document(worksteal(*words, "--until", SPLIT, cwd=tmp_path))["runs"]
    values = (0.0005, 0.00525, 0.01)
    assert list(runs) == ["none", "default", *(f"default protection={one:g}" for one in values)]
    assert [run["swept"] for run in runs.values()] == [
        {},
        {},
        *({"protection": one} for one in values),
    ]
    one = ("--policy", "default", "--set", "protection=0.00525", "--until", SPLIT)
    alone = document(worksteal("backtest", week, "--json", *one, cwd=tmp_path))["runs"]
    assert alone["default"]["digest"] == runs["default protection=0.00525"]["digest"]


def test_from_and_until_bound_the_data(week, tmp_path):
    few = document(
        worksteal(
            *("backtest", week, "--json", "--policy", "none"),
            *("--from", "2026-01-12", "--until", "2026-01-13T12:00Z"),
            cwd=tmp_path,
        )
    )
    assert few["first_us"] >= 1_768_176_000_000_000
    assert few["last_us"] < 1_768_305_600_000_000
    assert few["quotes"] > 100


def test_commands_are_the_same_lines_for_any_workers(week, tmp_path):
    def commands(workers: int) -> list[str]:
        words = ("--workers", workers, "--split", SPLIT, "--commands", f"{workers}.jsonl")
        document(worksteal("backtest", week, "--json", *words, cwd=tmp_path))
        text: str = (tmp_path / f"{workers}.jsonl").read_text(encoding="utf-8")
        return text.splitlines()

    alone = commands(1)
    assert alone == commands(2)
    about = [(line["period"], line["policy"]) for line in map(json.loads, alone)]
    assert list(dict.fromkeys(about)) == [
        (period, policy)
        for period in ("fit", "unseen")
        for policy in ("none", "reference", "default")
    ]


def test_plain_says_the_same(week, tmp_path):
    words = ("backtest", week, "--json", "--policy", "default", "--until", SPLIT)
    plain = document(worksteal(*words, "--plain", cwd=tmp_path))
    assert plain == document(worksteal(*words, cwd=tmp_path))


OWN = """
from streams.strategies import RequestEntry, Strategy
class Dip(Strategy):
    name = "dip"
    def __init__(self, position):
        self.position, self.count = position, 0
    def on_bar(self, bar, now_us):
        self.count += 1
        if self.count == SLIP: return 1 / 0
        limit = round(bar.ask_close * 0.999, 2)
        return [RequestEntry(f"e{self.count}", bar.symbol, "buy", limit, self.position / limit,
                             0.0, now_us + 3_600_000_000)]
    def on_fill(self, fill, entry, now_us): return ()
"""


def test_an_own_strategy_is_loaded_in_each_worker(tmp_path):
    few = head(DAY, 200, tmp_path)
    (tmp_path / "own.py").write_text(OWN.replace("SLIP", "-1"), encoding="utf-8")
    words = ("backtest", few, "--json", "--strategy", "own.py:Dip")
    several = document(worksteal(*words, "--workers", 2, cwd=tmp_path))
    assert several["strategy"] == "dip"
    assert several["runs"]["default"]["entries"] == 200
    assert several == document(worksteal(*words, cwd=tmp_path))


def test_a_slip_in_it_is_told_alike_with_its_line(tmp_path):
    few = head(DAY, 200, tmp_path)
    (tmp_path / "own.py").write_text(OWN.replace("SLIP", "9"), encoding="utf-8")
    words = ("backtest", few, "--json", "--strategy", "own.py:Dip")
    here, there = (worksteal(*words, "--workers", n, cwd=tmp_path) for n in (1, 2))
    assert here == there
    assert (there.status, there.out) == (2, "")
    assert (
        there.err
        == "worksteal: own.py line 9: ZeroDivisionError: division by zero; correct the strategy.\n"
    )


MISTAKES = [
    ("--set protection=0.1:0.2", "--set protection=0.1:0.2: write a range as low:high:count"),
    ("--set distance=1:2:3", "distance: input should be 'directional' or 'side_blind'"),
    ("--set protection=0:0.1:900 --split 2018-04-04T00:10", "this asks for 1,804 runs"),
    ("--set protection=0.5:2:4", "protection: input should be less than or equal to 1"),
    ("--set protection=0:1:3 --set protection=0.1", "protection is given more than once"),
    ("--split tomorrow", "--split tomorrow: write a date such as 2026-01-16"),
    ("--from 2018-04-05 --until 2018-04-04", "--from is not before --until"),
    ("--from 2019-01-01", "No quote lies from 2019-01-01"),
    ("--split 2019-01-01", "No quote lies from 2019-01-01"),
    ("--workers 0", "Invalid value for '--workers'"),
]


@pytest.mark.parametrize(("words", "told"), MISTAKES, ids=[words for words, _ in MISTAKES])
def test_mistake_is_one_sentence(words, told, tmp_path):
    few = head(DAY, 60, tmp_path)
    done = worksteal("backtest", few, *words.split(), cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("worksteal: ")
    assert done.err.count("\n") == 1
    assert told in done.err
    assert not list(tmp_path.glob("*.html"))


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(one) for one in text.split()]


def alive(pids: list[int]) -> list[int]:
    """Those that have not ended; one that waits to be collected by its parent has."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        except OSError:
            continue
        if state.split()[0] != "Z":
            found.append(pid)
    return found


@contextmanager
def begun(folder: Path, wait_s: float) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Start a long comparison as a terminal would; give it and its workers when they are there."""
    words = f"backtest {MIXED} --json --workers 2 --set protection=0.0005:0.01:40"
    started = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", *words.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    below: list[int] = []
    try:
        until = time.monotonic() + 60
        # Two workers and the process that cleans up after them.
        while len(below) < 3 and time.monotonic() < until:
            time.sleep(0.02)
            below = children(started.pid)
        assert len(below) >= 3
        time.sleep(wait_s)
        yield started, below
    finally:
        for pid in alive([started.pid, *below]):
            os.kill(pid, signal.SIGKILL)


def gone(pids: list[int], within_s: float) -> bool:
    until = time.monotonic() + within_s
    while alive(pids) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pids)


needs_proc = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="there is no /proc here"
)


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("wait_s", [0.05, 2.5], ids=["workers are starting", "workers are at it"])
def test_ctrl_c_ends_it_at_once_and_leaves_nobody(tmp_path, wait_s):
    with begun(tmp_path, wait_s) as (started, workers):
        asked = time.monotonic()
        os.killpg(started.pid, signal.SIGINT)  # a terminal tells everybody in the foreground
        done = finish(started)
        assert time.monotonic() - asked < 5, "it played on"
        assert done.status == 130
        assert not done.out
        assert not done.err.strip()
        assert gone(workers, 2)


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_do_not_outlive_the_command(tmp_path, number):
    with begun(tmp_path, 2.5) as (started, workers):
        os.kill(started.pid, number)
        assert gone(workers, 10)
        finish(started)
