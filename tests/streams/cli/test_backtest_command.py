"""`worksteal backtest`: figures, determinism, commands, files of every kind."""

import json
from pathlib import Path

import pytest

from tests.streams.cli.command import (
    DAY,
    MIXED,
    STOCKS_HOURLY,
    STOCKS_MINUTE,
    document,
    finish,
    head,
    start,
    worksteal,
)
from topics.codec import decode_command
from topics.ids import output_id

KEYS = (
    "entries fills steals blocks commands pnl fees max_drawdown capital_peak capacity_breaches "
    "refusals digest"
).split()
PRESETS = ["none", "reference", "default"]
SEEDS = ("0", "1", "42")


@pytest.fixture(scope="module")
def days(tmp_path_factory) -> dict[str, tuple[dict, list[str]]]:
    """Replay the same day under three hash seeds at once: documents and lines of commands."""
    folder = tmp_path_factory.mktemp("days")
    started = {
        seed: start(
            *("backtest", DAY, "--json", "--commands", f"commands-{seed}.jsonl"),
            cwd=folder,
            PYTHONHASHSEED=seed,
        )
        for seed in SEEDS
    }
    return {
        seed: (
            document(finish(process)),
            (folder / f"commands-{seed}.jsonl").read_text(encoding="utf-8").splitlines(),
        )
        for seed, process in started.items()
    }


@pytest.fixture(scope="module")
def day(days: dict[str, tuple[dict, list[str]]]) -> dict:
    return days["0"][0]


@pytest.fixture(scope="module")
def commands(days) -> list[dict]:
    return [json.loads(line) for line in days["0"][1]]


def test_document_has_every_run_and_figure(day):
    assert list(day["runs"]) == PRESETS
    assert day["files"] == [DAY.name]
    for run in day["runs"].values():
        assert set(KEYS) <= set(run)


def test_capital_binds_and_stealing_moves_it(day):
    runs = day["runs"]
    for name in ("reference", "default"):
        assert runs[name]["steals"] > 0
    for run in runs.values():
        assert run["blocks"] > 0
        assert run["blocks"] == sum(run["refusals"].values())
        assert run["capacity_breaches"] == 0
        assert 0 < run["capital_peak"] <= day["capital"]
    assert runs["none"]["steals"] == 0
    assert runs["none"]["refusals"].keys() == {"disabled"}
    assert len({run["digest"] for run in runs.values()}) == 3


def test_hash_seed_changes_nothing(days):
    assert days["0"] == days["1"] == days["42"]


def test_second_run_says_the_same(tmp_path):
    twice = [start("backtest", DAY, "--json", "--policy", "default", cwd=tmp_path) for _ in "12"]
    first, second = (finish(process) for process in twice)
    assert document(first)["runs"]["default"]["digest"]
    assert first == second


def test_commands_file_has_every_command(day, commands):
    for name in PRESETS:
        mine = [line for line in commands if line["policy"] == name]
        assert len(mine) == day["runs"][name]["commands"]
        places = [output_id(line["id"]) for line in mine]
        assert places == sorted(set(places))
    assert {line["policy"] for line in commands} == set(PRESETS)


def test_commands_decode_and_keep_their_order(commands):
    kinds = set()
    cancelled: dict[str, set[str]] = {}
    for line in commands:
        command = {key: value for key, value in line.items() if key != "policy"}
        kinds.add(type(decode_command(json.dumps(command).encode())).__name__)
        seen = cancelled.setdefault(line["policy"], set())
        if line["type"] == "cancel":
            seen.add(line["order"])
        elif line["type"] == "steal":
            assert set(line["funded_by"]) <= seen, "a thief goes only after its victims' cancels"
    assert kinds == {"Cancel", "Submit", "Steal"}


def test_none_never_cancels_for_a_steal(commands):
    mine = [line for line in commands if line["policy"] == "none"]
    assert mine
    assert not [line for line in mine if line["type"] == "steal" or line.get("steal")]


def test_table_and_report_without_json(tmp_path):
    done = worksteal("backtest", head(DAY, 600, tmp_path), cwd=tmp_path)
    assert done.status == 0
    assert not done.err
    assert "report: worksteal-report.html" in done.out
    assert "bars are sampled, not every tick" in done.out
    for word in (*PRESETS, "capacity breaches", "steals (settled/lost)", "digest"):
        assert word in done.out
    report = (tmp_path / "worksteal-report.html").read_text(encoding="utf-8")
    assert report.startswith("<!doctype html>")


def test_json_writes_a_report_only_if_asked(tmp_path):
    few = head(DAY, 120, tmp_path)
    document(worksteal("backtest", few, "--json", cwd=tmp_path))
    assert not list(tmp_path.glob("*.html"))
    document(worksteal("backtest", few, "--json", "--report", "mine.html", cwd=tmp_path))
    assert [path.name for path in tmp_path.glob("*.html")] == ["mine.html"]


def test_file_name_is_never_markup(tmp_path):
    few = head(DAY, 120, tmp_path, "[bold]day.csv")
    done = worksteal("backtest", few, "--policy", "default", cwd=tmp_path)
    assert "[bold]day.csv: 120 bars" in done.out


def test_policy_file_and_set(tmp_path):
    (tmp_path / "mine.yaml").write_text("base: reference\nprotection: 0.002\n", encoding="utf-8")
    few = head(DAY, 600, tmp_path)

    def digests(*words: str) -> dict[str, str]:
        runs = document(worksteal("backtest", few, "--json", *words, cwd=tmp_path))["runs"]
        return {name: run["digest"] for name, run in runs.items()}

    plain = digests("--policy", "reference")
    by_file = digests("--policy", "mine.yaml")
    by_word = digests("--policy", "reference", "--set", "protection=0.002")
    assert list(by_file) == ["mine"]
    assert by_file["mine"] == by_word["reference"] != plain["reference"]


def test_policies_run_in_the_order_given(tmp_path):
    few = head(DAY, 120, tmp_path)
    words = ("--policy", "default", "--policy", "none")
    runs = document(worksteal("backtest", few, "--json", *words, cwd=tmp_path))["runs"]
    assert list(runs) == ["default", "none"]


def judge(read: dict) -> None:
    """Check what must hold of any data in which capital binds."""
    runs = read["runs"]
    assert runs["none"]["steals"] == 0
    for run in runs.values():
        assert run["capacity_breaches"] == 0
        assert run["blocks"] > 0
        assert run["fills"] > 0
    assert runs["reference"]["steals"] > 0
    assert runs["default"]["steals"] > 0


def test_crypto_minutes_and_stock_hours_together(tmp_path):
    read = document(worksteal("backtest", DAY, STOCKS_HOURLY, "--json", cwd=tmp_path))
    assert {"BTCUSD", "AAPL"} <= set(read["symbols"])
    assert read["files"] == [DAY.name, STOCKS_HOURLY.name]
    judge(read)


def test_hours_with_forecasts(tmp_path):
    few = head(MIXED, 399, tmp_path)
    read = document(worksteal("backtest", few, "--json", cwd=tmp_path))
    assert read["strategy"] == "forecast-range"
    judge(read)


def test_stock_minutes(tmp_path):
    read = document(worksteal("backtest", STOCKS_MINUTE, "--json", cwd=tmp_path))
    judge(read)


def test_order_of_the_options_does_not_matter(tmp_path):
    few = head(DAY, 300, tmp_path)
    one = worksteal("backtest", few, "--json", "--capital", 5000, cwd=tmp_path)
    other = worksteal("backtest", "--capital", 5000, "--json", few, cwd=Path("/"))
    assert document(one) == document(other)
