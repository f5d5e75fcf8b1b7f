"""Buy at the low that a model expects, sell at its high.

The file does not say when a forecast was issued: it may have been made during the bar that it
speaks of, or after.  So the forecast that came with bar t is looked at when bar t has ended, and
is used for bar t + 1 alone.  That is one bar too careful at worst, and never a look ahead.
"""

from collections.abc import Iterable, Iterator

from streams.market import Bar, BarForecast
from topics.events import Fill

from .base import Action, PublishForecast, RequestEntry, Strategy, WithdrawEntry, tidy
from .exits import DUST, Exits


class ForecastRange(Strategy):
    """Entries at the forecast low and below, renewed at every bar.

    `position` is the dollars of one entry.  Rung *k* stands `k × step` (a fraction) below the
    forecast low, and never above the last bid.  Where no next bar comes (a market closes), the
    entries lapse after `lifetime_bars`.  A fill is left at the forecast high that went with its
    entry, or after `hold_bars` bars of its symbol through the market.
    """

    name = "forecast-range"

    def __init__(
        self,
        position: float,
        rungs: int = 3,
        step: float = 0.003,
        lifetime_bars: int = 3,
        hold_bars: int = 6,
    ) -> None:
        self._position = position
        self._steps = tuple(rung * step for rung in range(rungs))
        self._lifetime_bars = lifetime_bars
        self._exits = Exits(hold_bars)
        self._bars: dict[str, int] = {}
        self._live: dict[str, dict[str, float]] = {}
        self._targets: dict[str, float] = {}

    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:
        """Replace the entries of the bar that ended by those for the bar that begins."""
        count = self._bars[bar.symbol] = self._bars.get(bar.symbol, 0) + 1
        live = self._live.setdefault(bar.symbol, {})
        actions = list(self._exits.on_bar(bar))
        actions += map(WithdrawEntry, live)
        live.clear()
        forecast = bar.forecast
        if forecast is None or forecast.low >= forecast.high:
            return actions  # some forecasts stand upside down: there is no range to trade
        actions.append(self._forecast(bar.symbol, forecast))
        expires_us = now_us + self._lifetime_bars * (bar.end_us - bar.start_us)
        for entry in self._entries(bar, forecast, count, expires_us):
            live[entry.entry] = entry.qty
            # Kept after the entry is gone, for a fill can still come while it is being withdrawn.
            self._targets[entry.entry] = forecast.high
            actions.append(entry)
        return actions

    def on_fill(self, fill: Fill, entry: str | None, now_us: int) -> Iterable[Action]:  # noqa: ARG002
        """Offer what an entry opened at its forecast high; count what an exit closed."""
        if entry is None:
            self._exits.filled(fill)
            return ()
        live = self._live.get(fill.symbol, {})
        if entry in live:
            qty = live[entry]
            live[entry] = qty - fill.qty
            if qty - fill.qty <= qty * DUST:
                del live[entry]
        return list(self._exits.open(fill, self._targets.get(entry, fill.price)))

    def _forecast(self, symbol: str, forecast: BarForecast) -> PublishForecast:
        pnl = (forecast.high - forecast.low) / forecast.low * self._position
        return PublishForecast(
            symbol, round(pnl, 6), low=forecast.low, high=forecast.high, close=forecast.close
        )

    def _entries(
        self, bar: Bar, forecast: BarForecast, count: int, expires_us: int
    ) -> Iterator[RequestEntry]:
        """Yield the rungs of one symbol, the nearest first."""
        for rung, step in enumerate(self._steps):
            # The market may be below the forecast already; nobody bids above it.
            limit = min(tidy(min(forecast.low, bar.bid_close) * (1 - step)), bar.bid_close)
            yield RequestEntry(
                entry=f"{bar.symbol}-b{count}-{rung}",
                symbol=bar.symbol,
                side="buy",
                limit=limit,
                qty=tidy(self._position / limit),
                pnl=round((forecast.high - limit) / limit * self._position, 6),
                expires_us=expires_us,
            )
