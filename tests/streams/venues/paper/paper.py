"""Short words for tests of the paper venue: commands, records, a clock that a test moves."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from streams.market import MarketQuote
from streams.venues.paper.answers import PaperAnswer
from streams.venues.paper.book import PaperBook
from streams.venues.paper.options import PaperOptions
from streams.venues.paper.records import Batch, VenueRecord, VenueSource
from streams.venues.paper.service import PaperVenue
from streams.venues.paper.store import Store
from topics.codec import decode_event, encode
from topics.commands import AnyCommand, Cancel, Reduce, Submit
from topics.events import AccountSnapshot, AnyEvent, Fill, Quote
from topics.limits import Side
from topics.refusals import Refused

SECOND = 1_000_000
START = 1_795_000_000 * SECOND
ACK = 200_000

FREE = PaperOptions(fee_rate=0.0)


def submit(
    number: int,
    order: str,
    limit: float = 100.0,
    qty: float = 1.0,
    *,
    account: str = "demo",
    symbol: str = "BTCUSD",
    side: Side = "buy",
    partition: int = 0,
) -> Submit:
    return Submit(
        id=f"{partition}-{number}-0",
        ts_us=START,
        account=account,
        cause="clock",
        order=order,
        entry=order,
        symbol=symbol,
        side=side,
        limit=limit,
        qty=qty,
        reserved_micros=0,
    )


def cancel(number: int, order: str, *, account: str = "demo", partition: int = 0) -> Cancel:
    return Cancel(
        id=f"{partition}-{number}-0",
        ts_us=START,
        account=account,
        cause="clock",
        order=order,
        symbol="BTCUSD",
    )


def reduce(
    number: int, qty: float, *, symbol: str = "BTCUSD", account: str = "demo", side: Side = "sell"
) -> Reduce:
    return Reduce(
        id=f"0-{number}-0",
        ts_us=START,
        account=account,
        cause="clock",
        symbol=symbol,
        side=side,
        qty=qty,
        reason="test",
    )


def market(
    now_us: int, bid: float, ask: float, sizes: Any = (None, None), symbol: str = "BTCUSD"
) -> MarketQuote:
    return MarketQuote(now_us, symbol, bid, ask, *sizes)


def quote(bid: float, ask: float, *, symbol: str = "BTCUSD", size: float | None = None) -> Quote:
    return Quote(ts_us=START, symbol=symbol, bid=bid, ask=ask, bid_size=size, ask_size=size)


def told(events: list[AnyEvent]) -> list[str]:
    """Return what was answered in short, without snapshots: `accepted a`, `fill a`."""
    words = []
    for event in events:
        if not isinstance(event, AccountSnapshot):
            tag = str(event.__struct_config__.tag).removeprefix("order.")
            words.append(f"{tag} {getattr(event, 'order', '')}")
    return words


class Trading:
    """A book, and a time that moves in steps."""

    def __init__(self, options: PaperOptions = FREE, **accounts: float) -> None:
        self.now_us = START
        self.book = PaperBook(options, START)
        for account, cash in (accounts or {"demo": 10_000.0}).items():
            self.book.open_account(account, cash)
        self.book.advance(self.now_us)

    def wait(self, us: int = SECOND) -> list[AnyEvent]:
        """Let time pass, and return all answers since the last call."""
        self.now_us += us
        self.book.advance(self.now_us)
        self.book.offer_exits(self.now_us)
        return self.book.take_answers()

    def command(self, *commands: AnyCommand) -> None:
        for command in commands:
            self.book.command(command, self.now_us)

    def quote(self, bid: float, ask: float, **more: Any) -> list[AnyEvent]:
        """Quote a microsecond later, and return all answers."""
        self.now_us += 1
        self.book.quote(market(self.now_us, bid, ask, **more), self.now_us)
        self.book.offer_exits(self.now_us)
        return self.book.take_answers()

    def holding(self, qty: float, limit: float = 100.0) -> None:
        """Buy so many coins at the limit."""
        self.command(submit(1, "in", limit, qty))
        self.wait()
        assert told(self.quote(limit - 2, limit - 1)) == ["fill in"]


class Log:
    """What stands in the topics that the venue reads, with each record's time."""

    def __init__(self) -> None:
        self.records: dict[VenueSource, list[VenueRecord]] = {}

    def add(self, message: msgspec.Struct | bytes, now_us: int, partition: int = 0) -> None:
        topic = "quotes" if isinstance(message, Quote) else "execution"
        records = self.records.setdefault(VenueSource(topic, partition), [])
        value = message if isinstance(message, bytes) else encode(message)
        records.append(VenueRecord(len(records), now_us // 1000, value))

    def after(self, offsets: dict[VenueSource, int]) -> Batch:
        """Return what a venue that stands at these offsets has not read."""
        return {
            source: records[offsets.get(source, 0) :]
            for source, records in self.records.items()
            if len(records) > offsets.get(source, 0)
        }


class Hand:
    """A clock that a test moves; one that a venue was given never goes behind its start."""

    def __init__(self, now_us: int = START) -> None:
        self.now_us = now_us

    def __call__(self, start_us: int) -> Callable[[], int]:
        return lambda: max(start_us, self.now_us)


def paper_venue(
    store: Store,
    hand: Hand,
    options: PaperOptions = FREE,
    accounts: Mapping[str, float] | None = None,
    *,
    topic: str = "execution",
    said: list[str] | None = None,
) -> PaperVenue:
    remarks = said if said is not None else []
    return PaperVenue(store, options, accounts or {}, topic=topic, say=remarks.append, clock=hand)


def fills_of(events: list[AnyEvent]) -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]


def events(answers: list[PaperAnswer]) -> list[AnyEvent]:
    found = []
    for answer in answers:
        event = decode_event(answer.value)
        assert not isinstance(event, Refused)
        found.append(event)
    return found


class Driver:
    """Feeds a venue on a file, and can start it anew."""

    def __init__(self, store: Store, **options: float) -> None:
        self.store, self.hand, self.log = store, Hand(), Log()
        self.options = PaperOptions(**{"fee_rate": 0.0, **options})  # type: ignore[arg-type]
        self.said: list[str] = []
        self.venue = self.start()

    def start(self, **accounts: float) -> PaperVenue:
        """Start a venue that goes on from the file."""
        self.venue = paper_venue(self.store, self.hand, self.options, accounts, said=self.said)
        return self.venue

    def wait(self, us: int = SECOND) -> list[AnyEvent]:
        """Let time pass, hand over what is new in the log, and publish."""
        self.hand.now_us += us
        answers = self.venue.handle(self.log.after(self.venue.offsets))
        self.venue.published()
        return events(answers)

    def add(self, *messages) -> None:
        for message in messages:
            self.log.add(message, self.hand.now_us)
