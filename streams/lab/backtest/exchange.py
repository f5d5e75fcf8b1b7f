"""The venues of all accounts of a run, behind one door: quotes go only to those they can fill.

Every account has a `SimulatedVenue` of its own; they share the latest quotes.  For each symbol the
exchange keeps the best limit that anybody rests at, so that a quote that fills nobody costs two
comparisons.
"""

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from math import inf

from streams.market import MarketQuote
from streams.venues.simulated.venue import SimulatedVenue
from topics.events import AccountSnapshot, AnyEvent

NEVER = 2**63


class Exchange:
    """Venues by account, in the order in which they act at one instant.

    `best_buys[code]` and `best_sells[code]` are the limits nearest to filling, of orders that rest
    or are on their way; a quote with an ask below, or a bid above, may fill somebody.
    """

    def __init__(
        self,
        venues: Mapping[str, SimulatedVenue],
        names: Sequence[str],
        quotes: dict[str, tuple[float, float]],
    ) -> None:
        self.quotes = quotes
        self.best_buys = [-inf] * len(names)
        self.best_sells = [inf] * len(names)
        self.changed: dict[int, None] = {}
        """Codes whose best limits changed since somebody last cleared this."""
        self._venues = list(venues.values())
        self._index = {name: index for index, name in enumerate(venues)}
        self._codes = {name: code for code, name in enumerate(names)}
        self._buys: list[dict[int, float]] = [{} for _ in names]
        self._sells: list[dict[int, float]] = [{} for _ in names]
        self._of_venue: list[set[int]] = [set() for _ in venues]
        self._due: list[int] = [NEVER] * len(venues)
        self._heap: list[tuple[int, int]] = []
        self._stirred: dict[int, None] = {}
        self._started = False

    def venue(self, account: str) -> SimulatedVenue:
        """Return an account's venue; call `heard` after asking something of it."""
        return self._venues[self._index[account]]

    @property
    def due_us(self) -> int:
        """When some venue has something to say; `NEVER` if none has."""
        while self._heap and self._due[self._heap[0][1]] != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER

    def is_due(self, now_us: int) -> bool:
        """Tell whether a venue has something to say; all have at the start."""
        return not self._started or self.due_us <= now_us

    def advance(self, now_us: int) -> list[AnyEvent]:
        """Let time pass: return what came due at the venues, account by account."""
        if not self._started:
            self._started = True
            due = list(range(len(self._venues)))
        else:
            due = []
            while self.due_us <= now_us:
                due.append(heappop(self._heap)[1])
                self._due[due[-1]] = NEVER
            due.sort()
        events: list[AnyEvent] = []
        for index in due:
            said = self._venues[index].advance(now_us)
            if all(type(event) is AccountSnapshot for event in said):
                self._note_due(index)
            else:
                self._stirred[index] = None
            events += said
        return events

    def on_quote(self, code: int, quote: MarketQuote) -> list[AnyEvent]:
        """Take a quote that may fill somebody: return the venues' reports, account by account."""
        events: list[AnyEvent] = []
        buys, sells = self._buys[code], self._sells[code]
        for index in sorted(buys.keys() | sells.keys()):
            if quote.ask < buys.get(index, -inf) or quote.bid > sells.get(index, inf):
                reports = self._venues[index].on_quote(quote)
                if reports:
                    events += reports
                    self._stirred[index] = None
        return events

    def show(self, now_us: int) -> None:
        """Let every venue show the whole account as of now."""
        for index, venue in enumerate(self._venues):
            venue.show(now_us)
            self._stirred[index] = None

    def heard(self, account: str) -> None:
        """Something was asked of an account's venue; `settle` looks when it will answer."""
        self._stirred[self._index[account]] = None

    def settle(self) -> None:
        """Find out what changed at the venues since the last call; do so after every instant."""
        for index in self._stirred:
            self._settle(index)
        self._stirred.clear()

    def _settle(self, index: int) -> None:
        """Note an account's best limits, and when its venue has something to say."""
        self._note_due(index)
        venue = self._venues[index]
        best: dict[tuple[int, str], float] = {}
        for order in venue.orders():
            code = self._codes.get(order.symbol)
            if code is None:
                continue  # no quote of it will ever come
            key = (code, order.side)
            if order.side == "buy":
                best[key] = max(best.get(key, -inf), order.limit)
            else:
                best[key] = min(best.get(key, inf), order.limit)
        self._note(index, best)

    def _note_due(self, index: int) -> None:
        venue = self._venues[index]
        due_us = venue.due_us()
        if due_us is not None:
            due_us = max(due_us, venue.now_us)
            if due_us != self._due[index]:
                self._due[index] = due_us
                heappush(self._heap, (due_us, index))

    def _note(self, index: int, best: dict[tuple[int, str], float]) -> None:
        codes = {code for code, _ in best}
        for code in sorted(codes | self._of_venue[index]):
            buys, sells = self._buys[code], self._sells[code]
            before = self.best_buys[code], self.best_sells[code]
            after = (
                _best(buys, index, best.get((code, "buy")), before[0], max, -inf),
                _best(sells, index, best.get((code, "sell")), before[1], min, inf),
            )
            if after != before:
                self.best_buys[code], self.best_sells[code] = after
                self.changed[code] = None
        self._of_venue[index] = codes


def _best(
    limits: dict[int, float],
    index: int,
    limit: float | None,
    best: float,
    better: Callable[..., float],
    none: float,
) -> float:
    """Put one account's limit in place of its last one; return the best of all."""
    last = limits.get(index)
    if limit == last:
        return best
    if limit is None:
        del limits[index]
    else:
        limits[index] = limit
        if better(limit, best) == limit:
            return limit
    return better(limits.values(), default=none) if last == best else best
