"""The simulated venue and the paper venue keep the contract of venues."""

from streams.market import MarketQuote
from streams.venues.contract import Venue
from streams.venues.paper.book import PaperBook
from streams.venues.paper.options import PaperOptions
from streams.venues.simulated.venue import SimulatedVenue
from tests.streams.venues.kit import ACCOUNT, CASH, START, VenueKit
from topics.commands import AnyCommand
from topics.events import AnyEvent


class OnPaper:
    """One account of the paper venue's book, whose answers are collected with each call."""

    def __init__(self) -> None:
        self.book = PaperBook(PaperOptions(fee_rate=0.0), START)
        self.book.open_account(ACCOUNT, CASH)

    def command(self, command: AnyCommand, now_us: int) -> bool:
        self.book.command(command, now_us)
        return True

    def on_quote(self, quote: MarketQuote, now_us: int | None = None) -> list[AnyEvent]:
        heard_us = quote.ts_us if now_us is None else now_us
        self.book.advance(heard_us)
        self.book.quote(quote, heard_us)
        return self.book.take_answers()

    def advance(self, now_us: int) -> list[AnyEvent]:
        self.book.advance(now_us)
        return self.book.take_answers()

    def due_us(self) -> int | None:
        return self.book.due_us()


class TestSimulated(VenueKit):
    def make(self) -> Venue:
        return SimulatedVenue(ACCOUNT, CASH, fee_rate=0.0)


class TestPaper(VenueKit):
    def make(self) -> Venue:
        return OnPaper()
