"""A desk and a simulated venue on one clock, second by second, as they stand to each other live.

With `restart` the desk is thrown away and made anew from its rows after every frame.
"""

from typing import Any

from state.desk import Desk
from state.market.hours import Calendars
from state.rules.policy import DEFAULT, Policy
from streams.market import MarketQuote
from streams.venues.simulated.interest import Interest
from streams.venues.simulated.venue import SimulatedVenue
from tests.streams.venues.open_orders import open_orders
from topics.catalogue import TOPIC_OF
from topics.commands import Cancel, Reduce, Steal, Submit
from topics.events import EntryRequested, Forecast, Quote
from topics.frames import Frame, FrameEvent, JournalPosition, Run

from .world import SECOND, roomy

MINUTE = 60 * SECOND
CLOSE = 1_522_872_000 * SECOND
"""2018-04-04 20:00 UTC, an ordinary close."""

BEFORE = CLOSE - 15 * MINUTE


def plain(base: Policy = DEFAULT, **values: Any) -> Policy:
    """Return a policy without fees, interest and ages, with `values` on top."""
    return roomy(base, **{"borrow_rate": 0.0} | values)


class Street:
    """One account, `A`.  Times in microseconds; what the desk said is in `said`."""

    def __init__(
        self,
        calendar: Calendars,
        policy: Policy,
        now_us: int,
        cash: float = 10_000.0,
        *,
        restart: bool = False,
        interest: Interest | None = None,
    ) -> None:
        self.calendar = calendar
        self.policy = policy
        self.desk = Desk(calendar, policy)
        self.rows: dict[str, bytes] = {}
        self.restart = restart
        self.now_us = now_us
        self.venue = SimulatedVenue(
            "A",
            cash,
            fee_rate=0.0,
            snapshot_every_us=10 * SECOND,
            leverage=lambda symbol, _: policy.leverage(policy.asset_class(symbol), intraday=True),
            interest=interest,
        )
        self.prices: dict[str, float] = {}
        self.said: list[Any] = []
        self.marks: dict[str, int] = {}
        self.offset = -1

    def tell(self, *events: Any) -> list[Any]:
        """Apply one frame, and let the venue have the commands that follow."""
        runs: dict[str, int] = {}
        items = []
        prevs = []
        for event in events:
            topic = TOPIC_OF[type(event)].name
            if topic not in runs:
                runs[topic] = len(runs)
                prevs.append(self.marks.get(topic, -1))
            self.marks[topic] = self.marks.get(topic, -1) + 1
            items.append(FrameEvent(runs[topic], self.marks[topic], event))
        self.offset += 1
        made = [
            Run(topic=topic, partition=0, prev=prevs[index], last=self.marks[topic])
            for topic, index in runs.items()
        ]
        frame = Frame(runs=made, events=items)
        outputs = self.desk.apply(frame, JournalPosition(0, self.offset, self.now_us))
        assert self.desk.faults == []
        if self.restart:
            self.rows |= self.desk.take_changed_rows()
            self.desk = Desk.restore(self.rows, self.calendar)
        said = [*outputs.commands, *outputs.facts]
        self.said += said
        for command in outputs.commands:
            self._follow(command)
        return said

    def _follow(self, command: Any) -> None:
        if isinstance(command, Cancel):
            self.venue.cancel(self.now_us, command.order)
        elif isinstance(command, Reduce):
            self.venue.reduce(self.now_us, command.id, command.symbol, command.side, command.qty)
        else:
            assert isinstance(command, Submit | Steal)
            terms = command.symbol, command.side, command.limit, command.qty
            self.venue.submit(self.now_us, command.order, *terms, "entry")

    def until(self, then_us: int, step_s: float = 1.0) -> None:
        """Let time pass: every symbol is quoted at its price in every step."""
        while self.now_us < then_us:
            self.now_us = min(then_us, self.now_us + round(step_s * SECOND))
            self.quotes()

    def quotes(self, **prices: float) -> None:
        """Quote every symbol, at new prices where some are given."""
        self.prices |= prices
        events: list[Any] = []
        reports: list[Any] = []
        for symbol, price in sorted(self.prices.items()):
            events.append(Quote(ts_us=self.now_us, symbol=symbol, bid=price, ask=price))
            quote = MarketQuote(self.now_us, symbol, price, price, None, None)
            reports += self.venue.on_quote(quote)
        self.tell(*events, *reports)

    def want(self, entry: str, symbol: str, limit: float, dollars: float, **values: Any) -> None:
        """Request an entry that goes at once."""
        expires_us = self.now_us + 86_400 * SECOND
        terms: dict[str, Any] = {"side": "buy", "force": True, "expires_us": expires_us} | values
        self.tell(
            EntryRequested(
                ts_us=self.now_us,
                account="A",
                entry=entry,
                symbol=symbol,
                limit=limit,
                qty=dollars / limit,
                **terms,
            )
        )

    def hold(self, symbol: str, dollars: float) -> None:
        """Open a position of so many dollars, negative for a short one, by an order that fills."""
        price = self.prices[symbol]
        side = "buy" if dollars > 0 else "sell"
        self.want(f"open-{symbol}", symbol, price, abs(dollars), side=side)
        self.until(self.now_us + 2 * SECOND)
        self.quotes(**{symbol: price * (0.999 if dollars > 0 else 1.001)})
        self.now_us += SECOND
        self.quotes(**{symbol: price})
        assert self.venue.positions[symbol] * price == dollars

    def forecast(self, **pnl: float) -> None:
        """Publish forecasts."""
        self.tell(*[Forecast(ts_us=self.now_us, symbol=name, pnl=it) for name, it in pnl.items()])

    def heard(self, kind: type) -> list[Any]:
        """Return everything of a kind that the desk said so far."""
        return [message for message in self.said if isinstance(message, kind)]

    def worth(self, kind: str) -> float:
        """Return dollars of positions and entry orders of an asset class, as the venue has them."""
        of = self.policy.asset_class
        held = sum(
            abs(qty) * self.prices[symbol]
            for symbol, qty in self.venue.positions.items()
            if of(symbol) == kind
        )
        return held + sum(
            order.limit * order.remaining
            for order in open_orders(self.venue)
            if of(order.symbol) == kind and order.intent == "entry"
        )

    def overnight(self) -> float:
        """Return the dollars of margin that the venue's books bind at overnight leverage."""
        return self.worth("crypto") + self.worth("stock") / 2
