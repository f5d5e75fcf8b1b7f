"""Quotes as columns: a million of them are six arrays, and one is an object only when asked for."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from .quote import MarketQuote
from .tracks import Track

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BLOCK = 1024


class Quotes(Sequence[MarketQuote]):
    """Quotes in time order; reads like a list of `MarketQuote`, and a slice is a view.

    `ts_us` in microseconds since 1970 UTC, never falling; `codes` are places in `names`; prices in
    dollars; a size that is not known is NaN.  All columns have one length.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        ts_us: Ints,
        codes: Ints,
        bids: Floats,
        asks: Floats,
        bid_sizes: Floats,
        ask_sizes: Floats,
    ) -> None:
        self.names = names
        self.ts_us, self.codes = ts_us, codes
        self.bids, self.asks = bids, asks
        self.bid_sizes, self.ask_sizes = bid_sizes, ask_sizes

    @classmethod
    def of(cls, quotes: Iterable[MarketQuote]) -> "Quotes":
        """Return the columns of quotes that stand in time order already."""
        rows = list(quotes)
        names = tuple(sorted({row.symbol for row in rows}))
        place = {name: code for code, name in enumerate(names)}
        return cls(
            names,
            np.array([row.ts_us for row in rows], np.int64),
            np.array([place[row.symbol] for row in rows], np.int64),
            np.array([row.bid for row in rows], np.float64),
            np.array([row.ask for row in rows], np.float64),
            np.array([row.bid_size for row in rows], np.float64),  # None becomes NaN
            np.array([row.ask_size for row in rows], np.float64),
        )

    @cached_property
    def tracks(self) -> tuple[Track, ...]:
        """The quotes of each symbol, in the order of `names`."""
        # Small numbers are sorted by counting; a stable sort keeps each symbol's quotes in order.
        order = np.argsort(self.codes.astype(np.uint16), kind="stable")
        ends = np.cumsum(np.bincount(self.codes, minlength=len(self.names)))
        ts_us, bids, asks = self.ts_us[order], self.bids[order], self.asks[order]
        starts = [0, *ends[:-1].tolist()]
        return tuple(
            Track(order[first:end], ts_us[first:end], bids[first:end], asks[first:end])
            for first, end in zip(starts, ends.tolist(), strict=True)
        )

    @cached_property
    def instant_numbers(self) -> Ints:
        """The number of each quote's instant; quotes of one time share theirs."""
        return np.cumsum(np.diff(self.ts_us, prepend=self.ts_us[:1]) > 0)

    @cached_property
    def _counts(self) -> Ints:
        """How many quotes of each symbol (column) lie before each block of quotes (row)."""
        blocks, symbols = -(-len(self) // BLOCK), len(self.names)
        places = (np.arange(len(self)) // BLOCK) * symbols + self.codes
        found = np.bincount(places, minlength=blocks * symbols).reshape(blocks, symbols)
        return np.vstack([np.zeros((1, symbols), np.int64), found.cumsum(axis=0)])

    def counts_before(self, place: int) -> Ints:
        """Return how many quotes of each symbol lie before a place."""
        block = place // BLOCK
        rest = self.codes[block * BLOCK : place]
        counts: Ints = self._counts[block] + np.bincount(rest, minlength=len(self.names))
        return counts

    def columns(self) -> tuple[Ints, Ints, Floats, Floats, Floats, Floats]:
        """Return all columns, in the order in which `Quotes` takes them."""
        return self.ts_us, self.codes, self.bids, self.asks, self.bid_sizes, self.ask_sizes

    def __len__(self) -> int:
        return len(self.ts_us)

    @overload
    def __getitem__(self, index: int) -> MarketQuote: ...
    @overload
    def __getitem__(self, index: slice) -> "Quotes": ...
    def __getitem__(self, index: int | slice) -> "MarketQuote | Quotes":
        if isinstance(index, slice):
            return Quotes(
                self.names,
                self.ts_us[index],
                self.codes[index],
                self.bids[index],
                self.asks[index],
                self.bid_sizes[index],
                self.ask_sizes[index],
            )
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return next(iter(self[index : index + 1 or None]))

    def __iter__(self) -> Iterator[MarketQuote]:
        names = self.names
        # A slice at a time: the numbers of a million quotes as Python objects are a third of a GB.
        for start in range(0, len(self), 65_536):
            parts: list[list[Any]] = [
                column[start : start + 65_536].tolist() for column in self.columns()
            ]
            for ts_us, code, bid, ask, bid_size, ask_size in zip(*parts, strict=True):
                yield MarketQuote(
                    ts_us,
                    names[code],
                    bid,
                    ask,
                    bid_size if bid_size == bid_size else None,  # noqa: PLR0124 - NaN differs from itself
                    ask_size if ask_size == ask_size else None,  # noqa: PLR0124
                )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quotes):
            return NotImplemented
        return (
            len(self) == len(other)
            and [self.names[code] for code in self.codes.tolist()]
            == [other.names[code] for code in other.codes.tolist()]
            and all(
                np.array_equal(mine, theirs, equal_nan=True)
                for place, (mine, theirs) in enumerate(
                    zip(self.columns(), other.columns(), strict=True)
                )
                if place != 1
            )
        )

    __hash__ = None  # type: ignore[assignment]
