"""The whole search on a few real days: the same answer however it is carried out."""

import dataclasses
import json
from html import escape

import pytest

from state.rules.policy import DEFAULT, REFERENCE
from streams.cli.inputs import read_policies
from streams.ground.settings import load_settings
from streams.lab.errors import OptimizeError
from streams.lab.optimize import (
    OPTIMIZED,
    Journal,
    ineffective,
    optimize_document,
    policy_yaml,
    verdict,
    write_page,
)
from streams.market import Market
from streams.market.quotes import Quotes
from tests.streams.lab.optimize.plans import carried_out, market, plan

EXTRA = ["stock_leverage=1.5:4"]
"""There are no stocks in these days, so this can change nothing."""


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("search") / "state.jsonl"


@pytest.fixture(scope="module")
def found(state):
    return carried_out(plan(ranges=EXTRA), state)


def body(optimized) -> str:
    return json.dumps(optimize_document(optimized))


def test_any_number_of_workers_gives_the_same_answer(found, tmp_path):
    assert body(carried_out(plan(ranges=EXTRA), tmp_path / "s", workers=2)) == body(found)


def test_a_journal_cut_anywhere_gives_the_same_answer(found, state, tmp_path):
    lines = state.read_bytes().splitlines(keepends=True)
    for kept in (1, 5, len(lines)):
        path = tmp_path / f"{kept}.jsonl"
        path.write_bytes(b"".join(lines[:kept]) + lines[1][:40])
        assert body(carried_out(plan(ranges=EXTRA), path)) == body(found)
        # Nothing that was there is played again.
        assert sorted(path.read_bytes().splitlines(keepends=True)) == sorted(lines)


def test_a_journal_of_another_program_is_refused(found, state, tmp_path):
    lines = state.read_text().splitlines(keepends=True)
    changed = json.loads(lines[1])
    changed["outcome"]["pnl"] += 1.0
    path = tmp_path / "state.jsonl"
    path.write_text(lines[0] + json.dumps(changed) + "\n")
    with pytest.raises(OptimizeError, match="has changed since"):
        carried_out(plan(ranges=EXTRA), path)


def test_progress_ends_at_the_runs_foretold(found, state, tmp_path):
    heard: list[int] = []
    made = plan(ranges=EXTRA)
    carried_out(made, tmp_path / "s", progress=heard.append)
    assert sum(heard) == made.runs


def test_a_field_of_what_is_not_traded_changed_nothing(found):
    assert "stock_leverage" in ineffective(found)
    by_field = {one.field: one for one in found.sensitivity}
    assert len(set(by_field["stock_leverage"].scores)) == 1
    assert "normal_tolerance" not in ineffective(found)
    assert by_field["normal_tolerance"].distinct > 1


def test_what_comes_after_the_split_reaches_no_fit(found, tmp_path):
    data = market()
    quotes, split_us = data.quotes, found.folds[0].fold.unseen.from_us
    factor = 1 + 0.01 * (quotes.ts_us >= split_us)
    rest = (quotes.bid_sizes, quotes.ask_sizes)
    other = Quotes(
        quotes.names, quotes.ts_us, quotes.codes, quotes.bids * factor, quotes.asks * factor, *rest
    )
    changed = carried_out(
        plan(data=dataclasses.replace(data, quotes=other), ranges=EXTRA), tmp_path / "s"
    )
    (fold,), (before,) = changed.folds, found.folds
    assert fold.tried == before.tried
    assert fold.judged["default"].fit == before.judged["default"].fit
    assert fold.judged["default"].unseen != before.judged["default"].unseen


def test_the_best_is_the_best_of_the_fit_and_judged_beside_the_presets(found):
    (fold,) = found.folds
    assert list(fold.judged) == [OPTIMIZED, "default", "none"]
    assert fold.judged[OPTIMIZED].fit_score == max(one.score for one in fold.tried)
    assert fold.judged["default"].fit_score == fold.tried[0].score
    assert fold.judged["none"].unseen.steals == 0 < fold.judged["default"].unseen.steals
    assert found.breaches == 0


def test_several_folds_each_have_their_own_search(tmp_path):
    two = carried_out(plan(count=2), tmp_path / "s")
    assert [fold.fold.fit.name for fold in two.folds] == ["fit 1", "fit 2"]
    assert [one.values for one in two.folds[0].tried] != [one.values for one in two.folds[1].tried]
    assert two.values == two.folds[-1].best.values
    assert (
        "of 2 periods that it never saw" in " ".join(verdict(two)) or "Nothing" in verdict(two)[0]
    )


@pytest.mark.parametrize("base", [DEFAULT, REFERENCE])
def test_the_policy_file_is_read_by_whoever_takes_one(found, tmp_path, base):
    if base is not DEFAULT:
        found = carried_out(plan(base=base), tmp_path / "s")
    path = tmp_path / "worksteal-policy.yaml"
    path.write_text(policy_yaml(found), encoding="utf-8")
    (read,) = read_policies([str(path)], None)
    assert read == found.policy
    assert read.model_dump(exclude={*found.values, "name"}) == base.model_dump(
        exclude={*found.values, "name"}
    )
    assert all(
        line.startswith(("#", "name:")) or ":" in line
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    settings = load_settings(options={"policy": str(path)})
    assert settings.policy == str(path)


def judged_as(found, unseen: float, fit: float = 1.0):
    """The same answer, had the best come to so much more than the policy begun with."""
    (fold,) = found.folds
    base, best = fold.judged["default"], fold.judged[OPTIMIZED]
    judged = {
        **fold.judged,
        OPTIMIZED: dataclasses.replace(
            best,
            fit_score=base.fit_score + fit,
            unseen_score=base.unseen_score + unseen,
        ),
    }
    return dataclasses.replace(found, folds=(dataclasses.replace(fold, judged=judged),))


def test_a_best_that_does_not_hold_is_said_to_everybody(found, tmp_path):
    for unseen in (-1.0, 0.0):
        bad = judged_as(found, unseen)
        told = "does not beat default"
        assert told in verdict(bad)[0]
        assert told in policy_yaml(bad)
        write_page(bad, tmp_path / "bad.html")
        assert told in (tmp_path / "bad.html").read_text(encoding="utf-8")
    assert "the best found beats default" in verdict(judged_as(found, 1.0))[0]
    assert "Nothing that was tried" in verdict(judged_as(found, 0.0, fit=0.0))[0]
    assert "No stealing at all (none) does better" in " ".join(verdict(judged_as(found, -1e9)))
    assert "No stealing" not in " ".join(verdict(judged_as(found, 1e9)))


def test_the_page_is_whole_and_asks_nobody(found, tmp_path):
    hostile = dataclasses.replace(found, files=("<script>alert(1)</script>.csv",))
    pages = []
    for name in ("one.html", "two.html"):
        write_page(hostile, tmp_path / name)
        pages.append((tmp_path / name).read_text(encoding="utf-8"))
    page = pages[0]
    assert page == pages[1]
    assert "<script>alert" not in page
    assert "default-src 'none'" in page
    assert "<link" not in page
    assert "<script src" not in page
    for one in found.space.dimensions:
        assert f'id="field-{one.field}"' in page
    for word in ("changed nothing", *verdict(found), "best so far"):
        assert escape(word) in page


def test_another_seed_is_another_search(found, tmp_path):
    other = carried_out(plan(ranges=EXTRA, seed=2), tmp_path / "s")
    assert [one.values for one in other.folds[0].tried] != [
        one.values for one in found.folds[0].tried
    ]


def test_data_digest_sees_every_price(state):
    data: Market = market()
    bids = data.quotes.bids.copy()
    bids[-1] += 0.01
    quotes = data.quotes
    rest = (quotes.asks, quotes.bid_sizes, quotes.ask_sizes)
    moved = Quotes(quotes.names, quotes.ts_us, quotes.codes, bids, *rest)
    with pytest.raises(OptimizeError, match="other data"):
        Journal(state, plan(data=dataclasses.replace(data, quotes=moved), ranges=EXTRA).asked)


def test_one_other_course_of_commands_is_a_change(found):
    one = found.sensitivity[0]
    assert dataclasses.replace(one, distinct=1).changed_nothing
    assert not dataclasses.replace(one, distinct=2).changed_nothing
