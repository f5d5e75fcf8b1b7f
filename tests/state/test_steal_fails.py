"""A steal whose capital does not come: the thief waits, and nothing was over-committed."""

import pytest

from state.books.capacity import free_micros
from state.rules.policy import REFERENCE
from topics.commands import Cancel, Steal
from topics.facts import EntryBlocked, StealExpired, StealLost

from .steals import DOLLARS, NEED, placing, set_policy, stealing, victim_of_our_own
from .world import SECOND, World, kinds, roomy


def free(world: World) -> int:
    return free_micros(world.account(), world.desk.policies.default, True)


def lost(world: World) -> list[str]:
    return [fact.reason for fact in world.heard(StealLost)]


# ---- the victim ----


def test_a_victim_that_fills_first_loses_the_steal():
    world = stealing()
    outputs = world.filled("v")
    assert kinds(outputs) == ["StealLost", "EntryBlocked"]
    assert lost(world) == ["victim_filled"]
    blocked = outputs.facts[1]
    assert (blocked.reason, blocked.detail) == (
        "insufficient_capital",
        "steal_lost:victim_filled",
    )
    assert (blocked.needed_micros, blocked.free_micros) == (NEED, 0)
    account = world.account()
    assert (account.steals, account.entries["t"].state) == ({}, "waiting")
    assert not world.heard(Steal)


def test_a_victim_that_would_not_cancel_loses_the_steal():
    world = stealing()
    world.cancel_rejected("v")
    assert lost(world) == ["cancel_failed"]
    order = world.account().orders["v"]
    assert (order.state, order.steal, order.reserved_micros) == ("working", None, NEED)


def test_a_partial_fill_of_the_victim_frees_too_little():
    world = stealing()
    world.filled("v", qty=10.0)
    assert free(world) == 0
    world.cancelled("v")
    assert lost(world) == ["insufficient_capital"]
    assert free(world) == 2500 * DOLLARS
    assert not world.heard(Steal)


def test_one_of_several_victims_that_fails_loses_the_steal_but_keeps_what_came():
    world = stealing("v1", "v2")
    world.cancelled("v1")
    assert lost(world) == []
    world.filled("v2")
    assert lost(world) == ["victim_filled"]
    assert free(world) == NEED


def test_a_failed_cancel_does_not_lose_a_steal_that_has_enough_all_the_same():
    world = stealing("v1", "v2")
    world.fund(10_500)
    world.cancel_rejected("v2")
    assert lost(world) == []
    assert kinds(world.cancelled("v1")) == ["Steal"]


def test_a_thief_that_lost_rests_before_its_next_try():
    world = stealing()
    world.cancel_rejected("v")
    world.fund(7000)
    assert world.account().entries["t"].state == "waiting"
    assert kinds(world.quote("ETHUSD", 50.0)) == []
    assert kinds(world.wait(0.999999)) == []
    assert kinds(world.wait(0.000001)) == ["Submit"]


def test_reference_cancels_what_frees_too_little_and_the_thief_stays_blocked():
    world = World(roomy(REFERENCE))
    world.fund(600)
    world.quote("ETHUSD", 50.0)
    world.quote("BTCUSD", 105.0)
    world.working("v", "BTCUSD", 100.0, dollars=600.0)
    outputs = world.want("t", "ETHUSD", 50.0)
    assert [command.order for command in outputs.commands] == ["v"]
    assert kinds(world.cancelled("v")) == ["StealLost", "EntryBlocked"]
    assert lost(world) == ["insufficient_capital"]
    (blocked,) = world.heard(EntryBlocked)
    assert (blocked.needed_micros, blocked.free_micros) == (NEED, 600 * DOLLARS)
    assert not world.heard(Steal)


# ---- silence ----


def test_a_steal_without_an_answer_expires_at_its_timeout():
    world = stealing()
    assert kinds(world.wait(9.999999)) == []
    outputs = world.wait(0.000001)
    assert kinds(outputs) == ["StealExpired", "EntryBlocked"]
    (expired,) = world.heard(StealExpired)
    assert (expired.steal, expired.entry, expired.unanswered) == ("s2", "t", ["v"])
    assert outputs.facts[1].reason == "awaiting_reconciliation"
    account = world.account()
    assert account.unanswered
    assert (account.steals, account.entries["t"].state) == ({}, "waiting")
    assert account.orders["v"].reserved_micros == NEED
    assert free(world) == 0


def test_only_the_silent_victims_are_named():
    world = stealing("v1", "v2")
    world.cancelled("v1")
    world.wait(10)
    assert [fact.unanswered for fact in world.heard(StealExpired)] == [["v2"]]
    assert free(world) == NEED


def test_an_account_that_awaits_reconciliation_sends_nothing_new():
    world = stealing()
    world.wait(10)
    world.fund(50_000)  # says nothing about orders
    assert world.quote("ETHUSD", 50.0).commands == []
    assert world.account().entries["t"].blocked == "awaiting_reconciliation"


@pytest.mark.parametrize(
    ("orders", "said", "free_after"),
    [([], ["Submit"], 0), (["v"], ["EntryBlocked"], 0)],
    ids=["gone", "still there"],
)
def test_a_snapshot_that_lists_the_orders_resolves_an_expired_steal(orders, said, free_after):
    world = stealing()
    world.wait(10)
    assert kinds(world.fund(3500, orders=orders)) == said
    assert not world.account().unanswered
    assert free(world) == free_after


def test_a_late_cancel_resolves_an_expired_steal():
    world = stealing()
    world.wait(10)
    assert kinds(world.cancelled("v")) == ["Submit"]
    assert not world.account().unanswered


def test_a_late_refusal_to_cancel_resolves_an_expired_steal():
    world = stealing()
    world.wait(10)
    assert kinds(world.cancel_rejected("v")) == ["EntryBlocked"]
    account = world.account()
    assert not account.unanswered
    assert account.orders["v"].state == "working"
    assert world.heard(StealLost) == []


def test_a_victims_own_entry_survives_an_expired_steal():
    world = victim_of_our_own()
    world.wait(10)
    world.fund(3500, orders=[])
    account = world.account()
    assert account.entries["e"].state == "waiting"
    assert account.entries["t"].state == "placed"


# ---- the thief ----


def test_a_thief_refused_for_funds_is_sent_again_under_new_ids_and_then_lost():
    world = placing()
    for attempt, order in ((2, "t.4"), (3, "t.5"), (4, "t.6")):
        assert kinds(world.rejected(f"t.{attempt + 1}", "insufficient_funds")) == []
        assert (world.account().steals["s2"].phase, free(world)) == ("retrying", 0)
        assert kinds(world.wait(0.999999)) == []
        (steal,) = world.wait(0.000001).commands
        assert (steal.order, steal.attempt, steal.reserved_micros) == (order, attempt, NEED)
    outputs = world.rejected("t.6", "insufficient_funds")
    assert kinds(outputs) == ["StealLost", "EntryBlocked"]
    assert lost(world) == ["insufficient_funds"]
    assert world.account().entries["t"].state == "waiting"
    assert free(world) == NEED


def test_a_retried_thief_can_settle():
    world = placing()
    world.account().entries["t"].rejections = 2
    world.rejected("t.3", "insufficient_funds")
    world.wait(1)
    assert kinds(world.accepted("t.4")) == ["StealSettled"]
    assert world.account().entries["t"].rejections == 0


def test_a_retry_that_no_longer_fits_is_lost():
    world = placing()
    world.rejected("t.3", "insufficient_funds")
    world.fund(3400)
    world.wait(1)
    assert lost(world) == ["insufficient_capital"]


def test_a_policy_without_retries_loses_at_once():
    world = placing(funds_retries=0)
    world.rejected("t.3", "insufficient_funds")
    assert lost(world) == ["insufficient_funds"]


def test_a_rejected_thief_waits_longer_each_time_and_then_ends():
    world = placing()
    for order, rest in (("t.3", 1), ("t.4", 2)):
        world.rejected(order)
        assert world.account().entries["t"].retry_us == world.now_us + rest * SECOND
        world.wait(rest)
    outputs = world.rejected("t.5")
    assert lost(world) == ["rejected"]  # the later orders were paid for by free capital
    assert [fact.reason for fact in outputs.facts] == ["rejected"]
    assert kinds(outputs) == ["EntryEnded"]
    assert free(world) == NEED


def test_a_thief_cancelled_before_it_was_accepted_loses():
    world = placing()
    world.cancelled("t.3")
    assert lost(world) == ["order_gone"]
    assert world.account().entries["t"].state == "waiting"
    assert free(world) == NEED


def test_a_thief_without_an_answer_expires_and_is_cancelled():
    world = placing()
    outputs = world.wait(10)
    assert kinds(outputs) == ["Cancel", "StealExpired", "EntryBlocked"]
    (expired,) = world.heard(StealExpired)
    assert expired.unanswered == ["t.3"]
    account = world.account()
    assert (account.steals, account.entries["t"].state) == ({}, "placed")
    assert account.orders["t.3"].state == "cancelling"
    assert outputs.commands[0].order == "t.3"
    assert kinds(world.cancelled("t.3")) == ["Submit"]


def test_a_new_policy_in_the_middle_of_a_steal_changes_what_it_needs():
    world = stealing()
    set_policy(world, fee_reserve=0.01)
    world.cancelled("v")
    assert lost(world) == ["insufficient_capital"]
    assert [command.order for command in world.heard(Cancel)] == ["v"]
