"""The last hour before a close, drawn by hypothesis: stocks and a coin, and a venue in any mood.

The venue keeps its own books in plain dollars.  Whenever the desk commands something, they judge it:
what is placed must fit at the leverage of the hour, and what is reduced must be there to be closed.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from topics.commands import Cancel, Reduce, Steal, Submit
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

from .street import CLOSE, MINUTE, plain
from .world import SECOND, World

STOCKS = ("AAPL", "MSFT")
SYMBOLS = (*STOCKS, "BTCUSD")
START_DOLLARS = 10_000.0
CENT = 0.01
LEAD_S = 3600.0

moods = ["yes", "yes", "yes", "no", "done in silence", "lost", "halt"]
moves = st.one_of(
    st.tuples(
        st.just("quote"),
        st.sampled_from(SYMBOLS),
        st.sampled_from([90.0, 97.0, 99.8, 100.0, 103.0, 110.0]),
    ),
    st.tuples(
        st.just("want"),
        st.sampled_from(SYMBOLS),
        st.sampled_from([92.0, 99.5, 100.0]),
        st.sampled_from([900.0, 6000.0, 15_000.0]),
        st.integers(0, 3),
    ),
    st.tuples(st.just("withdraw"), st.integers(0, 9)),
    *[st.tuples(st.just("answer"), st.sampled_from(moods))] * 3,
    st.tuples(st.just("fill"), st.integers(0, 9), st.sampled_from([0.5, 1.0, 1.0])),
    st.tuples(st.just("close"), st.sampled_from(STOCKS)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 11.0, 41.0])),
    st.tuples(st.just("forecast"), st.sampled_from(SYMBOLS), st.integers(-2, 2)),
    st.tuples(st.just("snapshot"), st.booleans()),
)
evenings = st.lists(moves, min_size=10, max_size=40)
holdings = st.tuples(
    st.sampled_from([0.0, 100.0, 150.5, -200.0, 300.0]),
    st.sampled_from([0.0, 60.0, -100.0]),
    st.sampled_from([0.0, 10.0]),
)


@dataclass
class Books:
    """The venue's truth, in plain dollars."""

    cash: float = START_DOLLARS
    held: dict[str, float] = field(default_factory=dict)
    entries: dict[str, tuple[str, float, float]] = field(default_factory=dict)
    """Symbol, limit and rest of every entry that was sent and is not over."""
    working: dict[str, None] = field(default_factory=dict)
    halted: dict[str, Reduce] = field(default_factory=dict)
    inbox: list[Any] = field(default_factory=list)
    trades: int = 0


class Night:
    """A world and a venue; `frames` and `outputs` are what was applied and said."""

    def __init__(self, held: tuple[float, ...]) -> None:
        policy = plain(deleverage_before_close_s=LEAD_S)
        self.world = World(policy, CLOSE - round(LEAD_S * SECOND) - MINUTE)
        self.books = Books()
        self.prices = dict.fromkeys(SYMBOLS, 100.0)
        self.frames: list[tuple[Frame, JournalPosition]] = []
        self.outputs: list[Any] = []
        self.wishes = 0
        for symbol, qty in zip(SYMBOLS, held, strict=True):
            if qty:
                self.books.held[symbol] = qty
                self.books.cash -= qty * 100.0
        self.snapshot(True)
        for symbol in SYMBOLS:
            self.quote(symbol, 100.0)

    def play(self, drawn: list[tuple[Any, ...]]) -> None:
        """Make every move."""
        for kind, *rest in drawn:
            self.world.now_us += 1
            getattr(self, kind)(*rest)

    def come_to_rest(self) -> None:
        """From now on the venue answers everything, and the close passes."""
        for name, reduce in [*self.books.halted.items()]:
            del self.books.halted[name]
            self.trade_reduce(reduce)
        while self.world.now_us < CLOSE - 2 * MINUTE:
            self.world.now_us += 23 * SECOND
            self.answer_all()
        self.world.now_us = CLOSE
        self.answer_all()

    def answer_all(self) -> None:
        """Answer whatever is asked, and show the account."""
        while self.books.inbox:
            self.world.now_us += 1
            self.answer("yes")
        self.snapshot(True)

    # ---- the judge ----

    def say(self, *events: Any) -> None:
        """Apply one frame, judge what the desk commands, and put it into the venue's inbox."""
        frame, position = self.world.frame(events)
        self.frames.append((frame, position))
        outputs = self.world.desk.apply(frame, position)
        assert self.world.desk.faults == []
        self.outputs += [*outputs.commands, *outputs.facts]
        for command in outputs.commands:
            if isinstance(command, Submit | Steal):
                terms = command.symbol, command.limit, command.qty
                self.books.entries[command.order] = terms
                assert self.bound() <= self.equity() + CENT, "capacity is exceeded"
            elif isinstance(command, Reduce):
                self.judge_reduce(command)
            self.books.inbox.append(command)

    def judge_reduce(self, command: Reduce) -> None:
        """What is reduced must be there, beside all other reduces under way."""
        assert command.symbol in STOCKS
        held = self.books.held.get(command.symbol, 0.0)
        assert command.side == ("sell" if held > 0 else "buy")
        under_way = [one for one in self.books.inbox if isinstance(one, Reduce)]
        under_way += self.books.halted.values()
        total = sum(one.qty for one in under_way if one.symbol == command.symbol) + command.qty
        assert total <= abs(held) * (1 + 1e-9), "more is reduced than is held"

    def equity(self) -> float:
        return self.books.cash + sum(qty * self.prices[name] for name, qty in self.held())

    def held(self) -> list[tuple[str, float]]:
        return sorted(self.books.held.items())

    def bound(self, overnight: bool = False) -> float:
        """Return the margin of positions and entries at the leverage of the hour."""
        late = overnight or self.world.now_us >= CLOSE - round(LEAD_S * SECOND)
        worth = [(name, abs(qty) * self.prices[name]) for name, qty in self.held()]
        worth += [(name, limit * rest) for name, limit, rest in self.books.entries.values()]
        return sum(
            dollars / ((2 if late else 4) if name in STOCKS else 1) for name, dollars in worth
        )

    # ---- moves ----

    def quote(self, symbol: str, price: float) -> None:
        """A new price: the venue shows the account at it, in the same frame."""
        self.prices[symbol] = price
        now_us = self.world.now_us
        shown = self.shown(None)
        self.say(shown, Quote(ts_us=now_us, symbol=symbol, bid=price, ask=price))

    def snapshot(self, listing: bool) -> None:
        self.say(self.shown(sorted(self.books.working) if listing else None))

    def shown(self, orders: list[str] | None) -> AccountSnapshot:
        return AccountSnapshot(
            ts_us=self.world.now_us,
            account="A",
            equity=self.equity(),
            positions=[Position(symbol=s, qty=q, price=self.prices[s]) for s, q in self.held()],
            orders=orders,
        )

    def want(self, symbol: str, limit: float, dollars: float, pnl: int) -> None:
        self.wishes += 1
        self.say(
            EntryRequested(
                ts_us=self.world.now_us,
                account="A",
                entry=f"e{self.wishes}",
                symbol=symbol,
                side="buy",
                limit=limit,
                qty=dollars / limit,
                pnl=float(pnl),
                force=True,
                expires_us=CLOSE + 3600 * SECOND,
            )
        )

    def withdraw(self, which: int) -> None:
        entries = sorted(self.world.account().entries)
        if entries:
            entry = entries[which % len(entries)]
            self.say(EntryWithdrawn(ts_us=self.world.now_us, account="A", entry=entry))

    def forecast(self, symbol: str, pnl: int) -> None:
        self.say(Forecast(ts_us=self.world.now_us, symbol=symbol, pnl=float(pnl)))

    def wait(self, seconds: float) -> None:
        self.world.now_us += round(seconds * SECOND)
        self.say()

    def answer(self, mood: str) -> None:
        """Answer the oldest command; `lost` is never carried out, and neither is heard of."""
        books = self.books
        if not books.inbox:
            return
        command = books.inbox.pop(0)
        if isinstance(command, Cancel):
            self.answer_cancel(command, mood)
        elif isinstance(command, Reduce):
            self.answer_reduce(command, mood)
        elif mood == "no":
            del books.entries[command.order]
            self.report(OrderRejected, command.order, reason="other")
        elif mood == "lost":
            del books.entries[command.order]
        elif command.order in books.entries:
            books.working[command.order] = None
            if mood != "done in silence":
                symbol, limit, rest = books.entries[command.order]
                terms: dict[str, Any] = {"symbol": symbol, "limit": limit, "qty": rest}
                self.report(OrderAccepted, command.order, side="buy", **terms)

    def answer_cancel(self, command: Cancel, mood: str) -> None:
        books, order = self.books, command.order
        if mood == "lost":
            return
        if order in books.halted:
            del books.halted[order]
        elif mood == "no" or order not in books.working:
            self.report(OrderCancelRejected, order)
            return
        else:
            del books.working[order], books.entries[order]
        if mood != "done in silence":
            self.report(OrderCancelled, order)

    def answer_reduce(self, command: Reduce, mood: str) -> None:
        if mood == "no":
            self.report(OrderRejected, command.id, reason="other")
        elif mood == "halt":
            self.books.halted[command.id] = command
            terms: dict[str, Any] = {"symbol": command.symbol, "side": command.side}
            terms |= {"limit": 100.0, "qty": command.qty, "intent": "exit"}
            self.report(OrderAccepted, command.id, **terms)
        elif mood != "lost":
            self.trade_reduce(command, told=mood != "done in silence")

    def trade_reduce(self, command: Reduce, told: bool = True) -> None:
        held = self.books.held.get(command.symbol, 0.0)
        qty = min(command.qty, max(0.0, held if command.side == "sell" else -held))
        if qty:
            self.trade(command.id, command.symbol, command.side, qty, told=told)
        elif told:
            self.report(OrderRejected, command.id, reason="invalid")

    def fill(self, which: int, part: float) -> None:
        working = sorted(self.books.working)
        if working:
            order = working[which % len(working)]
            symbol, limit, rest = self.books.entries[order]
            if part == 1.0:
                del self.books.entries[order], self.books.working[order]
            else:
                self.books.entries[order] = symbol, limit, rest * (1 - part)
            price = min(limit, self.prices[symbol])  # or the desk would not know what it is worth
            self.trade(order, symbol, "buy", rest * part, price=price)

    def close(self, symbol: str) -> None:
        """A bot closes a position at the market."""
        held = self.books.held.get(symbol, 0.0)
        if held:
            side = "sell" if held > 0 else "buy"
            self.trade(f"exit{self.books.trades}", symbol, side, abs(held))

    def trade(
        self,
        order: str,
        symbol: str,
        side: Any,
        qty: float,
        *,
        price: float | None = None,
        told: bool = True,
    ) -> None:
        books = self.books
        price = self.prices[symbol] if price is None else price
        signed = qty if side == "buy" else -qty
        held = books.held.pop(symbol, 0.0) + signed
        if abs(held) > 1e-9 * qty:
            books.held[symbol] = held
        books.cash -= signed * price
        books.trades += 1
        if told:
            terms: dict[str, Any] = {"symbol": symbol, "side": side, "price": price, "qty": qty}
            self.report(Fill, order, fill=f"f{books.trades}", **terms)

    def report(self, kind: Any, order: str, **values: Any) -> None:
        self.world.now_us += 1
        self.say(kind(ts_us=self.world.now_us, account="A", order=order, **values))
