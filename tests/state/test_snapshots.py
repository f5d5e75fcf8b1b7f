"""The venue's word on an account: equity, holdings, and which orders are open."""

import pytest

from state.books.capacity import free_micros
from topics.facts import EntryEnded, EventRefused

from .steals import DOLLARS, NEED, crowded, stealing
from .world import SECOND, World, holding, kinds, roomy


def refused(world: World) -> list[str]:
    return [fact.reason for fact in world.heard(EventRefused)]


def test_a_snapshot_sets_equity_and_holdings_in_their_normal_form():
    world = World(roomy())
    positions = [
        holding("BTC/USD", 2.0, 1000.0),
        holding("btcusd", 1.0, 1000.0),
        holding("AAPL", -5.0, 100.0),
        holding("MSFT", 0.0, 100.0),
    ]
    world.fund(10_000, positions=positions)
    account = world.account()
    held = {symbol: (item.qty, item.value_micros) for symbol, item in account.positions.items()}
    assert held == {"BTCUSD": (3.0, 3000 * DOLLARS), "AAPL": (-5.0, -500 * DOLLARS)}
    assert account.equity_micros == 10_000 * DOLLARS
    assert account.cash_micros == 7_500 * DOLLARS
    policy = world.desk.policies.default
    assert free_micros(account, policy, True) == (10_000 - 3000 - 125) * DOLLARS


def test_a_snapshot_replaces_what_was_known():
    world = World(roomy())
    world.fund(10_000, positions=[holding("AAPL", 5.0, 100.0)])
    world.fund(9_000)
    assert world.account().positions == {}
    assert world.account().cash_micros == 9_000 * DOLLARS


@pytest.mark.parametrize(("late_us", "reasons"), [(1, ["outdated_snapshot"]), (0, []), (-1, [])])
def test_a_snapshot_older_than_the_last_is_refused(late_us, reasons):
    world = World(roomy())
    world.fund(10_000)
    world.now_us -= late_us
    world.fund(5_000)
    assert refused(world) == reasons
    assert world.account().cash_micros == (10_000 if reasons else 5_000) * DOLLARS


@pytest.mark.parametrize(("late_us", "reasons"), [(1, ["outdated_snapshot"]), (0, [])])
def test_a_snapshot_older_than_a_fill_is_refused(late_us, reasons):
    world = crowded()
    world.filled("v", qty=1.0)
    world.now_us -= late_us
    world.fund(9_000)
    assert refused(world) == reasons


@pytest.mark.parametrize(("early_us", "booked"), [(0, False), (1, False), (-1, True)])
def test_fills_up_to_the_snapshots_time_are_not_booked_twice(early_us, booked):
    world = crowded()
    world.fund(3500, positions=[holding("BTCUSD", 10.0, 100.0)])
    world.now_us -= early_us
    world.filled("v", qty=10.0)
    account = world.account()
    assert account.positions["BTCUSD"].qty == (20.0 if booked else 10.0)
    assert account.cash_micros == (1500 if booked else 2500) * DOLLARS
    assert account.orders["v"].remaining == 25.0  # the order is settled by it all the same


def test_an_order_that_one_snapshot_lacks_is_kept():
    world = crowded()
    world.fund(3500, orders=[])
    assert world.account().orders["v"].missing_us == world.now_us


@pytest.mark.parametrize(("seconds", "gone"), [(9.999999, False), (10, True)])
def test_an_order_that_a_later_snapshot_still_lacks_is_gone(seconds, gone):
    world = crowded()
    world.fund(3500, orders=[])
    world.wait(seconds)
    world.fund(3500, orders=[])
    assert ("v" not in world.account().orders) is gone
    assert free_micros(world.account(), world.desk.policies.default, True) == NEED * gone


def test_an_order_that_turns_up_again_was_never_gone():
    world = crowded()
    for orders in ([], ["v"], []):
        world.fund(3500, orders=orders)
        world.wait(10)
    assert "v" in world.account().orders


def test_a_snapshot_that_does_not_speak_of_orders_loses_none():
    world = crowded()
    for _ in range(3):
        world.fund(3500)
        world.wait(10)
    assert world.account().orders["v"].missing_us == -1


def test_an_order_accepted_after_the_snapshots_time_cannot_be_missing():
    world = crowded()
    asked = world.now_us
    world.wait(1)
    world.working("v2", "LTCUSD", 100.0)
    world.now_us = asked
    world.fund(9_000, orders=["v"])
    assert world.account().orders["v2"].missing_us == -1


def test_an_order_of_an_entry_that_vanished_ends_the_entry():
    world = World(roomy())
    world.fund(3500)
    world.quote("ETHUSD", 50.0)
    world.want("e", "ETHUSD", 50.0)
    world.accepted("e.1")
    for _ in range(2):
        world.fund(3500, orders=[])
        world.wait(10)
    assert [fact.reason for fact in world.heard(EntryEnded)] == ["cancelled"]


def test_a_snapshot_taken_before_the_silence_was_noted_settles_nothing():
    world = stealing()
    asked = world.now_us
    world.wait(10)
    world.now_us = asked
    world.fund(3500, orders=[])
    assert world.account().unanswered
    assert "v" in world.account().orders


def test_a_victim_that_a_snapshot_lacks_twice_frees_its_capital_for_the_thief():
    world = stealing(steal_timeout_s=60)
    world.fund(3500, orders=[])
    world.wait(10)
    assert kinds(world.fund(3500, orders=[])) == ["Steal"]


def test_the_clock_goes_by_the_journal_and_ages_by_the_venue():
    world = World(roomy(snapshot_max_age_s=60))
    world.quote("ETHUSD", 50.0)
    now = world.now_us
    world.now_us = now - 61 * SECOND
    world.fund(3500)
    world.now_us = now
    (blocked,) = world.want("t", "ETHUSD", 50.0).facts
    assert blocked.reason == "stale_account"
