"""What a venue lends: the policy's multiples, in New York's session and out of it."""

import numpy as np
from numpy.typing import NDArray

from state.market.hours import Hours
from state.rules.policy import Policy


class VenueLeverage:
    """Notional for a dollar of equity, by symbol and time in microseconds since 1970 UTC."""

    def __init__(self, policy: Policy, hours: Hours) -> None:
        self._policy = policy
        self._hours = hours
        self._opens = np.array(hours.opens, np.int64)
        self._closes = np.array(hours.closes, np.int64)
        self._asked_us = -1
        self._stock = policy.stock_leverage_overnight
        self._crypto: dict[str, bool] = {}

    def __call__(self, symbol: str, now_us: int) -> float:
        """Return the leverage of a symbol at a time."""
        if self._is_crypto(symbol):
            return self._policy.crypto_leverage
        if now_us != self._asked_us:  # one venue asks for all its orders at one moment
            self._asked_us = now_us
            self._stock = self._policy.leverage("stock", self._hours.is_open(now_us))
        return self._stock

    def at(self, symbol: str, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the leverage of a symbol at each of many times."""
        if self._is_crypto(symbol):
            return np.full(len(times), self._policy.crypto_leverage)
        session = self._opens.searchsorted(times, "right") - 1
        is_open = (session >= 0) & (times < self._closes[session])
        return np.where(is_open, self._policy.stock_leverage, self._policy.stock_leverage_overnight)

    def _is_crypto(self, symbol: str) -> bool:
        found = self._crypto.get(symbol)
        if found is None:
            found = self._crypto[symbol] = self._policy.asset_class(symbol) == "crypto"
        return found
