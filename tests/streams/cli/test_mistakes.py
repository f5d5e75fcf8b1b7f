"""A user's mistake is one sentence on standard error, exit status 2, and nothing else."""

import ast
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from streams import cli
from streams.ground.mistakes import Mistake
from tests.paths import ROOT
from tests.streams.cli.command import DAY, head, worksteal, worksteal_process
from tests.streams.journal.test_folder import other_worker


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


def test_the_good_file_is_good_and_a_bad_one_ends_the_process_with_two(folder):
    done = worksteal_process("backtest", "bad_row.csv", cwd=folder)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    done = worksteal_process("backtest", "ok.csv", "--json", cwd=folder)
    assert (done.status, done.err) == (0, "")


NOBODY = "--bootstrap 127.0.0.1:1"
"""Where no broker is."""

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


MISTAKES += [
    # a worker and what is around it
    ("worker --config missing.yaml", "missing.yaml: there is no such settings file"),
    (f"worker {NOBODY}", "no Kafka broker answers at 127.0.0.1:1: start one with"),
    (f"worker {NOBODY} --data-dir ok.csv", "data_dir: ok.csv/sequencer cannot be used"),
    (f"WEB_PORT={{taken}} worker {NOBODY}", "is taken, perhaps by another worker; set WORKSTEAL"),
    (f"WEB_HOST=0.0.0.0 worker {NOBODY}", "web_host: 0.0.0.0 can be reached from other machines"),
    (f"WEB_TOKEN=short worker {NOBODY}", "web_token: a token has 16 to 256"),
    (f"POLICY=unknown.yaml worker {NOBODY}", "unknown.yaml: protecion is no field"),
    ("worker --only both", "Invalid value for '--only'"),
    ("doctor --config missing.yaml", "missing.yaml: there is no such settings file"),
    ("doctor --bootstrap here", "HOST:PORT"),
    # settings
    ("BOOTSTRP=x:1 config show", "WORKSTEAL_BOOTSTRP, which is no setting; did you mean"),
    ("WEB_PORT=many config show", "WORKSTEAL_WEB_PORT: input should be a valid integer"),
    ("CALENDAR_YEARS=2019-2018 config show", "2019 is after 2018; the first year stands first"),
    ("config show --config torn.yaml", "torn.yaml: this is no YAML"),
    ("config show --config unknown.yaml", "unknown.yaml: protecion is no setting"),
    ("config show --config list.yaml", "list.yaml: a settings file has one"),
    ("config show --config sub", "sub: the settings cannot be read (Is a directory)"),
    # topics
    (f"topics create {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("topics create --partitions 0", "Invalid value for '--partitions'"),
    (f"topics check {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("topics check --bootstrap kafka.example:9092", "or add --insecure if that is meant"),
    ("SECURITY_PROTOCOL=SASL_SSL topics check", "sasl_username: SASL_SSL needs one; set it"),
    ("SECURITY_PROTOCOL=SSL SSL_CAFILE=no.pem topics check", "ssl_cafile: no.pem does not load"),
    # publishing
    (f"policy set default {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("policy set missing.yaml", "'missing.yaml' is no policy file and no preset"),
    ("policy set default --account not*allowed", "not*allowed': an account has 1 to 64"),
    (f"feed ok.csv {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("feed missing.csv", "missing.csv: there is no such file"),
    ("feed ok.csv --speed fast", "--speed fast: give a number above 0"),
    (f"venue paper --account demo {NOBODY}", "--account demo: write it as NAME=CASH"),
    (f"venue paper --account demo=-5 {NOBODY}", "the cash must be dollars"),
    (f"venue paper --account a=1 --account a=2 {NOBODY}", "a is named twice; name it once"),
    (f"venue paper --data-dir ok.csv {NOBODY}", "ok.csv"),
    # looking
    (f"state demo {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("state demo --url nonsense", "--url nonsense: write it as http://HOST:PORT"),
    ("state demo --url http://a:1 --from-changelog", "exclude each other; say one of the two"),
    (f"tail steals {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("tail nowhere", "there is no topic 'nowhere' to look at; there are"),
    (f"tail steals --start soon {NOBODY}", "--start soon: write latest, earliest"),
    (f"tail steals --kind theft {NOBODY}", "topic steals has no kind 'theft'; there are"),
    (f"dlq list {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("dlq list --since yesterday", "--since yesterday: write a date such as"),
    ("dlq list --reason odd", "--reason odd: there is no such thing"),
    ("dlq show 17", "17 is no place of a dead letter: write PARTITION:OFFSET"),
    ("dlq show 0:1 --raw --json", "exclude each other; say one of the two"),
    ("dlq redrive", "name the letters by PLACE, or say --all"),
    ("dlq redrive --all", "--all needs --reason"),
    ("dlq redrive 0:1 --with missing.json", "missing.json: it cannot be read"),
    ("page missing.recording", "missing.recording: it cannot be read"),
    ("page ok.csv", "ok.csv: this is no recording of worksteal"),
    # recordings
    (f"record day.recording {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("record ok.csv", "ok.csv: there is such a file already; name another one"),
    ("record no/day.recording", "there is no folder no; create it first"),
    ("replay", "name a recording or say --broker"),
    ("replay ok.csv", "ok.csv: this is no recording of worksteal"),
    ("replay ok.csv --topic-prefix x-", "--topic-prefix goes with --broker"),
    ("verify missing.recording", "missing.recording: it cannot be read"),
    (f"verify --broker {NOBODY}", "no Kafka broker answers at 127.0.0.1:1"),
    ("schema --out ok.csv/schema", "ok.csv/schema"),
    # searching
    ("optimize missing.csv", "missing.csv: there is no such file"),
    ("optimize ok.csv --objective luck", "--objective luck: choose one of"),
    ("optimize ok.csv --range protection=1:0", "the low end must be below the high end"),
    ("optimize ok.csv --split 1999-01-01", "--split is outside the data"),
    ("optimize ok.csv --evaluations 1", "Invalid value for '--evaluations'"),
]

QUIET = {"WORKSTEAL_LOG_LEVEL": "error", "WORKSTEAL_LOG_FORMAT": "json", "WORKSTEAL_WEB_PORT": "0"}


def without_log(err: str) -> str:
    """Return what a worker says beside the lines of its log."""
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("{"))


def typed(line: str, taken: int) -> tuple[list[str], dict[str, str]]:
    """Return the words of a row, and the settings in front of them as the environment."""
    words = line.format(taken=taken).split()
    count = next(n for n, word in enumerate(words) if not re.match("[A-Z_]+=", word))
    pairs = (word.partition("=") for word in words[:count])
    return words[count:], {f"WORKSTEAL_{name}": value for name, _, value in pairs}


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """Return a port where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(("words", "told"), MISTAKES, ids=[words[:60] for words, _ in MISTAKES])
def test_mistake_is_one_sentence(words: str, told: str, folder: Path, taken: int):
    before = (folder / "ok.csv").read_bytes()
    command, env = typed(words, taken)
    if command[0] == "worker":
        done = worksteal_process(*command, cwd=folder, **QUIET | env)
        done = done._replace(err=without_log(done.err))
    else:
        done = worksteal(*command, cwd=folder, **QUIET | env)
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


def test_a_folder_that_another_worker_has(tmp_path):
    with other_worker(tmp_path / "data" / "sequencer"):
        words = ("worker", *NOBODY.split(), "--data-dir", "data")
        done = worksteal_process(*words, cwd=tmp_path, **QUIET)
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "worksteal: data_dir: another worker uses data/sequencer; give each worker a folder of its own.\n"
    )


def leaves(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        if hasattr(command, "commands"):
            yield from leaves(command, path)
        else:
            yield path


@pytest.mark.parametrize("command", list(leaves(typer.main.get_command(cli.app))))
def test_every_command_has_a_mistake(command):
    rows = [" ".join(typed(words, 1)[0]) for words, _ in MISTAKES]
    assert any(f"{row} ".startswith(f"{command} ") for row in rows)


def kinds() -> set[str]:
    """Return the names of all classes that are told as a user's mistake."""
    found: list[type] = [Mistake]
    for kind in found:
        found += kind.__subclasses__()
    return {kind.__name__ for kind in found}


def template(node: ast.expr) -> str:
    """Return a message as it stands in the source, with … for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) for part in node.values)
    return "…"


def sentences() -> Iterator[tuple[str, str]]:
    """Yield each place that makes such an error, and its message."""
    names = kinds()
    for path in sorted(
        [*(ROOT / "streams").rglob("*.py"), *(ROOT / "topics/client").rglob("*.py")]
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "id", None)
            if isinstance(node, ast.Call) and name in names and node.args:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", template(node.args[0])


def test_every_sentence_in_the_code_is_one_line_without_decoration():
    for place, told in sentences():
        assert "\n" not in told, place
        assert told == told.strip(), place
        assert not told.endswith(("!", "..", ";", ",")), place
        assert "Error:" not in told, place
