"""The paper venue's file: all or nothing, for one process alone, and no other file."""

import sqlite3
from contextlib import closing
from typing import Any

import msgspec
import pytest

from streams.venues.paper.answers import PaperAnswer
from streams.venues.paper.errors import PaperError
from streams.venues.paper.lots import Lot
from streams.venues.paper.rows import (
    FORMAT,
    AccountRow,
    VenueCursor,
    VenuePrice,
    account_key,
    decode_rows,
    encode_row,
    order_key,
    price_key,
)
from streams.venues.paper.store import Store
from streams.venues.simulated.account import HeldBack
from streams.venues.simulated.book import VenueOrder
from streams.venues.simulated.requests import Request
from streams.venues.simulated.rows import VenueRow

ANSWERS = [PaperAnswer("orders", "demo", b"{}"), PaperAnswer("fills", "demo", b"{1}")]

ORDER = VenueOrder("o", "BTCUSD", "buy", 100.5, 2.0, "entry", "normal", None, 1.5, 7, 3)
ACCOUNT = AccountRow(
    opening=10_000.0,
    venue=VenueRow(
        account="demo",
        cash_micros=9_000_000_000,
        fees_micros=1,
        holdings={"BTCUSD": 0.5},
        held_back=[HeldBack(8, 9)],
        open=[ORDER],
        requests=[Request(5, "cancel", "o", None), Request(6, "new", "p", ORDER)],
        arrivals=3,
    ),
    lots=[Lot(fill="f", symbol="BTCUSD", side="buy", qty=0.5, due_us=4, tries=2)],
)
CURSOR = VenueCursor(
    topic="execution",
    born_us=1,
    now_us=2,
    fills=3,
    offsets={"execution:0": 4},
    marks={"0:0": (5, 6)},
)
ROWS = {
    "cursor": encode_row(CURSOR),
    account_key("demo"): encode_row(ACCOUNT),
    order_key("demo", "o"): encode_row(1),
    price_key("BTCUSD"): encode_row(VenuePrice(99.0, 101.0)),
}


def test_what_was_committed_is_there_again(tmp_path):
    with closing(Store(tmp_path)) as store:
        assert (store.rows(), store.unsent()) == ({}, [])
        store.commit({"a": b"1", "b": b"2"}, ANSWERS)
        store.commit({"a": None, "b": b"3", "c": b"4"}, [])
    with closing(Store(tmp_path)) as store:
        assert store.rows() == {"b": b"3", "c": b"4"}
        assert store.unsent() == ANSWERS
        store.forget_unsent()
    with closing(Store(tmp_path)) as store:
        assert (len(store.rows()), store.unsent()) == (2, [])


def test_a_commit_that_fails_changes_nothing(tmp_path):
    with closing(Store(tmp_path)) as store:
        store.commit({"a": b"1"}, [])
        bad: list[Any] = [*ANSWERS, ("orders", "demo", None)]
        with pytest.raises(PaperError, match="cannot be written"):
            store.commit({"a": b"2"}, bad)
    with closing(Store(tmp_path)) as store:
        assert (store.rows(), store.unsent()) == ({"a": b"1"}, [])


def test_rows_are_decoded_as_they_were():
    loaded = decode_rows(ROWS)
    assert loaded is not None
    assert loaded.cursor == CURSOR
    assert loaded.accounts == [ACCOUNT]
    assert loaded.orders == {"demo": [("o", 1)]}
    assert loaded.prices == {"BTCUSD": (99.0, 101.0)}


def test_the_form_of_the_rows_is_that_of_their_version():
    """If this fails because a row has changed its form, raise FORMAT and say so here."""
    assert FORMAT == 3
    order = [
        *["accepted_us", "intent", "limit", "mode", "order", "place"],
        *["pnl", "qty", "remaining", "side", "symbol"],
    ]
    account = msgspec.msgpack.decode(ROWS["account demo"])
    assert sorted(account) == ["lots", "opening", "venue"]
    assert sorted(account["lots"][0]) == ["due_us", "fill", "qty", "side", "symbol", "tries"]
    venue = account["venue"]
    assert sorted(venue) == [
        *["account", "arrivals", "cash_micros", "fees_micros"],
        *["held_back", "holdings", "open", "requests", "settled_us"],
    ]
    assert sorted(venue["open"][0]) == order
    assert venue["held_back"] == [[8, 9]]
    assert venue["requests"][0] == [5, "cancel", "o", None]
    assert sorted(venue["requests"][1][3]) == order
    cursor = msgspec.msgpack.decode(ROWS["cursor"])
    assert sorted(cursor) == ["born_us", "fills", "marks", "now_us", "offsets", "topic"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"cursor": None}, "has no cursor"),
        ({"cursor": b"\xc1"}, "'cursor' cannot be read"),
        ({"account demo": encode_row(7)}, "'account demo' cannot be read"),
        ({"price BTCUSD": b""}, "'price BTCUSD' cannot be read"),
        ({"order demo": encode_row(1)}, "'order demo', which no venue wrote"),
    ],
)
def test_rows_that_no_venue_wrote_are_one_sentence(change, told):
    rows = {key: row for key, row in (ROWS | change).items() if row is not None}
    with pytest.raises(PaperError, match=told):
        decode_rows(rows)


def test_a_folder_is_for_one_venue(tmp_path):
    with (
        closing(Store(tmp_path)),
        pytest.raises(PaperError, match=f"another paper venue runs on {tmp_path}"),
    ):
        Store(tmp_path)
    Store(tmp_path).close()


def torn(path):
    path.write_bytes(path.read_bytes()[:5000])


def overwritten(path):
    path.write_bytes(path.read_bytes()[:4096] + b"\x55" * (path.stat().st_size - 4096))


def text(path):
    path.write_text("this is no database, but it is long enough to be taken for one\n" * 20)


def other_database(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE rows (key, value)")


def newer(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (torn, "cannot be opened"),
        (overwritten, "cannot be opened"),
        (text, "cannot be opened"),
        (other_database, "is not a paper venue's file"),
        (newer, f"has format {FORMAT + 1} and this program reads {FORMAT}"),
    ],
)
def test_a_torn_or_foreign_file_is_one_sentence_and_stays_as_it_is(harm, told, tmp_path):
    with closing(Store(tmp_path)) as store:
        store.commit({f"key {n}": b"x" * 500 for n in range(50)}, ANSWERS)
        path = store.path
    harm(path)
    before = path.read_bytes()
    for _ in range(2):  # and the lock is given back each time
        with pytest.raises(PaperError, match=told):
            Store(tmp_path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PaperError, match="cannot be used"):
        Store(tmp_path / "file" / "venue")
