"""An entry that is withdrawn or expires, in every state it can be in."""

import pytest

from topics.commands import Cancel, Steal
from topics.facts import EntryEnded, StealLost

from .steals import NEED, crowded, placing, stealing, victim_of_our_own
from .world import SECOND, World, kinds, roomy


def waiting() -> World:
    world = crowded(enabled=False)
    world.want("t", "ETHUSD", 50.0)
    return world


def submitted() -> World:
    world = World(roomy())
    world.fund(3500)
    world.quote("ETHUSD", 50.0)
    world.want("t", "ETHUSD", 50.0)
    return world


def working() -> World:
    world = submitted()
    world.accepted("t.1")
    return world


def retrying() -> World:
    world = placing()
    world.rejected("t.3", "insufficient_funds")
    return world


def end(world: World, how: str, entry: str = "t"):
    """Withdraw an entry, or let its time be up at once."""
    if how == "withdrawn":
        return world.withdraw(entry)
    due = world.now_us + 1
    world.account().entries[entry].expires_us = due
    world.desk.context.timers.set(due, "A", "entry_expiry", entry)
    return world.wait(0.000001)


@pytest.mark.parametrize("how", ["withdrawn", "expired"])
@pytest.mark.parametrize(
    ("state", "said"),
    [
        (waiting, ["EntryEnded"]),
        (submitted, ["Cancel", "EntryEnded"]),
        (working, ["Cancel", "EntryEnded"]),
        (stealing, ["EntryEnded"]),
        (placing, ["Cancel", "EntryEnded", "StealLost"]),
        (retrying, ["EntryEnded", "StealLost"]),
    ],
)
def test_an_entry_ends_in_any_state(state, said, how):
    world = state()
    assert kinds(end(world, how)) == said
    assert [fact.reason for fact in world.heard(EntryEnded)] == [how]
    assert [fact.reason for fact in world.heard(StealLost)] == [how] * ("StealLost" in said)
    assert world.account().entries == {}
    assert world.quote("ETHUSD", 50.0).commands == []


def test_an_entry_expires_at_its_time():
    world = crowded(enabled=False)
    world.want("t", "ETHUSD", 50.0, expires_us=world.now_us + SECOND)
    assert kinds(world.wait(0.999999)) == []
    assert kinds(world.wait(0.000001)) == ["EntryEnded"]


@pytest.mark.parametrize("how", ["withdrawn", "expired"])
def test_a_steal_whose_entry_is_gone_is_lost_when_its_victims_have_answered(how):
    world = stealing("v1", "v2")
    end(world, how)
    assert kinds(world.cancelled("v1")) == []
    assert kinds(world.cancelled("v2")) == ["StealLost"]
    assert [fact.reason for fact in world.heard(StealLost)] == [how]
    assert not world.heard(Steal)


def test_a_timer_of_an_entry_that_is_gone_does_nothing():
    world = crowded(enabled=False)
    world.want("t", "ETHUSD", 50.0, expires_us=world.now_us + SECOND)
    world.withdraw("t")
    assert kinds(world.wait(1)) == []


def test_the_end_of_an_old_entry_does_not_end_a_new_one_of_the_same_name():
    world = crowded(enabled=False)
    world.want("t", "ETHUSD", 50.0, expires_us=world.now_us + SECOND)
    world.withdraw("t")
    world.want("t", "ETHUSD", 50.0, expires_us=world.now_us + 2 * SECOND)
    assert kinds(world.wait(1)) == []
    assert kinds(world.wait(1)) == ["EntryEnded"]


def test_a_steal_whose_entry_is_gone_can_expire():
    world = stealing()
    world.withdraw("t")
    assert kinds(world.wait(10)) == ["StealExpired"]
    assert world.account().unanswered


def test_an_order_of_a_withdrawn_entry_that_would_not_cancel_works_on():
    world = working()
    world.withdraw("t")
    world.cancel_rejected("t.1")
    order = world.account().orders["t.1"]
    assert (order.state, order.reserved_micros) == ("working", NEED)


def test_an_order_of_a_withdrawn_entry_may_still_fill():
    world = working()
    world.withdraw("t")
    world.wait(1)
    assert kinds(world.filled("t.1")) == []
    assert world.account().positions["ETHUSD"].qty == 70.0
    assert world.account().orders == {}


def test_a_confirmed_cancel_frees_what_a_withdrawn_entry_had():
    world = working()
    world.withdraw("t")
    world.want("u", "ETHUSD", 50.0)
    assert kinds(world.cancelled("t.1")) == ["Submit"]


def test_withdrawing_the_victim_of_a_steal_cancels_it_only_once():
    world = victim_of_our_own()
    assert kinds(world.withdraw("e")) == ["EntryEnded"]
    assert kinds(world.cancelled("e.1")) == ["Steal"]
    assert [command.order for command in world.heard(Cancel)] == ["e.1"]


def test_a_withdrawal_cancels_again_what_a_lost_cancel_left_working():
    world = victim_of_our_own()
    world.wait(10)
    world.fund(3500, orders=["e.1"])  # the venue never got the steal's cancel
    outputs = world.withdraw("e")
    assert kinds(outputs) == ["Cancel", "EntryEnded"]
    assert [command.order for command in outputs.commands] == ["e.1"]


def test_a_withdrawal_does_not_repeat_a_cancel_that_is_repeated_anyway():
    world = submitted()
    world.wait(10)
    assert [command.order for command in world.heard(Cancel)] == ["t.1"]
    assert kinds(world.withdraw("t")) == ["EntryEnded"]
    assert kinds(world.wait(10)) == ["Cancel"]


def test_a_cancel_of_a_withdrawn_entry_that_got_lost_is_sent_again_after_the_snapshot():
    world = working()
    world.withdraw("t")
    assert kinds(world.wait(10)) == []
    assert world.account().unanswered
    (cancel,) = world.fund(3500, orders=["t.1"]).commands
    assert (cancel.order, cancel.steal) == ("t.1", None)
    world.cancelled("t.1")
    assert world.account().orders == {}


@pytest.mark.parametrize("state", [submitted, working, stealing, placing])
def test_a_name_can_be_used_again_once_nothing_of_the_old_entry_is_left(state):
    world = state()
    order = world.account().entries["t"].order
    world.withdraw("t")
    (refused,) = world.want("t", "ETHUSD", 50.0).facts
    assert refused.reason == "entry_exists"
    assert world.account().halted is None
    world.cancelled(order or "v")
    world.want("t", "ETHUSD", 50.0)
    assert world.account().entries["t"].state == "placed"


def test_what_is_left_of_a_withdrawn_entrys_order_binds_capital_until_it_is_gone():
    world = working()
    world.withdraw("t")
    world.want("u", "ETHUSD", 50.0)
    assert world.account().entries["u"].blocked == "no_steal_candidates"
