"""What the venue says about an order that free capital paid for, and what happens if it is silent."""

import pytest

from topics.commands import Cancel, Submit
from topics.events import OrderAccepted
from topics.facts import EntryBlocked, EntryEnded

from .steals import DOLLARS, NEED
from .world import SECOND, World, kinds, roomy


def submitted(**policy) -> World:
    """The entry `e` has just been sent as order `e.1`."""
    world = World(roomy(**policy))
    world.fund(3500)
    world.wait(1)
    world.quote("ETHUSD", 50.0)
    world.want("e", "ETHUSD", 50.0)
    return world


def test_an_accepted_order_works_at_the_venues_terms():
    world = submitted()
    world.apply(
        OrderAccepted(
            ts_us=world.now_us,
            account="A",
            order="e.1",
            symbol="ETHUSD",
            side="buy",
            limit=49.5,
            qty=70.0,
        )
    )
    order = world.account().orders["e.1"]
    assert (order.state, order.limit, order.reserved_micros) == ("working", 49.5, 3465 * DOLLARS)


def test_an_order_that_the_desk_did_not_send_is_learnt_and_binds_capital():
    world = World(roomy())
    world.fund(10_000)
    world.working("x", "btc/usd", 100.0)
    order = world.account().orders["x"]
    assert (order.symbol, order.entry, order.reserved_micros) == ("BTCUSD", None, NEED)
    assert world.account().committed_crypto == NEED
    world.working("y", "AAPL", 100.0)
    assert world.account().committed_stock == NEED


def test_an_exit_binds_nothing():
    world = World(roomy())
    world.fund(10_000)
    world.working("x", "BTCUSD", 100.0, side="sell", intent="exit")
    assert world.account().orders["x"].reserved_micros == 0


def test_an_order_that_someone_else_cancels_ends_its_entry():
    world = submitted()
    world.accepted("e.1")
    assert kinds(world.cancelled("e.1")) == ["EntryEnded"]
    assert [fact.reason for fact in world.heard(EntryEnded)] == ["cancelled"]


def test_an_order_that_never_arrived_lets_its_entry_wait_again():
    world = submitted()
    assert kinds(world.cancelled("e.1")) == ["Submit"]
    assert [command.order for command in world.heard(Submit)] == ["e.1", "e.2"]


def test_rejections_make_an_entry_rest_longer_and_then_end():
    world = submitted(rejections_max=4)
    rests = []
    for number in (1, 2, 3):
        assert kinds(world.rejected(f"e.{number}", "invalid")) == []
        entry = world.account().entries["e"]
        rests.append((entry.retry_us - world.now_us) / SECOND)
        assert kinds(world.quote("ETHUSD", 50.0)) == []
        assert kinds(world.wait(rests[-1])) == ["Submit"]
    assert rests == [1, 2, 4]
    assert kinds(world.rejected("e.4")) == ["EntryEnded"]
    assert [fact.reason for fact in world.heard(EntryEnded)] == ["rejected"]


@pytest.mark.parametrize("how", ["accepted", "filled"])
def test_only_rejections_in_a_row_count(how):
    world = submitted()
    world.rejected("e.1")
    world.wait(1)
    assert world.account().entries["e"].rejections == 1
    world.accepted("e.2") if how == "accepted" else world.filled("e.2", qty=1.0)
    assert world.account().entries["e"].rejections == 0


def test_an_entry_refused_for_funds_never_ends_and_rests_a_minute_at_most():
    world = submitted()
    for number in range(1, 10):
        world.rejected(f"e.{number}", "insufficient_funds")
        rest = (world.account().entries["e"].retry_us - world.now_us) / SECOND
        assert rest == min(2 ** (number - 1), 64)
        world.wait(rest)
    assert not world.heard(EntryEnded)


def test_an_order_without_an_answer_is_cancelled_until_there_is_one():
    world = submitted()
    assert kinds(world.wait(9.999999)) == []
    assert kinds(world.wait(0.000001)) == ["Cancel", "EntryBlocked"]
    (blocked,) = world.heard(EntryBlocked)
    assert (blocked.reason, blocked.detail) == ("awaiting_reconciliation", "order_unanswered")
    moments: list[int] = []
    for _ in range(300):
        world.wait(10)
        moments += [command.ts_us for command in world.heard(Cancel)[len(moments) + 1 :]]
    start = world.heard(Cancel)[0].ts_us
    waits = [round((later - start) / SECOND) for later in moments]
    assert waits[:7] == [10, 30, 70, 150, 310, 630, 1270]
    assert waits[7] - waits[6] == 640
    assert world.account().orders["e.1"].reserved_micros == NEED


def test_no_snapshot_can_prove_that_a_silent_order_will_not_arrive():
    world = submitted()
    world.wait(10)
    world.fund(3500, orders=[])
    assert "e.1" in world.account().orders
    assert world.account().unanswered


def test_a_snapshot_that_lists_a_silent_order_answers_for_it():
    world = submitted()
    world.wait(10)
    world.fund(3500, orders=["e.1"])
    order = world.account().orders["e.1"]
    assert (order.unanswered_us, order.venue_us) == (-1, world.now_us)
    assert not world.account().unanswered


def test_a_late_acceptance_of_an_order_that_is_being_cancelled_frees_nothing():
    world = submitted()
    world.wait(10)
    world.accepted("e.1")
    order = world.account().orders["e.1"]
    assert (order.state, order.reserved_micros) == ("cancelling", NEED)
    assert kinds(world.cancelled("e.1")) == ["Submit"]


def test_an_acceptance_said_again_while_the_order_is_being_cancelled_changes_no_capital():
    world = submitted()
    world.accepted("e.1")
    accepted_us = world.account().orders["e.1"].accepted_us
    world.withdraw("e")
    world.wait(1)
    assert kinds(world.accepted("e.1")) == []
    order = world.account().orders["e.1"]
    assert (order.state, order.accepted_us) == ("cancelling", accepted_us)
    assert order.reserved_micros == world.account().committed_crypto == NEED


def test_a_cancel_of_an_order_unknown_to_the_venue_waits_for_the_next_snapshot():
    world = submitted()
    world.wait(10)
    assert kinds(world.cancel_rejected("e.1")) == []
    assert world.account().unanswered
    assert world.account().orders["e.1"].reserved_micros == NEED
    assert kinds(world.wait(60)) == []
    assert kinds(world.fund(3500, orders=[])) == ["Submit"]


def test_a_silent_order_that_fills_after_all_ends_its_entry():
    world = submitted()
    world.wait(10)
    assert kinds(world.filled("e.1")) == ["EntryEnded"]
    assert not world.account().unanswered
    assert world.account().positions["ETHUSD"].qty == 70.0


def test_a_silent_order_that_is_rejected_late_lets_its_entry_wait():
    world = submitted()
    world.wait(10)
    world.rejected("e.1")
    assert world.account().entries["e"].state == "waiting"
    assert not world.account().unanswered


def test_a_cancel_of_a_known_order_that_stays_silent_awaits_a_snapshot():
    world = submitted()
    world.accepted("e.1")
    world.withdraw("e")
    assert kinds(world.wait(10)) == []
    assert world.account().unanswered
    world.fund(3500, orders=[])
    assert world.account().orders == {}
    assert not world.account().unanswered


@pytest.mark.parametrize("account_side", ["buy", "sell"])
def test_both_sides_bind_capital(account_side):
    world = World(roomy())
    world.fund(3500)
    world.quote("ETHUSD", 50.0)
    world.want("e", "ETHUSD", 50.0, side=account_side)
    assert world.account().committed_crypto == NEED


def test_a_long_entry_name_still_gives_a_valid_order_name():
    world = World(roomy())
    world.fund(3500)
    world.quote("ETHUSD", 50.0)
    world.want("x" * 64, "ETHUSD", 50.0)
    (submit,) = world.heard(Submit)
    assert (submit.order, submit.entry) == ("x" * 48 + ".1", "x" * 64)
