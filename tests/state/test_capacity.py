"""The margin formula: what positions, orders and steals bind, by asset class and time of day."""

import pytest

from state.books.account import Account, Holding, Order, StealInFlight
from state.books.capacity import free_micros, used_micros
from state.rules.money import MICROS
from state.rules.policy import DEFAULT, policy_from


def account(**values) -> Account:
    return Account("A", cash_micros=10_000 * MICROS, **values)


def with_order(symbol: str, dollars: int) -> Account:
    made = account()
    order = Order("o", 1, symbol, "buy", "entry", "normal", 1.0, dollars, None, "working")
    made.orders["o"] = order
    made.commit(DEFAULT.asset_class(symbol), order, dollars * MICROS)
    return made


@pytest.mark.parametrize(
    ("symbol", "session_open", "used"),
    [("BTCUSD", True, 4000), ("BTCUSD", False, 4000), ("AAPL", True, 1000), ("AAPL", False, 2000)],
)
def test_an_order_binds_its_notional_by_its_leverage(symbol, session_open, used):
    made = with_order(symbol, 4000)
    assert used_micros(made, DEFAULT, session_open) == used * MICROS
    assert free_micros(made, DEFAULT, session_open) == (10_000 - used) * MICROS


@pytest.mark.parametrize(
    ("symbol", "qty", "session_open", "equity", "free"),
    [
        ("BTCUSD", 2.0, True, 14_000, 10_000),
        ("AAPL", 2.0, True, 14_000, 13_000),
        ("AAPL", 2.0, False, 14_000, 12_000),
        ("AAPL", -2.0, True, 6_000, 5_000),  # a short binds as much as a long
        ("BTCUSD", -2.0, True, 6_000, 2_000),
    ],
)
def test_a_position_binds_its_value_and_counts_as_equity(symbol, qty, session_open, equity, free):
    made = account(positions={symbol: Holding(qty, round(qty * 2000) * MICROS)})
    assert made.equity_micros == equity * MICROS
    assert free_micros(made, DEFAULT, session_open) == free * MICROS


def test_what_a_steal_holds_is_not_free():
    made = account()
    made.steals["s"] = StealInFlight("s", "e", "X", 500, 300 * MICROS, ["v"], ["v"], 0)
    assert free_micros(made, DEFAULT, True) == 9_700 * MICROS


def test_positions_orders_and_steals_add_up_class_by_class():
    made = with_order("AAPL", 4000)
    made.positions = {
        "MSFT": Holding(1.0, 2001 * MICROS + 1),
        "ETHUSD": Holding(1.0, 1000 * MICROS),
    }
    made.steals["s"] = StealInFlight("s", "e", "X", 500, 7 * MICROS, ["v"], ["v"], 0)
    # 6,001.000001 dollars of stocks are rounded up once, not twice.
    assert used_micros(made, DEFAULT, True) == 1000 * MICROS + 1_500_250_001 + 7 * MICROS


def test_an_over_committed_account_has_less_than_nothing_free():
    made = account(positions={"BTCUSD": Holding(1.0, 5000 * MICROS)})
    made.cash_micros = -1000 * MICROS
    assert free_micros(made, DEFAULT, True) == -1000 * MICROS


def test_leverage_is_the_policys():
    policy = policy_from({"stock_leverage": 1, "crypto_leverage": 2})
    assert used_micros(with_order("AAPL", 4000), policy, True) == 4000 * MICROS
    # A reservation is booked by the class it had; only the leverage is looked up here.
    assert used_micros(with_order("BTCUSD", 4000), policy, True) == 2000 * MICROS
