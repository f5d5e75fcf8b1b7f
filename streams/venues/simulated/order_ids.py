"""The order ids that a simulated venue has taken, so that none is taken twice."""

from collections.abc import Iterable

KEPT_MAX = 100_000
"""How many ids one account's venue remembers; the oldest is forgotten first."""


class OrderIds:
    """Ids in the order in which they were taken."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._changes: dict[str, int | None] = {}

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._ids

    def add(self, order_id: str) -> None:
        """Remember an id."""
        number = next(reversed(self._ids.values()), 0) + 1
        self._ids[order_id] = self._changes[order_id] = number
        if len(self._ids) > KEPT_MAX:
            self.discard(next(iter(self._ids)))

    def discard(self, order_id: str) -> None:
        """Forget an id: nothing came of its order."""
        if self._ids.pop(order_id, None) is not None:
            self._changes[order_id] = None

    def take_changes(self) -> dict[str, int | None]:
        """Return what changed since the last call: the number of a new id, None for a lost one."""
        changes, self._changes = self._changes, {}
        return changes

    def load(self, ids: Iterable[tuple[str, int]]) -> None:
        """Put back ids with their numbers."""
        self._ids = dict(sorted(ids, key=lambda item: item[1]))
