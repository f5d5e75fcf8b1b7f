"""The desk's clock: the journal's time, the sessions that are on, and when the next one changes."""

from state.market.hours import Calendars
from state.rules.policy import Policy


class Clock:
    """Time in microseconds since 1970 UTC, and what New York's hours are at that time."""

    __slots__ = (
        "calendars", "next_change_us", "now_us", "session_close_us", "weekdays_open", "xnys_open",
    )  # fmt: skip

    def __init__(self, calendars: Calendars) -> None:
        self.calendars = calendars
        self.now_us = 0
        self.next_change_us = 0
        self.session_close_us = 0
        self.xnys_open = False
        self.weekdays_open = False

    def advance(self, now_us: int) -> bool:
        """Move the clock; True if a market opened or closed.  The caller never moves it back.

        Raises `CalendarError` if a calendar does not reach that far.
        """
        self.now_us = now_us
        if now_us < self.next_change_us:
            return False
        before = (self.xnys_open, self.weekdays_open)
        xnys, weekdays = self.calendars
        self.session_close_us = xnys.session_close_us(now_us)
        self.xnys_open = self.session_close_us > 0
        self.weekdays_open = weekdays.is_open(now_us)
        self.next_change_us = min(xnys.next_change_us(now_us), weekdays.next_change_us(now_us))
        return (self.xnys_open, self.weekdays_open) != before

    def intraday(self, policy: Policy) -> bool:
        """Tell whether stocks have the session's leverage: it is on, and its close is not near.

        New York's own calendar decides, whichever one a policy goes by: the margin is not ours.
        """
        return self.now_us < self.session_close_us - policy.deleverage_before_close_us

    def session_open(self, policy: Policy) -> bool:
        """Tell whether New York is open by the calendar the policy goes by."""
        return self.xnys_open if policy.calendar == "XNYS" else self.weekdays_open
