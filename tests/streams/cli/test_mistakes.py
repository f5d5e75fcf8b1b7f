"""A user's mistake is one sentence on standard error, exit status 2, and nothing else."""

import os
from pathlib import Path

import pytest

from tests.streams.cli.command import DAY, head, worksteal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a good file, `ok.csv`, and files with one fault each."""
    lines = head(DAY, 60, tmp_path, "ok.csv").read_text(encoding="utf-8").splitlines()
    bad = lines[3].split(",")
    bad[2] = "abc"
    files = {
        "bad_row.csv": [*lines[:3], ",".join(bad), *lines[4:]],
        "short_row.csv": [*lines[:3], "2018-04-04T00:01:00Z,BTCUSD"],
        "header.csv": lines[:1],
        "columns.csv": ["when,what,price", "2018-04-04T00:00:00Z,BTCUSD,1"],
        "back.csv": [*lines[:10], lines[1]],
        "field.yaml": ["protection: 7"],
        "unknown.yaml": ["protecion: 0.1"],
        "base.yaml": ["base: [default]"],
        "list.yaml": ["- protection"],
        "torn.yaml": ["protection: ["],
        "date.yaml": ["cooldown_s: 2020-13-45"],
        "deep.yaml": ["x: " + "[" * 5000],
        "own.py": [
            "from streams.strategies import RequestEntry, Strategy",
            "class Slip(Strategy):",
            "    def __init__(self, position): pass",
            "    def on_bar(self, bar, now_us):",
            "        return 1 / 0",
            "    def on_fill(self, fill, entry, now_us): return ()",
            "class Negative(Slip):",
            "    def on_bar(self, bar, now_us):",
            "        yield RequestEntry('e', bar.symbol, 'buy', 1.0, -1.0, 0.0, now_us + 1)",
            "class NoAction(Slip):",
            "    def on_bar(self, bar, now_us): return ['buy']",
            "class NoStrategy: pass",
        ],
    }
    for name, text in files.items():
        (tmp_path / name).write_text("\n".join(text) + "\n", encoding="utf-8")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "sub").mkdir()
    return tmp_path


def test_the_good_file_is_good(folder):
    done = worksteal("backtest", "ok.csv", "--json", cwd=folder)
    assert (done.status, done.err) == (0, "")


MISTAKES = [
    # data
    ("backtest bad_row.csv", "bad_row.csv line 4, field bid_open: 'abc' is not a number"),
    ("backtest short_row.csv", "short_row.csv line 4"),
    ("backtest empty.csv", "empty.csv line 1: the file is empty"),
    ("backtest header.csv", "header.csv line 2"),
    ("backtest columns.csv", "columns.csv line 1: column 'time' is missing"),
    ("backtest back.csv", "back.csv line 11, field time"),
    ("backtest missing.csv", "missing.csv: there is no such file"),
    ("backtest sub", "sub: the file cannot be read"),
    ("backtest ok.csv ok.csv", "overlaps"),
    ("explain missing.csv", "missing.csv: there is no such file"),
    # policies
    ("backtest ok.csv --policy defualt", "'defualt' is no policy file and no preset"),
    ("backtest ok.csv --policy field.yaml", "field.yaml: protection: "),
    ("backtest ok.csv --policy unknown.yaml", "unknown.yaml: protecion is no field"),
    ("backtest ok.csv --policy base.yaml", "base.yaml: base: ['default'] is no preset"),
    ("backtest ok.csv --policy list.yaml", "list.yaml: a policy file has"),
    ("backtest ok.csv --policy torn.yaml", "torn.yaml, line 2: this is no YAML"),
    ("backtest ok.csv --policy date.yaml", "date.yaml: a value cannot be read"),
    ("backtest ok.csv --policy deep.yaml", "deep.yaml: a value cannot be read"),
    ("backtest ok.csv --policy bytes.yaml", "bytes.yaml: the policy file is not UTF-8"),
    ("backtest ok.csv --policy sub", "sub: the policy file cannot be read"),
    (f"backtest ok.csv --policy {'x' * 300}", "is no policy file and no preset"),
    ("backtest ok.csv --policy none --policy none", "two policies are called none"),
    ("policy show defualt", "'defualt' is no policy file and no preset"),
    # options
    ("backtest ok.csv --set protection", "--set protection: write it as field=value"),
    ("backtest ok.csv --set protecion=1", "protecion is no field of a policy"),
    ("backtest ok.csv --set protection=7", "protection: "),
    ("backtest ok.csv --set protection=[", "--set protection=[: the value cannot be read"),
    ("backtest ok.csv --set cooldown_s=2020-13-45", "the value cannot be read"),
    ("backtest ok.csv --position 20000", "--position 20000 is more than --capital 10000"),
    ("backtest ok.csv --capital -1", "Invalid value for '--capital'"),
    ("backtest ok.csv --capital nan", "Invalid value for '--capital'"),
    ("backtest ok.csv --fee-rate much", "Invalid value for '--fee-rate'"),
    ("backtest ok.csv --jsn", "No such option: --jsn"),
    ("backtest", "Missing argument 'files'"),
    ("bactest ok.csv", "No such command 'bactest'"),
    # strategies
    ("backtest ok.csv --strategy own", "'own' does not name a strategy"),
    ("backtest ok.csv --strategy none.py:Slip", "none.py: there is no such file"),
    ("backtest ok.csv --strategy own.py:Missing", "own.py: there is no class Missing"),
    ("backtest ok.csv --strategy own.py:NoStrategy", "NoStrategy is not a strategy"),
    ("backtest ok.csv --strategy own.py:Slip", "own.py line 5: ZeroDivisionError"),
    ("backtest ok.csv --strategy own.py:Negative", "negative_number in qty"),
    ("backtest ok.csv --strategy own.py:NoAction", "own.py: on_bar gave 'buy'"),
    # where results go
    ("backtest ok.csv --report no/where.html", "--report no/where.html: there is no folder no"),
    ("backtest ok.csv --report sub", "--report sub: this is a folder"),
    (
        "backtest ok.csv --commands no/where.jsonl",
        "--commands no/where.jsonl: it cannot be written",
    ),
    ("backtest ok.csv --commands ok.csv", "--commands ok.csv: this is a market file"),
    ("backtest ok.csv --report ok.csv", "--report ok.csv: this is a market file"),
    ("backtest ok.csv --report x --commands sub/../x", "this is the file of --report"),
    ("explain ok.csv --id 0-999999-0", "--id 0-999999-0: the run under default said nothing"),
]


@pytest.mark.parametrize(("words", "told"), MISTAKES, ids=[words[:60] for words, _ in MISTAKES])
def test_mistake_is_one_sentence(words: str, told: str, folder: Path):
    before = (folder / "ok.csv").read_bytes()
    done = worksteal(*words.split(), cwd=folder)
    assert done.status == 2
    assert not done.out
    assert done.err.startswith("worksteal: ")
    assert done.err.count("\n") == 1
    assert done.err.endswith((".\n", "?\n"))
    assert told in done.err
    assert "Traceback" not in done.err
    assert (folder / "ok.csv").read_bytes() == before
    assert not list(folder.glob("*.html"))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full here")
def test_full_disk(folder):
    """The disk can fill up while commands are written; a device is never replaced by a report."""
    head(DAY, 200, folder)
    commands = worksteal("backtest", "head.csv", "--commands", "/dev/full", cwd=folder)
    assert commands.status == 2
    assert "--commands /dev/full: it cannot be written" in commands.err
    # Through a link, so that a rename could at worst replace the link.
    (folder / "device").symlink_to("/dev/full")
    report = worksteal("backtest", "ok.csv", "--report", "device", cwd=folder)
    assert (report.status, report.out) == (2, "")
    assert "this is no plain file" in report.err
    assert os.readlink(folder / "device") == "/dev/full"  # noqa: PTH115 - the target as written


def test_nothing_said_is_a_mistake_that_shows_the_help(tmp_path):
    done = worksteal(cwd=tmp_path)
    assert done.status == 2
    assert "Usage: worksteal" in done.out + done.err
    assert "worksteal: " not in done.err
