"""What a steal was worth: the thief's order against what its victims would have earned.

Both sides are treated alike, by the rule of the simulated venue (`streams/venues/simulated/book.py`).  From
the steal on, until the time at which its entry ended in fact, an order fills at its limit at the
first later quote that trades through it: an ask below a buy, a bid above a sell.  Its worth is the
mark-out: what closing it at the first quote `horizon_us` after the fill would leave (the bid for
what was bought, the ask for what was sold; the last quote if the data ends before), with the
venue's fee on both sides.  An order that does not fill is worth nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from streams.lab.backtest.result import Leg, StealLine
from streams.market import Market, Quotes
from streams.market.tracks import Track

MICROS = 1_000_000
HOUR_US = 3_600 * MICROS
HORIZON_BARS = 4
_FIRST_LOOK = 64
"""Most orders that fill do so soon: look at few quotes first, then at eight times as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StealWorth:
    """The steals of one run, judged.  Money in micro-dollars, of mark-outs after fees."""

    settled: int = 0
    lost: int = 0
    expired: int = 0
    open: int = 0
    """The data ended before the steal did."""
    thieves_filled: int = 0
    """Of the settled."""
    victims_filled: int = 0
    """Orders of settled steals' victims that would have filled."""
    thieves_micros: int = 0
    victims_micros: int = 0
    better: int = 0
    """Settled steals in which the thief did better than all its victims together."""

    @property
    def ended(self) -> int:
        """Steals that came to an end, whichever."""
        return self.settled + self.lost + self.expired

    @property
    def gain_micros(self) -> int:
        """What stealing brought over leaving the victims alone."""
        return self.thieves_micros - self.victims_micros


class Judge:
    """Looks up in the quotes of one market what orders would have come to."""

    def __init__(self, quotes: Quotes, horizon_us: int, fee_rate: float) -> None:
        """`horizon_us` in microseconds, `fee_rate` a fraction of notional."""
        self._horizon_us = horizon_us
        self._fee_rate = fee_rate
        self._tracks = dict(zip(quotes.names, quotes.tracks, strict=True))

    def steals(self, timeline: Iterable[StealLine]) -> StealWorth:
        """Judge all steals of a run; only those that settled are weighed."""
        outcomes: Counter[str] = Counter()
        thieves_filled = victims_filled = thieves_micros = victims_micros = better = 0
        for line in timeline:
            outcomes[line.outcome] += 1
            if line.outcome != "settled" or line.thief_leg is None:
                continue
            thief = self.worth_micros(line.thief_leg, line.ts_us)
            victims = [self.worth_micros(leg, line.ts_us) for leg in line.victim_legs]
            would_fill = [worth for worth in victims if worth is not None]
            thieves_filled += thief is not None
            victims_filled += len(would_fill)
            thieves_micros += thief or 0
            victims_micros += sum(would_fill)
            better += (thief or 0) > sum(would_fill)
        return StealWorth(
            settled=outcomes["settled"],
            lost=outcomes["lost"],
            expired=outcomes["expired"],
            open=outcomes["open"],
            thieves_filled=thieves_filled,
            victims_filled=victims_filled,
            thieves_micros=thieves_micros,
            victims_micros=victims_micros,
            better=better,
        )

    def worth_micros(self, leg: Leg, from_us: int) -> int | None:
        """Return the mark-out of an order that rests from `from_us` on, None if it never fills."""
        prices = self._tracks.get(leg.symbol)
        if prices is None:
            return None
        place = _first_through(prices, leg, from_us)
        if place is None:
            return None
        filled_us = int(prices.ts_us[place])
        later = int(np.searchsorted(prices.ts_us, filled_us + self._horizon_us, "left"))
        later = min(later, len(prices.ts_us) - 1)
        bought = leg.side == "buy"
        close = float(prices.bids[later] if bought else prices.asks[later])
        earned = (close - leg.limit if bought else leg.limit - close) * leg.qty
        fees = self._fee_rate * (leg.limit + close) * leg.qty
        return round((earned - fees) * MICROS)


def horizon_us(market: Market) -> int:
    """Return after how long a fill is marked out: an hour, or four bars when they are longer."""
    return max(HOUR_US, HORIZON_BARS * market.bar_us)


def _first_through(prices: Track, leg: Leg, from_us: int) -> int | None:
    """Return the place of the first quote after `from_us` that trades through the limit."""
    start = int(np.searchsorted(prices.ts_us, from_us, "right"))
    stop = int(np.searchsorted(prices.ts_us, leg.until_us, "right"))
    look = _FIRST_LOOK
    while start < stop:
        end = min(start + look, stop)
        if leg.side == "buy":
            through = prices.asks[start:end] < leg.limit
        else:
            through = prices.bids[start:end] > leg.limit
        first = int(through.argmax())
        if through[first]:
            return start + first
        start, look = end, 8 * look
    return None
