"""Differential evolution within a budget, on runs that cost nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.rules.policy import DEFAULT
from streams.lab.optimize import OBJECTIVES, space_of
from streams.lab.optimize.outcome import Outcome
from streams.lab.optimize.search import best_of, population_of, search

SPACE = space_of(DEFAULT)


def outcome(pnl=0.0, drawdown=0.0, idle=0.0) -> Outcome:
    return Outcome(pnl, drawdown, idle, 0.0, 0, 0, 0, 0, 0, "", {})


def hill(values) -> Outcome:
    """The nearer to a place inside the ranges, the higher."""
    away = abs(values["protection"] - 0.002) / 0.01 + abs(values["cooldown_s"] - 250) / 240
    return outcome(-away)


def run(evaluations, seed=1, play=hill):
    batches = []

    def played(wanted):
        batches.append(len(wanted))
        return [play(values) for values in wanted]

    rng = np.random.default_rng(seed)
    tried = search(SPACE, played, lambda one: one.pnl, evaluations, rng)
    return tried, batches


@given(st.integers(10, 90))
@settings(max_examples=30, deadline=None)
def test_the_budget_is_used_to_the_last_and_never_more(evaluations):
    tried, batches = run(evaluations)
    assert len(tried) == evaluations == sum(batches)
    flat, _ = run(evaluations, play=lambda _: outcome())
    assert len(flat) == evaluations  # a flat objective is no reason to stop


def test_it_begins_with_the_policy_and_climbs():
    tried, batches = run(200)
    assert SPACE.policy(tried[0].values, "default") == DEFAULT
    first = max(one.score for one in tried[: batches[0]])
    assert best_of(tried).score > first
    assert best_of(tried).score > -0.05


def test_the_seed_decides_the_course():
    values = [[one.values for one in run(40, seed)[0]] for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


def test_of_equals_the_first_is_best():
    tried, _ = run(12, play=lambda _: outcome())
    assert best_of(tried) is tried[0]


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError])
def test_what_a_run_raises_comes_out_as_it_is(error):
    def fail(_):
        raise error("of the run")

    with pytest.raises(error, match="of the run"):
        run(12, play=fail)


def test_generations_grow_with_the_budget():
    assert population_of(200, 8) == 20
    assert population_of(10, 8) == 5
    assert population_of(100_000, 2) == 30


def test_objectives():
    capital = 10_000.0
    pnl, ratio, idle = (OBJECTIVES[name] for name in ("pnl", "pnl-per-drawdown", "idle"))
    assert pnl.score(outcome(3.0), capital) == 3.0
    assert ratio.score(outcome(300.0, 150.0), capital) == 2.0
    assert ratio.score(outcome(300.0, 1.0), capital) == 3.0  # the floor is 1 % of the capital
    # A loss is no better for falling deeper, and worse than a smaller one.
    assert ratio.score(outcome(-50.0, 500.0), capital) == ratio.score(outcome(-50.0, 60.0), capital)
    assert ratio.score(outcome(-50.0, 500.0), capital) < ratio.score(outcome(-40.0, 40.0), capital)
    assert idle.score(outcome(idle=0.2), capital) > idle.score(outcome(idle=0.3), capital)
    assert idle.shown(idle.score(outcome(idle=0.2), capital)) == 0.2
