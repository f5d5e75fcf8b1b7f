"""The HTML file as text: complete, closed, escaped, the same bytes each time."""

import errno
import json
import math
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from streams.cli.comparison_table import comparison_table
from streams.lab.compare import Compared
from streams.lab.errors import ReportError
from streams.lab.report import write_report
from tests.streams.lab.report import synthetic


@dataclass
class Parsed(HTMLParser):
    """The elements, the visible text and the scripts of a page, as a browser would split them."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    inside: str = ""
    broken: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "wbr":  # a word goes on after it
            self.broken = True
            return
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.broken:
            self.text[-1] += data
            self.broken = False
        elif self.inside != "style":
            self.text.append(data)

    def names(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def report(comparison: Compared, folder: Path) -> Parsed:
    """Write a report and parse it."""
    path = folder / "report.html"
    write_report(comparison, path)
    parsed = Parsed()
    parsed.feed(path.read_text("utf-8"))
    parsed.close()
    return parsed


def charts(parsed: Parsed) -> list[dict[str, object]]:
    """Give the figures that the page hands to plotly."""
    found = json.loads(parsed.scripts[0])
    assert isinstance(found, list)
    return found


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.html", tmp_path / "two.html"
    write_report(synthetic.full(), one)
    write_report(synthetic.full(), two)
    assert one.read_bytes() == two.read_bytes()
    changed = synthetic.with_comparison(synthetic.full(), quotes=7)
    write_report(changed, two)
    assert one.read_bytes() != two.read_bytes()


def test_the_headline_says_what_was_played(tmp_path: Path) -> None:
    text = " ".join(report(synthetic.full(), tmp_path).text)
    for word in (
        "2025-03-12 13:30:00 to 2025-03-12 19:59:00",
        "AAPL, BTCUSD, ETHUSD, NVDA, SOLUSD",
        "examples/2025-03-12.csv.gz",
        "$100,000.00",
        "$5,000.00",
        "leave after 60 minutes",
        "quote_max_age is 90 s here.",
        "+1,235,802.46 against none",
        "d" * 32,
    ):
        assert word in text


def test_html_and_console_show_the_same_rows(tmp_path: Path) -> None:
    text = report(synthetic.full(), tmp_path).text
    words = {one.strip() for one in text}
    for row in comparison_table(synthetic.full()).rows:
        for cell in row:
            assert str(cell).strip() in words or not str(cell)


def test_headings_never_skip_a_level(tmp_path: Path) -> None:
    parsed = report(synthetic.full(), tmp_path)
    levels = [int(tag[1]) for tag, _ in parsed.elements if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_every_label_points_at_an_element(tmp_path: Path) -> None:
    parsed = report(synthetic.full(), tmp_path)
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    labels = [one["aria-labelledby"] for _, one in parsed.elements if "aria-labelledby" in one]
    assert len(ids) == len(set(ids))
    assert set(labels) <= set(ids)


def test_nothing_is_loaded(tmp_path: Path) -> None:
    parsed = report(synthetic.full(), tmp_path)
    for tag, attributes in parsed.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert not attributes.keys() & {"src", "srcset", "href", "action", "style"}
    (policy,) = [one for one in parsed.names("meta") if "http-equiv" in one]
    assert str(policy["content"]).startswith("default-src 'none'; script-src 'sha256-")


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    plain, hostile = report(synthetic.full(), tmp_path), report(synthetic.hostile(), tmp_path)
    assert len(hostile.scripts) == len(plain.scripts) == 3
    assert not hostile.names("b")
    assert not hostile.names("img")
    assert synthetic.HOSTILE in hostile.text
    # plotly reads tags in labels; the templates are ours, the rest must hold none.
    figures = re.sub(r'"hovertemplate": "[^"]*"', "", json.dumps(charts(hostile)))
    assert "<" not in figures
    assert "&lt;/script&gt;&lt;b&gt;pwned" in figures


def test_a_breach_is_loud(tmp_path: Path) -> None:
    loud = report(synthetic.hostile(), tmp_path)
    calm = report(synthetic.full(), tmp_path)
    assert [one for _, one in loud.elements if one.get("role") == "alert"]
    assert not [one for _, one in calm.elements if one.get("role") == "alert"]


def test_runs_without_events_say_so(tmp_path: Path) -> None:
    parsed = report(synthetic.quiet(), tmp_path)
    text = " ".join(parsed.text)
    assert charts(parsed) == []
    assert "No entry was refused in any run." in text
    assert text.count("No steals in this run.") == 2
    assert "No steal settled in any of these runs." in text
    assert text.count("No run has a sample") == 2


def test_no_runs_is_still_a_report(tmp_path: Path) -> None:
    assert charts(report(synthetic.comparison(), tmp_path)) == []


def test_plotly_knows_every_property(tmp_path: Path) -> None:
    drawn = charts(report(synthetic.full(), tmp_path))
    assert [one["id"] for one in drawn] == [
        "equity",
        "capital",
        "worth",
        "steals-1",
        "steals-2",
        "refusals",
    ]
    for chart in drawn:
        # plotly's own validation raises on an unknown name or value; colours are ours.
        plain = _coloured(chart)
        go.Figure(data=plain["traces"], layout=plain["layout"])


def _coloured(value: object) -> dict[str, object]:
    made = json.loads(re.sub(r'"--[a-z0-9-]+"', '"#123456"', json.dumps(value)))
    assert isinstance(made, dict)
    return made


def test_each_steal_is_a_marker_of_its_outcome(tmp_path: Path) -> None:
    by_id = {one["id"]: one for one in charts(report(synthetic.full(), tmp_path))}
    traces = by_id["steals-2"]["traces"]
    assert isinstance(traces, list)
    assert [(one["name"], len(one["x"])) for one in traces] == [
        ("settled", 56),
        ("lost", 28),
        ("expired", 28),
        ("open", 28),
    ]
    assert len({one["marker"]["symbol"] for one in traces}) == 4
    first = traces[0]
    assert first["x"][0] == (synthetic.START_US + 123_456) / 1_000
    assert first["y"][0] == "AAPL"
    assert first["customdata"][0] == ["steal-0", "0-4000-1", "BTCUSD, ETHUSD", "1,234.57"]


def test_the_table_of_steals_says_what_the_markers_say(tmp_path: Path) -> None:
    text = [one for one in report(synthetic.full(), tmp_path).text if one.strip()]
    start = text.index("2025-03-12 13:30:00")
    assert text[start : start + 8] == [
        "2025-03-12 13:30:00",
        "AAPL",
        "BTCUSD, ETHUSD",
        "1,234.57",
        "settled",
        "steal-0",
        "0-4000-1",
        "entry-0",
    ]
    assert text.count("entry-0") == 2  # of two runs that steal


def test_long_timelines_say_what_they_leave_out(tmp_path: Path) -> None:
    long = report(synthetic.comparison(synthetic.run("default", steals=3_001)), tmp_path)
    (steals,) = [chart for chart in charts(long) if chart["id"] == "steals-0"]
    assert isinstance(steals["traces"], list)
    assert sum(len(trace["x"]) for trace in steals["traces"]) == 3_000
    text = " ".join(long.text)
    assert "Only the first 3,000 are drawn. The table lists the first 600." in text
    assert "entry-599" in long.text
    assert "entry-600" not in long.text


def test_long_lines_keep_their_peak_and_say_they_are_thinned(tmp_path: Path) -> None:
    one = synthetic.run("default", minutes=20_000)
    one.series.equity[12_345] = 9_999_999.0
    one.series.equity[777] = -5.0
    parsed = report(synthetic.comparison(one), tmp_path)
    (equity,) = [chart for chart in charts(parsed) if chart["id"] == "equity"]
    assert isinstance(equity["traces"], list)
    (trace,) = equity["traces"]
    assert len(trace["x"]) == len(trace["y"]) <= 2_000
    assert {9_999_999.0, -5.0} <= set(trace["y"])
    assert trace["x"] == sorted(trace["x"])
    assert "Of 20,000 minutes about 2,000 are drawn" in " ".join(parsed.text)
    assert "minutes about" not in " ".join(report(synthetic.full(), tmp_path).text)


def test_capacity_is_one_line_unless_the_runs_differ(tmp_path: Path) -> None:
    same = synthetic.full()
    names = [_names(report(same, tmp_path))]
    same.first.comparison.runs["default"].series.capacity[5] += 1
    names.append(_names(report(same, tmp_path)))
    assert names[0] == ["none", "reference", "default", "capacity"]
    assert names[1][3:] == ["capacity, none", "capacity, reference", "capacity, default"]


def _names(parsed: Parsed) -> list[str]:
    (capital,) = [chart for chart in charts(parsed) if chart["id"] == "capital"]
    return _trace_names(capital)


def _trace_names(chart: dict[str, object]) -> list[str]:
    traces = chart["traces"]
    assert isinstance(traces, list)
    return [trace["name"] for trace in traces]


def test_a_sample_that_is_no_number_is_refused(tmp_path: Path) -> None:
    one = synthetic.run("default")
    one.series.equity[3] = math.nan
    with pytest.raises(ReportError, match="nan"):
        write_report(synthetic.comparison(one), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_new_report_takes_the_place_of_the_old_one_at_once(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    with path.open() as reader:
        write_report(synthetic.quiet(), path)
        assert reader.read() == "old"
    assert path.stat().st_size > 1_000_000
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="create its folder first") as caught:
        write_report(synthetic.quiet(), tmp_path / "missing" / "report.html")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["folder", "", "/"])
def test_a_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ReportError, match="name a file, not a folder"):
        write_report(synthetic.quiet(), Path(name))
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_keeps_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ReportError, match="free some space"):
        write_report(synthetic.quiet(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_name_that_is_not_utf8_is_shown_escaped(tmp_path: Path) -> None:
    odd = synthetic.with_comparison(synthetic.quiet(), files=("day\udcff.csv",))
    assert "day\\udcff.csv" in report(odd, tmp_path).text


# ---- many policies, and two periods ----


def table(parsed: Parsed, id_: str, path: Path) -> list[list[str]]:
    """Give the rows of one table as they are shown."""
    html = path.read_text("utf-8").split(f'<table id="{id_}">', 1)[1].split("</table>", 1)[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", row)]
        for row in rows
    ]


def test_many_policies_are_ranked_and_few_are_charted(tmp_path: Path) -> None:
    many = synthetic.swept(50)
    parsed = report(many, tmp_path)
    rows = table(parsed, "ranking", tmp_path / "report.html")
    runs = many.first.comparison.runs
    assert [row[0] for row in rows[1:]] == sorted(runs, key=lambda name: -runs[name].pnl)
    by_id = {one["id"]: one for one in charts(parsed)}
    drawn = _trace_names(by_id["equity"])
    assert len(drawn) == 8
    best = [row[0] for row in rows[1:7]]
    assert set(drawn) == {"none", "default", *best}
    assert "8 of the 52 policies are shown" in " ".join(" ".join(parsed.text).split())


def test_a_swept_field_has_its_charts(tmp_path: Path) -> None:
    many = synthetic.swept(9, parts=2)
    by_id = {one["id"]: one for one in charts(report(many, tmp_path))}
    pnl = by_id["swept-pnl-protection"]["traces"]
    assert isinstance(pnl, list)
    assert [trace["name"] for trace in pnl] == ["default, fit", "default, unseen"]
    for trace, part in zip(pnl, many.parts, strict=True):
        assert trace["x"] == [n / 10_000 for n in range(1, 10)]
        runs = part.comparison.runs
        assert trace["y"] == [runs[f"default protection={n / 10_000:g}"].pnl for n in range(1, 10)]
    assert {"swept-idle-protection", "swept-steals-protection"} <= by_id.keys()


def test_two_periods_stand_beside_each_other(tmp_path: Path) -> None:
    both = synthetic.swept(1, parts=2)
    parsed = report(both, tmp_path)
    drawn = [one["id"] for one in charts(parsed)]
    for base in ("equity", "capital", "refusals"):
        assert {f"{base}-fit", f"{base}-unseen"} <= set(drawn)
    head, names, *rows = table(parsed, "ranking", tmp_path / "report.html")
    assert head[1:3] == ["P&amp;L $", "against baseline $"]
    assert names[1:] == ["fit", "unseen"] * 12
    assert len(rows[0]) == 1 + 2 * 12
    fit, unseen = (part.comparison.runs for part in both.parts)
    for row in rows:
        assert row[1] == f"{fit[row[0]].pnl:+,.2f}"
        assert row[2] == f"{unseen[row[0]].pnl:+,.2f}"
    assert "believe the second" in " ".join(parsed.text)


def test_dozens_of_long_runs_make_a_small_file(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    most = len(get_plotlyjs()) + 1_000_000  # the charts' library is most of the file
    write_report(synthetic.swept(60, parts=2, minutes=5_000), path)
    assert path.stat().st_size < most
    runs = [synthetic.run(name, steals=2_500, minutes=50_000) for name in ("a", "b", "c", "d")]
    write_report(synthetic.comparison(*runs), path)
    assert path.stat().st_size < most


def test_steals_that_were_not_kept_are_not_said_to_be_none(tmp_path: Path) -> None:
    many = synthetic.comparison(
        *(replace(synthetic.run(name, steals=7), timeline=()) for name in ("a", "b"))
    )
    text = " ".join(report(many, tmp_path).text)
    assert "No steals in this run." not in text
    assert "the single steals were not kept" in text


def test_a_breach_of_a_run_that_is_not_charted_is_loud(tmp_path: Path) -> None:
    many = synthetic.swept(50)
    runs = many.first.comparison.runs
    worst = many.ranked[-1] if many.ranked[-1] != "none" else many.ranked[-2]
    runs[worst] = replace(runs[worst], capacity_breaches=3)
    parsed = report(many, tmp_path)
    assert [one for _, one in parsed.elements if one.get("role") == "alert"]
    assert worst in [text for text in parsed.text if text == worst]
    assert f"under {worst}." in " ".join(parsed.text)
