"""The study: its page comes from its figures, its figures from runs, its sentences from both."""

import json
from collections.abc import Callable
from xml.etree import ElementTree as ET

import msgspec
import pytest

from examples.study import decision, doubts, fields, findings, page, study
from examples.study.data import FREE, MIXED, SOURCES, Source, chosen, only
from examples.study.figures import DEFAULT, FIT, UNSEEN, Against, Line, Study, read, written
from examples.study.policies import candidates, named
from examples.study.runs import change, measured, one_at_a_time, told
from state.rules.policy import DEFAULT as DEFAULT_POLICY
from state.rules.policy import NONE
from streams.ground.times import read_time
from streams.market import Market, read_market
from tests.paths import ROOT
from topics.symbols import asset_class

STUDY = ROOT / "examples" / "study"
(HOURS,) = chosen(MIXED)


@pytest.fixture(scope="module")
def recorded() -> Study:
    return read((STUDY / study.FIGURES).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hours() -> Market:
    """Some hours around the split, so that there is a fit and an unseen period."""
    ends = ("2026-01-15T08:00", "2026-01-16T06:00")
    return HOURS.read().between(*(read_time("", end) for end in ends))


def with_lines(found: Study, changed: Callable[[str, Line], Line]) -> Study:
    """Return the study with every line changed; the function is told the period's name."""
    replace = msgspec.structs.replace
    data = [
        replace(
            one,
            stretches=[
                replace(stretch, lines=[changed(stretch.name, line) for line in stretch.lines])
                for stretch in one.stretches
            ],
        )
        for one in found.data
    ]
    return replace(found, data=data)


def against_none(found: Study, against: Against) -> Study:
    def changed(_: str, line: Line) -> Line:
        return line if line.none is None else msgspec.structs.replace(line, none=against)

    return with_lines(found, changed)


# ---- the page in the repository ----


def test_the_page_was_rendered_from_the_figures(recorded):
    made = page.files(recorded)
    assert set(made) == {"README.md", "unseen.svg", "fit-unseen.svg"}
    for name, text in made.items():
        if name.endswith(".svg"):
            ET.fromstring(text)
        assert (STUDY / name).read_text(encoding="utf-8") == text, "run examples/study/study.py"


def test_the_figures_are_of_all_that_is_compared(recorded):
    assert written(recorded) == (STUDY / study.FIGURES).read_text(encoding="utf-8")
    assert [one.name for one in recorded.data] == [one.name for one in SOURCES]
    names = [one.names for one in recorded.policies]
    assert names == [list(one.names) for one in candidates()]
    for data in recorded.data:
        for stretch in data.stretches:
            assert [line.policy for line in stretch.lines] == [first for first, *_ in names]


def test_check_says_what_differs(tmp_path, monkeypatch, recorded, capsys):
    monkeypatch.setattr(study, "HERE", tmp_path)
    made = page.files(recorded)
    assert study._compared(made) == 1
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert study._compared(made) == 0
    (tmp_path / page.PAGE).write_text(made[page.PAGE] + " ", encoding="utf-8")
    capsys.readouterr()
    assert study._compared(made) == 1
    assert capsys.readouterr().err == f"different: {page.PAGE}\n"


# ---- what is run ----


def test_some_symbols_of_a_market_are_the_market_of_these_symbols(tmp_path):
    source = ROOT / "examples" / "market" / HOURS.files[0]
    head, *rows = source.read_text(encoding="utf-8").splitlines(keepends=True)
    for kind in ("crypto", "stock"):
        mine = [row for row in rows if asset_class(row.split(",")[1]) == kind]
        path = tmp_path / f"{kind}.csv"
        path.write_text("".join([head, *mine]), encoding="utf-8")
        whole = read_market([source])
        part = only(whole, [name for name in whole.symbols if asset_class(name) == kind])
        alone = read_market([path])
        assert part.symbols == part.quotes.names == alone.symbols
        assert part.quotes == alone.quotes
        assert part.bars == alone.bars
        assert len(part.quotes) > 900


def test_each_source_has_the_classes_that_its_name_says():
    for source in SOURCES:
        kinds = {asset_class(name) for name in source.read().symbols}
        said = {"crypto": {"crypto"}, "stocks": {"stock"}, "mixed": {"crypto", "stock"}}
        assert kinds == said[source.name.split("-")[1]]


def test_policies_of_equal_values_are_run_once_under_all_their_names():
    found = candidates()
    bare = [one.policy.model_copy(update={"name": ""}) for one in found]
    assert all(one not in bare[:place] for place, one in enumerate(bare))
    assert sorted(name for one in found for name in one.names) == sorted(
        policy.name for policy in named()
    )
    assert sum(name.startswith("record-") for one in found for name in one.names) == 6
    assert {one.policy.protection for one in found} >= {0.004, 0.0015, 0.0013, 0.001}
    assert {NONE, DEFAULT_POLICY} <= {one.policy for one in found}


def test_workers_change_no_figure(hours):
    policies = candidates()[:3]
    alone = measured(HOURS, hours, policies, 1)
    assert measured(HOURS, hours, policies, 2) == alone
    fit, unseen = alone.stretches
    assert (fit.first, unseen.first) == ("2026-01-15", "2026-01-16")
    assert sum(line.settled for line in fit.lines) > 0
    for stretch in (fit, unseen):
        off, _, own = stretch.lines
        assert (off.none, own.default) == (None, None)
        assert own.none is not None
        assert own.none.difference == pytest.approx(own.pnl - off.pnl, abs=0.02)
        assert off.default == Against(-own.none.difference)
        assert own.none.low is None, "a day says nothing of days"


def test_a_field_that_changes_no_command_is_told_from_one_that_does(hours):
    found = {one.field: one for one in one_at_a_time(HOURS, hours, 1)}
    assert len(found) == 8
    for one in found.values():
        own = [point for point in one.points if point.value == one.own]
        assert all(point.told == one.own_told for point in own)
    assert found["cooldown_s"].changes_nothing
    assert not found["entry_tolerance"].changes_nothing


def test_ids_and_names_of_runs_are_no_change_of_commands():
    def line(**values: object) -> str:
        shared = {"id": "0-1-2", "cause": "x", "policy": "a", "period": "fit", "order": "o"}
        return json.dumps({**shared, **values})

    assert told([line()]) == told([line(id="0-1-3", cause="y", policy="b", period="unseen")])
    assert told([line()]) != told([line(order="p")])
    assert told([line()]) != told([line(), line()])


def test_change_is_the_mean_of_the_symbols(hours):
    found = [
        (bids[-1] / bids[0]) - 1
        for name in hours.symbols
        if (bids := [quote.bid for quote in hours.quotes if quote.symbol == name])
    ]
    assert change(hours) == pytest.approx(sum(found) / len(found))


def test_a_source_that_is_not_there_is_none():
    assert list(chosen("hourly")) == []
    assert [one.name for one in chosen(FREE)] == [FREE]
    assert isinstance(HOURS, Source)


# ---- sentences follow the figures ----


def test_the_answer_follows_the_figures(recorded):
    behind = findings.off_or_on(against_none(recorded, Against(-9.0, -12.0, -3.0, 0.0)))
    assert "No parameter set is ahead of stealing off" in behind[0]
    perhaps = findings.off_or_on(against_none(recorded, Against(9.0, -3.0, 12.0, 0.8)))
    assert "No parameter set beats stealing off" in perhaps[0]
    surely = findings.off_or_on(against_none(recorded, Against(9.0, 3.0, 12.0, 1.0)))
    assert "above stealing off with their whole interval" in surely[0]

    def on_the_fit_alone(period: str, line: Line) -> Line:
        ahead = Against(*((9.0, 3.0, 12.0, 1.0) if period == FIT else (-9.0, -12.0, -3.0, 0.0)))
        return line if line.none is None else msgspec.structs.replace(line, none=ahead)

    assert findings.off_or_on(with_lines(recorded, on_the_fit_alone))[0] == behind[0]


def against_default(found: Study, fit: float, unseen: float, above: float, rest: float) -> Study:
    """Set what every policy has against `default`; `rest` is its difference on the days."""
    values = {FIT: Against(fit), UNSEEN: Against(unseen, above=above)}

    def changed(period: str, line: Line) -> Line:
        against = None if line.policy == DEFAULT else values.get(period, Against(rest))
        return msgspec.structs.replace(line, default=against)

    return with_lines(found, changed)


@pytest.mark.parametrize(
    ("fit", "unseen", "above", "rest", "changes"),
    [
        (9.0, 9.0, 1.0, 9.0, True),
        (-9.0, 9.0, 1.0, 9.0, False),
        (9.0, 9.0, 0.97, 9.0, False),
        (9.0, -9.0, 0.1, 9.0, False),
    ],
)
def test_the_values_change_only_by_the_rule(recorded, fit, unseen, above, rest, changes):
    said = decision.verdict(against_default(recorded, fit, unseen, above, rest))
    assert ("should change" in said[0]) == changes
    assert ("`default` stay" in said[0]) != changes


def test_periods_elsewhere_can_forbid_a_change():
    one = decision.Judged("x", fit=9, unseen=9, above=1.0, ahead=3, behind=2, needed=0.99)
    assert one.passes
    assert not decision.Judged("x", 9, 9, 1.0, ahead=2, behind=2, needed=0.99).passes
    assert not decision.Judged("x", 9, 9, None, ahead=3, behind=2, needed=0.99).passes


def test_doubts_and_claims_follow_the_figures(recorded):
    def earning(_: str, line: Line) -> Line:
        return msgspec.structs.replace(line, pnl=1.0, gain=1.0, breaches=1, blocks=0)

    other = with_lines(recorded, earning)
    assert "Every run loses" in findings.losing(recorded)
    assert "Every run loses" not in findings.losing(other)
    assert "better order more often" in findings.orders(other)
    assert "a bug" in findings.capacity(other)
    assert "never exceeded" in findings.capacity(recorded)
    assert "do not hold" in findings.claims(recorded)
    stretches = [one for data in recorded.data for one in data.stretches]
    few = sum(one.days < doubts.DAYS_ENOUGH for one in stretches)
    assert few > 4


def test_a_field_without_effect_is_named(recorded):
    first, *rest = recorded.moved
    points = [msgspec.structs.replace(one, told=first.own_told) for one in first.points]
    still = msgspec.structs.replace(first, points=points)
    told_of = fields.ineffective(msgspec.structs.replace(recorded, moved=[still, *rest]))
    assert f"Nothing changes with `{first.field}`:" in told_of[0]
