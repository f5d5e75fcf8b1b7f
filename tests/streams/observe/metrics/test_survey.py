"""A look at all accounts: the same figures as an account's own page, and nothing is changed by it."""

import asyncio
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from state.desk import Desk
from streams.observe.metrics.survey import OTHERS, SLICE, Money, Survey, survey
from streams.observe.pages.account_view import account_view
from tests.state.chaos import Chaos, days
from tests.state.steals import DOLLARS, NEED, crowded, stealing
from tests.state.world import World, holding, roomy


def looked(named: int = 0, **desks: Desk) -> Survey:
    return asyncio.run(
        survey({int(name.removeprefix("d")): desk for name, desk in desks.items()}, named)
    )


def test_money_orders_entries_and_steals_are_added_up_by_partition():
    one, two = stealing("v", "u"), crowded("v")
    two.fund(1000.0, account="B")
    found = looked(d0=one.desk, d3=two.desk)
    assert list(found.desks) == [0, 3]
    first, second = found.desks[0], found.desks[3]
    assert (first.accounts, first.orders, first.entries, first.steals) == (1, 2, 1, 1)
    assert first.money == Money(2 * NEED, 2 * NEED)
    assert first.ratio_max == 1.0
    assert (second.accounts, second.orders, second.steals) == (2, 1, 0)
    assert second.money == Money(NEED + 1000 * DOLLARS, NEED)
    assert (first.halted, first.awaiting, first.blocked) == (0, 0, 0)


def test_blocked_entries_halted_and_waiting_accounts_are_counted():
    world = crowded("v", enabled=False)
    world.want("t", "ETHUSD", 50.0)
    assert looked(d0=world.desk).desks[0].blocked == 1
    world = stealing("v", steal_timeout_s=5)
    world.wait(6)
    assert looked(d0=world.desk).desks[0].awaiting == 1
    world.account().halted = "Violation"
    assert looked(d0=world.desk).desks[0].halted == 1


def test_the_ratio_is_of_the_account_that_has_bound_most():
    world = World(roomy())
    world.fund(10_000, positions=[holding("BTCUSD", 0.1, 7000.0)])
    world.fund(1000, account="B", positions=[holding("BTCUSD", 0.1, 7000.0)])
    assert looked(d0=world.desk).desks[0].ratio_max == 0.7
    world.fund(0, account="C", positions=[holding("BTCUSD", 0.1, 7000.0)])
    assert looked(d0=world.desk).desks[0].ratio_max == math.inf


def test_an_account_without_a_snapshot_is_not_over_committed():
    world = World(roomy())
    world.working("w", "BTCUSD", 100.0)
    assert looked(d0=world.desk).desks[0].ratio_max == 0.0


def test_so_many_accounts_have_figures_of_their_own_and_the_rest_are_added_up():
    world = World(roomy())
    for name in "DBAC":
        world.fund(1000, account=name)
    assert looked(0, d0=world.desk).named == {}
    found = looked(2, d0=world.desk).named
    assert sorted(found) == sorted(["A", "B", OTHERS])
    assert found[OTHERS].equity_micros == 2000 * DOLLARS
    assert sorted(looked(9, d0=world.desk).named) == list("ABCD")


def test_others_do_not_wait_for_a_long_look():
    world = World(roomy())
    for number in range(3 * SLICE):
        world.fund(1000, account=f"a{number}")

    async def both() -> int:
        turns = 0
        task = asyncio.create_task(survey({0: world.desk}, 0))
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(both()) >= 3


@settings(max_examples=25, deadline=None)
@given(days, st.integers(0, 3))
def test_it_says_what_the_page_of_each_account_says_and_changes_nothing(day: Any, named: int):
    chaos = Chaos(World(roomy()))
    chaos.play(day)
    desk = chaos.world.desk
    before = desk.digest()
    found = asyncio.run(survey({0: desk}, named))
    assert desk.digest() == before
    views = [account_view(desk, name) for name in sorted(desk.accounts)]
    standing = found.desks[0]
    capital = [view["capital"] for view in views]
    assert standing.accounts == len(views)
    assert standing.money.equity_micros == sum(one["equity_micros"] for one in capital)
    assert standing.money.used_micros == sum(one["reserved_micros"] for one in capital)
    assert standing.orders == sum(len(view["orders"]) for view in views)
    assert standing.steals == sum(len(view["steals"]) for view in views)
    assert standing.awaiting == sum(view["awaiting_reconciliation"] for view in views)
    assert len(found.named) <= named + 1
