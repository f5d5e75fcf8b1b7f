"""The paper venue's clock, the one place where it asks what time it is."""

import time
from collections.abc import Callable


class VenueClock:
    """Microseconds since 1970 UTC, never back and never at a stand.

    It follows the machine's clock.  Where that was set back, since `start_us` or while the venue
    runs, it goes on at its own pace until it is overtaken: snapshots that carry a time from the
    past would be refused, and answers that wait for a time to come again would never be given.
    """

    def __init__(
        self,
        start_us: int,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._now_ns = start_us * 1000
        self._steady_at_ns = steady_ns()

    def now_us(self) -> int:
        """Return the time."""
        steady_ns = self._steady_ns()
        own_ns = self._now_ns + steady_ns - self._steady_at_ns
        self._now_ns, self._steady_at_ns = max(own_ns, self._wall_ns()), steady_ns
        return self._now_ns // 1000
