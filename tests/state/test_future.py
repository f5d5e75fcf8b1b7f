"""Events dated ahead of the desk's clock: a producer's wrong clock must not hide what is true."""

import pytest

from topics.events import AccountSnapshot, Fill, OrderAccepted, Quote
from topics.facts import EventRefused

from .world import SECOND, World, holding

MINUTE = 60 * SECOND


def refusals(world):
    return [fact.reason for fact in world.heard(EventRefused)]


@pytest.mark.parametrize(("ahead_us", "taken"), [(MINUTE, True), (MINUTE + 1, False)])
@pytest.mark.parametrize("spelling", ["BTCUSD", "btc/usd"])
def test_a_quote_may_be_a_minute_ahead_and_no_more(ahead_us, taken, spelling):
    world = World()
    world.quote("BTCUSD", 100.0)
    world.apply(Quote(ts_us=world.now_us + ahead_us, symbol=spelling, bid=90.0, ask=90.0))
    price = world.desk.board.prices.get("BTCUSD")
    assert price.ask == (90.0 if taken else 100.0)
    assert refusals(world) == ([] if taken else ["from_the_future"])


def test_a_snapshot_of_tomorrow_is_refused_and_hides_no_fill():
    world = World()
    world.fund(10_000.0)
    world.apply(
        AccountSnapshot(ts_us=world.now_us + 2 * MINUTE, account="A", equity=1.0, positions=[])
    )
    assert refusals(world) == ["from_the_future"]
    assert world.account().cash_micros == 10_000_000_000
    world.now_us += SECOND
    world.working("o", "BTCUSD", 100.0)
    world.filled("o")
    assert world.account().positions["BTCUSD"].qty == pytest.approx(35.0)


def test_a_fill_of_tomorrow_counts_as_of_now():
    world = World()
    world.fund(10_000.0)
    world.now_us += SECOND
    world.apply(
        Fill(
            ts_us=world.now_us + 2 * MINUTE,
            account="A",
            fill="f",
            order="x",
            symbol="BTCUSD",
            side="buy",
            price=100.0,
            qty=10.0,
        )
    )
    assert world.account().last_fill_us == world.now_us
    world.now_us += SECOND
    world.fund(10_000.0, positions=[holding("BTCUSD", 10.0, 100.0)])
    assert refusals(world) == []


def test_an_order_accepted_tomorrow_can_still_be_settled_by_a_snapshot_of_today():
    world = World()
    world.apply(
        OrderAccepted(
            ts_us=world.now_us + 2 * MINUTE,
            account="A",
            order="o",
            symbol="BTCUSD",
            side="buy",
            limit=100.0,
            qty=1.0,
        )
    )
    assert world.account().orders["o"].venue_us == world.now_us
