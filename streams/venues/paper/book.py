"""The books of all accounts at the paper venue: commands and quotes in, answers out.

Plain and deterministic: it has no clock, and does no input or output.  Each account has a simulated
venue of its own; the last quotes, and the numbers of the fills, are common to all.
"""

from collections.abc import Iterable
from functools import cache

from msgspec.structs import replace

from state.rules.policy import DEFAULT
from streams.market import MarketQuote
from streams.venues.simulated.venue import SimulatedVenue
from topics.commands import AnyCommand, Cancel, Reduce, Steal, Submit
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    OrderAccepted,
    OrderCancelRejected,
    OrderRejected,
    RejectReason,
)
from topics.limits import Side
from topics.symbols import normal_symbol

from .lots import Lots
from .options import PaperOptions
from .reach import Reach
from .rows import AccountRow, Row, StoredBook, VenuePrice, account_key, order_key, price_key

SYMBOLS_MAX = 500
"""In one account: more positions would make its snapshot longer than a record may be."""


@cache
def margin_multiple(symbol: str, now_us: int = 0) -> float:  # noqa: ARG001 - the form of a Leverage
    """Return what the default policy allows while New York is open, at any time of day.

    The desk keeps the capital in order.  A venue that was stricter would refuse what the desk may
    send; so it gives as much as the desk could ever ask for.
    """
    return DEFAULT.leverage(DEFAULT.asset_class(symbol), intraday=True)


class PaperBook:
    """Many accounts.  Times in microseconds since 1970 UTC; they never go back."""

    def __init__(self, options: PaperOptions, born_us: int) -> None:
        """Begin a new book; `born_us` tells its fills from those of any other."""
        self.options = options
        self.born_us = born_us
        self.fills = 0
        self.openings: dict[str, float] = {}
        self.prices: dict[str, tuple[float, float]] = {}
        self._venues: dict[str, SimulatedVenue] = {}
        self._lots: dict[str, Lots] = {}
        self._reach: dict[str, Reach] = {}
        self._answers: list[AnyEvent] = []
        self._changed_accounts: dict[str, None] = {}
        self._changed_prices: dict[str, None] = {}

    def open_account(self, account: str, cash: float) -> None:
        """Open an account with so many dollars."""
        assert account not in self._venues
        self._add(account, cash, self._new_venue(account, cash))
        self._changed_accounts[account] = None

    def _add(self, account: str, opening: float, venue: SimulatedVenue) -> None:
        """Put an account in its place by name, for the numbers of fills follow that order."""
        last = next(reversed(self._venues), "")
        self.openings[account], self._venues[account] = opening, venue
        self._lots[account] = Lots(venue, self.options.hold_us)
        if account < last:
            self._venues = dict(sorted(self._venues.items(), key=lambda item: item[0]))

    def _new_venue(self, account: str, cash: float) -> SimulatedVenue:
        options = self.options
        return SimulatedVenue(
            account,
            cash,
            fee_rate=options.fee_rate,
            ack_delay_us=options.ack_delay_us,
            snapshot_every_us=options.snapshot_every_us,
            funds_delay_us=options.funds_delay_us,
            leverage=lambda symbol, now_us: margin_multiple(symbol),  # noqa: ARG005 - any time
            quotes=self.prices,
            name_fill=self._name_fill,
            interest=options.interest,
        )

    def _name_fill(self) -> str:
        self.fills += 1
        return f"{self.born_us}-{self.fills}"

    def advance(self, now_us: int) -> None:
        """Let time pass: answers that are due, and snapshots."""
        for account, venue in self._venues.items():
            due_us = venue.due_us()
            if due_us is None or due_us <= now_us:
                if due_us is not None and now_us - due_us > 2 * self.options.snapshot_every_us:
                    venue.show(now_us)  # the broker was away; nobody wants every minute of it
                settled_us = venue.settled_us
                self._say(account, venue.advance(now_us), now_us)
                if venue.settled_us != settled_us:
                    self._changed_accounts[account] = None

    def due_us(self) -> int | None:
        """Return when there is next something to say without being asked; None if never."""
        dues = [venue.due_us() or 0 for venue in self._venues.values()]
        for lots in self._lots.values():
            due_us = lots.due_us()
            if due_us is not None:
                dues.append(due_us)
        return min(dues, default=None)

    def command(self, command: AnyCommand, now_us: int) -> None:
        """Take a command; it is answered after the venue's delay, or at once if it is no good."""
        venue = self._venues.get(command.account)
        if venue is None:
            self.turn_away(command, f"the venue has no account {command.account}", now_us)
            return
        self._changed_accounts[command.account] = None
        command = replace(command, symbol=normal_symbol(command.symbol))
        if isinstance(command, Submit | Steal):
            self._place(venue, command, now_us)
        else:
            venue.command(command, now_us)

    def _place(self, venue: SimulatedVenue, command: Submit | Steal, now_us: int) -> None:
        symbol, order = command.symbol, command.order
        held = {order.symbol for order in venue.orders()} | venue.positions.keys()
        if symbol not in held and len(held) >= SYMBOLS_MAX:
            told = f"{command.account} has {SYMBOLS_MAX} symbols already"
            self._reject(command.account, order, "other", told, now_us)
        elif venue.command(command, now_us):
            self._extend(command.account, symbol, command.side, command.limit)
        else:
            self._reject(command.account, order, "duplicate", "the venue has this order", now_us)

    def turn_away(self, command: AnyCommand, why: str, now_us: int) -> None:
        """Answer a command that is not followed."""
        account = command.account
        if isinstance(command, Cancel):
            self._answers.append(
                OrderCancelRejected(ts_us=now_us, account=account, order=command.order, text=why)
            )
        else:
            order = command.id if isinstance(command, Reduce) else command.order
            self._reject(account, order, "other", why, now_us)

    def _reject(
        self, account: str, order: str, reason: RejectReason, text: str, now_us: int
    ) -> None:
        self._answers.append(
            OrderRejected(ts_us=now_us, account=account, order=order, reason=reason, text=text)
        )

    def quote(self, quote: MarketQuote, now_us: int) -> None:
        """Take a quote, its symbol in normal form, that was made at its time and is heard now."""
        symbol = quote.symbol
        self.prices[symbol] = (quote.bid, quote.ask)
        self._changed_prices[symbol] = None
        reach = self._reach.get(symbol)
        if reach is None or not reach.has(quote.bid, quote.ask):
            return
        for account in sorted(reach.accounts):
            self._say(account, self._venues[account].on_quote(quote, now_us), now_us)
        reach.measure(symbol, self._venues)
        if not reach.accounts:
            del self._reach[symbol]

    def offer_exits(self, now_us: int) -> None:
        """Place the exits that are due, at the last prices: after the quotes of a batch.

        A batch that was never written down is read again with the next one.  The quotes of both
        have then been taken here, as they had before, so it is the same price.
        """
        for account in self._venues:
            lots = self._lots[account]
            due_us = lots.due_us()
            if due_us is None or due_us > now_us:
                continue
            for event in lots.offer(self.prices, now_us):
                self._answers.append(event)
                if isinstance(event, OrderAccepted):
                    self._extend(account, event.symbol, event.side, event.limit)
            self._changed_accounts[account] = None

    def _extend(self, account: str, symbol: str, side: Side, limit: float) -> None:
        self._reach.setdefault(symbol, Reach()).add(account, side, limit)

    def _say(self, account: str, events: list[AnyEvent], now_us: int) -> None:
        """Collect what a venue answers; an account of which only was told has not changed."""
        self._answers += events
        if any(type(event) is not AccountSnapshot for event in events):
            self._answers += self._lots[account].see(events, now_us)
            self._changed_accounts[account] = None

    @property
    def changed(self) -> bool:
        """Tell whether an account has changed since `take_changed_rows`."""
        return bool(self._changed_accounts)

    def take_answers(self) -> list[AnyEvent]:
        """Return the answers since the last call, each account's in time order."""
        answers, self._answers = self._answers, []
        return answers

    def take_changed_rows(self) -> dict[str, Row | None]:
        """Return the rows that changed since the last call; None takes a row away."""
        rows: dict[str, Row | None] = {}
        for account in self._changed_accounts:
            venue = self._venues[account]
            rows[account_key(account)] = AccountRow(
                opening=self.openings[account], venue=venue.row(), lots=self._lots[account].lots
            )
            for order, number in venue.ids.take_changes().items():
                rows[order_key(account, order)] = number
        for symbol in self._changed_prices:
            rows[price_key(symbol)] = VenuePrice(*self.prices[symbol])
        self._changed_accounts, self._changed_prices = {}, {}
        return rows

    @classmethod
    def restore(cls, loaded: StoredBook, options: PaperOptions, now_us: int) -> "PaperBook":
        """Go on with a book at `now_us`; every account is shown as soon as time moves on."""
        book = cls(options, loaded.cursor.born_us)
        book.fills = loaded.cursor.fills
        book.prices.update(loaded.prices)
        for row in loaded.accounts:
            book._load_account(row, loaded.orders.get(row.venue.account, ()), now_us)
        return book

    def _load_account(
        self, row: AccountRow, orders: Iterable[tuple[str, int]], now_us: int
    ) -> None:
        account = row.venue.account
        venue = self._new_venue(account, row.opening)
        venue.load(row.venue, now_us)
        venue.ids.load(orders)
        self._add(account, row.opening, venue)
        self._answers += self._lots[account].load(row.lots, now_us, self._name_fill)
        if row.lots or self._lots[account].lots:
            self._changed_accounts[account] = None
        for order in venue.orders():
            self._extend(account, order.symbol, order.side, order.limit)
