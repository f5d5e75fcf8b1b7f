"""What is known of a waiting entry beforehand, so that a quote need not find it out again.

An entry that waits is looked at whenever its symbol's price moves near it.  Its band, what its order
would bind and how near it must be to steal follow from the entry, the policy and the hours; they are
found when its trigger is set (`Board.set_trigger`) and hold until it is set
anew, save that the margin of a stock changes with the time of day (`needed_at`).
"""

from typing import Final

from state.books.account import Entry
from state.books.capacity import bound_micros, cost_micros
from state.market.prices import Price
from state.market.triggers import SLACK, Band, band
from state.rules.policy import Policy
from state.rules.ranks import distance


class Waiter:
    """A waiting entry's thresholds; never durable.

    Between `sure_low` and `sure_high` it is triggered for certain, from there to the edges of its
    band the exact rule tells.  Likewise `near_low` and `near_high` for a thief's tolerance, and
    beyond `far_low` or `far_high` it certainly is too far from its limit to steal.
    """

    __slots__ = (
        "buys", "cost_micros", "far_high", "far_low", "high", "intraday", "kind", "low", "near_high",
        "near_low", "needed_micros", "price", "sure_high", "sure_low",
    )  # fmt: skip

    def __init__(
        self, policy: Policy, entry: Entry, price: Price, awake: Band, intraday: bool
    ) -> None:
        slack = 2 * SLACK * entry.limit
        self.price: Final = price
        self.buys: Final = entry.side == "buy"
        self.low, self.high = awake
        self.sure_low, self.sure_high = self.low + slack, self.high - slack
        self.far_low, self.far_high = band(
            policy, entry.side, entry.limit, policy.entry_tolerance, False
        )
        self.near_low, self.near_high = self.far_low + slack, self.far_high - slack
        self.kind: Final = policy.asset_class(entry.symbol)
        self.cost_micros: Final = cost_micros(policy, entry.qty, entry.limit)
        self._bind(policy, intraday)

    def _bind(self, policy: Policy, intraday: bool) -> None:
        self.intraday = intraday
        self.needed_micros = bound_micros(policy, self.kind, self.cost_micros, intraday)

    def near_enough(self, policy: Policy, entry: Entry, at: float) -> bool:
        """Tell whether a price is near enough to the entry's limit for it to steal."""
        if self.near_low < at < self.near_high:
            return True
        if at < self.far_low or at > self.far_high:
            return False
        # At an edge the rule itself must tell; anywhere else it costs five times as much.
        return distance(policy, entry.side, entry.limit, at) <= policy.entry_tolerance

    def needed_at(self, policy: Policy, intraday: bool) -> int:
        """Return the margin that the entry's order binds at this time of day."""
        if intraday is not self.intraday:
            self._bind(policy, intraday)
        return self.needed_micros
