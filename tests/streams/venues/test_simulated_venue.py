"""The simulated venue: requests and their delay, matching, exits."""

import pytest

from tests.streams.venues.open_orders import open_orders
from topics.events import (
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderRejected,
)

from .simulated import ACK, SECOND, buy, filled, holding, kept, quote, sell, venue

# ---- requests and their delay ----


def test_an_order_is_accepted_after_the_delay_and_not_before():
    made = venue()
    made.submit(0, "a", "BTCUSD", "buy", 100.0, 1.0, "entry", "probe", 7.5)
    assert made.due_us() == ACK
    assert kept(made.advance(ACK - 1)) == []
    assert made.advance(ACK) == [
        OrderAccepted(
            ts_us=ACK,
            account="acc",
            order="a",
            symbol="BTCUSD",
            side="buy",
            limit=100.0,
            qty=1.0,
            intent="entry",
            mode="probe",
            pnl=7.5,
        )
    ]
    assert [order.order for order in open_orders(made)] == ["a"]


def test_an_order_id_counts_once():
    made = venue()
    buy(made, "a", 100, 1)
    buy(made, "a", 100, 1)
    assert len(made.advance(SECOND)) == 1
    buy(made, "a", 100, 1, now_us=SECOND)
    assert filled(made.on_quote(quote(2 * SECOND, 98, 99))) == [("a", 1, 100)]
    buy(made, "a", 100, 1, now_us=2 * SECOND)
    assert kept(made.advance(3 * SECOND)) == []


def test_a_rejected_id_may_come_again():
    made = venue(cash=100.0)
    buy(made, "a", 100, 2)
    assert isinstance(made.advance(ACK)[0], OrderRejected)
    made.submit(ACK, "a", "BTCUSD", "buy", 100, 1, "entry")
    assert isinstance(made.advance(2 * ACK)[0], OrderAccepted)


def test_a_cancel_takes_the_rest_out_and_is_confirmed_after_the_delay():
    made = venue()
    buy(made, "a", 100, 2)
    made.advance(ACK)
    made.cancel(SECOND, "a")
    assert kept(made.advance(SECOND + ACK - 1)) == []
    assert made.advance(SECOND + ACK) == [
        OrderCancelled(ts_us=SECOND + ACK, account="acc", order="a")
    ]
    assert open_orders(made) == ()
    assert filled(made.on_quote(quote(2 * SECOND, 98, 99))) == []


@pytest.mark.parametrize(("order", "text"), [("never", "unknown order"), ("in", "no longer open")])
def test_a_cancel_of_nothing_open_is_rejected(order, text):
    made = holding()
    made.cancel(SECOND, order)
    assert kept(made.advance(2 * SECOND)) == [
        OrderCancelRejected(ts_us=SECOND + ACK, account="acc", order=order, text=text)
    ]


def test_a_fill_wins_the_race_against_a_cancel_under_way():
    made = venue()
    buy(made, "a", 100, 1)
    made.cancel(SECOND, "a")
    events = kept(made.on_quote(quote(SECOND + ACK - 1, 98, 99)))
    events += kept(made.advance(2 * SECOND))
    assert [type(event) for event in events] == [OrderAccepted, Fill, OrderCancelRejected]


def test_a_cancel_overtakes_no_order_that_was_sent_before_it():
    made = venue()
    buy(made, "a", 100, 1)
    made.cancel(0, "a")
    assert [type(event) for event in made.advance(ACK)] == [OrderAccepted, OrderCancelled]


@pytest.mark.parametrize(
    ("limit", "qty"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (float("nan"), 1.0), (1, float("inf"))]
)
def test_senseless_orders_are_rejected(limit, qty):
    made = venue()
    buy(made, "a", limit, qty)
    (event,) = made.advance(ACK)
    assert isinstance(event, OrderRejected)
    assert event.reason == "invalid"


# ---- matching ----


@pytest.mark.parametrize(
    ("side", "bid", "ask", "fills"),
    [
        ("buy", 98, 99.99, True),
        ("buy", 98, 100, False),  # touched, not traded through
        ("buy", 98, 101, False),
        ("sell", 100.01, 102, True),
        ("sell", 100, 102, False),
        ("sell", 99, 102, False),
    ],
)
def test_an_order_fills_at_its_limit_when_a_quote_trades_through_it(side, bid, ask, fills):
    made = venue()
    made.submit(0, "a", "BTCUSD", side, 100.0, 1.0, "entry")
    events = made.on_quote(quote(SECOND, bid, ask))
    assert filled(events) == ([("a", 1.0, 100.0)] if fills else [])


def test_only_a_quote_later_than_the_acceptance_fills():
    made = venue()
    buy(made, "a", 100, 1)
    assert filled(made.on_quote(quote(ACK, 98, 99))) == []
    assert filled(made.on_quote(quote(ACK, 97, 98))) == []
    assert filled(made.on_quote(quote(ACK + 1, 98, 99))) == [("a", 1, 100)]


def test_a_quote_of_another_symbol_fills_nothing():
    made = venue()
    buy(made, "a", 100, 1)
    assert filled(made.on_quote(quote(SECOND, 1, 2, symbol="ETHUSD"))) == []


def test_a_fill_says_all_and_counts_up():
    made = venue(fee_rate=0.001)
    buy(made, "a", 100, 2)
    buy(made, "b", 99.5, 2)
    events = made.on_quote(quote(SECOND, 98, 99))
    assert [e.fill for e in events if isinstance(e, Fill)] == ["f1", "f2"]
    assert kept(events)[2] == Fill(
        ts_us=SECOND,
        account="acc",
        fill="f1",
        order="a",
        symbol="BTCUSD",
        side="buy",
        price=100.0,
        qty=2.0,
        fee=0.2,
    )
    assert made.fees == pytest.approx(0.399)
    assert made.cash == 10_000 - 200 - 199 - 0.399


def test_the_size_on_offer_is_shared_by_price_then_time_and_the_rest_waits():
    made = venue()
    buy(made, "late", 100, 2)
    buy(made, "worse", 99.5, 2)
    buy(made, "better", 101, 1, now_us=1)
    buy(made, "later", 100, 2, now_us=2)
    events = made.on_quote(quote(SECOND, 98, 99, sizes=(50, 4)))
    assert filled(events) == [("better", 1, 101), ("late", 2, 100), ("later", 1, 100)]
    assert [(o.order, o.remaining) for o in open_orders(made)] == [("later", 1), ("worse", 2)]
    events = made.on_quote(quote(2 * SECOND, 98, 99, sizes=(50, 9)))
    assert filled(events) == [("later", 1, 100), ("worse", 2, 99.5)]


def test_sells_use_the_bid_side_and_its_size():
    made = holding(qty=3)
    sell(made, "dear", 104, 2, now_us=SECOND)
    sell(made, "cheap", 103, 2, now_us=SECOND)
    events = made.on_quote(quote(2 * SECOND, 105, 106, sizes=(2.5, 0)))
    assert filled(events) == [("cheap", 2, 103), ("dear", 0.5, 104)]


def test_a_size_of_zero_fills_nothing():
    made = venue()
    buy(made, "a", 100, 1)
    assert filled(made.on_quote(quote(SECOND, 98, 99, sizes=(1, 0)))) == []


def test_fills_of_an_order_add_up_and_leave_no_dust():
    made = venue()
    buy(made, "a", 100, 1.0)  # ten times 0.1 in float64 leave a little of it
    for second in range(1, 11):
        made.on_quote(quote(second * SECOND, 98, 99, sizes=(0, 0.1)))
    assert open_orders(made) == ()
    assert made.positions["BTCUSD"] == pytest.approx(1.0)
    sell(made, "x", 90, 1.0, now_us=10 * SECOND)
    made.on_quote(quote(11 * SECOND, 98, 99))
    assert made.positions == {}


# ---- exits ----


def test_an_exit_never_sells_more_than_is_held():
    made = holding(qty=2)
    sell(made, "x", 103, 5, now_us=SECOND)
    events = kept(made.on_quote(quote(2 * SECOND, 104, 105)))
    assert filled(events) == [("x", 2, 103)]
    assert events[-1] == OrderCancelled(ts_us=2 * SECOND, account="acc", order="x")
    assert open_orders(made) == ()
    assert made.positions == {}


def test_exits_left_without_a_position_are_cancelled_and_never_open_one():
    made = holding(qty=2)
    for name in ("x3", "x2", "x1"):
        sell(made, name, 103, 2, now_us=SECOND)
    events = kept(made.on_quote(quote(2 * SECOND, 104, 105)))
    assert filled(events) == [("x3", 2, 103)]
    assert [e.order for e in events if isinstance(e, OrderCancelled)] == ["x1", "x2"]
    assert made.positions == {}


def test_an_exit_without_a_position_is_rejected():
    made = venue()
    sell(made, "x", 103, 1)
    (event,) = made.advance(ACK)
    assert isinstance(event, OrderRejected)
    assert (event.reason, event.text) == ("invalid", "there is no position to close")


def test_a_short_is_closed_by_a_buy():
    made = venue()
    made.submit(0, "in", "BTCUSD", "sell", 100.0, 2.0, "entry")
    made.on_quote(quote(SECOND, 101, 102))
    assert made.positions == {"BTCUSD": -2}
    assert made.equity() == 10_000 - 2 * 2
    buy(made, "x", 95, 3, now_us=SECOND, intent="exit")
    assert filled(made.on_quote(quote(2 * SECOND, 93, 94))) == [("x", 2, 95)]
    assert made.cash == 10_010
