"""One account in a run: its strategy, its venue, the judge of its capacity, and its figures."""

from collections.abc import Iterable, Iterator

from state.dealing.outbox import Outputs
from streams.market import Bar, MarketQuote
from streams.strategies import Action, CancelOrder, PlaceExit, RequestEntry, Strategy, wish
from topics.commands import AnyCommand, Steal, Submit
from topics.events import AnyEvent, Fill

from .checker import CapacityChecker
from .exchange import Exchange
from .tally import RunTally


class Seat:
    """Carries the strategy's wishes and the desk's commands to the venue, and reports back."""

    def __init__(
        self,
        *,
        account: str,
        strategy: Strategy,
        exchange: Exchange,
        checker: CapacityChecker,
        tally: RunTally,
    ) -> None:
        self.account = account
        self.strategy = strategy
        self.checker = checker
        self.tally = tally
        self.wants_quotes = strategy.wants_quotes
        self._exchange = exchange
        self._venue = exchange.venue(account)
        self._entry_of: dict[str, str] = {}

    def on_quote(self, quote: MarketQuote) -> Iterable[Action]:
        """Let the strategy hear of a quote."""
        return self.strategy.on_quote(quote)

    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:
        """Let the strategy hear of a bar that ended."""
        return self.strategy.on_bar(bar, now_us)

    def on_report(self, report: AnyEvent, now_us: int) -> Iterable[Action]:
        """Book one of the venue's reports; the strategy hears of fills."""
        self.checker.event(report)
        if not isinstance(report, Fill):
            return ()
        self.tally.fills += 1
        return self.strategy.on_fill(report, self._entry_of.get(report.order), now_us)

    def carry_out(self, actions: Iterable[Action], now_us: int) -> Iterator[AnyEvent]:
        """Send exits straight to the venue, and yield what the desk has to hear of."""
        for action in actions:
            if isinstance(action, PlaceExit):
                self._venue.submit(
                    now_us,
                    action.order,
                    action.symbol,
                    action.side,
                    float(action.limit),
                    float(action.qty),
                    "exit",
                )
                self._exchange.heard(self.account)
            elif isinstance(action, CancelOrder):
                self._venue.cancel(now_us, action.order)
                self._exchange.heard(self.account)
            else:
                if isinstance(action, RequestEntry):
                    self.tally.entries += 1
                yield wish(action, self.account, now_us)

    def obey(self, commands: Iterable[AnyCommand], now_us: int) -> None:
        """Carry the desk's commands to the venue."""
        for command in commands:
            if isinstance(command, Submit | Steal):
                self._entry_of[command.order] = command.entry
            self._venue.command(command, now_us)
        self._exchange.heard(self.account)

    def take_in(self, outputs: Outputs, now_us: int) -> None:
        """Count what the desk said about this account, and do what it commands."""
        self.tally.outputs(outputs)
        if outputs.commands:
            self.obey(outputs.commands, now_us)
