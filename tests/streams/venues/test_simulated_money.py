"""The simulated venue: its money, its snapshots, and the promise that they keep."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.venues.simulated.venue import SimulatedVenue
from topics.codec import encode
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    Position,
)

from .simulated import ACK, SECOND, buy, holding, kept, quote, sell, venue

# ---- money ----


def test_open_buys_reserve_their_notional_and_fee():
    made = venue(cash=1000, fee_rate=0.01)
    buy(made, "a", 100, 5)
    buy(made, "b", 100, 5)
    first, second = made.advance(ACK)
    assert isinstance(first, OrderAccepted)
    assert second == OrderRejected(
        ts_us=ACK,
        account="acc",
        order="b",
        reason="insufficient_funds",
        text="needs 505.00, free 495.00",
    )
    assert made.free(ACK) == 495
    buy(made, "c", 99, 4.95, now_us=ACK)  # 494.95
    assert isinstance(made.advance(SECOND)[0], OrderAccepted)


def test_a_position_holds_its_money_until_it_is_closed():
    made = holding(qty=90)  # 9,000 of 10,000
    buy(made, "b", 100, 11, now_us=SECOND)
    sell(made, "x", 103, 90, now_us=SECOND)
    events = kept(made.on_quote(quote(2 * SECOND, 104, 105)))
    assert [type(e) for e in events] == [OrderRejected, OrderAccepted, Fill]
    buy(made, "b", 100, 11, now_us=2 * SECOND)
    assert isinstance(kept(made.advance(3 * SECOND))[0], OrderAccepted)


def test_exits_need_no_money():
    made = holding(qty=100)
    before = made.free(SECOND)
    sell(made, "x", 103, 100, now_us=SECOND)
    assert isinstance(kept(made.advance(2 * SECOND))[0], OrderAccepted)
    assert made.free(2 * SECOND) == before


def test_the_cancel_of_an_exit_holds_no_money_back():
    made = holding(qty=10, funds_delay_us=9 * SECOND)
    sell(made, "x", 103, 10, now_us=SECOND)
    before = made.free(SECOND)
    made.cancel(SECOND, "x")
    assert isinstance(kept(made.advance(2 * SECOND))[-1], OrderCancelled)
    assert made.free(2 * SECOND) == before


def test_the_money_of_a_cancel_comes_later_than_its_confirmation():
    made = venue(cash=1000, funds_delay_us=3 * SECOND)
    buy(made, "victim", 100, 9)
    made.cancel(0, "victim")
    made.advance(ACK)
    free_at = ACK + 3 * SECOND
    buy(made, "soon", 100, 5, now_us=free_at - ACK - 1)
    buy(made, "then", 100, 5, now_us=free_at - ACK)
    soon, then = kept(made.advance(9 * SECOND))
    assert isinstance(soon, OrderRejected)
    assert (soon.order, soon.reason) == ("soon", "insufficient_funds")
    assert isinstance(then, OrderAccepted)


def test_leverage_counts_margin_against_equity():
    made = venue(cash=1000, leverage=lambda symbol, now_us: 4.0 if symbol == "SPY" else 1.0)
    buy(made, "s", 100, 30, symbol="SPY")  # 750 of margin
    buy(made, "t", 100, 11, symbol="SPY")  # 275 more
    buy(made, "c", 100, 2.5)  # 250
    buy(made, "d", 100, 0.01)
    events = made.advance(ACK)
    assert [type(e) for e in events] == [
        OrderAccepted,
        OrderRejected,
        OrderAccepted,
        OrderRejected,
    ]
    made.on_quote(quote(SECOND, 98, 99, symbol="SPY"))
    # Marked at 98: equity 940, margin of the holding 735, of the other order 250.
    assert made.free(SECOND) == 940 - 735 - 250


def test_the_check_of_funds_can_be_off():
    made = venue(cash=1.0, check_funds=False)
    buy(made, "a", 100, 9)
    assert isinstance(made.advance(ACK)[0], OrderAccepted)


def test_a_charge_lowers_cash_and_shows():
    made = venue()
    made.charge(SECOND, 7_740_000)
    assert (made.cash, made.fees) == (9992.26, 7.74)
    (shown,) = made.advance(SECOND + 1)
    assert isinstance(shown, AccountSnapshot)
    assert (shown.ts_us, shown.equity) == (SECOND, 9992.26)


# ---- snapshots and time ----


def test_snapshots_come_at_multiples_of_the_interval_and_show_the_account():
    made = SimulatedVenue("acc", 1000.0, snapshot_every_us=60 * SECOND, fee_rate=0.0)
    (first,) = made.advance(90 * SECOND)
    assert first.ts_us == 90 * SECOND
    buy(made, "b", 50, 1, now_us=90 * SECOND)
    buy(made, "a", 50, 1, now_us=90 * SECOND)
    assert made.due_us() == 90 * SECOND + ACK
    made.advance(119 * SECOND)
    assert made.due_us() == 120 * SECOND + 1  # a quote of the same instant may still fill
    assert made.advance(120 * SECOND) == []
    due = [made.snapshot(minute * 60 * SECOND) for minute in (2, 3, 4)]
    assert made.advance(241 * SECOND) == due
    assert made.snapshot(0).orders == ["a", "b"]


def test_a_fill_is_followed_by_a_snapshot_of_the_same_time_marked_at_the_bid():
    made = holding(qty=2)
    assert made.due_us() == SECOND + 1
    assert made.advance(SECOND + 1) == [
        AccountSnapshot(
            ts_us=SECOND,
            account="acc",
            equity=10_000 - 2 * 2,
            positions=[Position(symbol="BTCUSD", qty=2, price=98)],
            orders=[],
        )
    ]


def test_the_snapshot_of_a_fill_takes_the_place_of_no_regular_one():
    made = holding(qty=2)
    made.advance(SECOND + 1)
    assert made.due_us() == 60 * SECOND + 1


def test_two_fills_of_one_instant_are_in_one_snapshot():
    made = venue()
    buy(made, "a", 100, 1)
    buy(made, "b", 10, 1, symbol="ETHUSD")
    first = made.on_quote(quote(SECOND, 98, 99))
    second = made.on_quote(quote(SECOND, 8, 9, symbol="ETHUSD"))
    third = made.on_quote(quote(SECOND + 5, 8, 9, symbol="ETHUSD"))
    assert [type(e) for e in first + second + third] == [
        *[OrderAccepted, OrderAccepted, Fill, Fill, AccountSnapshot]
    ]


def test_a_quote_from_the_past_is_a_fault_of_the_driver():
    made = venue()
    made.advance(SECOND)
    with pytest.raises(ValueError, match="a quote of 999999 came after 1000000"):
        made.on_quote(quote(SECOND - 1, 1, 2))


def drive(seed: int, steps: int) -> tuple[SimulatedVenue, list[AnyEvent]]:
    """Trade at random, several things in one instant now and then."""
    chance = random.Random(seed)
    made = SimulatedVenue("acc", 2000.0, snapshot_every_us=2 * SECOND, funds_delay_us=SECOND)
    events: list[AnyEvent] = []
    now_us = 0
    for step in range(steps):
        now_us += chance.choice((0, 0, 1, ACK, SECOND))
        price = round(chance.uniform(90, 110), 1)
        symbol = chance.choice(("BTCUSD", "ETHUSD"))
        match chance.randrange(5):
            case 0:
                buy(made, f"o{step}", price, chance.uniform(0.1, 9), now_us=now_us, symbol=symbol)
            case 1:
                sell(made, f"o{step}", price, chance.uniform(0.1, 9), now_us=now_us, symbol=symbol)
            case 2:
                made.cancel(now_us, f"o{chance.randrange(step + 1)}")
            case _:
                now_us = max(now_us, made.now_us)
                sizes = (chance.choice((None, 0.0, 2.0)), chance.choice((None, 0.0, 2.0)))
                events += made.on_quote(quote(now_us, price, price + 1, sizes=sizes, symbol=symbol))
        if chance.random() < 0.3:
            due_us = made.due_us()
            if due_us is not None:
                events += made.advance(due_us)
    return made, events


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_whatever_happens_money_adds_up_and_snapshots_keep_their_promise(seed):
    made, events = drive(seed, 300)
    assert [e.ts_us for e in events] == sorted(e.ts_us for e in events)

    cash, held = 2000.0, {"BTCUSD": 0.0, "ETHUSD": 0.0}
    shown_us = -1
    for event in events:
        if isinstance(event, AccountSnapshot):
            assert event.ts_us > shown_us, "two snapshots of one time"
            shown_us = event.ts_us
            worth = sum(p.qty * p.price for p in event.positions)
            assert event.equity == pytest.approx(cash + worth, abs=1e-4)
            units = {p.symbol: p.qty for p in event.positions}
            assert held == pytest.approx({s: units.get(s, 0.0) for s in held}, abs=1e-6)
        elif isinstance(event, Fill):
            assert event.ts_us > shown_us, "a snapshot lacks a fill of its own time"
            sign = 1 if event.side == "buy" else -1
            cash -= sign * event.price * event.qty + event.fee
            held[event.symbol] += sign * event.qty
            assert held[event.symbol] >= -1e-6, "an exit opened a short"
    assert made.cash == pytest.approx(cash, abs=1e-4)
    assert made.cash >= -1e-4, "an entry was let in without money"


def test_the_same_requests_give_the_same_bytes():
    one, two = (b"\n".join(map(encode, drive(3, 500)[1])) for _ in range(2))
    assert one == two
    assert b'"fill"' in one
    assert b'"order.cancelled"' in one
    assert b'"insufficient_funds"' in one
