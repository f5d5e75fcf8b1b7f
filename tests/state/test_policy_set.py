"""What is in force arrives as an event: for one account, or for all without their own."""

from typing import Any

import pytest

from state.desk import Desk
from topics.commands import Submit

from .steals import DOLLARS, NEED, set_policy
from .world import World, holding, kinds, roomy, times


def two_accounts() -> World:
    """Accounts A and B, each with a triggered entry that has no capital."""
    world = World(roomy(enabled=False))
    world.quote("ETHUSD", 51.0)
    for name in ("A", "B"):
        world.fund(3500, name)
        world.want("t", "ETHUSD", 50.0, account=name)
    return world


WIDE: dict[str, Any] = {"normal_tolerance": 0.02, "enabled": False}


def test_a_policy_for_all_reaches_every_account_in_the_order_of_names():
    world = two_accounts()
    outputs = set_policy(world, **WIDE)
    assert [command.account for command in outputs.commands] == ["A", "B"]


def test_a_policy_for_one_account_reaches_no_other():
    world = two_accounts()
    outputs = set_policy(world, "B", **WIDE)
    assert [command.account for command in outputs.commands] == ["B"]
    assert world.account("B").own_policy is not None
    assert world.account("A").own_policy is None


def test_a_policy_for_all_leaves_an_account_with_its_own_alone():
    world = two_accounts()
    set_policy(world, "B", normal_tolerance=0.001)
    assert [command.account for command in set_policy(world, **WIDE).commands] == ["A"]
    assert kinds(world.quote("ETHUSD", 50.2)) == []
    assert [command.account for command in world.quote("ETHUSD", 50.05).commands] == ["B"]


def test_a_policy_can_be_set_for_an_account_that_was_never_heard_of():
    world = two_accounts()
    set_policy(world, "C", **WIDE)
    world.fund(3500, "C")
    world.want("t", "ETHUSD", 50.0, account="C")
    assert [command.account for command in world.heard(Submit)] == ["C"]


@pytest.mark.parametrize("account", ["A", None])
def test_a_new_policy_reserves_anew(account):
    world = World(roomy())
    world.fund(10_000)
    world.working("v", "BTCUSD", 100.0)
    world.working("w", "DOGE", 100.0)
    books = world.account()
    assert (books.committed_crypto, books.committed_stock) == (NEED, NEED)
    set_policy(world, account, fee_reserve=0.01, crypto_symbols=["DOGE"])
    assert (books.committed_crypto, books.committed_stock) == (7070 * DOLLARS, 0)
    assert books.orders["v"].reserved_micros == 3535 * DOLLARS
    assert books.halted is None


def test_a_policy_in_force_survives_a_restart():
    world = two_accounts()
    set_policy(world, "B", protection=0.123)
    set_policy(world, protection=0.456)
    desk = Desk.restore(world.desk.rows(), times())
    accounts = desk.accounts
    assert desk.policies.of(accounts["A"]).protection == 0.456
    assert desk.policies.of(accounts["B"]).protection == 0.123
    assert desk.digest() == world.desk.digest()


def test_a_policy_with_another_list_of_cryptos_ranks_anew():
    sunday = 1_504_450_800_000_000
    world = World(roomy(), sunday)
    world.fund(10_000, positions=[holding("BTCUSD", 1.0, 1.0)])
    for symbol, pnl in (("BTCUSD", 3.0), ("ETHUSD", 2.0), ("SOLUSD", 1.0)):
        world.forecast(symbol, pnl)
    world.quote("SOLUSD", 110.0)
    world.want("t", "SOLUSD", 100.0)
    assert not world.heard(Submit)
    assert kinds(set_policy(world, crypto_symbols=["ETHUSD", "SOLUSD"])) == ["Submit"]
