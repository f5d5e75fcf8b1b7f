"""Whether the calendar of sessions reaches far enough, and looks like one."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from state.market.hours import exchange_sessions
from state.rules.money import MICROS
from streams.ground.settings import Settings

from .said import Line, fail, ok, warn

SOON = timedelta(days=30)
YEAR = timedelta(days=365)

SESSIONS_OF_A_YEAR = range(245, 258)
"""New York has 250 to 252; unforeseen closes take some."""


def check_sessions(settings: Settings, now: datetime) -> Iterator[Line]:
    """Look at the years that a worker started now would know; `now` is in UTC."""
    first, last = settings.calendar_years or (now.year - 1, now.year + 1)
    table = exchange_sessions(first, last)
    end = datetime.fromtimestamp(table.last_us // MICROS, UTC)
    begin = datetime.fromtimestamp(table.first_us // MICROS, UTC)
    do = "take calendar_years out of the settings, or name later years"
    if not begin <= now < end:
        yield fail("calendar", f"it covers {first} to {last}, and it is {now:%Y-%m-%d}", do)
        return
    if end < now + SOON:
        yield fail("calendar", f"it ends with {last}, in {(end - now).days} days", do)
    elif end < now + YEAR:
        yield warn("calendar", f"it ends with {last}, not after the coming year", do)
    else:
        count = sessions_between(table.opens, now, now + YEAR)
        if count not in SESSIONS_OF_A_YEAR:
            yield fail(
                "calendar",
                f"it has {count} sessions in the coming year, and New York has about 251",
                "`pip install --upgrade pandas-market-calendars`",
            )
        else:
            told = f"{first} to {last}; {count} sessions in the coming year; {bounds_of_data()}"
            yield ok("calendar", told)


def bounds_of_data() -> str:
    """Say how far the libraries' data reach: no release knows the closes that nobody foresaw."""
    latest = last_unforeseen_close()
    library = f"pandas-market-calendars {version('pandas-market-calendars')}"
    return (
        f"{library} knows rules for holidays and the unforeseen closes to {latest}, "
        f"time zones are of {time_zones()}"
    )


def last_unforeseen_close() -> date:
    """Return the latest day of mourning or storm that the calendar's library knows."""
    # Imported here: pandas takes a second, and most commands of this package need none.
    import pandas_market_calendars  # noqa: PLC0415

    days = pandas_market_calendars.get_calendar("XNYS").adhoc_holidays
    latest: date = max(day.date() for day in days)
    return latest


def time_zones() -> str:
    """Return where Python reads time zones: this system's files come before the package."""
    if any((Path(folder) / "America" / "New_York").is_file() for folder in zoneinfo.TZPATH):
        return "this system"
    return f"tzdata {version('tzdata')}"


def sessions_between(opens: list[int], first: datetime, last: datetime) -> int:
    """Count the sessions that open between two moments."""
    low, high = (int(moment.timestamp()) * MICROS for moment in (first, last))
    return sum(low <= opening < high for opening in opens)
