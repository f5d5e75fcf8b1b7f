"""The line of each decision: what is in it, how loud it is, and that there are never too many."""

import json
import logging
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from structlog.testing import capture_logs

from state.dealing.outbox import Outputs
from streams.observe.decisions import LEVELS, LINES_PER_S, VICTIMS_MAX, Decisions
from tests.state.chaos import Chaos, days
from tests.state.steals import crowded, stealing
from tests.state.world import World, roomy
from topics.commands import COMMAND_TYPES
from topics.facts import FACT_TYPES, AccountHalted, StealStarted


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def debug():
    """Let everything be said while a test runs."""
    log = logging.getLogger("worksteal.decisions")
    before = log.level
    log.setLevel(logging.DEBUG)
    structlog.reset_defaults()
    yield
    log.setLevel(before)


def said(decisions: Decisions, *messages: Any) -> list[Any]:
    world = World(roomy())
    frame, position = world.frame([])
    commands: list[Any] = [one for one in messages if isinstance(one, COMMAND_TYPES)]
    facts: list[Any] = [one for one in messages if not isinstance(one, COMMAND_TYPES)]
    with capture_logs() as lines:
        decisions.applied(frame, position, Outputs(commands, facts))
    return lines


def halted(number: int = 0) -> AccountHalted:
    return AccountHalted(
        id=f"0-{number}-0", ts_us=1, account="demo", cause="orders:0:1", reason="Violation",
        detail="a text with 12,000 dollars in it",
    )  # fmt: skip


def test_every_fact_and_command_has_a_level():
    assert set(LEVELS) == {*COMMAND_TYPES, *FACT_TYPES}


def test_a_steal_says_id_account_entry_and_victims_and_no_amount():
    world = crowded("v", "u")
    outputs = world.want("t", "ETHUSD", 50.0, dollars=7000.0)
    (started,) = [fact for fact in outputs.facts if isinstance(fact, StealStarted)]
    lines = said(Decisions(), *outputs.commands, *outputs.facts)
    (line,) = [line for line in lines if line["event"] == "steal.started"]
    assert line == {
        "event": "steal.started",
        "log_level": "info",
        "id": started.id,
        "account": "A",
        "cause": started.cause,
        "steal": started.steal,
        "entry": "t",
        "symbol": "ETHUSD",
        "victims": [victim.order for victim in started.victims],
    }
    assert [line["log_level"] for line in lines if line["event"] == "cancel"] == ["debug"] * 2


def test_a_halt_is_an_error_with_its_reason_and_without_its_free_text():
    (line,) = said(Decisions(), halted())
    assert (line["log_level"], line["reason"]) == ("error", "Violation")
    assert "12,000" not in str(line)


@settings(max_examples=20, deadline=None)
@given(days)
def test_on_any_day_each_thing_said_has_one_line_that_json_can_hold(day):
    chaos = Chaos(World(roomy()))
    chaos.play(day)
    clock = Clock()
    decisions = Decisions(clock)
    for message in chaos.outputs:
        clock.now_s += 1
        (line,) = said(decisions, message)
        assert (line["id"], line["account"]) == (message.id, message.account)
        assert json.loads(json.dumps(line)) == line
        assert not [name for name in line if "micros" in name or name in ("limit", "qty", "price")]


def test_what_is_below_the_level_has_no_line():
    logging.getLogger("worksteal.decisions").setLevel(logging.INFO)
    world = stealing("v")
    outputs = world.cancelled("v")
    assert said(Decisions(), *outputs.commands) == []
    logging.getLogger("worksteal.decisions").setLevel(logging.ERROR)
    assert len(said(Decisions(), *outputs.facts, halted())) == 1


def test_more_lines_than_fit_into_a_second_are_counted_and_told():
    clock = Clock()
    decisions = Decisions(clock)
    many = [halted(number) for number in range(LINES_PER_S + 7)]
    assert len(said(decisions, *many)) == LINES_PER_S
    assert decisions.dropped == 7
    clock.now_s = 1.0
    told, line = said(decisions, halted())
    assert (told["event"], told["lines"]) == ("decisions not logged", 7)
    assert line["event"] == "account.halted"
    clock.now_s = 2.0
    assert len(said(decisions, halted())) == 1, "it is told once"
    assert decisions.dropped == 7


def test_a_steal_of_very_many_names_some_and_says_how_many_more():
    world = crowded("v")
    (started,) = [f for f in world.want("t", "ETHUSD", 50.0).facts if isinstance(f, StealStarted)]
    many = StealStarted(
        id="x", ts_us=1, account="A", cause="c", steal="s", entry="e", symbol="ETHUSD",
        needed_micros=1, free_micros=0, victims=started.victims * (VICTIMS_MAX + 3),
    )  # fmt: skip
    (line,) = said(Decisions(), many)
    assert (len(line["victims"]), line["more_victims"]) == (VICTIMS_MAX, 3)
