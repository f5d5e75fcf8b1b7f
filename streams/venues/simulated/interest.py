"""What a simulated venue charges for borrowed stock capital, at which closes.

The fee itself is the desk's (`state.overnight.borrowing`), so that both book the same.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from state.overnight.borrowing import borrowed_micros, fee_micros
from topics.symbols import AssetClass, asset_class

from .account import MICROS, VenueAccount

NEVER_US = -1
"""No close was settled yet, for time has not begun."""


class Interest(NamedTuple):
    """A fraction a year of what is borrowed, a part of it at each close.

    `closes_us` are the closes in microseconds since 1970 UTC, rising; beyond the last one nothing
    is charged.
    """

    yearly_rate: float
    trading_days: int
    closes_us: Sequence[int]
    kind_of: Callable[[str], AssetClass] = asset_class

    def next_close_us(self, after_us: int) -> int | None:
        """Return the first close after a time; None if the table has no more."""
        index = bisect_right(self.closes_us, after_us)
        return self.closes_us[index] if index < len(self.closes_us) else None

    def fee_micros(self, money: VenueAccount) -> int:
        """Return the fee of one trading day for an account as it stands."""
        stock = every = 0
        for position in money.positions():
            worth = abs(round(position.qty * position.price * MICROS))
            every += worth
            if self.kind_of(position.symbol) == "stock":
                stock += worth
        borrowed = borrowed_micros(stock, every, money.equity_micros())
        return fee_micros(borrowed, self.yearly_rate, self.trading_days)


class Settling:
    """Which closes of an account are settled.

    `settled_us` is the last of them, or when time began; `charged_micros` the interest so far.
    """

    def __init__(self, interest: Interest | None) -> None:
        self.settled_us = NEVER_US
        self.charged_micros = 0
        self._interest = interest
        self._next_us: int | None = None

    def begin(self, now_us: int, settled_us: int = NEVER_US) -> None:
        """Let time begin, or go on after a close that was settled before a restart."""
        if self._interest is not None:
            self.settled_us = now_us if settled_us == NEVER_US else settled_us
            self._next_us = self._interest.next_close_us(self.settled_us)

    def next_close_us(self) -> int | None:
        """Return the close that is settled next; None if there is none, or no time yet."""
        return self._next_us

    def settle(self, close_us: int, money: VenueAccount) -> int:
        """Note that a close is settled, and return its fee in micro-dollars."""
        assert self._interest is not None
        self.settled_us = close_us
        self._next_us = self._interest.next_close_us(close_us)
        fee = self._interest.fee_micros(money)
        self.charged_micros += fee
        return fee
