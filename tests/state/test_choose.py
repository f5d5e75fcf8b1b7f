"""The choice of victims: their total order, how many, and why sometimes none."""

import itertools
from typing import Any

import pytest

from state.rules.decision import Entrant, OrderView
from state.rules.policy import DEFAULT, REFERENCE, Policy, policy_from
from state.rules.refusals import Refusal
from state.rules.victims import History, assess
from state.rules.victims import choose as choose_among

from .world import SECOND

NOW = 1_500_000_000 * SECOND
THIEF = Entrant("MSFT", "buy", 50.0, 50.2, 1.0)
FAR = OrderView("v", "AAPL", "buy", 100.0, 35.0, 105.0, 0.0, frees_micros=100)
CALM = History({}, {})
FIGHTING = History({}, {"AAPL|MSFT": [NOW] * 4})


def order(name: str, **values: Any) -> OrderView:
    return FAR._replace(order=name, **values)


def choose(policy, now_us, thief, views, history, shortfall):
    """Choose among views, assessed as the look at an account does."""
    orders = [assess(policy, now_us, view, history) for view in views]
    return choose_among(policy, now_us, thief, orders, history, shortfall)


def pick(views, shortfall=100, policy=DEFAULT, history=CALM, thief=THIEF):
    """Return the refusal, its detail and the names of the victims."""
    choice = choose(policy, NOW, thief, list(views), history, shortfall)
    return choice.refusal, choice.detail, [victim.view.order for victim in choice.victims]


@pytest.mark.parametrize(
    ("views", "detail"), [([], "no_open_orders"), ([order("v", price=100.0)], "all_protected")]
)
def test_without_candidates_the_refusal_says_why(views, detail):
    assert pick(views) == (Refusal.NO_STEAL_CANDIDATES, detail, [])


RANKED = [
    order("far", price=106.0, pnl=9.0, accepted_us=9),
    order("poor", pnl=-1.0, accepted_us=9),
    order("old", accepted_us=1),
    order("a", accepted_us=2),
    order("b", accepted_us=2),
]
"""In the order in which they would be taken: each beats the next by one criterion more."""


def test_candidates_have_one_order_whatever_order_they_come_in():
    for views in itertools.permutations(RANKED):
        choice = choose(DEFAULT, NOW, THIEF, list(views), CALM, 1)
        assert [item.view.order for item in choice.weighed] == ["far", "poor", "old", "a", "b"]
        assert [victim.view.order for victim in choice.victims] == ["far"]


def test_reference_leaves_equals_in_the_venues_order():
    views = [order("b", accepted_us=9), order("a", accepted_us=1), order("poor", pnl=-1.0)]
    choice = choose(REFERENCE, NOW, THIEF, views, CALM, 0)
    assert [item.view.order for item in choice.weighed] == ["poor", "b", "a"]


def test_protected_orders_are_listed_after_the_candidates():
    views = [order("near", price=100.0), order("v")]
    weighed = choose(DEFAULT, NOW, THIEF, views, CALM, 100).weighed
    assert [(item.view.order, item.protection) for item in weighed] == [
        ("v", None),
        ("near", "near_fill"),
    ]
    assert weighed[0].distance == 0.05


FOUR = [order(name) for name in "abcd"]


@pytest.mark.parametrize(
    ("shortfall", "refusal", "victims"),
    [
        (1, None, ["a"]),
        (100, None, ["a"]),
        (101, None, ["a", "b"]),
        (300, None, ["a", "b", "c"]),
        (301, Refusal.INSUFFICIENT_CAPITAL, []),
    ],
)
def test_victims_are_taken_until_they_free_enough_and_never_in_vain(shortfall, refusal, victims):
    assert pick(FOUR, shortfall) == (refusal, None, victims)


@pytest.mark.parametrize(("most", "victims"), [(1, []), (4, ["a", "b", "c", "d"])])
def test_the_policy_says_how_many_victims_there_may_be(most, victims):
    assert pick(FOUR, 400, policy_from({"max_victims": most}))[2] == victims


def test_reference_cancels_one_order_whatever_it_frees():
    assert pick(FOUR, 400, REFERENCE) == (None, None, ["a"])


def rivals(*pnls: float) -> list[OrderView]:
    """One order of the rival symbol for each forecast, the lower forecast first."""
    return [order(f"v{number}", pnl=pnl) for number, pnl in enumerate(pnls)]


@pytest.mark.parametrize(
    ("pnl", "outcome"),
    [
        (0.9, (None, "fight_won_by_pnl", ["v0"])),
        (1.0, (Refusal.FIGHT_PNL_NOT_BETTER, None, [])),
        (1.1, (Refusal.FIGHT_PNL_NOT_BETTER, None, [])),
    ],
)
@pytest.mark.parametrize("policy", [DEFAULT, REFERENCE], ids=["default", "reference"])
def test_a_fight_is_won_only_by_a_better_forecast(pnl, outcome, policy):
    assert pick(rivals(pnl), policy=policy, history=FIGHTING) == outcome


@pytest.mark.parametrize(
    ("on_fight_lost", "outcome"),
    [("next", (None, None, ["other"])), ("end", (Refusal.FIGHT_PNL_NOT_BETTER, None, []))],
)
def test_a_lost_fight_skips_the_victim_or_ends_the_attempt(on_fight_lost, outcome):
    views: list[OrderView] = [
        order("rival", pnl=5.0, price=106.0),
        order("other", symbol="NVDA", pnl=5.0),
    ]
    policy: Policy = policy_from({"on_fight_lost": on_fight_lost})
    assert pick(views, policy=policy, history=FIGHTING) == outcome


def test_a_fight_further_down_is_not_fought_when_enough_is_free_before_it():
    views = [order("other", symbol="NVDA", price=106.0), order("rival", pnl=5.0)]
    policy = policy_from({"on_fight_lost": "end"})
    assert pick(views, policy=policy, history=FIGHTING) == (None, None, ["other"])
    assert pick(views, 101, policy, FIGHTING)[0] is Refusal.FIGHT_PNL_NOT_BETTER


def test_what_is_left_after_lost_fights_may_not_free_enough():
    views = [order("rival", pnl=5.0), order("other", symbol="NVDA")]
    refusal, detail, victims = pick(views, 200, history=FIGHTING)
    assert (refusal, detail) == (Refusal.INSUFFICIENT_CAPITAL, "after_lost_fights")
    assert victims == []


def test_a_dry_run_names_the_victims_it_would_have_cancelled():
    policy = policy_from({"dry_run": True})
    assert pick(FOUR, 200, policy) == (Refusal.DRY_RUN, None, ["a", "b"])
    assert pick(FOUR, 999, policy) == (Refusal.INSUFFICIENT_CAPITAL, None, [])
    assert pick(rivals(0.0), policy=policy, history=FIGHTING)[1] == "fight_won_by_pnl"
