"""One line of a market file: named cells to checked values, or the sentence on what is wrong.

Owns the rule that every complaint names the file, the line (1-based, the header is line 1), the
field, and what to do.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from streams.ground.times import EPOCH, MICROSECOND
from topics.limits import PRICE_MAX, QUANTITY_MAX, SYMBOL_PATTERN, TIME_US_MAX
from topics.symbols import normal_symbol

from .errors import MarketError

_SYMBOL = re.compile(SYMBOL_PATTERN)
TIME_EXAMPLE = "2018-04-04T00:00:00Z"
_SHOWN_MAX = 40


class Cells:
    """The cells of one line, asked for by column name."""

    __slots__ = ("_cells", "_place", "line", "path")

    def __init__(
        self, path: Path, line: int, cells: Sequence[str], place: Mapping[str, int]
    ) -> None:
        self.path = path
        self.line = line
        self._cells = cells
        self._place = place

    def fault(self, field: str, what: str) -> MarketError:
        """Return the error for one field of this line."""
        return MarketError(f"{self.path} line {self.line}, field {field}: {what}.")

    def price(self, field: str) -> float:
        """Return dollars for one unit, finite, above zero and within the limits of the wire."""
        value = self._number(field, PRICE_MAX)
        if value == 0:
            raise self.fault(field, "a price cannot be zero; correct or remove the line")
        return value

    def size(self, field: str) -> float:
        """Return units (a size on offer or a traded volume); zero is allowed."""
        return self._number(field, QUANTITY_MAX)

    def empty(self, *fields: str) -> bool:
        """Tell whether all these cells are blank."""
        return not any(self._cells[self._place[field]].strip() for field in fields)

    def symbol(self) -> str:
        """Return the symbol in its normal form."""
        text = self._cells[self._place["symbol"]].strip()
        if not is_symbol(text):
            raise self.fault(
                "symbol", f"{shown(text)} is not a symbol such as BTCUSD or AAPL; correct the line"
            )
        return normal_symbol(text)

    def time_us(self) -> int:
        """Return the start of the bar in microseconds since 1970 UTC."""
        text = self._cells[self._place["time"]].strip()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self.fault(
                "time", f"{shown(text)} is not a time such as {TIME_EXAMPLE}; correct the line"
            ) from None
        if moment.tzinfo is None:
            raise self.fault("time", f"{shown(text)} names no time zone; end it with Z for UTC")
        ts_us = (moment - EPOCH) // MICROSECOND
        if not 0 <= ts_us <= TIME_US_MAX:
            raise self.fault(
                "time", f"{shown(text)} is not between 1970 and 2100; correct the line"
            )
        return ts_us

    def _number(self, field: str, most: float) -> float:
        text = self._cells[self._place[field]]
        try:
            # float() also takes 1_000 and the digits of other scripts, which no exporter writes.
            value = float(text) if text.isascii() and "_" not in text else None
        except ValueError:
            value = None
        if value is None:
            what = "is not a number"
        elif not math.isfinite(value):
            what = "is not a finite number"
        elif value < 0:
            what = "is negative"
        elif value > most:
            what = f"is beyond the limit of {most:g}"
        else:
            return value
        raise self.fault(field, f"{shown(text)} {what}; correct or remove the line")


def is_symbol(text: str) -> bool:
    """Tell whether a text can be a symbol, as it stands and in its normal form."""
    return bool(_SYMBOL.match(text) and _SYMBOL.match(normal_symbol(text)))


def shown(text: str) -> str:
    """Quote a cell for a message, shortened, on one line."""
    return repr(text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…")
