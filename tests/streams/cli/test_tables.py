"""Every command's tables at four widths: each figure of the data stands whole on one line.

A command is run at a width at which nothing needs to be broken; what has a digit there is what must
be there at every width.
"""

import io
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from deploy.live.steals import Steals
from streams.cli import backtest, main, optimize
from streams.cli.comparison_table import comparison_table
from streams.cli.dlq_tables import letter_lines, list_line
from streams.cli.state_tables import show as show_account
from streams.cli.tables import Column, Sheet, output, wrapped
from streams.cli.topics import topics_table
from streams.ground.kafka.topic_admin import Finding
from streams.ground.settings import Settings
from streams.observe.dead_letters import LetterSurvey
from streams.observe.doctor import Line
from streams.observe.pages.account_view import look_up
from streams.observe.tail.sight import Sight, words_of
from tests.state.steals import stealing
from tests.streams.audit.days import day, write
from tests.streams.cli.command import DAY, head
from tests.streams.lab.report import synthetic
from tests.streams.observe.dead_letters.test_letters import letter
from topics.codec import encode
from topics.facts import StealStarted, Victim

WIDTHS = (60, 80, 100, 160)
WIDE = 4000
BORDER = "┏┃┡│└┳╇┴┓┩┘━─┌┬┐├┼┤"
STYLE = re.compile(r"\x1b\[[0-9;]*m")

HEADINGS = ("90",)
"""Of `90 % from`: a block leaves a heading out that has no value."""

Shown = Callable[[int], str]


def words_with_figures(text: str) -> Counter[str]:
    words = re.split(rf"[\s=(){BORDER}]+", text)
    return Counter(word for word in words if re.search(r"\d", word) and word not in HEADINGS)


def assert_whole(shown: Shown) -> None:
    """Assert that all figures are there at each width, and nothing that looks like a part of one."""
    wide = words_with_figures(shown(WIDE))
    assert wide
    for width in WIDTHS:
        text = shown(width)
        narrow = words_with_figures(text)
        assert wide - narrow == Counter(), width
        assert narrow.keys() <= wide.keys(), width
        assert "…" not in text
        for line in text.splitlines():
            assert len(line) <= width or " " not in line.strip(), (width, line)


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Return what prints by a function or by the words of a command, as a terminal shows it."""

    def shown(what: Callable[[], object] | tuple[object, ...]) -> Shown:
        def at(width: int) -> str:
            monkeypatch.setenv("COLUMNS", str(width))
            monkeypatch.setenv("TERM", "xterm")
            monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
            if isinstance(what, tuple):
                with pytest.raises(SystemExit):
                    main([str(word) for word in what])
            else:
                what()
            return STYLE.sub("", capsys.readouterr().out)

        return at

    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tables")
    head(DAY, 240, made)
    write(made / "day.recording", day())
    return made


def once(made: Callable[..., Any]) -> Callable[..., Any]:
    kept: list[Any] = []

    def again(*arguments: Any) -> Any:
        if not kept:
            kept.append(made(*arguments))
        return kept[0]

    return again


@pytest.fixture(autouse=True)
def _inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in that folder, do what takes long once, and write no report: the terminal is looked at."""
    monkeypatch.chdir(folder)
    for module, name in ((backtest, "_compare"), (optimize, "_search")):
        monkeypatch.setattr(module, name, once(getattr(module, name)))
    monkeypatch.setattr(backtest, "write_report", lambda *_: None)
    monkeypatch.setattr(optimize, "write_page", lambda *_: None)


@pytest.mark.parametrize(
    "words",
    [
        "backtest head.csv",
        "backtest head.csv --policy default",
        "backtest head.csv --policy default --set protection=0.001:0.002:3 --set cooldown_s=30:600:2",
        "backtest head.csv --split 2018-04-04T01:00",
        "explain head.csv",
        "explain head.csv --id {steal}",
        "explain day.recording",
        "optimize head.csv --evaluations 10 --workers 1",
        "policy show",
        "config show",
        "replay day.recording",
        "replay day.recording --policy reference",
        "verify day.recording",
        "verify day.recording --validate-only",
    ],
)
def test_a_command(at_terminal, folder, words):
    if "{steal}" in words:
        listed = at_terminal(("explain", "head.csv"))(WIDE)
        found = re.search(r"(\d+-\d+-\d+) +│[^│]*│ steal", listed)
        assert found
        words = words.format(steal=found[1])
    assert_whole(at_terminal(tuple(words.split())))


def test_an_account_in_the_middle_of_everything(at_terminal):
    world = stealing()
    view = look_up({0: world.desk}, "A")
    assert view is not None
    assert view["orders"]
    assert view["entries"]
    assert view["steals"]
    assert_whole(at_terminal(lambda: show_account(view, "worker at http://127.0.0.1:8350")))


@pytest.mark.parametrize(
    "compared",
    [
        synthetic.full(),
        synthetic.quiet(),
        synthetic.swept(1, parts=2),
        synthetic.swept(40),
        synthetic.swept(40, parts=2),
    ],
)
def test_a_comparison_of_large_figures(at_terminal, compared):
    assert_whole(at_terminal(lambda: output().print(comparison_table(compared))))


def test_topics_of_a_long_name(at_terminal):
    findings = [
        Finding("worksteal.production.journal", 10_000, ""),
        Finding("quotes", 12, "retention.ms is 604800000, and the catalogue wants 1209600000"),
    ]
    table = topics_table("kafka-1.example.internal:9092,kafka-2.example.internal:9092", findings)
    assert_whole(at_terminal(lambda: output().print(table)))


def test_findings_of_the_doctor(at_terminal, monkeypatch):
    async def examine(_: Settings, say: Callable[[Line], None]) -> None:
        say(Line("ok", "folder", "/var/lib/worksteal has 76,385 MiB free"))
        say(Line("FAIL", "clock", "it is 12.5 s behind the broker's", "set it by NTP, e.g. chrony"))

    monkeypatch.setattr("streams.cli.doctor.examine", examine)
    assert_whole(at_terminal(("doctor",)))


def test_dead_letters(at_terminal):
    one = letter(b'{"v":1,"ts_us":1522857600000000}', field="qty", cut_from_bytes="9000000")
    survey = LetterSurvey([one], {}, {}, {})

    def show() -> None:
        typer.echo(wrapped(list_line(one, survey)))
        for line in letter_lines(one, bytes(range(40)), survey, "byte 17"):
            typer.echo(wrapped(line, indent=10))

    assert_whole(at_terminal(show))


def fact(number: int) -> StealStarted:
    victims = [
        Victim(
            order=f"w{n}", symbol="BTCUSD", distance=0.0123, pnl=-1.5, freed_micros=3_500_000_000
        )
        for n in range(2)
    ]
    return StealStarted(
        id=f"0-{number}-0", cause="orders:0:1", ts_us=1_522_857_600_123_456, account="demo",
        steal=f"s{number}", entry="e1", symbol="ETHUSD", needed_micros=1, free_micros=1,
        victims=victims,
    )  # fmt: skip


def test_what_make_live_and_tail_show(at_terminal):
    steals = Steals(Settings())
    for number in range(3):
        steals.take(0, encode(fact(number)))
    assert_whole(at_terminal(lambda: output().print(steals.table(12.0))))
    sight = Sight(1_522_857_600_123_456, "0-152-0", "demo", words_of(fact(1)), {})
    assert_whole(at_terminal(lambda: typer.echo(wrapped(sight.line()))))


# A sheet by itself.


def lines_of(sheet: Sheet, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(sheet)
    return [line.rstrip() for line in capture.get().splitlines()]


ORDERS = Sheet(
    columns=[Column("order"), Column("reserved $", figures=True), Column("spared because")],
    rows=[("w-1", "12,345.67", "it is closer to its limit"), ("w-2", "1.25 %", "")],
)


def test_what_fits_is_a_row_for_each_item():
    assert lines_of(ORDERS, 60) == [
        "┏━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┓",
        "┃ order ┃ reserved $ ┃ spared because            ┃",
        "┡━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━┩",
        "│ w-1   │  12,345.67 │ it is closer to its limit │",
        "│ w-2   │     1.25 % │                           │",
        "└───────┴────────────┴───────────────────────────┘",
    ]


def test_words_give_way_before_figures_do():
    assert lines_of(ORDERS, 38)[4:7] == [
        "│ w-1   │  12,345.67 │ it is closer  │",
        "│       │            │ to its limit  │",
        "│ w-2   │     1.25 % │               │",
    ]


def test_rules_between_columns_give_way_before_words_are_parted():
    assert lines_of(ORDERS, 30) == [
        "                   spared",
        "order  reserved $  because",
        "────────────────────────────",
        "w-1     12,345.67  it is",
        "                   closer",
        "                   to its",
        "                   limit",
        "w-2        1.25 %",
    ]


def test_what_does_not_fit_is_turned_and_leaves_out_what_is_empty():
    assert lines_of(ORDERS, 26) == [
        "┌────────────┬───────────┐",
        "│ order      │ w-1       │",
        "│ reserved $ │ 12,345.67 │",
        "│ spared     │ it is     │",
        "│ because    │ closer to │",
        "│            │ its limit │",
        "├────────────┼───────────┤",
        "│ order      │ w-2       │",
        "│ reserved $ │ 1.25 %    │",
        "└────────────┴───────────┘",
    ]


def test_a_field_is_parted_from_its_value_and_nothing_else_is():
    sheet = Sheet(columns=[Column("policy")], rows=[("default protection=0.00125",)])
    assert [line.strip("│ ") for line in lines_of(sheet, 15)[3:-1]] == [
        "default",
        "protection=",
        "0.00125",
    ]


def test_the_narrowest_have_headings_above_their_values():
    assert lines_of(ORDERS, 14) == [
        "order",
        "  w-1",
        "reserved $",
        "  12,345.67",
        "spared because",
        "  it is closer",
        "  to its limit",
        "",
        "order",
        "  w-2",
        "reserved $",
        "  1.25 %",
    ]


def test_items_that_are_columns_become_several_tables():
    sheet = Sheet(
        columns=[Column(""), *(Column(name, figures=True) for name in ("none", "reference"))],
        rows=[("P&L $", "+12,345.67", "-1.00")],
        items="columns",
    )
    assert len(lines_of(sheet, 40)) == 5
    narrow = lines_of(sheet, 26)
    assert len(narrow) == 10
    assert [line for line in narrow if "P&L" in line] == [
        "│ P&L $ │ +12,345.67 │",
        "│ P&L $ │     -1.00 │",
    ]


def test_no_word_of_the_data_is_markup():
    sheet = Sheet(title="[b]t[/]", columns=[Column("[red]")], rows=[("[bold]x[/bold]",)])
    assert {"[b]t[/]", "[red]", "[bold]x[/bold]"} <= set(" ".join(lines_of(sheet, 40)).split())


def test_a_pipe_gets_its_lines_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert wrapped("word " * 30) == "word " * 30
