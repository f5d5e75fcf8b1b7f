"""A steal that succeeds, step by step, and what it leaves behind."""

import pytest

from state.books.capacity import free_micros
from topics.commands import Cancel, Steal, Submit
from topics.facts import CooldownStarted, FightDetected, StealSettled, StealStarted

from .steals import DOLLARS, NEED, crowded, stealing, victim_of_our_own
from .world import SECOND, World, kinds, roomy


def free(world: World) -> int:
    return free_micros(world.account(), world.desk.policies.default, True)


def test_a_steal_begins_with_a_cancel_and_nothing_else():
    world = crowded()
    outputs = world.want("t", "ETHUSD", 50.0)
    assert kinds(outputs) == ["Cancel", "StealStarted", "CooldownStarted"]
    (cancel,) = outputs.commands
    assert (cancel.order, cancel.symbol, cancel.steal) == ("v", "BTCUSD", "s2")
    started = outputs.facts[0]
    assert (started.steal, started.entry, started.symbol) == ("s2", "t", "ETHUSD")
    assert (started.needed_micros, started.free_micros) == (NEED, 0)
    (victim,) = started.victims
    assert (victim.order, victim.symbol, victim.distance) == ("v", "BTCUSD", 0.05)
    assert (victim.pnl, victim.freed_micros) == (0.0, NEED)
    assert outputs.facts[1].until_us == world.now_us + 120 * SECOND
    assert world.account().orders["v"].state == "cancelling"
    assert world.account().entries["t"].state == "stealing"


def test_only_the_confirmed_cancel_lets_the_thief_go():
    world = stealing()
    assert world.quote("ETHUSD", 50.0).commands == []
    assert world.wait(9.9).commands == []
    outputs = world.cancelled("v")
    assert kinds(outputs) == ["Steal"]
    (steal,) = outputs.commands
    assert (steal.order, steal.entry, steal.steal, steal.attempt) == ("t.3", "t", "s2", 1)
    assert (steal.symbol, steal.side, steal.limit, steal.qty) == ("ETHUSD", "buy", 50.0, 70.0)
    assert (steal.funded_by, steal.reserved_micros) == (["v"], NEED)
    assert free(world) == 0


def test_the_venues_acceptance_settles_the_steal():
    world = stealing()
    world.cancelled("v")
    outputs = world.accepted("t.3")
    assert kinds(outputs) == ["StealSettled"]
    (settled,) = outputs.facts
    assert (settled.steal, settled.entry, settled.order) == ("s2", "t", "t.3")
    account = world.account()
    assert account.steals == {}
    assert (account.entries["t"].state, account.entries["t"].steal) == ("placed", None)
    assert account.orders["t.3"].state == "working"


def test_a_filled_thief_ends_its_entry():
    world = stealing()
    world.cancelled("v")
    world.accepted("t.3")
    (ended,) = world.filled("t.3").facts
    assert (ended.entry, ended.reason) == ("t", "filled")
    assert world.account().positions["ETHUSD"].qty == 70.0
    assert world.account().entries == {}


@pytest.mark.parametrize("part", [1.0, 0.25])
def test_a_thief_that_fills_before_it_is_accepted_settles(part):
    world = stealing()
    world.cancelled("v")
    outputs = world.filled("t.3", qty=70.0 * part)
    assert kinds(outputs) == ["StealSettled"] + ["EntryEnded"] * (part == 1.0)
    account = world.account()
    assert account.steals == {}
    assert account.positions["ETHUSD"].qty == 70.0 * part
    if part < 1.0:
        assert account.orders["t.3"].reserved_micros == 2_625 * DOLLARS


def test_an_expired_victim_is_as_good_as_a_cancelled_one():
    assert kinds(stealing().lapsed("v")) == ["Steal"]


def test_several_victims_answer_one_by_one_and_what_is_freed_is_held():
    world = stealing("v1", "v2", "v3")
    account = world.account()
    assert [command.order for command in world.heard(Cancel)] == ["v1", "v2", "v3"]
    assert world.cancelled("v3").commands == []
    assert free(world) == 0
    assert account.steals["s4"].held_micros == NEED
    # A small entry may not take what was freed for the thief.
    world.quote("UNIUSD", 10.0)
    world.want("small", "UNIUSD", 10.0, dollars=600.0)
    assert not world.heard(Submit)
    assert world.cancelled("v1").commands == []
    (steal,) = world.cancelled("v2").commands
    assert (steal.funded_by, steal.reserved_micros) == (["v1", "v2", "v3"], 3 * NEED)


def test_the_free_capital_is_held_together_with_what_the_victim_frees():
    world = crowded()
    world.fund(5500)
    (started,) = world.want("t", "ETHUSD", 50.0, dollars=5500.0).facts[:1]
    assert (started.needed_micros, started.free_micros) == (5500 * DOLLARS, 2000 * DOLLARS)
    assert world.account().steals["s2"].held_micros == 2000 * DOLLARS
    assert free(world) == 0
    assert kinds(world.cancelled("v")) == ["Steal"]


def test_more_than_enough_freed_leaves_the_rest_free():
    world = crowded()
    world.want("t", "ETHUSD", 50.0, dollars=2500.0)
    world.cancelled("v")
    assert free(world) == 1000 * DOLLARS


def test_the_victims_entry_waits_again_for_its_unfilled_rest():
    world = victim_of_our_own()
    world.wait(1)
    world.filled("e.1", qty=5.0)
    world.fund(4000, positions=[])  # the fill took capital: bring it back
    assert kinds(world.cancelled("e.1")) == ["Steal"]
    entry = world.account().entries["e"]
    assert (entry.state, entry.order, entry.qty) == ("waiting", None, 30.0)
    world.accepted("t.3")
    world.fund(10_000)
    world.wait(120)
    (submit,) = world.quote("BTCUSD", 100.0).commands
    assert (submit.entry, submit.order, submit.qty) == ("e", "e.4", 30.0)


def test_a_steal_counts_between_the_pair_and_cools_the_victim_down():
    world = stealing()
    account = world.account()
    assert account.fights == {"BTCUSD|ETHUSD": [world.now_us]}
    assert account.cooldowns == {"BTCUSD": world.now_us}
    assert [fact.symbol for fact in world.heard(CooldownStarted)] == ["BTCUSD"]


def test_a_fight_won_by_the_forecast_is_told():
    world = crowded()
    world.account().fights["BTCUSD|ETHUSD"] = [world.now_us] * 4
    outputs = world.want("t", "ETHUSD", 50.0, pnl=0.1)
    assert kinds(outputs) == ["Cancel", "StealStarted", "FightDetected", "CooldownStarted"]
    (fight,) = world.heard(FightDetected)
    assert (fight.pair, fight.steals, fight.won) == (("BTCUSD", "ETHUSD"), 4, True)
    assert outputs.facts[2].until_us == world.now_us + 600 * SECOND


def test_an_order_that_is_being_cancelled_cannot_be_stolen_again():
    world = stealing(cooldown_s=0.0)
    world.quote("UNIUSD", 50.0)
    (blocked,) = world.want("u", "UNIUSD", 50.0).facts
    assert (blocked.reason, blocked.detail) == ("no_steal_candidates", "all_protected")


def test_an_order_that_the_venue_did_not_accept_yet_cannot_be_stolen():
    world = World(roomy())
    world.fund(3500)
    for symbol in ("BTCUSD", "ETHUSD"):
        world.quote(symbol, 50.0)
    world.want("e", "BTCUSD", 50.0)
    world.quote("BTCUSD", 55.0)
    assert kinds(world.want("t", "ETHUSD", 50.0)) == ["EntryBlocked"]
    world.accepted("e.1")
    assert kinds(world.quote("ETHUSD", 50.0))[0] == "Cancel"


def test_two_thieves_take_two_different_victims():
    world = crowded("v1", "v2")
    for entry, symbol in (("t1", "ETHUSD"), ("t2", "UNIUSD")):
        world.quote(symbol, 50.0)
        world.want(entry, symbol, 50.0)
    assert [command.order for command in world.heard(Cancel)] == ["v1", "v2"]
    assert [command.entry for command in world.cancelled("v2").commands] == ["t2"]
    assert [command.entry for command in world.cancelled("v1").commands] == ["t1"]
    assert len(world.heard(StealStarted)) == 2
    assert not world.heard(StealSettled)
    assert len(world.heard(Steal)) == 2
