"""The independent capacity checker: what is too much is counted, what is not is not."""

import pytest

from streams.lab.backtest.checker import CapacityChecker
from topics.events import AnyEvent, Fill, OrderAccepted, OrderCancelled, OrderExpired
from topics.limits import Intent, Side

NOON_US, NIGHT_US = 12, 24
DOLLARS = 1_000_000


def cash_only(symbol: str, now_us: int) -> float:
    return 1.0


def margin(symbol: str, now_us: int) -> float:
    """Stocks four to one until the evening, two to one after it."""
    if symbol == "BTCUSD":
        return 1.0
    return 4.0 if now_us < NIGHT_US else 2.0


def accepted(
    order: str,
    limit: float,
    qty: float,
    *,
    symbol: str = "BTCUSD",
    side: Side = "buy",
    intent: Intent = "entry",
    ts_us: int = NOON_US,
) -> OrderAccepted:
    return OrderAccepted(
        ts_us=ts_us,
        account="acc",
        order=order,
        symbol=symbol,
        side=side,
        limit=limit,
        qty=qty,
        intent=intent,
    )


def cancelled(order: str) -> OrderCancelled:
    return OrderCancelled(ts_us=NOON_US, account="acc", order=order)


def fill(
    order: str,
    price: float,
    qty: float,
    *,
    symbol: str = "BTCUSD",
    side: Side = "buy",
    fee: float = 0.0,
) -> Fill:
    return Fill(
        ts_us=NOON_US,
        account="acc",
        fill=f"f-{order}-{qty}",
        order=order,
        symbol=symbol,
        side=side,
        price=price,
        qty=qty,
        fee=fee,
    )


class Book(CapacityChecker):
    """A checker with prices of its own."""

    def __init__(self, capital: float, leverage) -> None:
        self.prices = dict.fromkeys(("BTCUSD", "AAPL"), (99.0, 101.0))
        super().__init__(capital, leverage, self.prices)


def book(*events: AnyEvent, capital: float = 1000.0, leverage=cash_only) -> Book:
    made = Book(capital, leverage)
    for event in events:
        made.event(event)
    return made


GOOD = {
    "all of it": [accepted("a", 100, 10)],
    "two halves": [accepted("a", 100, 5), accepted("b", 100, 5)],
    "cancelled first": [accepted("a", 100, 10), cancelled("a"), accepted("b", 100, 10)],
    "expired first": [
        accepted("a", 100, 10),
        OrderExpired(ts_us=NOON_US, account="acc", order="a"),
        accepted("b", 100, 10),
    ],
    "an exit takes nothing": [
        accepted("a", 99, 10),
        fill("a", 99, 10),
        accepted("x", 110, 10, side="sell", intent="exit"),
    ],
    "closed first": [
        accepted("a", 99, 10),
        fill("a", 99, 10),
        fill("x", 99, 10, side="sell"),
        accepted("b", 100, 10),
    ],
    "a part is filled": [accepted("a", 99, 10), fill("a", 99, 4), accepted("b", 100, 0.1)],
}
BAD = {
    "too large": [accepted("a", 100, 10.1)],
    "one too many": [accepted("a", 100, 5), accepted("b", 100, 5), accepted("c", 100, 0.01)],
    "before the cancel": [accepted("a", 100, 10), accepted("b", 100, 10), cancelled("a")],
    "on top of a position": [accepted("a", 99, 10), fill("a", 99, 10), accepted("b", 100, 1)],
    "on top of the rest": [accepted("a", 99, 10), fill("a", 99, 4), accepted("b", 100, 0.2)],
    "with money that fees took": [
        accepted("a", 99, 1),
        fill("a", 99, 1, fee=50.0),
        accepted("b", 100, 9),
    ],
    "against a short": [
        accepted("a", 101, 9, side="sell"),
        fill("a", 101, 9, side="sell"),
        accepted("b", 100, 1),
    ],
}


@pytest.mark.parametrize("events", GOOD.values(), ids=GOOD)
def test_sound_sequence_is_no_breach(events):
    assert book(*events).breaches == 0


@pytest.mark.parametrize("events", BAD.values(), ids=BAD)
def test_over_commitment_is_counted_once(events):
    assert book(*events).breaches == 1


def test_each_acceptance_too_many_is_counted():
    events = [accepted(name, 100, 4) for name in "abcd"]
    assert book(*events).breaches == 2


def test_leverage_is_that_of_the_asset_and_the_hour():
    by_day = accepted("a", 100, 40, symbol="AAPL")
    by_night = accepted("a", 100, 40, symbol="AAPL", ts_us=NIGHT_US)
    crypto = accepted("a", 100, 40)
    assert book(by_day, leverage=margin).breaches == 0
    assert book(by_night, leverage=margin).breaches == 1
    assert book(crypto, leverage=margin).breaches == 1
    assert book(by_day, leverage=margin).in_use_micros(NOON_US) == 1000 * DOLLARS
    assert book(by_day, leverage=margin).in_use_micros(NIGHT_US) == 2000 * DOLLARS


def test_equity_follows_the_price_at_which_one_could_close():
    long = book(fill("a", 100, 2, fee=1.0))
    assert long.equity_micros == (1000 - 2 * 1 - 1) * DOLLARS
    assert long.fees_micros == DOLLARS
    long.prices["BTCUSD"] = (120.0, 121.0)
    assert long.equity_micros == (1000 + 2 * 20 - 1) * DOLLARS
    short = book(fill("a", 100, 2, side="sell"))
    assert short.equity_micros == (1000 - 2 * 1) * DOLLARS


def test_a_loss_lowers_what_may_be_committed():
    fallen = book(accepted("a", 100, 5), fill("a", 100, 5))
    fallen.prices["BTCUSD"] = (50.0, 51.0)
    fallen.event(accepted("b", 100, 5))
    assert fallen.breaches == 0
    fallen.event(accepted("c", 100, 0.1))
    assert fallen.breaches == 1


def test_float_residue_is_neither_a_position_nor_an_order():
    tenths = [fill("a", 100, 0.1) for _ in range(3)]
    made = book(accepted("a", 100, 0.3), *tenths, fill("x", 100, 0.3, side="sell"))
    assert made.in_use_micros(NOON_US) == 0
