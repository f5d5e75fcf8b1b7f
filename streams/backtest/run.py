"""Replays market data under one policy: desk, simulated venue and strategy on one clock.

One instant goes like this: the quotes of that instant reach the venue, which may fill; the strategy
hears of fills and of bars that have ended; quotes, the venue's reports and the strategy's wishes
become one frame; the desk decides; its commands reach the venue after the venue's delay.
Quotes stand first in the frame: the desk may decide on a price before it hears what that price
filled, as it happens in a real market.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from state.desk import Desk
from state.hours import Calendars, calendars
from state.outbox import Outputs
from state.policy import Policy, policy_from
from state.shared import Attempt
from streams.market import Bar, Market, MarketQuote, instants, quote_event
from streams.strategies import Action, CancelOrder, PlaceExit, RequestEntry, Strategy, wish
from streams.venue.simulated import SimulatedVenue
from topics.catalogue import TOPIC_OF
from topics.commands import Cancel, Steal, Submit
from topics.events import AnyEvent, Fill
from topics.frames import BEFORE_FIRST, Frame, FrameEvent, JournalPosition, Run

from .checker import CapacityChecker
from .result import RunResult
from .tally import Tally

ACCOUNT = "backtest"
MICROS = 1_000_000


class AccountHaltedError(RuntimeError):
    """The desk met a bug of its own and halted the account; carries the traceback."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run needs besides data and policy.  Dollars, fractions, microseconds."""

    capital: float = 10_000.0
    fee_rate: float = 0.001
    ack_delay_us: int = 200_000


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who wants to listen while a run goes on."""

    progress: Callable[[int], None] | None = None
    """Called with the number of quotes replayed since the last call."""
    outputs: Callable[[Outputs], None] | None = None
    watch: Callable[[Attempt], None] | None = None


def fit_policy(policy: Policy, market: Market, fee_rate: float) -> Policy:
    """Fit a policy to the data and the venue.

    Quotes and snapshots may be as old as bars make them: 1.5 bars (rule B1), never less.  What is
    reserved for fees is at least what the venue charges, or it would refuse what the desk sends.
    """
    bars_s = 1.5 * market.bar_us / MICROS
    return policy_from(
        {
            "quote_max_age_s": max(policy.quote_max_age_s, bars_s),
            "snapshot_max_age_s": max(policy.snapshot_max_age_s, bars_s),
            "fee_reserve": max(policy.fee_reserve, fee_rate),
        },
        policy,
    )


def calendars_for(market: Market) -> Calendars:
    """Return the calendars of the years at hand, and of the next, where an entry may expire."""
    year_us = 31_556_952 * MICROS
    first, last = (1970 + quote.ts_us // year_us for quote in (market.quotes[0], market.quotes[-1]))
    return calendars(first - 1, last + 2)


def run_backtest(
    market: Market,
    strategy: Strategy,
    policy: Policy,
    options: Options,
    times: Calendars,
    hooks: Hooks | None = None,
) -> RunResult:
    """Replay the data under one policy and return the figures.

    Raises `AccountHaltedError` when the desk finds a bug of its own.
    """
    return _Run(market, strategy, policy, options, times, hooks or Hooks()).play()


class _Frames:
    """Wraps the events of an instant into frames whose runs chain."""

    def __init__(self) -> None:
        self._marks: dict[str, int] = {}
        self._offset = -1

    def make(self, events: list[AnyEvent], now_us: int) -> tuple[Frame, JournalPosition]:
        runs: dict[str, int] = {}
        items = []
        prevs = []
        for event in events:
            topic = TOPIC_OF[type(event)].name
            index = runs.get(topic)
            if index is None:
                index = runs[topic] = len(runs)
                prevs.append(self._marks.get(topic, BEFORE_FIRST))
            offset = self._marks.get(topic, BEFORE_FIRST) + 1
            self._marks[topic] = offset
            items.append(FrameEvent(index, offset, event))
        self._offset += 1
        frame = Frame(
            runs=[
                Run(topic=topic, partition=0, prev=prevs[index], last=self._marks[topic])
                for topic, index in runs.items()
            ],
            events=items,
        )
        return frame, JournalPosition(0, self._offset, now_us)


class _Run:
    """One replay in progress."""

    def __init__(
        self,
        market: Market,
        strategy: Strategy,
        policy: Policy,
        options: Options,
        times: Calendars,
        hooks: Hooks,
    ) -> None:
        fitted = fit_policy(policy, market, options.fee_rate)

        def leverage(symbol: str, now_us: int) -> float:
            kind = fitted.asset_class(symbol)
            return fitted.leverage(kind, kind == "stock" and times.XNYS.is_open(now_us))

        self.market = market
        self.strategy = strategy
        self.hooks = hooks
        self.desk = Desk(times, fitted)
        self.desk.shared.watch = hooks.watch
        self.venue = SimulatedVenue(
            ACCOUNT,
            options.capital,
            fee_rate=options.fee_rate,
            ack_delay_us=options.ack_delay_us,
            snapshot_every_us=market.bar_us,
            leverage=leverage,
        )
        self.checker = CapacityChecker(options.capital, leverage)
        self.tally = Tally(policy.name, options.capital, self.checker)
        self.frames = _Frames()
        self.entry_of: dict[str, str] = {}

    def play(self) -> RunResult:
        """Step from instant to instant until the data ends."""
        for now_us, quotes, bars in instants(self.market, self._due_us):
            self._instant(now_us, quotes, bars)
            if self.hooks.progress is not None:
                self.hooks.progress(len(quotes))
        return self.tally.result(self.desk.digest())

    def _due_us(self) -> int | None:
        """Return when the venue has something to say, or None."""
        due_us = self.venue.due_us()
        return None if due_us is None else max(due_us, self.venue.now_us)

    def _instant(self, now_us: int, quotes: list[MarketQuote], bars: list[Bar]) -> None:
        events: list[AnyEvent] = []
        reports: list[AnyEvent] = []
        actions: list[Action] = []
        for quote in quotes:
            self.checker.quote(quote.symbol, quote.bid, quote.ask)
            events.append(quote_event(quote, quote.ts_us))
            reports += self.venue.on_quote(quote)
            actions += self.strategy.on_quote(quote)
        if not quotes:
            reports += self.venue.advance(now_us)
        for report in reports:
            self.checker.event(report)
            if isinstance(report, Fill):
                self.tally.fills += 1
                entry = self.entry_of.get(report.order)
                actions += self.strategy.on_fill(report, entry, now_us)
        for bar in bars:
            actions += self.strategy.on_bar(bar, now_us)
        events += reports
        events += self._carry_out(actions, now_us)
        self._decide(events, now_us)
        self.tally.moment(now_us)

    def _carry_out(self, actions: Iterable[Action], now_us: int) -> Iterator[AnyEvent]:
        """Send exits straight to the venue, and yield what the desk has to hear of."""
        for action in actions:
            if isinstance(action, PlaceExit):
                self.venue.submit(
                    now_us,
                    action.order,
                    action.symbol,
                    action.side,
                    float(action.limit),
                    float(action.qty),
                    "exit",
                )
            elif isinstance(action, CancelOrder):
                self.venue.cancel(now_us, action.order)
            else:
                if isinstance(action, RequestEntry):
                    self.tally.entries += 1
                yield wish(action, ACCOUNT, now_us)

    def _decide(self, events: list[AnyEvent], now_us: int) -> None:
        """Let the desk decide on one frame, and carry its commands to the venue."""
        outputs = self.desk.apply(*self.frames.make(events, now_us))
        if self.desk.faults:
            raise AccountHaltedError(self.desk.faults[0])
        if not outputs.commands and not outputs.facts:
            return
        self.tally.outputs(outputs)
        if self.hooks.outputs is not None:
            self.hooks.outputs(outputs)
        for command in outputs.commands:
            if isinstance(command, Cancel):
                self.venue.cancel(now_us, command.order)
            elif isinstance(command, Submit | Steal):
                self.entry_of[command.order] = command.entry
                self.venue.submit(
                    now_us,
                    command.order,
                    command.symbol,
                    command.side,
                    command.limit,
                    command.qty,
                    "entry",
                )
