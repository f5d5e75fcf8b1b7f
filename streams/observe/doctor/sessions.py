"""Whether the calendar of sessions reaches far enough, and looks like one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

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
            yield ok("calendar", f"{first} to {last}; {count} sessions in the coming year")


def sessions_between(opens: list[int], first: datetime, last: datetime) -> int:
    """Count the sessions that open between two moments."""
    low, high = (int(moment.timestamp()) * MICROS for moment in (first, last))
    return sum(low <= opening < high for opening in opens)
