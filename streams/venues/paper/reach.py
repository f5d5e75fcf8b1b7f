"""Which accounts a quote could concern, so that nearly every quote costs two comparisons."""

import math
from collections.abc import Mapping

from streams.venues.simulated.venue import SimulatedVenue
from topics.limits import Side


class Reach:
    """The orders of one symbol as a range of prices: a quote inside it fills nothing.

    The range may be too narrow, never too wide: it closes in when an order is sent, and opens again
    when a quote has reached it (`measure`).
    """

    def __init__(self) -> None:
        self.accounts: dict[str, None] = {}
        self._highest_buy = -math.inf
        self._lowest_sell = math.inf

    def add(self, account: str, side: Side, limit: float) -> None:
        """Count an order in."""
        self.accounts[account] = None
        if side == "buy":
            self._highest_buy = max(self._highest_buy, limit)
        else:
            self._lowest_sell = min(self._lowest_sell, limit)

    def has(self, bid: float, ask: float) -> bool:
        """Tell whether a quote could trade through one of the limits."""
        return ask < self._highest_buy or bid > self._lowest_sell

    def measure(self, symbol: str, venues: Mapping[str, SimulatedVenue]) -> None:
        """Take the range anew, from the orders that there are."""
        accounts = self.accounts
        self.accounts, self._highest_buy, self._lowest_sell = {}, -math.inf, math.inf
        for account in accounts:
            for order in venues[account].orders():
                if order.symbol == symbol:
                    self.add(account, order.side, order.limit)
