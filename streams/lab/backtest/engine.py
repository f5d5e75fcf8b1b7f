"""Desk, venues and strategies on one clock, from instant to instant.

One instant goes like this: the quotes of that instant reach the venues, which may fill; strategies
hear of fills and of bars that have ended; quotes, the venues' reports and the strategies' wishes
become one frame; the desk decides; its commands reach the venues after the venue's delay.
Quotes stand first in the frame: the desk may decide on a price before it hears what that price
filled, as it happens in a real market.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from state.dealing.attempts import Attempt
from state.dealing.outbox import Outputs
from state.desk import Desk
from streams.market import Market, MarketQuote, Quotes
from streams.strategies import Action
from streams.venues.simulated.interest import Interest
from topics.events import AnyEvent, Forecast, PolicySet, Quote

from .agenda import Agenda
from .exchange import NEVER, Exchange
from .frames import Frames
from .seat import Seat

CHUNK = 65_536
_FOR_ALL = frozenset({Forecast, PolicySet})
"""Events that may concern all accounts."""


class AccountHaltedError(RuntimeError):
    """The desk met a bug of its own and halted the account; carries the traceback."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who wants to listen while a run goes on."""

    progress: Callable[[int], None] | None = None
    """Called with the number of quotes replayed since the last call."""
    outputs: Callable[[Outputs], None] | None = None
    watch: Callable[[Attempt], None] | None = None
    digest: bool = True
    """Whether to digest all that is said; without it a run takes 3 % less, and has no digest."""


class Engine:
    """A run in progress.  `seats` by account, in the order in which they act at one instant."""

    def __init__(
        self,
        *,
        market: Market,
        desk: Desk,
        exchange: Exchange,
        seats: Mapping[str, Seat],
        interest: Interest,
        agenda: Agenda,
        hooks: Hooks,
    ) -> None:
        self.market = market
        self.desk = desk
        self.exchange = exchange
        self.frames = Frames()
        self.hooks = hooks
        self.shaken = False
        """Set when an event concerned all accounts; whoever cares clears it."""
        self._seats = dict(seats)
        self._listeners = [seat for seat in seats.values() if seat.wants_quotes]
        self._interest = interest
        self._next_close_us = 0
        self.agenda = agenda

    def play_plainly(self) -> None:
        """Apply every quote, one instant after another."""
        progress = self.hooks.progress
        for now_us, codes, quotes in groups(self.market.quotes):
            self._until(now_us)
            self.instant(now_us, codes, quotes)
            if progress is not None:
                progress(len(quotes))
        while self.agenda.bars_left:
            self.instant(min(self.exchange.due_us, self.agenda.next_us), (), ())

    def _until(self, now_us: int) -> None:
        """Go through the instants without quotes before a time."""
        while (stop_us := min(self.exchange.due_us, self.agenda.next_us)) < now_us:
            self.instant(stop_us, (), ())

    def instant(self, now_us: int, codes: Sequence[int], quotes: Sequence[Quote]) -> None:
        """Let one instant happen, with its quotes, if any."""
        exchange, agenda = self.exchange, self.agenda
        if now_us > self._next_close_us:
            self._settle_interest(now_us)
        planned = agenda.next_us <= now_us
        if planned and agenda.take_stops(now_us):
            exchange.show(now_us)
        reports = exchange.advance(now_us) if exchange.is_due(now_us) else []
        actions: dict[str, list[Action]] = {}
        for code, quote in zip(codes, quotes, strict=True):
            bid, ask = quote.bid, quote.ask
            exchange.quotes[quote.symbol] = (bid, ask)
            fills = ask < exchange.best_buys[code] or bid > exchange.best_sells[code]
            if not (fills or self._listeners):
                continue
            heard = market_quote(quote)  # once, for the venues and for all who listen
            if fills:
                reports += exchange.on_quote(code, heard)
            for seat in self._listeners:
                actions.setdefault(seat.account, []).extend(seat.on_quote(heard))
        for report in reports:
            seat = self._seats[account_of(report)]
            actions.setdefault(seat.account, []).extend(seat.on_report(report, now_us))
        if planned:
            for bar in agenda.take_bars(now_us):
                for seat in self._seats.values():
                    actions.setdefault(seat.account, []).extend(seat.on_bar(bar, now_us))
        events = reports
        for account, wanted in actions.items():
            if wanted:
                events += self._seats[account].carry_out(wanted, now_us)
        self._decide(quotes, events, now_us)
        exchange.settle()

    def _settle_interest(self, now_us: int) -> None:
        """Let the judges book the interest of closes that are past; venues do so themselves."""
        for seat in self._seats.values():
            seat.checker.settle(now_us)
        self._next_close_us = self._interest.next_close_us(now_us - 1) or NEVER

    def _decide(self, quotes: Sequence[Quote], events: Sequence[AnyEvent], now_us: int) -> None:
        """Let the desk decide on one frame, and carry its commands to the venues."""
        outputs = self.desk.apply(*self.frames.make(quotes, events, now_us))
        if events and not self.shaken:
            self.shaken = not _FOR_ALL.isdisjoint(map(type, events))
        if self.desk.faults:
            raise AccountHaltedError(self.desk.faults[0])
        if not outputs.commands and not outputs.facts:
            return
        if self.hooks.outputs is not None:
            self.hooks.outputs(outputs)
        for account, own in self._by_account(outputs):
            self._seats[account].take_in(own, now_us)

    def _by_account(self, outputs: Outputs) -> Iterator[tuple[str, Outputs]]:
        """Deal outputs out to their accounts; a fact about none goes to all."""
        if len(self._seats) == 1:
            yield next(iter(self._seats)), outputs
            return
        said = [*outputs.commands, *outputs.facts]
        named = {output.account for output in said}
        for account in self._seats:
            if account in named or None in named:
                commands = [one for one in outputs.commands if one.account == account]
                facts = [one for one in outputs.facts if one.account in (account, None)]
                yield account, Outputs(commands, facts)


def account_of(report: AnyEvent) -> str:
    """Return whom one of a venue's reports concerns."""
    return str(report.account)  # type: ignore[union-attr]


def market_quote(quote: Quote) -> MarketQuote:
    """Return a quote as venues and strategies see it."""
    return MarketQuote(
        quote.ts_us, quote.symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size
    )


def quote_events(quotes: Quotes) -> tuple[list[int], list[int], list[Quote]]:
    """Return times, codes and events of some quotes."""
    names = quotes.names
    times, codes = quotes.ts_us.tolist(), quotes.codes.tolist()
    rest = (column.tolist() for column in quotes.columns()[2:])
    events = [
        Quote(
            ts_us=ts_us,
            symbol=names[code],
            bid=bid,
            ask=ask,
            bid_size=None if bid_size != bid_size else bid_size,  # noqa: PLR0124 - NaN is not itself
            ask_size=None if ask_size != ask_size else ask_size,  # noqa: PLR0124
        )
        for ts_us, code, bid, ask, bid_size, ask_size in zip(times, codes, *rest, strict=True)
    ]
    return times, codes, events


def groups(quotes: Quotes) -> Iterator[tuple[int, list[int], list[Quote]]]:
    """Yield the quotes of each instant: its time, their codes, the events."""
    ts_us = quotes.ts_us
    start, count = 0, len(quotes)
    while start < count:
        end = min(start + CHUNK, count)
        if end < count:  # never cut an instant in two
            end = int(ts_us.searchsorted(ts_us[end], "left"))
            if end == start:
                end = int(ts_us.searchsorted(ts_us[start], "right"))
        times, codes, events = quote_events(quotes[start:end])
        start = end
        first, length = 0, len(times)
        while first < length:
            now_us = times[first]
            last = first + 1
            while last < length and times[last] == now_us:
                last += 1
            yield now_us, codes[first:last], events[first:last]
            first = last
