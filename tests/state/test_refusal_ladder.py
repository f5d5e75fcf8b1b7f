"""Why a triggered entry may not go: one reason at a time, the first that applies."""

import pytest

from state.dealing.attempts import Attempt
from state.rules.refusals import EventFault, Protection, Refusal
from topics.commands import Cancel, Submit
from topics.facts import EntryBlocked, FightDetected

from .steals import DOLLARS, NEED, crowded
from .world import World, kinds, roomy

LADDER = [
    Refusal.NO_PRICE,
    Refusal.STALE_QUOTE,
    Refusal.AWAITING_RECONCILIATION,
    Refusal.NO_ACCOUNT_SNAPSHOT,
    Refusal.STALE_ACCOUNT,
    Refusal.DISABLED,
    Refusal.TOO_FAR_FROM_LIMIT,
    Refusal.NO_STEAL_CANDIDATES,
    Refusal.FIGHT_PNL_NOT_BETTER,
    Refusal.INSUFFICIENT_CAPITAL,
    Refusal.DRY_RUN,
]


def world_with(faults) -> World:
    """A world in which a steal would succeed, but for the faults; the entry `t` just tried."""
    policy = roomy(
        quote_max_age_s=60,
        snapshot_max_age_s=600,
        enabled=Refusal.DISABLED not in faults,
        dry_run=Refusal.DRY_RUN in faults,
    )
    world = World(policy)
    if Refusal.NO_ACCOUNT_SNAPSHOT not in faults:
        world.fund(3500)
    world.working("v", "BTCUSD", 100.0)
    price = 50.5 if Refusal.TOO_FAR_FROM_LIMIT in faults else 50.0
    if Refusal.NO_PRICE not in faults:
        world.quote("ETHUSD", price)
    world.wait(600.1 if Refusal.STALE_ACCOUNT in faults else 60.1)
    if not {Refusal.NO_PRICE, Refusal.STALE_QUOTE} & set(faults):
        world.quote("ETHUSD", price)
    world.quote("BTCUSD", 100.0 if Refusal.NO_STEAL_CANDIDATES in faults else 105.0)
    account = world.account()
    if Refusal.AWAITING_RECONCILIATION in faults:
        account.orders["v"].unanswered_us = world.now_us
    if Refusal.FIGHT_PNL_NOT_BETTER in faults:
        account.fights["BTCUSD|ETHUSD"] = [world.now_us] * 4
    dollars = 3501.0 if Refusal.INSUFFICIENT_CAPITAL in faults else 3500.0
    world.want("t", "ETHUSD", 50.0, dollars=dollars, tolerance=0.02)
    return world


@pytest.mark.parametrize("reason", LADDER)
def test_one_fault_alone_gives_its_reason(reason):
    world = world_with([reason])
    assert [fact.reason for fact in world.heard(EntryBlocked)] == [reason]
    assert not world.heard(Cancel)


@pytest.mark.parametrize("place", range(len(LADDER)))
def test_of_several_faults_the_first_gives_the_reason(place):
    (blocked,) = world_with(LADDER[place:]).heard(EntryBlocked)
    assert blocked.reason == LADDER[place]


def test_without_a_fault_the_steal_starts():
    world = world_with([])
    assert kinds(world.apply()) == []
    assert [command.order for command in world.heard(Cancel)] == ["v"]
    assert not world.heard(EntryBlocked)


def test_the_ladder_is_the_documented_order_and_every_reason_has_a_meaning():
    left_out = {Refusal.ORDERS_UNAVAILABLE, Refusal.CANCEL_FAILED}  # the desk has no such failure
    assert [reason for reason in Refusal if reason not in left_out] == LADDER
    reasons = [*Refusal, *EventFault, *Protection]
    assert all(reason.meaning and reason.advice for reason in reasons)


def test_stealing_switched_off_refuses_before_anything_is_weighed():
    world = crowded(enabled=False)
    tried: list[Attempt] = []
    world.desk.watch = tried.append
    world.want("t", "ETHUSD", 50.0)
    (attempt,) = tried
    assert (attempt.weighed.refusal, attempt.weighed.choice) == (Refusal.DISABLED, None)


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize(
    ("price", "policy", "steals"),
    [
        (50.33, {}, True),
        (50.34, {}, False),
        (49.0, {}, True),
        (75.0, {"entry_tolerance": 0.5}, True),  # exactly at it
        (75.01, {"entry_tolerance": 0.5}, False),
    ],
)
def test_the_thief_must_be_near_its_own_limit(price, policy, steals, watched):
    world = crowded(**policy)
    tried: list[Attempt] = []
    if watched:
        world.desk.watch = tried.append
    world.quote("ETHUSD", price)
    world.want("t", "ETHUSD", 50.0, tolerance=1.0)
    assert bool(world.heard(Cancel)) is steals
    reasons = [] if steals else [Refusal.TOO_FAR_FROM_LIMIT]
    assert [fact.reason for fact in world.heard(EntryBlocked)] == reasons


def test_free_capital_needs_no_permission_to_steal():
    world = World(roomy(enabled=False))
    world.fund(3500)
    world.quote("ETHUSD", 50.0)
    world.want("t", "ETHUSD", 50.0)
    (command,) = world.heard(Submit)
    assert (command.order, command.qty, command.reserved_micros) == ("t.1", 70.0, NEED)


@pytest.mark.parametrize(
    ("equity", "sent"), [(3500.0, True), (3499.999999, False)], ids=["enough", "not"]
)
def test_one_micro_dollar_decides(equity, sent):
    world = World(roomy())
    world.fund(equity)
    world.quote("ETHUSD", 50.0)
    world.want("t", "ETHUSD", 50.0)
    assert bool(world.heard(Submit)) is sent


def test_a_blocked_entry_says_what_it_needs_and_what_is_free():
    world = crowded(enabled=False)
    world.fund(4000)
    outputs = world.want("t", "ETHUSD", 50.0)
    (blocked,) = outputs.facts
    assert blocked.reason == "disabled"
    assert (blocked.needed_micros, blocked.free_micros) == (NEED, 500 * DOLLARS)
    assert (blocked.entry, blocked.symbol, blocked.account) == ("t", "ETHUSD", "A")


def test_the_fee_reserve_is_part_of_the_need():
    world = crowded(enabled=False, fee_reserve=0.0025)
    (blocked,) = world.want("t", "ETHUSD", 50.0).facts
    assert (blocked.needed_micros, blocked.free_micros) == (3_508_750_000, -8_750_000)


def test_a_reason_is_said_when_it_changes_and_not_at_each_try():
    world = crowded()
    world.quote("BTCUSD", 100.0)
    world.want("t", "ETHUSD", 50.0)
    for _ in range(3):
        assert not world.quote("ETHUSD", 50.0).facts
    world.account().fights["BTCUSD|ETHUSD"] = [world.now_us] * 4
    world.quote("BTCUSD", 105.0)
    assert kinds(world.quote("ETHUSD", 50.0)) == ["EntryBlocked", "FightDetected"]
    assert not world.quote("ETHUSD", 50.0).facts
    world.quote("BTCUSD", 100.0)
    world.quote("ETHUSD", 50.0)
    assert [fact.reason for fact in world.heard(EntryBlocked)] == [
        "no_steal_candidates",
        "fight_pnl_not_better",
        "no_steal_candidates",
    ]


def test_a_lost_fight_is_told_with_its_count():
    (fact,) = world_with([Refusal.FIGHT_PNL_NOT_BETTER]).heard(FightDetected)
    assert (fact.pair, fact.steals, fact.won) == (("BTCUSD", "ETHUSD"), 4, False)


def test_an_entry_that_is_not_triggered_says_nothing():
    world = crowded()
    assert not world.want("t", "ETHUSD", 49.0).facts
    assert world.account().entries["t"].blocked is None


def test_an_order_whose_own_symbol_has_no_fresh_quote_is_no_candidate():
    world = crowded(quote_max_age_s=60)
    world.wait(61)
    world.quote("ETHUSD", 50.0)
    (blocked,) = world.want("t", "ETHUSD", 50.0).facts
    assert (blocked.reason, blocked.detail) == ("no_steal_candidates", "all_protected")
    world.quote("BTCUSD", 105.0)
    assert kinds(world.quote("ETHUSD", 50.0))[0] == "Cancel"
