"""`worksteal optimize`: what it writes, going on after any end, and mistakes in one sentence."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from streams.cli.inputs import read_policies
from tests.streams.cli.command import MIXED, document, finish, head, start, worksteal

ROWS = 200
"""Forty hours of five cryptos."""
SMALL = (
    "--evaluations",
    12,
    "--seed",
    3,
    "--fix",
    "crypto_force_count",
    "--fix",
    "fight_threshold",
)
WORDS = (*SMALL, "--workers", 1, "--json", "--state", "state.jsonl")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return head(MIXED, ROWS, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """An uninterrupted search: its folder and its document."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, document(worksteal("optimize", data, *WORDS, cwd=folder))


def journal_lines(folder: Path) -> int:
    path = folder / "state.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def stopped_at(lines: int, data: Path, folder: Path, sign: signal.Signals):
    """Start a search and send it a signal when its journal has so many lines."""
    started = start("optimize", data, *WORDS, cwd=folder)
    until = time.monotonic() + 100
    while journal_lines(folder) < lines:
        assert started.poll() is None, started.communicate()
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(started.pid, sign)
    return finish(started)


def test_document_and_policy_file(whole):
    folder, found = whole
    (fold,) = found["folds"]
    assert len(fold["tried"]) == found["evaluations"] == 12
    assert list(fold["policies"]) == ["optimized", "default", "none"]
    assert fold["fit"]["until_us"] == fold["unseen"]["from_us"]
    best = max(one["objective"] for one in fold["tried"])
    assert fold["policies"]["optimized"]["fit"]["objective"] == best
    assert found["capacity_breaches"] == 0
    assert [one["field"] for one in found["sensitivity"]] == list(found["ranges"])
    assert found["verdict"]
    (policy,) = read_policies([str(folder / "worksteal-policy.yaml")], None)
    assert policy.model_dump(mode="json") == found["policy"]
    assert not (folder / "worksteal-optimize.html").exists()  # --json asks for no report


def test_kill_and_resume_gives_the_same_answer(whole, data, tmp_path):
    folder, found = whole
    for lines in (3, 9, 15):
        killed = stopped_at(lines, data, tmp_path, signal.SIGKILL)
        assert killed.status == -signal.SIGKILL
        assert lines <= journal_lines(tmp_path) < journal_lines(folder)
    done = worksteal("optimize", data, *WORDS, cwd=tmp_path)
    assert done.status == 0
    assert json.loads(done.out) == found
    assert "evaluations are in state.jsonl already" in done.err
    assert done.out == worksteal("optimize", data, *WORDS, cwd=folder).out
    written = [path / "worksteal-policy.yaml" for path in (tmp_path, folder)]
    assert written[0].read_bytes() == written[1].read_bytes()
    assert (tmp_path / "state.jsonl").read_bytes() == (folder / "state.jsonl").read_bytes()


def test_ctrl_c_says_how_to_go_on(data, tmp_path):
    done = stopped_at(4, data, tmp_path, signal.SIGINT)
    assert done.status == 130
    assert not done.out
    assert "evaluations are kept in state.jsonl" in done.err
    assert "To go on: worksteal optimize" in done.err
    assert "Traceback" not in done.err
    assert journal_lines(tmp_path) >= 4


def test_by_itself_it_leaves_policy_and_report(data, tmp_path):
    done = worksteal("optimize", data, *SMALL, "--workers", 2, cwd=tmp_path)
    assert done.status == 0, done.err
    assert not done.err
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["worksteal-optimize.html", "worksteal-policy.yaml"]
    for word in ("unseen", "optimized", "default", "none", "policy: worksteal-policy.yaml"):
        assert word in done.out


def test_another_search_on_the_same_journal_is_refused(whole, data, tmp_path):
    folder, _ = whole
    state = folder / "state.jsonl"
    before = state.read_bytes()
    words = ("optimize", data, *SMALL, "--workers", 1, "--state", state)
    for more, told in (
        (("--objective", "idle"), "other objective"),
        (("--capital", 9_000), "other options"),
        (("--range", "max_victims=1:4"), "other ranges"),
        (("--set", "max_victims=2"), "other policy"),
        (("--folds", 2), "other periods"),
    ):
        done = worksteal(*words, *more, cwd=tmp_path)
        assert done.status == 2
        assert told in done.err
        assert done.err.count("\n") == 1
    assert state.read_bytes() == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--objective", "luck"), "choose one of pnl, pnl-per-drawdown, idle"),
        (("--range", "protection"), "field=low:high"),
        (("--fix", "luck"), "no field of a policy"),
        (("--policy", "none"), "begin with one that steals"),
        (("--split", "2030-01-01"), "--split is outside the data"),
        (("--split", "soon"), "--split soon"),
        (("--evaluations", "3"), "--evaluations"),
        (("--policy-out", "no/such.yaml"), "create it first"),
        (("--policy-out", "a.txt", "--report", "a.txt"), "--policy-out a.txt: this is the file of"),
        (("--state", "."), "no plain file"),
    ],
)
def test_mistakes_are_one_sentence(data, tmp_path, words, told):
    done = worksteal("optimize", data, *words, cwd=tmp_path)
    assert done.status == 2
    assert told in done.err
    assert "Traceback" not in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
