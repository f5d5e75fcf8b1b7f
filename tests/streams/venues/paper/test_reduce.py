"""An order at the market that brings a position down, at the simulated venue."""

from tests.streams.venues.simulated import ACK, SECOND, filled, holding, kept, quote, sell
from topics.events import AccountSnapshot, OrderCancelled, OrderRejected


def test_it_trades_after_the_delay_at_the_bid_and_the_account_is_shown_with_it():
    made = holding(qty=5)
    made.on_quote(quote(SECOND + 1, 97, 99))
    made.reduce(SECOND + 1, "r", "BTCUSD", "sell", 2.0)
    assert kept(made.advance(SECOND + ACK)) == []
    assert filled(made.advance(SECOND + ACK + 1)) == [("r", 2.0, 97)]
    (shown,) = made.advance(SECOND + ACK + 2)
    assert isinstance(shown, AccountSnapshot)
    assert (shown.ts_us, shown.positions[0].qty) == (SECOND + ACK + 1, 3.0)


def test_a_short_is_brought_down_at_the_ask():
    made = holding(qty=0.5)
    made.submit(SECOND, "in", "ETHUSD", "sell", 100.0, 2.0, "entry")
    made.submit(SECOND, "short", "ETHUSD", "sell", 100.0, 2.0, "entry")
    made.on_quote(quote(2 * SECOND, 101, 102, symbol="ETHUSD"))
    made.reduce(2 * SECOND, "r", "ETHUSD", "buy", 9.0)
    assert filled(made.advance(3 * SECOND)) == [("r", 2.0, 102)]
    assert "ETHUSD" not in made.positions


def test_exits_that_it_leaves_without_a_position_are_cancelled():
    made = holding(qty=2)
    sell(made, "x", 103, 2, now_us=SECOND)
    made.reduce(SECOND, "r", "BTCUSD", "sell", 2.0)
    events = kept(made.advance(2 * SECOND))
    assert filled(events) == [("r", 2.0, 98)]
    assert events[-1] == OrderCancelled(ts_us=SECOND + ACK, account="acc", order="x")


def test_without_a_position_of_that_side_it_is_rejected():
    made = holding(qty=2)
    made.reduce(SECOND, "wrong side", "BTCUSD", "buy", 2.0)
    made.reduce(SECOND, "never quoted", "ETHUSD", "sell", 2.0)
    for event in kept(made.advance(2 * SECOND)):
        assert isinstance(event, OrderRejected)
        assert (event.reason, event.text) == ("invalid", "there is no position to close")
    assert made.positions == {"BTCUSD": 2.0}
