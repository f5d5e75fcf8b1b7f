"""A dry run decides, reports, and changes nothing (B13)."""

import msgspec
import pytest

from state.books.account import Account
from state.rules.policy import DEFAULT, REFERENCE
from topics.facts import EntryBlocked

from .steals import NEED, set_policy
from .world import World, kinds, roomy


def world_under(base, **values) -> World:
    world = World(roomy(base, dry_run=True, **values))
    world.fund(3500)
    world.quote("BTCUSD", 105.0)
    world.quote("ETHUSD", 50.0)
    world.working("v", "BTCUSD", 100.0)
    return world


def books(world: World) -> Account:
    """The account without the entry that waits."""
    copied = msgspec.msgpack.decode(msgspec.msgpack.encode(world.account()), type=Account)
    copied.entries.clear()
    return copied


@pytest.mark.parametrize("base", [DEFAULT, REFERENCE], ids=["default", "reference"])
def test_a_dry_run_reports_and_changes_nothing(base):
    world = world_under(base)
    before = books(world)
    outputs = world.want("t", "ETHUSD", 50.0)
    (blocked,) = outputs.facts
    assert outputs.commands == []
    assert (blocked.reason, blocked.detail) == ("dry_run", None)
    assert (blocked.needed_micros, blocked.free_micros) == (NEED, 0)
    assert books(world) == before
    assert world.account().entries["t"].state == "waiting"


def test_a_dry_run_can_be_repeated_for_ever():
    world = world_under(DEFAULT)
    world.want("t", "ETHUSD", 50.0)
    before = books(world)
    for _ in range(10):
        assert kinds(world.quote("ETHUSD", 50.0)) == []
    assert books(world) == before
    assert len(world.heard(EntryBlocked)) == 1


def test_a_dry_run_tells_of_a_fight_that_it_would_have_won():
    world = world_under(DEFAULT)
    world.account().fights["BTCUSD|ETHUSD"] = [world.now_us] * 4
    (blocked,) = world.want("t", "ETHUSD", 50.0, pnl=1.0).facts
    assert (blocked.reason, blocked.detail) == ("dry_run", "fight_won_by_pnl")
    assert world.account().fights == {"BTCUSD|ETHUSD": [world.now_us] * 4}


def test_in_a_dry_run_free_capital_is_still_used():
    world = world_under(DEFAULT)
    world.fund(7000)
    assert kinds(world.want("t", "ETHUSD", 50.0)) == ["Submit"]


def test_the_end_of_a_dry_run_lets_the_steal_start():
    world = world_under(DEFAULT)
    world.want("t", "ETHUSD", 50.0)
    assert kinds(set_policy(world, dry_run=False))[0] == "Cancel"
