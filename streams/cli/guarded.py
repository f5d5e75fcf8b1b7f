"""A user's own strategy, so that a slip in it is told with its line, not as a bug of this program."""

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from streams.market import Bar, MarketQuote
from streams.strategies import Action, Strategy, StrategyError
from topics.events import Fill


class Guarded(Strategy):
    """Passes every call on; what is wrong with the answer becomes a `StrategyError`."""

    def __init__(self, own: Strategy, path: Path) -> None:
        self.name = str(own.name)
        self._own = own
        self._path = path

    @property
    def wants_quotes(self) -> bool:
        """Ask the user's own class."""
        return self._own.wants_quotes

    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:
        """Pass the bar on."""
        return self._ask(self._own.on_bar, bar, now_us)

    def on_fill(self, fill: Fill, entry: str | None, now_us: int) -> Iterable[Action]:
        """Pass the fill on."""
        return self._ask(self._own.on_fill, fill, entry, now_us)

    def on_quote(self, quote: MarketQuote) -> Iterable[Action]:
        """Pass the quote on."""
        return self._ask(self._own.on_quote, quote)

    def _ask(self, hook: Callable[..., Iterable[Action] | None], *args: Any) -> list[Action]:
        """Call a hook; one that returns nothing asks for nothing."""
        try:
            actions = list(hook(*args) or ())
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            raise StrategyError(
                f"{self._path}{self._line(error)}: {told}; correct the strategy."
            ) from error
        for action in actions:
            if not isinstance(action, Action):
                raise StrategyError(
                    f"{self._path}: {hook.__name__} gave {action!r}, which is no action;"
                    " streams.strategies has those that are."
                )
        return actions

    def _line(self, error: Exception) -> str:
        """Name the line of the user's file that the error came through."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self._path.absolute())]
        lines += [frame.lineno for frame in frames if frame.filename == str(self._path)]
        return f" line {lines[-1]}" if lines else ""
