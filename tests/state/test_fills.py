"""Trades move capital whatever the desk thought of the order."""

import pytest

from state.books.account import RECENT, Account, Holding
from topics.events import Fill
from topics.facts import EventRefused

from .steals import DOLLARS, NEED, crowded
from .world import World, holding, roomy


def trade(world, fill, side="buy", qty=1.0, price=100.0, order="x", symbol="BTCUSD", fee=0.0):
    return world.apply(
        Fill(
            ts_us=world.now_us,
            account="A",
            fill=fill,
            order=order,
            symbol=symbol,
            side=side,
            price=price,
            qty=qty,
            fee=fee,
        )
    )


def holder(qty: float = 10.0) -> World:
    world = World(roomy())
    world.fund(5000, positions=[holding("BTCUSD", qty, 100.0)] if qty else [])
    world.wait(1)
    return world


@pytest.mark.parametrize(
    ("held", "side", "qty", "price", "new_qty", "new_value", "equity"),
    [
        (0.0, "buy", 4.0, 100.0, 4.0, 400, 5000),
        (10.0, "buy", 5.0, 110.0, 15.0, 1550, 5000),
        (10.0, "sell", 4.0, 110.0, 6.0, 600, 5040),
        (10.0, "sell", 10.0, 110.0, None, 0, 5100),
        (10.0, "sell", 15.0, 110.0, -5.0, -550, 5100),  # flips to short at the trade's price
        (0.0, "sell", 5.0, 100.0, -5.0, -500, 5000),
        (-10.0, "buy", 4.0, 90.0, -6.0, -600, 5040),
        (-10.0, "buy", 12.0, 90.0, 2.0, 180, 5100),
        (10.0, "sell", 10.0 - 1e-12, 100.0, None, 0, 5000),  # dust is flat
        (10.0, "sell", 10.0 - 1e-6, 100.0, 1e-6, 0, 5000),
    ],
)
def test_a_fill_moves_value_between_cash_and_the_position(
    held, side, qty, price, new_qty, new_value, equity
):
    world = holder(held)
    trade(world, "f", side, qty, price)
    account = world.account()
    if new_qty is None:
        assert account.positions == {}
    else:
        assert account.positions["BTCUSD"].qty == pytest.approx(new_qty, abs=1e-12)
        value = account.positions["BTCUSD"].value_micros
        assert value == pytest.approx(new_value * DOLLARS, abs=101)
    assert account.equity_micros == pytest.approx(equity * DOLLARS, abs=101)


def test_a_fee_is_gone_and_a_rebate_comes_in():
    world = holder(0.0)
    trade(world, "f1", fee=1.25)
    assert world.account().equity_micros == 4_998_750_000
    trade(world, "f2", fee=-0.25)
    assert world.account().equity_micros == 4_999_000_000


def test_the_same_execution_reported_twice_is_booked_once():
    world = holder(0.0)
    trade(world, "f1")
    trade(world, "f1", qty=9.0)
    assert world.account().positions["BTCUSD"].qty == 1.0
    assert [fact.reason for fact in world.heard(EventRefused)] == ["duplicate_fill"]


def test_the_latest_executions_are_remembered():
    world = holder(0.0)
    for number in range(RECENT + 1):
        trade(world, f"f{number}")
    account = world.account()
    assert len(account.recent_fills) == RECENT
    assert account.recent_fills[0] == "f1"
    assert not account.remember_fill("f1")
    assert account.remember_fill("f0")


def test_a_fill_of_an_unknown_order_is_booked():
    world = crowded()
    trade(world, "f", order="never heard of")
    account = world.account()
    assert account.positions["BTCUSD"] == Holding(1.0, 100 * DOLLARS)
    assert account.cash_micros == 3_400 * DOLLARS
    assert account.orders["v"].reserved_micros == NEED


def test_a_partial_fill_moves_the_reservation_into_the_position():
    world = crowded()
    trade(world, "f", qty=10.0, order="v")
    account = world.account()
    assert account.orders["v"].remaining == 25.0
    assert account.orders["v"].reserved_micros == 2500 * DOLLARS
    assert account.committed_crypto == 2500 * DOLLARS
    assert account.positions["BTCUSD"].value_micros == 1000 * DOLLARS


@pytest.mark.parametrize("qty", [35.0, 36.0, 35.0 - 1e-12], ids=["whole", "over", "but dust"])
def test_a_fill_of_the_whole_order_or_more_ends_it(qty):
    world = crowded()
    trade(world, "f", qty=qty, order="v")
    account = world.account()
    assert account.orders == {}
    assert account.committed_crypto == 0
    assert account.positions["BTCUSD"].qty == qty
    assert account.recent_orders == ["v"]
    assert account.halted is None


def test_a_fill_at_a_better_price_frees_the_difference():
    world = crowded()
    trade(world, "f", qty=35.0, price=90.0, order="v")
    assert world.account().cash_micros == (3500 - 3150) * DOLLARS


def test_an_account_forgets_the_oldest_ended_orders():
    account = Account("A")
    world = crowded()
    order = world.account().orders["v"]
    for number in range(RECENT + 1):
        order.id = f"o{number}"
        account.orders[order.id] = order
        account.forget_order("crypto", order)
    assert len(account.recent_orders) == RECENT
    assert account.recent_orders[-1] == f"o{RECENT}"
