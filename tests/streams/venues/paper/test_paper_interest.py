"""The paper venue charges for borrowed stock capital once a close, whenever it is restarted."""

import pytest

from streams.market import MarketQuote
from streams.venues.paper.book import PaperBook
from streams.venues.paper.options import PaperOptions
from streams.venues.paper.rows import AccountRow, StoredBook, VenueCursor
from streams.venues.simulated.interest import Interest
from topics.events import AccountSnapshot

from .paper import ACK, SECOND, START, submit

CLOSE = START + 100 * SECOND
OPTIONS = PaperOptions(fee_rate=0.0, interest=Interest(0.065, 252, (CLOSE, CLOSE + 1000 * SECOND)))


def borrowing() -> PaperBook:
    """An account of 10,000 dollars holds 40,000 of AAPL; 30,000 are borrowed."""
    book = PaperBook(OPTIONS, START)
    book.open_account("demo", 10_000.0)
    book.advance(START)
    book.command(submit(1, "o", 100.0, 400.0, symbol="AAPL"), START)
    for late, price in ((1, 99.0), (2, 100.0)):
        now_us = START + late * SECOND + ACK
        book.advance(now_us)
        book.quote(MarketQuote(now_us, "AAPL", price, price, None, None), now_us)
    assert book.take_changed_rows()
    return book


def equity(book: PaperBook) -> float:
    """Return what the account is worth by its last snapshot."""
    return [one for one in book.take_answers() if isinstance(one, AccountSnapshot)][-1].equity


def row_of(book: PaperBook) -> AccountRow | None:
    row = book.take_changed_rows().get("account demo")
    assert row is None or isinstance(row, AccountRow)
    return row


def test_a_close_is_charged_and_written_down():
    book = borrowing()
    book.advance(CLOSE)
    assert row_of(book) is None
    assert book.due_us() == CLOSE + 1
    book.advance(CLOSE + 1)
    row = row_of(book)
    assert row is not None
    assert (row.venue.settled_us, row.venue.fees_micros) == (CLOSE, 7_738_095)
    assert equity(book) == 9_992.261905


@pytest.mark.parametrize("stop_us", [CLOSE - SECOND, CLOSE, CLOSE + 1, CLOSE + SECOND])
def test_a_restart_charges_it_once(stop_us):
    book = borrowing()
    kept = AccountRow(opening=10_000.0, venue=book._venues["demo"].row())
    book.advance(stop_us)
    kept = row_of(book) or kept
    cursor = VenueCursor(
        topic="execution", born_us=START, now_us=stop_us, fills=book.fills, offsets={}, marks={}
    )
    loaded = StoredBook(cursor, [kept], {}, dict(book.prices))
    again = PaperBook.restore(loaded, OPTIONS, CLOSE + 60 * SECOND)
    again.advance(CLOSE + 61 * SECOND)
    assert equity(again) == 9_992.261905
