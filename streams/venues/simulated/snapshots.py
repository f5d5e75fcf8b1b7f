"""When a simulated venue shows the whole account: at regular times, and after whatever changed it."""


class SnapshotTimes:
    """The times of the snapshots still to come, in microseconds since 1970 UTC."""

    def __init__(self, every_us: int) -> None:
        self._every_us = every_us
        self._regular_us: int | None = None
        self._extra_us: int | None = None

    @property
    def started(self) -> bool:
        """Tell whether time has begun."""
        return self._regular_us is not None

    def start(self, now_us: int) -> None:
        """Begin; the regular times are the multiples of the interval after `now_us`."""
        self._regular_us = (now_us // self._every_us + 1) * self._every_us

    def ask(self, ts_us: int) -> None:
        """Want one at `ts_us`, besides the regular ones; an earlier one still to come will do."""
        if self._extra_us is None or ts_us < self._extra_us:
            self._extra_us = ts_us

    def next_us(self) -> int | None:
        """Return the earliest time; None before the start."""
        if self._extra_us is None or self._regular_us is None:
            return self._regular_us
        return min(self._regular_us, self._extra_us)

    def taken(self, ts_us: int) -> None:
        """Strike out the time of a snapshot that was just taken."""
        if self._extra_us == ts_us:
            self._extra_us = None
        if self._regular_us == ts_us:
            self._regular_us += self._every_us
