"""Which orders cannot be victims: each protection, and which of several is named."""

from typing import Any

import pytest

from state.rules.decision import Entrant, OrderView
from state.rules.policy import DEFAULT, REFERENCE, policy_from
from state.rules.refusals import Protection
from state.rules.victims import History, assess, choose, is_probe, weigh

from .world import SECOND

NOW = 1_500_000_000 * SECOND
THIEF = Entrant("MSFT", "buy", 50.0, 50.0, 1.0)
FREE = OrderView("v", "AAPL", "buy", 100.0, 35.0, 105.0, 0.0, age_us=SECOND)
CALM = History({}, {})
STOLEN = History({"AAPL": NOW - SECOND}, {})
YOUNG = policy_from({"protect_age_s": 1.5})

LADDER: list[tuple[Protection, dict[str, Any]]] = [
    (Protection.NOT_AN_ENTRY, {"intent": "exit"}),
    (Protection.SAME_SIDE, {"symbol": "MSFT"}),
    (Protection.IN_FLIGHT, {"in_flight": True}),
    (Protection.PROBE, {"mode": "probe"}),
    (Protection.NO_PRICE, {"price": None}),
    (Protection.NEAR_FILL, {"price": 100.05}),
]
"""Each protection that an order has by itself, and what makes it so, in precedence."""


def protection(view, policy=DEFAULT, history=CALM, entrant=THIEF):
    orders = [assess(policy, NOW, view, history)]
    if entrant is None:
        (weighed,) = weigh(policy, orders)
    else:
        (weighed,) = choose(policy, NOW, entrant, orders, history, 1).weighed
    return weighed.protection


def test_an_order_far_from_its_limit_is_not_protected():
    assert protection(FREE) is None
    assert protection(FREE, REFERENCE) is None


@pytest.mark.parametrize(("wanted", "values"), LADDER)
def test_an_order_is_protected(wanted, values):
    assert protection(FREE._replace(**values)) is wanted


@pytest.mark.parametrize("place", range(len(LADDER)))
def test_the_first_protection_that_applies_is_named(place):
    values: dict[str, Any] = {}
    for _, more in LADDER[place:]:
        values |= {key: value for key, value in more.items() if key not in values}
    assert protection(FREE._replace(**values), YOUNG, STOLEN) is LADDER[place][0]


def test_the_documented_order_is_the_order_of_the_checks():
    checked = [wanted for wanted, _ in LADDER]
    assert list(Protection) == [*checked, Protection.COOLDOWN, Protection.YOUNG]


def test_a_symbol_that_was_just_stolen_from_is_spared():
    assert protection(FREE, history=STOLEN) is Protection.COOLDOWN
    assert protection(FREE, YOUNG, STOLEN) is Protection.COOLDOWN
    assert protection(FREE, history=History({"AAPL": NOW - 120 * SECOND}, {})) is None


@pytest.mark.parametrize(
    ("age_us", "wanted"),
    [(0, Protection.YOUNG), (1_499_999, Protection.YOUNG), (1_500_000, None)],
)
def test_a_young_order_can_be_spared(age_us, wanted):
    assert protection(FREE._replace(age_us=age_us), YOUNG) is wanted
    assert protection(FREE._replace(age_us=age_us)) is None


@pytest.mark.parametrize(
    ("side", "price", "default", "reference"),
    [
        ("buy", 100.1, Protection.NEAR_FILL, Protection.NEAR_FILL),
        ("buy", 100.11, None, Protection.NEAR_FILL),
        ("buy", 100.39, None, Protection.NEAR_FILL),
        ("buy", 100.41, None, None),
        ("buy", 90.0, Protection.NEAR_FILL, None),  # marketable: the original stole it first
        ("sell", 110.0, Protection.NEAR_FILL, None),
        ("sell", 99.0, None, None),
    ],
)
def test_an_order_at_or_within_the_protection_is_spared(side, price, default, reference):
    view = FREE._replace(side=side, price=price)
    assert protection(view) is default
    assert protection(view, REFERENCE) is reference


@pytest.mark.parametrize("base", [DEFAULT, REFERENCE], ids=["default", "reference"])
def test_an_order_exactly_at_the_protection_is_spared(base):
    policy = policy_from({"protection": 0.0625}, base)
    assert protection(FREE._replace(price=106.25), policy) is Protection.NEAR_FILL
    assert protection(FREE._replace(price=106.26), policy) is None


def test_reference_steals_exits_and_the_thiefs_own_symbol():
    assert protection(FREE._replace(intent="exit", symbol="MSFT"), REFERENCE) is None
    assert protection(FREE._replace(mode="probe"), REFERENCE) is None


def test_the_other_side_of_the_thiefs_symbol_can_be_stolen():
    assert protection(FREE._replace(symbol="MSFT", side="sell", price=95.0)) is None


def test_without_a_thief_only_the_orders_own_merits_count():
    assert protection(FREE._replace(symbol="MSFT"), entrant=None) is None


@pytest.mark.parametrize(
    ("mode", "qty", "limit", "default", "reference"),
    [
        ("normal", 5.0, 100.0, False, False),
        ("normal", 4.9999, 100.0, True, True),
        ("normal", -4.9999, 100.0, True, True),
        ("normal", -5.0, 100.0, False, False),
        ("probe", 35.0, 100.0, True, False),
    ],
)
def test_an_order_below_500_dollars_or_by_its_own_word_is_a_probe(
    mode, qty, limit, default, reference
):
    assert is_probe(DEFAULT, mode, qty, limit) is default
    assert is_probe(REFERENCE, mode, qty, limit) is reference
