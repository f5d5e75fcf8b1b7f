"""What the original did around its decision: order values, forecasts, capacity."""

import pytest

from state.rules.policy import NONE, REFERENCE
from tests.conformance.original import BrokerOrder, capacity, fits, forecast_pnl, read_order

ROW = {"id": 7, "symbol": "AAPL", "side": "buy", "limit_price": "100.5", "qty": "3"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, BrokerOrder("7", "AAPL", "buy", 100.5, 3.0, 100.5)),
        ({"current_price": "101"}, BrokerOrder("7", "AAPL", "buy", 100.5, 3.0, 101.0)),
        ({"current_price": "?"}, BrokerOrder("7", "AAPL", "buy", 100.5, 3.0, 100.5)),
        ({"current_price": None}, BrokerOrder("7", "AAPL", "buy", 100.5, 3.0, 100.5)),
        ({"symbol": ""}, "no_symbol"),
        ({"symbol": None}, "no_symbol"),
        ({"limit_price": None}, "not_a_limit_order"),
        ({"limit_price": "x"}, "bad_number"),
        ({"qty": None}, "bad_number"),
    ],
)
def test_an_order_of_the_broker_is_read_or_ignored(change, found):
    assert read_order(ROW | change) == found


def test_a_missing_quantity_is_zero():
    row = {key: value for key, value in ROW.items() if key != "qty"}
    read = read_order(row)
    assert isinstance(read, BrokerOrder)
    assert read.qty == 0.0


@pytest.mark.parametrize(
    ("fields", "pnl"),
    [
        ({}, 0.0),
        ({"avg_return": "0.5"}, 0.5),
        ({"avg_return": 0.5, "maxdiff_forecasted_pnl": -2}, -2.0),
        ({"maxdiff_forecasted_pnl": None, "highlow_forecasted_pnl": 3}, 3.0),
        ({"maxdiff_forecasted_pnl": "n/a", "all_signals_forecasted_pnl": 4}, 4.0),
        ({"maxdiffalwayson_forecasted_pnl": [], "avg_return": None}, 0.0),
    ],
)
def test_the_first_forecast_that_is_a_number_counts(fields, pnl):
    assert forecast_pnl(fields) == pnl


@pytest.mark.parametrize(
    ("buying_power", "orders", "available"),
    [
        (None, [], 0.0),
        (1000.0, [], 2000.0),
        (1000.0, [{"limit_price": 10, "qty": 50}, {"limit_price": None, "qty": 50}], 1500.0),
        (1000.0, [{"limit_price": 10, "qty": -50}, {"limit_price": 10}], 1500.0),
        (1000.0, [{"limit_price": 10, "qty": 500}], 0.0),
        (1000.0, [{"limit_price": 10, "qty": 50}, {"limit_price": 10, "qty": None}], 2000.0),
    ],
)
def test_capacity_was_twice_the_buying_power_less_the_open_orders(buying_power, orders, available):
    assert capacity(buying_power, orders) == available


def test_everything_fitted_when_stealing_was_off():
    assert fits(REFERENCE, 500.0, 5.0, 100.0)
    assert not fits(REFERENCE, 499.0, -5.0, 100.0)
    assert fits(NONE, 0.0, 5.0, 100.0)
