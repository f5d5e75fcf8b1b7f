"""`worksteal explain`: the list of ids, one steal, one refusal, one cancel, and what is no decision."""

import json
import re
from pathlib import Path

import pytest

from state.rules.policy import DEFAULT
from streams.lab.backtest.run import Hooks, RunOptions, calendars_for, run_backtest
from streams.market import read_market
from streams.strategies import strategy_for
from tests.streams.cli.command import DAY, head, worksteal
from topics.facts import EntryBlocked, Fact, StealStarted
from topics.ids import output_id

ROWS = 1200


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return head(DAY, ROWS, tmp_path_factory.mktemp("explain")).parent


@pytest.fixture(scope="module")
def facts(folder) -> list[Fact]:
    """Return what the desk said in the same run, in process."""
    market = read_market([folder / "head.csv"])
    said: list[Fact] = []
    hooks = Hooks(outputs=lambda outputs: said.extend(outputs.facts))
    made = strategy_for(market, 3_500.0)
    run_backtest(market, made, DEFAULT, RunOptions(), calendars_for(market), hooks)
    return said


@pytest.fixture(scope="module")
def commands(folder) -> list[dict]:
    words = ("--json", "--policy", "default", "--commands", "commands.jsonl")
    assert worksteal("backtest", "head.csv", *words, cwd=folder).status == 0
    text = (folder / "commands.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def explain(folder: Path, output_id: str) -> str:
    done = worksteal("explain", "head.csv", "--id", output_id, cwd=folder)
    assert (done.status, done.err) == (0, "")
    return done.out


def cells(text: str) -> list[list[str]]:
    """Return the rows of all tables."""
    return [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in text.splitlines()
        if line.startswith("│")
    ]


def shown_victims(text: str) -> list[str]:
    rows = [row for row in cells(text) if row[-1].startswith("victim")]
    return [row[1].split(" ")[0] for row in rows]


def steals(facts: list[Fact]) -> list[StealStarted]:
    return [fact for fact in facts if isinstance(fact, StealStarted)]


def test_list_names_steals_and_refusals_in_order(folder, facts):
    done = worksteal("explain", "head.csv", cwd=folder)
    assert (done.status, done.err) == (0, "")
    rows = cells(done.out)
    places = [output_id(row[0]) for row in rows]
    assert places == sorted(places)
    by_id = {fact.id: fact for fact in facts}
    for number, _, what, entry, why in rows:
        fact = by_id[number]
        if what == "steal":
            assert isinstance(fact, StealStarted)
            assert why == "from " + ", ".join(victim.order for victim in fact.victims)
        else:
            assert isinstance(fact, EntryBlocked)
            assert why == fact.reason
        assert entry == fact.entry
    assert {row[2] for row in rows} == {"steal", "blocked"}
    blocks = sum(isinstance(fact, EntryBlocked) for fact in facts)
    assert f"of {len(steals(facts))} steals and 20 of {blocks} refusals" in done.out


def test_steal_shows_the_victims_of_its_fact(folder, facts):
    most = max(steals(facts), key=lambda fact: len(fact.victims))
    for fact in (steals(facts)[0], most):
        text = explain(folder, fact.id)
        names = [victim.order for victim in fact.victims]
        assert shown_victims(text) == names
        assert text.splitlines()[0].endswith("steals from " + ", ".join(names))
        assert f"entry {fact.entry} " in text
        assert "FAILED" not in text


def test_cancel_is_explained_by_the_same_choice(folder, facts, commands):
    cancel = next(line for line in commands if line["type"] == "cancel" and line.get("steal"))
    fact = next(fact for fact in steals(facts) if fact.steal == cancel["steal"])
    text = explain(folder, cancel["id"])
    assert cancel["order"] in shown_victims(text)
    assert text == explain(folder, fact.id)


def test_refusal_shows_the_check_that_failed(folder, facts):
    def first(reason: str) -> EntryBlocked:
        blocks = (fact for fact in facts if isinstance(fact, EntryBlocked))
        return next(fact for fact in blocks if fact.reason == reason)

    for reason in ("too_far_from_limit", "no_steal_candidates"):
        fact = first(reason)
        text = explain(folder, fact.id)
        failed = [row for row in cells(text) if "FAILED" in row[1]]
        assert [row[0] for row in failed] == [reason]
        assert text.splitlines()[0].endswith(reason)
        assert fact.entry in text
        assert not shown_victims(text)
        ladder = cells(text)[:12]
        after = ladder.index(failed[0]) + 1
        assert {row[1] for row in ladder[after:]} == {"not reached"}
        assert {row[1] for row in ladder[: after - 1]} == {"passed", "no"}


def test_submit_ends_the_ladder_at_free_capital(folder, commands):
    submit = next(line for line in commands if line["type"] == "submit")
    text = explain(folder, submit["id"])
    assert text.splitlines()[0].endswith(": submitted")
    ladder = {row[0]: row[1] for row in cells(text)}
    assert ladder["fits free capital"] == "yes: submitted"
    assert ladder["disabled"] == "not reached"


def test_what_follows_from_an_answer_points_to_its_steal(folder, facts, commands):
    thief = next(line for line in commands if line["type"] == "steal")
    fact = next(fact for fact in steals(facts) if fact.steal == thief["steal"])
    told = explain(folder, thief["id"])
    assert re.match(
        rf"{thief['id']} \(steal, .*Z\) follows from the event orders:0:\d+ alone", told
    )
    assert told.rstrip().endswith(f"decided with --id {fact.id}.")
