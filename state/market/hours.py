"""When New York trades, as a table of sessions that is made once and then only looked up.

Two tables: `exchange_sessions` from pandas-market-calendars (XNYS, with holidays and early closes)
and `weekday_sessions`, the original's rule: Monday to Friday, 09:30 to 16:00 New York time.
A time outside the years that a table covers is an error, never a guess.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from state.rules.money import MICROS

NEW_YORK = ZoneInfo("America/New_York")
_MINUTE_US = 60 * MICROS


class CalendarError(ValueError):
    """The table does not reach that far; the message says what it covers."""


class Hours:
    """Sessions in microseconds since 1970 UTC: open from `opens[i]` to before `closes[i]`."""

    __slots__ = ("closes", "first_us", "last_us", "name", "opens")

    def __init__(self, name: str, sessions: list[tuple[int, int]], first_us: int, last_us: int):
        self.name = name
        self.opens = [opening for opening, _ in sessions]
        self.closes = [close for _, close in sessions]
        self.first_us = first_us
        self.last_us = last_us

    def _index(self, now_us: int) -> int:
        if not self.first_us <= now_us < self.last_us:
            years = f"{_year(self.first_us)} to {_year(self.last_us - 1)}"
            moment = datetime.fromtimestamp(now_us // MICROS, UTC).isoformat()
            raise CalendarError(f"the {self.name} calendar covers {years}, not {moment}")
        return bisect_right(self.opens, now_us) - 1

    def is_open(self, now_us: int) -> bool:
        """Tell whether a session is on; the open belongs to it, the close does not."""
        index = self._index(now_us)
        return index >= 0 and now_us < self.closes[index]

    def session_close_us(self, now_us: int) -> int:
        """Return the close of the session that is on, or 0 if none is."""
        index = self._index(now_us)
        return self.closes[index] if index >= 0 and now_us < self.closes[index] else 0

    def closes_between(self, first_us: int, last_us: int) -> list[int]:
        """Return the closes from one moment to another, both included."""
        return self.closes[bisect_left(self.closes, first_us) : bisect_right(self.closes, last_us)]

    def last_close_us(self, now_us: int) -> int:
        """Return the latest close that is not after `now_us`, or the beginning of the table."""
        after = bisect_right(self.closes, now_us)
        return self.closes[after - 1] if after else self.first_us

    def next_change_us(self, now_us: int) -> int:
        """Return the next open or close after `now_us`, or the end of the table."""
        index = self._index(now_us)
        if index >= 0 and now_us < self.closes[index]:
            return self.closes[index]
        after = index + 1
        return self.opens[after] if after < len(self.opens) else self.last_us

    def next_close_us(self, now_us: int) -> int:
        """Return the close of the session that is on, or of the next one."""
        index = self._index(now_us)
        if index >= 0 and now_us < self.closes[index]:
            return self.closes[index]
        after = index + 1
        return self.closes[after] if after < len(self.closes) else self.last_us


class Calendars(NamedTuple):
    """Both tables; the policy's `calendar` names the one it goes by."""

    XNYS: Hours
    weekdays: Hours


def calendars(first_year: int, last_year: int) -> Calendars:
    """Build both tables for whole years (New York time), both ends included."""
    return Calendars(
        exchange_sessions(first_year, last_year), weekday_sessions(first_year, last_year)
    )


def exchange_sessions(first_year: int, last_year: int) -> Hours:
    """Build the table of the New York Stock Exchange from pandas-market-calendars."""
    # Imported here: pandas takes half a second, and a command that only prints help needs none.
    import pandas_market_calendars  # noqa: PLC0415

    calendar = pandas_market_calendars.get_calendar("XNYS")
    schedule = calendar.schedule(f"{first_year}-01-01", f"{last_year}-12-31")
    opens = [_to_us(stamp.to_pydatetime()) for stamp in schedule["market_open"]]
    closes = [_to_us(stamp.to_pydatetime()) for stamp in schedule["market_close"]]
    sessions = list(zip(opens, closes, strict=True))
    return Hours("XNYS", sessions, *_bounds(first_year, last_year))


def weekday_sessions(first_year: int, last_year: int) -> Hours:
    """Build the original's table: no holidays, no early closes (rule M1 of its specification)."""
    sessions = []
    day = date(first_year, 1, 1)
    while day.year <= last_year:
        if day.weekday() < 5:
            sessions.append((_new_york_us(day, 9, 30), _new_york_us(day, 16, 0)))
        day += timedelta(days=1)
    return Hours("weekdays", sessions, *_bounds(first_year, last_year))


def default_expiry_us(now_us: int, crypto: bool, hours: Hours) -> int:
    """Return when an entry ends that does not say so itself (rule M6).

    Crypto: tomorrow's 22:00 New York time.  Stocks: the next close of `hours`.  At least an hour.
    """
    if not crypto:
        close = hours.next_close_us(now_us)
        if close - now_us >= 60 * _MINUTE_US:
            return close
        return now_us + 60 * _MINUTE_US
    local = datetime.fromtimestamp(now_us // MICROS, UTC).astimezone(NEW_YORK)
    return _new_york_us(local.date() + timedelta(days=1), 22, 0)


def _new_york_us(day: date, hour: int, minute: int) -> int:
    return _to_us(datetime.combine(day, wall_time(hour, minute), NEW_YORK))


def _to_us(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) * MICROS


def _bounds(first_year: int, last_year: int) -> tuple[int, int]:
    return _new_york_us(date(first_year, 1, 1), 0, 0), _new_york_us(date(last_year + 1, 1, 1), 0, 0)


def _year(moment_us: int) -> int:
    return datetime.fromtimestamp(moment_us // MICROS, NEW_YORK).year
