"""Borrowed stock capital costs a fee at each close, once, and crypto costs none."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.desk import Desk
from state.overnight.borrowing import borrowed_micros, fee_micros
from topics.codec import encode
from topics.events import AccountSnapshot
from topics.facts import DeleverageStarted, InterestCharged

from .world import SECOND, World, holding, roomy, times

MICROS = 1_000_000
HOUR = 3600 * SECOND
CLOSE = 1_522_872_000 * SECOND
"""2018-04-04 20:00 UTC, a Wednesday."""

FRIDAY = CLOSE + 48 * HOUR

dollars = st.integers(0, 10**9).map(lambda whole: whole * MICROS)


def test_thirty_thousand_borrowed_for_a_day_cost_7_74():
    assert fee_micros(30_000 * MICROS, 0.065, 252) == 7_738_095
    assert f"{fee_micros(30_000 * MICROS, 0.065, 252) / MICROS:.2f}" == "7.74"


@pytest.mark.parametrize(
    ("stock", "every", "equity", "borrowed"),
    [
        (40_000, 40_000, 10_000, 30_000),
        (10_000, 10_000, 10_000, 0),  # within 1x
        (9_000, 9_000, 10_000, 0),
        (0, 12_000, 10_000, 0),  # crypto is paid in full
        (14_000, 22_000, 10_000, 12_000),
        (2_000, 14_000, 10_000, 2_000),  # never more than the stocks are worth
        (5_000, 5_000, -1_000, 5_000),
    ],
)
def test_what_is_borrowed(stock, every, equity, borrowed):
    assert borrowed_micros(stock, every, equity) == borrowed


@given(dollars, dollars, st.integers(-(10**15), 10**15))
def test_nobody_borrows_more_than_the_stocks_nor_pays_less_than_nothing(stock, crypto, equity):
    borrowed = borrowed_micros(stock, stock + crypto, equity)
    assert 0 <= borrowed <= stock
    assert borrowed == 0 or borrowed + equity <= stock + crypto
    fee = fee_micros(borrowed, 0.065, 252)
    assert abs(fee - borrowed * 65 / 252_000) <= 0.5 + borrowed * 1e-15


def borrower(now_us: int = CLOSE - 2 * SECOND, **values: Any) -> World:
    """10,000 dollars of equity carry 15,000 of AAPL."""
    world = World(roomy(**values), now_us)
    world.fund(10_000, positions=[holding("AAPL", 150.0, 100.0)])
    return world


def charged(world: World) -> list[int]:
    """Return the closes of all charges so far."""
    return [fact.close_us for fact in world.heard(InterestCharged)]


def test_the_desk_books_it_at_the_close_and_says_so():
    world = borrower()
    world.wait(1.999999)
    assert not world.heard(InterestCharged)
    (fact,) = world.wait(0.000001).facts
    fee = fee_micros(5_000 * MICROS, 0.065, 252)
    assert (fact.close_us, fact.borrowed_micros, fact.fee_micros) == (CLOSE, 5 * 10**9, fee)
    assert world.account().equity_micros == 10_000 * MICROS - fee
    world.wait(1)
    assert charged(world) == [CLOSE]
    world.fund(10_000, positions=[holding("AAPL", 150.0, 100.0)])
    assert world.account().equity_micros == 10_000 * MICROS  # the venue's word


def test_rate_and_days_are_the_policys():
    world = borrower(borrow_rate=0.1, trading_days=100)
    assert [fact.fee_micros for fact in world.wait(2).facts] == [5 * MICROS]
    world = borrower(borrow_rate=0.0)
    assert world.wait(2).facts == []


@pytest.mark.parametrize(
    "positions",
    [
        [holding("BTCUSD", 200.0, 100.0)],
        [holding("AAPL", 100.0, 100.0)],
        [holding("AAPL", -100.0, 100.0)],
        [],
    ],
    ids=["crypto", "within 1x", "short within 1x", "nothing"],
)
def test_nothing_is_charged_where_nothing_is_borrowed(positions):
    world = World(roomy(), CLOSE - SECOND)
    world.fund(10_000, positions=positions)
    said = world.wait(1)
    assert said.facts == []
    assert world.account().cash_micros == 10**10 - sum(
        round(item.qty * item.price) * MICROS for item in positions
    )


def test_each_close_is_charged_and_nothing_on_days_without_one():
    world = borrower(CLOSE - HOUR)
    for _ in range(5 * 24 * 2):
        world.wait(1800)
    monday = FRIDAY + 72 * HOUR
    assert charged(world) == [CLOSE, CLOSE + 24 * HOUR, FRIDAY]
    world.now_us = monday
    world.wait(0)
    assert charged(world)[3:] == [monday]


def test_an_early_close_is_one():
    black_friday = 1_511_546_400 * SECOND  # 2017-11-24 18:00 UTC
    world = borrower(black_friday - SECOND)
    world.wait(0.9)
    assert charged(world) == []
    world.wait(0.1)
    assert charged(world) == [black_friday]


def test_a_clock_that_leaps_over_closes_charges_each():
    world = borrower(CLOSE - HOUR)
    world.now_us = FRIDAY + HOUR
    world.wait(0)
    assert charged(world) == [CLOSE, CLOSE + 24 * HOUR, FRIDAY]
    assert not world.heard(DeleverageStarted)[1:]


def test_a_snapshot_from_after_the_close_contains_it():
    world = borrower()
    positions = [holding("AAPL", 150.0, 100.0)]
    ahead = AccountSnapshot(ts_us=CLOSE, account="A", equity=10_000.0, positions=positions)
    world.apply(ahead)  # the venue's clock is two seconds ahead
    world.wait(2)
    assert charged(world) == [CLOSE]
    assert world.account().equity_micros == 10**10


@pytest.mark.parametrize("before_s", [2, 1, 0, -1])
def test_a_restart_around_the_close_charges_once(before_s):
    worlds = [borrower(CLOSE - 3 * SECOND) for _ in range(2)]
    for world, restarts in zip(worlds, (False, True), strict=True):
        for second in (2, 1, 0, -1, -2):
            world.wait(1)
            if restarts and second == before_s:
                world.desk = Desk.restore(world.desk.rows(), times())
        world.wait(24 * 3600)
    one, other = ([encode(message) for message in world.said] for world in worlds)
    assert one == other
    assert charged(worlds[0]) == [CLOSE, CLOSE + 24 * HOUR]
    assert worlds[0].desk.digest() == worlds[1].desk.digest()


def test_rows_of_an_earlier_release_can_be_read():
    """What is new on an account has a default, so its rows keep their format."""
    world = borrower()
    world.working("o", "AAPL", 90.0)
    rows = world.desk.rows()
    old = msgspec.msgpack.decode(rows["account/A"])
    del old["deleveraging"]
    for order in old["orders"].values():
        del order["market"]
    rows["account/A"] = msgspec.msgpack.encode(old)
    assert Desk.restore(rows, times()).digest() == world.desk.digest()
