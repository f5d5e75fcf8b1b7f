"""Two clocks: the file's, which a strategy lives by, and the wall's, which stands on the wire.

Time in the file passes `speed` times as fast as on the wall, or (None) as fast as the broker takes
records.  Owns the rule for what a time of the file is called on the wire.
"""

import time
from collections.abc import Callable

from topics.limits import TIME_US_MAX

MICROS = 1_000_000


class WallClock:
    """The time of publication in microseconds since 1970 UTC; it never goes back."""

    def __init__(self) -> None:
        self._last_us = 0

    def now_us(self) -> int:
        """Return now, or the latest time told if the machine's clock was set back."""
        self._last_us = max(self._last_us, time.time_ns() // 1000)
        return self._last_us


class Pace:
    """When an instant of the file is due.  `first_us` is the file's first, and due at once."""

    def __init__(
        self, first_us: int, speed: float | None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._first_us = first_us
        self._speed = speed
        self._monotonic = monotonic
        self._begun_s = monotonic()
        self._reached_us = first_us

    def left_s(self, file_us: int) -> float:
        """Return the seconds until an instant of the file is due; at most 0 when it is."""
        if self._speed is None:
            return 0.0
        due_s = (file_us - self._first_us) / MICROS / self._speed
        return self._begun_s + due_s - self._monotonic()

    def reach(self, file_us: int) -> None:
        """Note that the file has come to this instant."""
        self._reached_us = file_us

    def file_us(self, next_us: int) -> int:
        """Return what time it is in the file, from the instant reached to before the next."""
        if self._speed is None:
            return self._reached_us
        passed_s = (self._monotonic() - self._begun_s) * self._speed
        now_us = self._first_us + int(passed_s * MICROS)
        return max(self._reached_us, min(now_us, next_us))

    def wall_us(self, file_us: int, file_now_us: int, wall_now_us: int) -> int | None:
        """Return when a time of the file will be on the wall; None if nothing says how soon.

        What is as far in the file's future as `speed` times a second is a second away.
        """
        if self._speed is None:
            return None
        ahead_us = round((file_us - file_now_us) / self._speed)
        return max(0, min(wall_now_us + ahead_us, TIME_US_MAX))
