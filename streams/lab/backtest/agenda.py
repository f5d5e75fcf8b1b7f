"""What happens at a time known in advance: bars end, and New York's close comes near."""

from collections.abc import Iterable, Iterator, Sequence

from state.market.hours import Hours
from state.rules.policy import Policy
from streams.market import Bar, Market

from .exchange import NEVER

SECOND_US = 1_000_000
LAST_LOOK_US = 60 * SECOND_US
"""So long before a close the desk sees the account once more."""

Stop = tuple[int, bool]
"""A time in microseconds, and whether the venues show the whole account then."""


def closing_stops(market: Market, policy: Policy, hours: Hours) -> Iterator[Stop]:
    """Yield the stops around each close in the data, in time order; none without stocks.

    Live, an idle sequencer lets time pass every second, and snapshots come every minute.  Where
    bars are long a desk would hear of the last quarter of an hour only when it is over.
    """
    if all(policy.asset_class(symbol) == "crypto" for symbol in market.symbols):
        return
    first_us, last_us = int(market.quotes.ts_us[0]), int(market.quotes.ts_us[-1])
    lead_us = policy.deleverage_before_close_us
    for close_us in hours.closes_between(first_us, last_us):
        stops = {close_us: False}
        if lead_us > LAST_LOOK_US:
            stops[close_us - LAST_LOOK_US] = True
        stops[close_us - lead_us] = False
        stops[close_us - lead_us - SECOND_US] = True
        yield from ((ts_us, show) for ts_us, show in sorted(stops.items()) if ts_us >= first_us)


class Agenda:
    """The bars still to end and the stops still to come, each in time order."""

    def __init__(self, bars: Iterable[Bar], stops: Iterable[Stop]) -> None:
        self._bars = list(bars)
        self._stops = list(stops)
        self._next_bar = self._next_stop = 0
        self.next_us = 0
        """When the next of either comes; `NEVER` after the last."""
        self._look_ahead()

    @property
    def bars_left(self) -> bool:
        """Whether a bar is still to end."""
        return self._next_bar < len(self._bars)

    def _look_ahead(self) -> None:
        bar_us = self._bars[self._next_bar].end_us if self.bars_left else NEVER
        left = self._next_stop < len(self._stops)
        self.next_us = min(bar_us, self._stops[self._next_stop][0] if left else NEVER)

    def take_bars(self, now_us: int) -> Sequence[Bar]:
        """Take the bars that have ended by now."""
        bars, first = self._bars, self._next_bar
        while self._next_bar < len(bars) and bars[self._next_bar].end_us <= now_us:
            self._next_bar += 1
        self._look_ahead()
        return bars[first : self._next_bar]

    def take_stops(self, now_us: int) -> bool:
        """Take the stops that have come; True if the venues show the account."""
        stops, show = self._stops, False
        while self._next_stop < len(stops) and stops[self._next_stop][0] <= now_us:
            show |= stops[self._next_stop][1]
            self._next_stop += 1
        self._look_ahead()
        return show
