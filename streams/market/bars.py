"""Finished bars as columns: a million of them are a few arrays, and one is an object when asked for."""

import math
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import overload

import numpy as np

from .bar import Bar, BarForecast
from .quotes import Floats, Ints

FORECASTS = 3
_BLOCK = 65_536


class Bars(Sequence[Bar]):
    """Bars ordered by end, then symbol; reads like a list of `Bar`, and a slice is a view.

    Times in microseconds since 1970 UTC; `codes` are places in `names`.  `prices` are six rows in
    dollars (bid low, ask low, bid high, ask high, bid close, ask close), `forecasts` three (low,
    high, close; NaN where a bar has none), or None where no bar has any.
    """

    __slots__ = ("codes", "end_us", "forecasts", "names", "prices", "start_us")

    def __init__(
        self,
        names: tuple[str, ...],
        codes: Ints,
        start_us: Ints,
        end_us: Ints,
        prices: Floats,
        forecasts: Floats | None = None,
    ) -> None:
        self.names = names
        self.codes, self.start_us, self.end_us = codes, start_us, end_us
        self.prices, self.forecasts = prices, forecasts

    def take(self, places: "Ints | slice | np.ndarray[tuple[int], np.dtype[np.bool_]]") -> "Bars":
        """Return the bars at these places, in this order."""
        return Bars(
            self.names,
            self.codes[places],
            self.start_us[places],
            self.end_us[places],
            self.prices[:, places],
            None if self.forecasts is None else self.forecasts[:, places],
        )

    def __len__(self) -> int:
        return len(self.end_us)

    @overload
    def __getitem__(self, index: int) -> Bar: ...
    @overload
    def __getitem__(self, index: slice) -> "Bars": ...
    def __getitem__(self, index: int | slice) -> "Bar | Bars":
        if isinstance(index, slice):
            return self.take(index)
        if not -len(self) <= index < len(self):
            raise IndexError(index)  # what tells a plain loop that the end is reached
        return next(iter(self.take(slice(index, index + 1 or None))))

    def __iter__(self) -> Iterator[Bar]:
        for start in range(0, len(self), _BLOCK):
            yield from self._block(slice(start, start + _BLOCK))

    def _block(self, places: slice) -> Iterator[Bar]:
        columns = [column[places].tolist() for column in (self.codes, self.start_us, self.end_us)]
        prices = self.prices[:, places].tolist()
        expected: Iterator[BarForecast | None] = repeat(None)
        if self.forecasts is not None:
            expected = map(_forecast, *self.forecasts[:, places].tolist())
        names = self.names
        for code, start_us, end_us, bl, al, bh, ah, bc, ac, forecast in zip(
            *columns, *prices, expected, strict=False
        ):
            yield Bar(names[code], start_us, end_us, bl, al, bh, ah, bc, ac, forecast)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bars):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == theirs for mine, theirs in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]


def _forecast(low: float, high: float, close: float) -> BarForecast | None:
    return None if math.isnan(low) else BarForecast(low, high, close)
