"""Bars and fills for the tests of strategies."""

from collections.abc import Iterable

from streams.market import Bar
from streams.strategies import Action, Strategy
from topics.events import Fill

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US


def bar(
    number: int,
    low=99.0,
    high=101.0,
    close=100.0,
    *,
    symbol="BTCUSD",
    step=MINUTE_US,
    forecast=None,
) -> Bar:
    """Return bar `number` (from 1); the ask is 0.1 above the bid."""
    return Bar(
        symbol=symbol,
        start_us=(number - 1) * step,
        end_us=number * step,
        bid_low=low - 0.1,
        ask_low=low,
        bid_high=high,
        ask_high=high + 0.1,
        bid_close=close,
        ask_close=close + 0.1,
        forecast=forecast,
    )


def fill(order: str, price: float, qty: float, side="buy", symbol="BTCUSD") -> Fill:
    return Fill(
        ts_us=0,
        account="acc",
        fill="f",
        order=order,
        symbol=symbol,
        side=side,
        price=price,
        qty=qty,
    )


def run(strategy: Strategy, bars: Iterable[Bar]) -> list[tuple[int, Action]]:
    return [(each.end_us, action) for each in bars for action in strategy.on_bar(each, each.end_us)]


def of(kind: type, actions: Iterable[Action]) -> list:
    return [action for action in actions if isinstance(action, kind)]
