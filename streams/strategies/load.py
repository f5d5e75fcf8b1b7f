"""Find the strategy: the one that suits the data, or a class from a user's own file."""

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from streams.ground.mistakes import Mistake
from streams.market import Bar, Market
from topics.events import Fill

from .base import Action, Strategy
from .forecast_range import ForecastRange
from .ladder import Ladder

LONG_BAR_US = 30 * 60 * 1_000_000
"""From this length on, a bar is an hourly one: few come in a day, so windows must be short."""


class StrategyError(Mistake):
    """A strategy that cannot be loaded; the message is one sentence for the person who named it."""


def strategy_for(market: Market, position: float) -> Strategy:
    """Return the strategy that suits the data; `position` is the dollars of one entry.

    Minute bars get the ladder, hourly bars with forecasts the forecast range, other hourly bars
    a ladder over few bars.  Of mixed data each symbol gets its own.
    """
    lengths = {bar.end_us - bar.start_us >= LONG_BAR_US for bar in market.bars}
    forecasts = any(bar.forecast is not None for bar in market.bars)
    long_bars = ForecastRange(position) if forecasts else _short_ladder(position)
    if lengths == {False}:
        return Ladder(position)
    if lengths == {True}:
        return long_bars
    return ByBarLength(Ladder(position), long_bars)


def _short_ladder(position: float) -> Ladder:
    return Ladder(position, window_bars=2, refresh_bars=1, lifetime_bars=2, hold_bars=4)


class ByBarLength(Strategy):
    """Give each symbol to one of two strategies, by the length of the first bar it shows."""

    def __init__(self, short_bars: Strategy, long_bars: Strategy) -> None:
        self.name = f"{short_bars.name} and {long_bars.name}"
        self._short_bars = short_bars
        self._long_bars = long_bars
        self._by_symbol: dict[str, Strategy] = {}

    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:
        """Pass the bar on."""
        is_long = bar.end_us - bar.start_us >= LONG_BAR_US
        chosen = self._long_bars if is_long else self._short_bars
        return self._by_symbol.setdefault(bar.symbol, chosen).on_bar(bar, now_us)

    def on_fill(self, fill: Fill, entry: str | None, now_us: int) -> Iterable[Action]:
        """Pass the fill on to the strategy of its symbol."""
        chosen = self._by_symbol.get(fill.symbol)
        return chosen.on_fill(fill, entry, now_us) if chosen is not None else ()


def load_strategy(reference: str, position: float) -> Strategy:
    """Return `Class(position)` of a reference like `my_file.py:MyStrategy`.

    Runs the file.  Raises `StrategyError` if it cannot be used.
    """
    place, colon, name = reference.rpartition(":")
    if not colon or not place or not name.isidentifier():
        raise StrategyError(
            f"{reference!r} does not name a strategy; write it like my_file.py:MyStrategy."
        )
    module = _run(Path(place))
    found = getattr(module, name, None)
    if found is None:
        raise StrategyError(f"{place}: there is no class {name}; check the name after the colon.")
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise StrategyError(
            f"{place}: {name} is not a strategy; derive it from streams.strategies.Strategy."
        )
    try:
        made: Strategy = found(position)  # type: ignore[call-arg]
    except Exception as error:
        raise StrategyError(
            f"{place}: {name}(position) failed with {_told(error)}; "
            "it must have on_bar and on_fill, and need no argument but the dollars of one entry."
        ) from error
    return made


def _run(path: Path) -> ModuleType:
    if not path.is_file():
        raise StrategyError(f"{path}: there is no such file; check the path before the colon.")
    # A name of its own, so that no file can take the place of an installed module.
    name = f"worksteal_user_strategy_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StrategyError(f"{path}: this is not a Python file; its name must end with .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise StrategyError(
            f"{path}: running the file failed with {_told(error)}; correct it and try again."
        ) from error
    return module


def _told(error: Exception) -> str:
    """Say an exception on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
