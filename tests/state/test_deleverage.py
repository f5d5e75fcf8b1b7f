"""Before the close an account is brought down to overnight leverage: cancels first, then reduces."""

from functools import cache
from typing import Any

import pytest

from state.market.hours import Calendars, calendars
from state.rules.policy import policy_from
from topics.codec import encode
from topics.commands import Cancel, Reduce
from topics.facts import DeleverageDone, DeleverageStarted, EntryBlocked

from .street import BEFORE, CLOSE, MINUTE, Street, plain
from .world import SECOND, World, holding, kinds, times

FREE_OF_FEES = {"fee_reserve": 0.0, "borrow_rate": 0.0}

DAYS = {
    "an ordinary day": (1_385_154_000, 16),  # 2013-11-22 21:00 UTC
    "the day after Thanksgiving": (1_385_748_000, 13),  # 2013-11-29 18:00 UTC
    "the day before Independence Day": (1_372_870_800, 13),  # 2013-07-03 17:00 UTC
}


@cache
def year_2013() -> Calendars:
    return calendars(2013, 2013)


def street(close_us: int, calendar: Calendars | None = None, **values: Any) -> Street:
    """Two hours before a close, three stocks are quoted at 100 dollars."""
    restart = values.pop("restart", False)
    policy = policy_from(FREE_OF_FEES | values)
    made = Street(calendar or times(), policy, close_us - 120 * MINUTE, restart=restart)
    made.quotes(AAPL=100.0, MSFT=100.0, TSLA=100.0, BTCUSD=100.0)
    made.now_us += SECOND
    made.quotes()
    return made


def nearly_four_times(close_us: int, calendar: Calendars | None = None, **values: Any) -> Street:
    """10,000 dollars carry positions of 24,000 and orders of 15,000."""
    made = street(close_us, calendar, **values)
    made.forecast(AAPL=2.0, MSFT=1.0, TSLA=3.0)
    made.hold("AAPL", 14_000)
    made.hold("MSFT", 10_000)
    made.want("far", "TSLA", 96.0, 5_000)
    made.want("near", "TSLA", 99.0, 5_000)
    made.want("middle", "AAPL", 98.0, 5_000)
    made.until(made.now_us + 2 * SECOND)
    assert made.worth("stock") == pytest.approx(39_000)
    return made


# ---- when the session's leverage holds ----


@pytest.mark.parametrize(
    ("lead_s", "before_close_s", "intraday"),
    [
        (900, 901, True),
        (900, 900, False),
        (900, 0, False),
        (0, 1e-6, True),
        (0, 0, False),
        (60, 61, True),
        (60, 60, False),
        (86_400, 3600, False),
    ],
)
def test_the_sessions_leverage_ends_before_the_close(lead_s, before_close_s, intraday):
    policy = plain(deleverage_before_close_s=lead_s)
    world = World(policy, CLOSE - round(before_close_s * SECOND))
    world.wait(0)
    assert world.desk.clock.intraday(policy) is intraday


@pytest.mark.parametrize(("close_s", "hour"), DAYS.values(), ids=DAYS)
def test_an_early_close_ends_it_earlier(close_s, hour):
    policy = plain()
    for seconds, intraday in ((901, True), (900, False), (-1, False)):
        world = World(policy)
        world.desk.clock.calendars = year_2013()
        world.now_us = (close_s - seconds) * SECOND
        world.wait(0)
        assert world.desk.clock.intraday(policy) is intraday


def test_new_york_decides_whichever_calendar_the_policy_goes_by():
    thanksgiving = 1_511_452_800 * SECOND  # Thursday, 2017-11-23 16:00 UTC
    policy = plain(calendar="weekdays")
    world = World(policy, thanksgiving)
    world.wait(0)
    assert world.desk.clock.session_open(policy)
    assert not world.desk.clock.intraday(policy)


def test_a_stock_needs_twice_as_much_from_then_on():
    world = World(plain(), BEFORE - SECOND)
    world.fund(1000)
    world.quote("AAPL", 100.0)
    assert kinds(world.want("e", "AAPL", 100.0, 3000)) == ["Submit"]
    world.rejected("e.1")
    world.wait(1)
    said = world.wait(30)  # its next try after the rejection
    assert [fact.needed_micros for fact in said.facts] == []
    blocked = world.heard(EntryBlocked)[-1]
    assert (blocked.needed_micros, blocked.free_micros) == (1_500_000_000, 1_000_000_000)


# ---- a whole day ----


@pytest.mark.parametrize("restart", [False, True], ids=["as it was", "restarted"])
@pytest.mark.parametrize(("close_s", "hour"), DAYS.values(), ids=DAYS)
def test_an_account_at_nearly_four_times_is_at_two_after_the_close(close_s, hour, restart):
    close_us = close_s * SECOND
    day = nearly_four_times(close_us, year_2013(), restart=restart)
    day.until(close_us - 15 * MINUTE - SECOND, 5)
    assert not day.heard(Cancel)
    day.until(close_us + 2 * MINUTE)
    assert day.overnight() <= day.venue.equity()
    # all orders go, and then 24,000 must become 19,800: MSFT has the worse forecast
    assert [command.order for command in day.heard(Cancel)] == ["far.3", "middle.5", "near.4"]
    assert [command.symbol for command in day.heard(Reduce)] == ["MSFT"]
    assert day.venue.positions["MSFT"] == pytest.approx(58)
    assert day.said.index(day.heard(Cancel)[-1]) < day.said.index(day.heard(Reduce)[0])
    (started,), (done,) = day.heard(DeleverageStarted), day.heard(DeleverageDone)
    assert started.close_us == done.close_us == close_us
    assert started.over_micros == 9_500_000_000
    assert started.cancels == ["far.3", "middle.5", "near.4"]
    assert done.over_micros == 0
    assert day.desk.accounts["A"].deleveraging is None


def test_restarts_after_every_frame_change_nothing():
    days = [nearly_four_times(CLOSE, restart=restart) for restart in (False, True)]
    for day in days:
        day.until(BEFORE - SECOND, 5)
        day.until(BEFORE + MINUTE)
        day.until(CLOSE + MINUTE, 5)
    one, other = ([encode(message) for message in day.said] for day in days)
    assert one == other
    assert days[0].desk.digest() == days[1].desk.digest()


def test_cancels_alone_if_they_suffice_and_no_more_than_needed():
    day = street(CLOSE)
    day.hold("AAPL", 14_000)
    for number, limit in enumerate((99.0, 97.0, 98.0)):
        day.want(f"e{number}", "TSLA", limit, 5_000)
    day.until(CLOSE + MINUTE, 5)
    # 14,000 and 15,000 bind 14,500 at twice; 9,900 may be bound
    assert [command.order for command in day.heard(Cancel)] == ["e1.3", "e2.4"]
    assert not day.heard(Reduce)
    assert day.overnight() == pytest.approx(9_500)


def test_an_account_that_fits_is_left_alone():
    day = street(CLOSE)
    day.hold("AAPL", 15_000)
    day.want("e", "TSLA", 99.0, 4_950)
    day.until(CLOSE + MINUTE, 5)
    assert day.overnight() == pytest.approx(9_975)
    assert {type(message).__name__ for message in day.said} == {"EntryEnded", "Submit"}


def test_crypto_counts_in_full_and_is_not_touched():
    day = street(CLOSE)
    day.hold("BTCUSD", 4_000)
    day.hold("AAPL", 14_000)
    day.want("coin", "BTCUSD", 90.0, 1_000)
    day.want("share", "TSLA", 99.9, 3_000)
    day.until(CLOSE + MINUTE, 5)
    assert [command.order for command in day.heard(Cancel)] == ["share.4"]
    assert [command.symbol for command in day.heard(Reduce)] == ["AAPL"]
    assert day.worth("crypto") == 5_000
    assert 9_700 <= day.overnight() <= 9_900


def test_nothing_happens_to_an_account_without_stocks():
    world = World(plain(), BEFORE - SECOND)
    world.quote("BTCUSD", 110.0)
    world.fund(1000, positions=[holding("BTCUSD", 30.0, 100.0)])
    world.working("o", "BTCUSD", 90.0)
    world.want("e", "BTCUSD", 100.0, 900.0)
    world.said.clear()
    world.wait(1)
    world.fund(1000, positions=[holding("BTCUSD", 30.0, 100.0)])
    world.wait(1000)
    assert world.said == []
    assert world.account().deleveraging is None


def test_short_positions_are_bought_back():
    day = street(CLOSE)
    day.hold("AAPL", -30_000)
    day.until(CLOSE + MINUTE, 5)
    (reduce,) = day.heard(Reduce)
    assert (reduce.side, reduce.symbol, reduce.qty) == ("buy", "AAPL", 102.0)
    assert day.venue.positions["AAPL"] == -198.0


def test_prices_that_move_until_the_close_are_looked_at_again():
    day = street(CLOSE)
    day.hold("AAPL", 19_000)
    day.until(CLOSE - 10 * MINUTE, 5)
    assert not day.heard(Reduce)
    day.quotes(AAPL=80.0)  # 15,200 on 6,200 of equity
    day.until(CLOSE - 5 * MINUTE, 5)
    assert len(day.heard(Reduce)) == 1
    assert day.overnight() <= day.venue.equity()
    day.quotes(AAPL=78.0)
    day.until(CLOSE - MINUTE, 5)
    assert len(day.heard(Reduce)) == 2
    day.until(CLOSE + MINUTE, 5)
    day.quotes(AAPL=60.0)  # the night is not ours
    day.until(CLOSE + 10 * MINUTE, 5)
    assert len(day.heard(Reduce)) == 2


def test_without_a_lead_the_close_itself_brings_it_down():
    day = nearly_four_times(CLOSE, deleverage_before_close_s=0)
    day.until(CLOSE - SECOND, 5)
    assert not day.heard(Cancel)
    day.until(CLOSE + MINUTE)
    assert day.overnight() <= day.venue.equity()
    assert len(day.heard(DeleverageDone)) == 1


def test_a_clock_that_leaps_over_the_close_brings_it_down_on_arrival():
    day = nearly_four_times(CLOSE)
    day.now_us = CLOSE + 30 * MINUTE
    day.quotes()
    day.until(CLOSE + 31 * MINUTE)
    assert day.overnight() <= day.venue.equity()
