"""A ladder of limits beyond the recent range of every symbol: many wishes, little capital.

The rungs of all symbols wait at once and prices come near several of them in the same hour, which
is the situation that stealing is for.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from streams.market import Bar
from topics.events import Fill
from topics.limits import Side

from .base import Action, RequestEntry, Strategy, WithdrawEntry, tidy
from .exits import DUST, Exits


class _Symbol:
    """What the ladder remembers of one symbol."""

    __slots__ = ("bars", "live", "recent")

    def __init__(self, window_bars: int) -> None:
        self.bars = 0
        self.recent: deque[Bar] = deque(maxlen=window_bars)
        self.live: dict[str, float] = {}
        """Units not yet filled, by entry."""


class Ladder(Strategy):
    """Buys below the recent low (and, if asked, sells above the recent high).

    `position` is the dollars of one entry.  Rung *k* stands `first_step + k × step` (fractions)
    beyond the extreme of the last `window_bars` bars; all are renewed every `refresh_bars` bars of
    their symbol and lapse after `lifetime_bars` if no more bars come.  A fill is left at
    `take_profit` (fraction), or after `hold_bars` bars through the market.
    """

    name = "ladder"

    def __init__(
        self,
        position: float,
        rungs: int = 5,
        window_bars: int = 30,
        first_step: float = 0.001,
        step: float = 0.003,
        refresh_bars: int = 30,
        lifetime_bars: int = 120,
        take_profit: float = 0.004,
        hold_bars: int = 60,
        sides: Sequence[Side] = ("buy",),
    ) -> None:
        self._position = position
        self._steps = tuple(first_step + rung * step for rung in range(rungs))
        self._window_bars = window_bars
        self._refresh_bars = refresh_bars
        self._lifetime_bars = lifetime_bars
        self._take_profit = take_profit
        self._sides = tuple(sides)
        self._exits = Exits(hold_bars)
        self._symbols: dict[str, _Symbol] = {}

    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:
        """Renew the rungs when it is time, and let the exits age."""
        known = self._symbols.setdefault(bar.symbol, _Symbol(self._window_bars))
        known.bars += 1
        known.recent.append(bar)
        actions = list(self._exits.on_bar(bar))
        since = known.bars - self._window_bars
        if since >= 0 and since % self._refresh_bars == 0:
            actions += map(WithdrawEntry, known.live)
            known.live.clear()
            expires_us = now_us + self._lifetime_bars * (bar.end_us - bar.start_us)
            for entry in self._rungs(bar.symbol, known, expires_us):
                known.live[entry.entry] = entry.qty
                actions.append(entry)
        return actions

    def on_fill(self, fill: Fill, entry: str | None, now_us: int) -> Iterable[Action]:  # noqa: ARG002
        """Offer what an entry opened at a profit; count what an exit closed."""
        if entry is None:
            self._exits.filled(fill)
            return ()
        known = self._symbols.get(fill.symbol)
        if known is not None and entry in known.live:
            qty = known.live[entry]
            known.live[entry] = qty - fill.qty
            if qty - fill.qty <= qty * DUST:
                del known.live[entry]
        gain = self._take_profit if fill.side == "buy" else -self._take_profit
        return list(self._exits.open(fill, fill.price * (1 + gain)))

    def _rungs(self, symbol: str, known: _Symbol, expires_us: int) -> Iterator[RequestEntry]:
        """Yield the rungs of one symbol, the nearest first.

        A deeper rung is worth more: what is hoped for is the way back to the window's middle.
        """
        low = min(bar.ask_low for bar in known.recent)
        high = max(bar.bid_high for bar in known.recent)
        middle = (low + high) / 2
        for side in self._sides:
            for rung, step in enumerate(self._steps):
                limit = tidy(low * (1 - step) if side == "buy" else high * (1 + step))
                yield RequestEntry(
                    entry=f"{symbol}-{side[0]}{known.bars}-{rung}",
                    symbol=symbol,
                    side=side,
                    limit=limit,
                    qty=tidy(self._position / limit),
                    pnl=round(abs(middle - limit) / limit * self._position, 6),
                    expires_us=expires_us,
                )
