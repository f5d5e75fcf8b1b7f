"""When New York trades: holidays, early closes, summer time, and the edges to the microsecond."""

from datetime import datetime

import pytest

from state.market.hours import NEW_YORK, CalendarError, calendars, default_expiry_us

from .world import SECOND, times


def us(text: str) -> int:
    """Return a New York wall-clock time in microseconds since 1970."""
    moment = datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)
    return int(moment.timestamp()) * SECOND


@pytest.mark.parametrize(
    ("moment", "exchange", "weekdays"),
    [
        ("2017-09-01 11:00", True, True),  # a Friday
        ("2017-09-03 11:00", False, False),  # Sunday
        ("2017-09-04 11:00", False, True),  # Labor Day
        ("2017-09-05 11:00", True, True),
        ("2017-11-23 11:00", False, True),  # Thanksgiving
        ("2017-11-24 12:59", True, True),
        ("2017-11-24 13:00", False, True),  # early close
        ("2025-12-25 11:00", False, True),  # Christmas
        ("2017-09-05 09:29", False, False),
        ("2017-09-05 09:30", True, True),
        ("2017-09-05 16:00", False, False),
        ("2017-09-05 23:00", False, False),
    ],
)
def test_a_moment_is_in_the_session_or_out_of_hours(moment, exchange, weekdays):
    assert times().XNYS.is_open(us(moment)) is exchange
    assert times().weekdays.is_open(us(moment)) is weekdays


@pytest.mark.parametrize("name", ["XNYS", "weekdays"])
@pytest.mark.parametrize("day", ["2018-03-09", "2018-03-12", "2018-11-02", "2018-11-05"])
def test_the_open_belongs_to_the_session_and_the_close_does_not(name, day):
    # The days lie on both sides of the changes to and from summer time.
    hours = getattr(times(), name)
    opening, close = us(f"{day} 09:30"), us(f"{day} 16:00")
    assert [hours.is_open(opening + late) for late in (-1, 0, 1)] == [False, True, True]
    assert [hours.is_open(close + late) for late in (-1, 0)] == [True, False]


def test_summer_time_moves_the_open_by_an_hour_of_universal_time():
    winter, summer = us("2018-03-09 09:30"), us("2018-03-12 09:30")
    assert (summer - winter) // SECOND == 3 * 86_400 - 3600
    assert times().XNYS.is_open(summer)


@pytest.mark.parametrize(
    ("now", "change", "close"),
    [
        ("2017-09-01 15:59", "2017-09-01 16:00", "2017-09-01 16:00"),
        ("2017-09-01 16:00", "2017-09-05 09:30", "2017-09-05 16:00"),
        ("2017-09-04 11:00", "2017-09-05 09:30", "2017-09-05 16:00"),
        ("2017-11-24 09:30", "2017-11-24 13:00", "2017-11-24 13:00"),
    ],
)
def test_the_next_change_and_the_next_close_are_looked_up(now, change, close):
    assert times().XNYS.next_change_us(us(now)) == us(change)
    assert times().XNYS.next_close_us(us(now)) == us(close)


@pytest.mark.parametrize("name", ["XNYS", "weekdays"])
def test_after_the_last_session_the_end_of_the_table_is_next(name):
    hours = getattr(calendars(2017, 2017), name)
    end = us("2018-01-01 00:00")
    assert hours.next_change_us(us("2017-12-30 12:00")) == end
    assert hours.next_close_us(us("2017-12-30 12:00")) == end


def test_before_the_first_session_all_is_closed():
    hours = calendars(2017, 2017).XNYS
    assert not hours.is_open(us("2017-01-01 00:00"))
    assert hours.next_change_us(us("2017-01-01 00:00")) == us("2017-01-03 09:30")
    assert hours.next_close_us(us("2017-01-01 00:00")) == us("2017-01-03 16:00")


@pytest.mark.parametrize("name", ["XNYS", "weekdays"])
def test_a_time_that_the_table_does_not_cover_is_an_error(name):
    hours = getattr(calendars(2017, 2018), name)
    first, last = us("2017-01-01 00:00"), us("2019-01-01 00:00") - 1
    assert not hours.is_open(first)
    assert not hours.is_open(last)
    for moment in (first - 1, last + 1):
        for ask in (hours.is_open, hours.next_change_us, hours.next_close_us):
            with pytest.raises(CalendarError):
                ask(moment)


def test_the_error_says_what_the_table_covers():
    with pytest.raises(CalendarError) as caught:
        calendars(2017, 2018).XNYS.is_open(us("2019-06-03 11:00"))
    told = "the XNYS calendar covers 2017 to 2018, not 2019-06-03T15:00:00+00:00"
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("now", "crypto", "end"),
    [
        ("2017-09-01 11:00", True, "2017-09-02 22:00"),
        ("2017-09-01 23:30", True, "2017-09-02 22:00"),
        ("2018-03-10 11:00", True, "2018-03-11 22:00"),  # the clocks change in between
        ("2017-09-01 11:00", False, "2017-09-01 16:00"),
        ("2017-09-01 15:00", False, "2017-09-01 16:00"),
        ("2017-09-01 15:01", False, "2017-09-01 16:01"),  # at least an hour
        ("2017-09-01 16:00", False, "2017-09-05 16:00"),  # over Labor Day
        ("2017-11-24 09:00", False, "2017-11-24 13:00"),
    ],
)
def test_an_entry_that_does_not_say_when_it_ends_gets_an_end(now, crypto, end):
    assert default_expiry_us(us(now), crypto, times().XNYS) == us(end)


def test_by_the_weekday_rule_labor_day_has_a_close():
    moment = us("2017-09-04 11:00")
    assert default_expiry_us(moment, False, times().weekdays) == us("2017-09-04 16:00")
