"""Puts a recorded situation before a desk, by events alone, and hears what the desk makes of it.

The original knew a price for each order, a desk has one for each symbol.  So a symbol that a
recording shows at several prices goes under several names here, with the same history: `Names`.  So
does one in another spelling: to the original `BTC/USD` was not `BTCUSD`, and no active crypto.
"""

from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

from state.books.account import Account, Entry
from state.dealing.attempts import Attempt
from state.dealing.outbox import Outputs
from state.desk import Desk
from state.market.hours import Calendars
from state.rules.fights import pair_of
from state.rules.policy import Policy
from state.rules.victims import History
from topics.catalogue import TOPIC_OF
from topics.events import AccountSnapshot, AnyEvent, EntryRequested, OrderAccepted, Quote
from topics.frames import Frame, FrameEvent, JournalPosition, Run
from topics.limits import Mode, Side
from topics.symbols import normal_symbol

DAY_US = 86_400_000_000
SPECK = 1e-12
"""The quantity of an order that was recorded with none: an order on the books has something left."""


class Resting(NamedTuple):
    """An order of the recorded book, and the price that it was measured against."""

    symbol: str
    side: Side
    limit: float
    qty: float
    price: float
    pnl: float
    mode: Mode = "normal"


class Wish(NamedTuple):
    """An entry that comes.  `price` None: no quote of its symbol is known."""

    symbol: str
    side: Side
    limit: float
    price: float | None
    pnl: float | None = None
    tolerance: float | None = None
    force: bool = False
    rank: int | None = None
    expires: bool = True
    """Whether it says itself when it ends."""


class Names:
    """One name for each symbol at each price."""

    def __init__(self) -> None:
        self._name_of: dict[tuple[str, float | None], str] = {}
        self.symbol_of: dict[str, str] = {}

    def name(self, symbol: str, price: float | None) -> str:
        """Return the name of a symbol at a price; at its first price it is the symbol itself."""
        known = self._name_of.get((symbol, price))
        if known is None:
            known = symbol
            if symbol in self.symbol_of or normal_symbol(symbol) != symbol:
                known = normal_symbol(f"{symbol}AT{len(self.symbol_of)}")
            self._name_of[symbol, price] = known
            self.symbol_of[known] = symbol
        return known

    def names(self, symbol: str) -> list[str]:
        """Return all names of a symbol; one that is not before the desk keeps its own."""
        return [name for name, of in self.symbol_of.items() if of == symbol] or [symbol]

    def aliased(self, history: History) -> History:
        """Return a history in which all names of a symbol have what the symbol has."""
        cooldowns = {
            name: since
            for symbol, since in history.cooldowns.items()
            for name in self.names(symbol)
        }
        pairs = {}
        for pair, times in history.fights.items():
            one, _, other = pair.partition("|")
            for name in self.names(one):
                for rival in self.names(other):
                    pairs[pair_of(name, rival)] = list(times)
        return History(cooldowns, pairs)

    def plain(self, history: History) -> History:
        """Return a history by symbols again; of several names, the one that saw most."""
        cooldowns: dict[str, int] = {}
        for name, since in history.cooldowns.items():
            symbol = self.symbol_of.get(name, name)
            cooldowns[symbol] = max(since, cooldowns.get(symbol, since))
        pairs: dict[str, list[int]] = {}
        for pair, times in history.fights.items():
            one, _, other = pair.partition("|")
            key = pair_of(self.symbol_of.get(one, one), self.symbol_of.get(other, other))
            pairs[key] = max(times, pairs.get(key, []), key=len)
        return History(cooldowns, pairs)


class Stand:
    """A desk at one moment, with one account that has a book of orders and no free capital."""

    def __init__(
        self,
        calendars: Calendars,
        policy: Policy,
        now_us: int,
        book: Iterable[Resting] = (),
        history: History | None = None,
    ) -> None:
        self.names = Names()
        self.attempts: list[Attempt] = []
        self.orders: dict[str, Resting] = {}
        self._history = history or History({}, {})
        self._now_us = now_us
        self._offsets = count()
        self._journal = count()
        self._book = list(book)
        self.desk = Desk(calendars, policy)
        self.desk.watch = self.attempts.append

    @property
    def account(self) -> Account:
        """The account."""
        return self.desk.accounts["A"]

    def apply(self, *events: AnyEvent) -> Outputs:
        """Apply one frame of events, each in a run of its own."""
        runs, items = [], []
        for number, event in enumerate(events):
            topic, offset = TOPIC_OF[type(event)].name, next(self._offsets)
            # A partition of its own for each event: the order of this frame is all that matters.
            runs.append(Run(topic=topic, partition=offset, prev=-1, last=0))
            items.append(FrameEvent(number, 0, event))
        position = JournalPosition(0, next(self._journal), self._now_us)
        outputs = self.desk.apply(Frame(runs=runs, events=items), position)
        assert self.desk.faults == []
        return outputs

    def come(self, wish: Wish) -> tuple[Entry, Outputs]:
        """Let the book be there, then an entry come; return it as it came, and what was said."""
        now = self._now_us
        name = self.names.name(wish.symbol, wish.price)
        quoted = {name: wish.price}
        events: list[AnyEvent] = [AccountSnapshot(ts_us=now, account="A", equity=0.0)]
        for number, order in enumerate(self._book):
            self.orders[f"o{number}"] = order
            symbol = self.names.name(order.symbol, order.price)
            quoted[symbol] = order.price
            events.append(
                OrderAccepted(
                    ts_us=now, account="A", order=f"o{number}", symbol=symbol, side=order.side,
                    limit=order.limit, qty=abs(order.qty) or SPECK, pnl=order.pnl, mode=order.mode,
                    intent="exit",  # the original never asked; under `reference` it must not matter
                )
            )  # fmt: skip
        quotes: list[AnyEvent] = [
            Quote(ts_us=now, symbol=symbol, bid=price, ask=price)
            for symbol, price in quoted.items()
            if price is not None
        ]
        self.apply(*events, *quotes)
        history = self.names.aliased(self._history)
        self.account.cooldowns.update(history.cooldowns)
        self.account.fights.update(history.fights)
        outputs = self.apply(
            EntryRequested(
                ts_us=now, account="A", entry="t", symbol=name, side=wish.side, limit=wish.limit,
                qty=1000.0 / wish.limit, pnl=wish.pnl, tolerance=wish.tolerance, force=wish.force,
                rank=wish.rank, expires_us=now + DAY_US if wish.expires else None,
            )
        )  # fmt: skip
        assert not [fact for fact in outputs.facts if type(fact).__name__ == "EventRefused"]
        return self.account.entries["t"], outputs

    def history(self) -> History:
        """Return what the account remembers now, by the recording's symbols."""
        return self.names.plain(History(self.account.cooldowns, self.account.fights))
