"""Trigger prices of waiting entries, kept in order, so that a quote only costs what it triggers.

An entry is *awake* while the price stands in its band [low, high].  Between two neighbouring edges
nothing can change: a quote that stays there is two comparisons, however many entries wait.  When
the price crosses edges, only the entries whose edges it crossed are looked at.

Bands are made a hair wider than the rule (`SLACK`); whoever wakes an entry asks the exact rule.
"""

from bisect import bisect_left, bisect_right, insort
from math import inf

from state.rules.policy import Policy
from state.rules.ranks import distance

SLACK = 1e-9
"""Relative widening of a band: far above float error, far below any tolerance."""

Key = tuple[str, str]
"""Account and entry."""

Band = tuple[float, float]


def band(policy: Policy, side: str, limit: float, tolerance: float, force: bool) -> Band:
    """Return the prices between which an entry is awake."""
    if force:
        return (-inf, inf)
    low = limit * (1.0 - tolerance) - limit * SLACK
    high = limit * (1.0 + tolerance) + limit * SLACK
    if policy.distance == "side_blind":
        return (low, high)
    return (-inf, high) if side == "buy" else (low, inf)


class Triggers:
    """The bands of one symbol and side, and which entries are awake at the current price."""

    __slots__ = (
        "awake", "bands", "edge_high", "edge_low", "highs", "lows", "price",
        "quiet_high", "quiet_low",
    )  # fmt: skip

    def __init__(self) -> None:
        self.bands: dict[Key, Band] = {}
        self.lows: list[tuple[float, Key]] = []
        self.highs: list[tuple[float, Key]] = []
        self.awake: dict[Key, None] = {}
        self.price: float | None = None
        self.edge_low = inf
        self.edge_high = -inf
        self.quiet_low = inf
        self.quiet_high = -inf

    def put(self, key: Key, new: Band) -> None:
        """Add an entry, or give it another band."""
        if self.bands.get(key) == new:
            return
        self.remove(key)
        self.bands[key] = new
        if new[0] != -inf:
            insort(self.lows, (new[0], key))
        if new[1] != inf:
            insort(self.highs, (new[1], key))
        if self.price is not None and new[0] <= self.price <= new[1]:
            self.awake[key] = None
        self._settle()

    def remove(self, key: Key) -> None:
        """Forget an entry, if it is here."""
        old = self.bands.pop(key, None)
        if old is None:
            return
        if old[0] != -inf:
            del self.lows[bisect_left(self.lows, (old[0], key))]
        if old[1] != inf:
            del self.highs[bisect_left(self.highs, (old[1], key))]
        self.awake.pop(key, None)
        self._settle()

    def move(self, price: float) -> None:
        """Take a new price: wake and put to sleep the entries whose edges it crossed."""
        old, self.price = self.price, price
        if old is not None and not self.bands:
            return  # nobody waits, and that was settled when the last one went
        if old is None:
            for key, (low, high) in self.bands.items():
                if low <= price <= high:
                    self.awake[key] = None
        elif price < old:
            self._cross(self.highs, price, old, self.lows)
        elif price > old:
            self._cross(self.lows, old, price, self.highs)
        self._settle()

    def _cross(
        self,
        entered: list[tuple[float, Key]],
        below: float,
        above: float,
        left: list[tuple[float, Key]],
    ) -> None:
        """Look at the edges between two prices: some bands were entered, some left."""
        price = self.price
        assert price is not None
        for _, key in _between(entered, below, above):
            low, high = self.bands[key]
            if low <= price <= high:
                self.awake[key] = None
        for _, key in _between(left, below, above):
            low, high = self.bands[key]
            if not low <= price <= high:
                self.awake.pop(key, None)

    def _settle(self) -> None:
        """Find the edges around the price, and the open interval in which no quote can matter.

        While an entry is awake there is none: every quote of its symbol tries it again.
        """
        price = self.price
        if price is not None:
            edges_low = _around(self.lows, price)
            edges_high = _around(self.highs, price)
            self.edge_low = max(edges_low[0], edges_high[0])
            self.edge_high = min(edges_low[1], edges_high[1])
        if self.awake:
            self.quiet_low, self.quiet_high = inf, -inf
        else:
            self.quiet_low, self.quiet_high = self.edge_low, self.edge_high


def _between(edges: list[tuple[float, Key]], below: float, above: float) -> list[tuple[float, Key]]:
    """Return the edges from one price to another, both included."""
    start = bisect_left(edges, (below,))
    return edges[start : _after(edges, above)]


def _around(edges: list[tuple[float, Key]], price: float) -> tuple[float, float]:
    """Return the neighbouring edges at or below, and at or above a price."""
    start = bisect_left(edges, (price,))
    at_or_above = edges[start][0] if start < len(edges) else inf
    if at_or_above == price:
        return price, price
    return (edges[start - 1][0] if start else -inf), at_or_above


def _after(edges: list[tuple[float, Key]], price: float) -> int:
    return bisect_right(edges, price, key=lambda edge: edge[0])


def is_triggered(
    policy: Policy, side: str, limit: float, price: float, tolerance: float, force: bool
) -> bool:
    """Tell by the exact rule whether an entry goes at this price."""
    return force or distance(policy, "buy" if side == "buy" else "sell", limit, price) <= tolerance
