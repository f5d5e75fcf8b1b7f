"""A day in which anything may happen: bots, quotes and a moody venue, drawn by hypothesis.

`play` drives a `World` with drawn moves.  Its venue keeps its own book in plain dollars, answers the
desk's commands in order but in any mood, and is the independent judge of capacity and capital.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import strategies as st

from topics.commands import Cancel, Steal, Submit
from topics.events import (
    AccountSnapshot,
    EntryRequested,
    EntryWithdrawn,
    Fill,
    Forecast,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderRejected,
    Position,
    Quote,
)
from topics.frames import Frame, JournalPosition

from .world import SECOND, World

SYMBOLS = ("BTCUSD", "ETHUSD", "LTCUSD")
ACCOUNTS = ("A", "B")
START_DOLLARS = 10_000.0
CENT = 0.01

accounts = st.sampled_from(ACCOUNTS)
moves = st.one_of(
    st.tuples(
        st.just("quote"),
        st.sampled_from(SYMBOLS),
        st.sampled_from([98.0, 99.5, 100.0, 100.4, 102.0]),
    ),
    st.tuples(
        st.just("want"),
        accounts,
        st.sampled_from(SYMBOLS),
        st.sampled_from([97.0, 99.0, 99.8, 100.0]),
        st.sampled_from([600.0, 3500.0, 6000.0]),
        st.integers(0, 3),
    ),
    st.tuples(st.just("withdraw"), accounts, st.integers(0, 9)),
    *[
        st.tuples(
            st.just("answer"),
            accounts,
            st.sampled_from(["yes", "yes", "yes", "yes", "no", "funds", "silence"]),
        )
    ]
    * 3,
    st.tuples(st.just("fill"), accounts, st.integers(0, 9), st.sampled_from([0.5, 1.0, 1.0])),
    st.tuples(st.just("close"), accounts),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 11.0, 130.0])),
    st.tuples(st.just("snapshot"), accounts),
    st.tuples(st.just("forecast"), st.sampled_from(SYMBOLS), st.integers(-2, 2)),
)
days = st.lists(moves, min_size=10, max_size=70)


@dataclass
class VenueOrder:
    """An order at the venue."""

    symbol: str
    limit: float
    rest: float
    working: bool = False


@dataclass
class Venue:
    """One account's truth, in plain dollars."""

    name: str
    cash: float = START_DOLLARS
    held: dict[str, float] = field(default_factory=dict)
    orders: dict[str, VenueOrder] = field(default_factory=dict)
    inbox: list[Any] = field(default_factory=list)
    trades: int = 0
    cancelled_for_steals: list[str] = field(default_factory=list)
    refused_cancels: list[str] = field(default_factory=list)
    worst: float = 0.0
    """Most dollars by which entry orders were ever more than the cash; must stay at zero."""

    def judge(self) -> None:
        """Compare what may have to be paid with the cash, prices not being in question."""
        owed = sum(order.rest * order.limit for order in self.orders.values())
        self.worst = max(self.worst, owed - self.cash)


class Chaos:
    """A world, a venue for each account, and the frames that were applied."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.venues = {name: Venue(name) for name in ACCOUNTS}
        self.frames: list[tuple[Frame, JournalPosition]] = []
        self.outputs: list[Any] = []
        self.prices = dict.fromkeys(SYMBOLS, 100.0)
        self.wishes = 0
        for name in ACCOUNTS:
            self.snapshot(name)
        for symbol in SYMBOLS:
            self.quote(symbol, 100.0)

    def say(self, *events: Any) -> None:
        """Apply one frame, and put the commands into the venues' inboxes."""
        frame, position = self.world.frame(events)
        self.frames.append((frame, position))
        outputs = self.world.desk.apply(frame, position)
        self.outputs += [*outputs.commands, *outputs.facts]
        for command in outputs.commands:
            venue = self.venues[command.account]
            venue.inbox.append(command)
            if isinstance(command, Submit | Steal):
                assert command.order not in venue.orders, "an order id was used twice"
                venue.orders[command.order] = VenueOrder(command.symbol, command.limit, command.qty)
                venue.judge()
            elif isinstance(command, Cancel) and command.steal is not None:
                venue.cancelled_for_steals.append(command.order)

    def play(self, moves: list[tuple[Any, ...]]) -> None:
        """Make every move."""
        for kind, *rest in moves:
            self.world.now_us += 1
            getattr(self, kind)(*rest)

    # ---- moves ----

    def quote(self, symbol: str, price: float) -> None:
        self.prices[symbol] = price
        self.say(Quote(ts_us=self.world.now_us, symbol=symbol, bid=price, ask=price))

    def want(self, name: str, symbol: str, limit: float, dollars: float, pnl: int) -> None:
        self.wishes += 1
        self.say(
            EntryRequested(
                ts_us=self.world.now_us,
                account=name,
                entry=f"e{self.wishes}",
                symbol=symbol,
                side="buy",
                limit=limit,
                qty=dollars / limit,
                pnl=float(pnl),
                expires_us=self.world.now_us + 600 * SECOND,
            )
        )

    def withdraw(self, name: str, which: int) -> None:
        entries = sorted(self.world.account(name).entries)
        if entries:
            entry = entries[which % len(entries)]
            self.say(EntryWithdrawn(ts_us=self.world.now_us, account=name, entry=entry))

    def answer(self, name: str, mood: str) -> None:
        """Answer the oldest command; `silence` loses the answer, not what was done."""
        venue = self.venues[name]
        if not venue.inbox:
            return
        command = venue.inbox.pop(0)
        order = venue.orders.get(command.order)
        common = {"ts_us": self.world.now_us, "account": name, "order": command.order}
        event: Any
        if isinstance(command, Cancel):
            if mood in ("no", "funds") or order is None:
                venue.refused_cancels.append(command.order)
                event = OrderCancelRejected(**common)
            else:
                del venue.orders[command.order]
                event = OrderCancelled(**common)
        elif mood in ("no", "funds") and order is not None and not order.working:
            del venue.orders[command.order]
            reason: Any = "insufficient_funds" if mood == "funds" else "other"
            event = OrderRejected(**common, reason=reason)
        else:
            assert isinstance(command, Submit | Steal)
            if order is None:
                return
            order.working = True
            event = OrderAccepted(
                **common, symbol=command.symbol, side="buy", limit=command.limit, qty=order.rest
            )
        if mood != "silence":
            self.say(event)

    def fill(self, name: str, which: int, part: float) -> None:
        venue = self.venues[name]
        working = sorted(order for order, held in venue.orders.items() if held.working)
        if working:
            order = working[which % len(working)]
            self.trade(venue, order, venue.orders[order].rest * part)

    def trade(self, venue: Venue, order: str, qty: float) -> None:
        """Fill an entry order at its limit."""
        found = venue.orders[order]
        found.rest -= qty
        if found.rest <= 1e-9 * qty:
            del venue.orders[order]
        venue.cash -= qty * found.limit
        venue.held[found.symbol] = venue.held.get(found.symbol, 0.0) + qty
        self.report(venue, order, found.symbol, "buy", qty, found.limit)

    def close(self, name: str) -> None:
        """Sell the first holding at the market, as a bot's exit would."""
        venue = self.venues[name]
        for symbol in sorted(venue.held):
            qty, price = venue.held.pop(symbol), self.prices[symbol]
            venue.cash += qty * price
            self.report(venue, f"exit{venue.trades}", symbol, "sell", qty, price)
            return

    def report(
        self, venue: Venue, order: str, symbol: str, side: Any, qty: float, price: float
    ) -> None:
        venue.trades += 1
        self.say(
            Fill(
                ts_us=self.world.now_us,
                account=venue.name,
                fill=f"f{venue.trades}",
                order=order,
                symbol=symbol,
                side=side,
                price=price,
                qty=qty,
            )
        )

    def wait(self, seconds: float) -> None:
        self.world.now_us += round(seconds * SECOND)
        self.say()

    def snapshot(self, name: str) -> None:
        venue = self.venues[name]
        held = [
            Position(symbol=symbol, qty=qty, price=self.prices[symbol])
            for symbol, qty in sorted(venue.held.items())
        ]
        self.say(
            AccountSnapshot(
                ts_us=self.world.now_us,
                account=name,
                equity=venue.cash + sum(item.qty * item.price for item in held),
                positions=held,
                orders=sorted(order for order, found in venue.orders.items() if found.working),
            )
        )

    def forecast(self, symbol: str, pnl: int) -> None:
        self.say(Forecast(ts_us=self.world.now_us, symbol=symbol, pnl=float(pnl)))


def wander(chaos: Chaos, draw: Random, moves: int) -> None:
    """Let a day with steals in it happen; the same draws give the same day."""
    for _ in range(moves):
        chaos.world.now_us += draw.randrange(1, 2_000_000)
        kind = draw.choice(["quote"] * 3 + ["want"] * 3 + ["answer"] * 6 + ["fill", "snapshot"])
        name = draw.choice(ACCOUNTS)
        if kind == "quote":
            chaos.quote(draw.choice(SYMBOLS), draw.choice([99.5, 100.0, 100.4, 102.0]))
        elif kind == "want":
            limit = draw.choice([99.0, 99.8, 100.0])
            chaos.want(name, draw.choice(SYMBOLS), limit, 6000.0, draw.randrange(4))
        elif kind == "answer":
            chaos.answer(name, "yes")
        elif kind == "fill":
            chaos.fill(name, draw.randrange(9), draw.choice([0.5, 1.0]))
        else:
            chaos.snapshot(name)
