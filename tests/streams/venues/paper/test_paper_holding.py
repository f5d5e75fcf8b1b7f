"""Closing what fills opened over restarts of the paper venue: with the same option or another."""

import sqlite3
from contextlib import closing

import msgspec
import pytest

from streams.venues.paper.rows import FORMAT, decode_rows
from streams.venues.paper.store import Store
from topics.events import OrderAccepted

from .paper import SECOND, START, Driver, quote, submit, told

HOLD = 5 * SECOND
X1, X2 = f"x-{START}-1", f"x-{START}-2"


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path)) as made:
        yield made


def holding(store: Store, hold_us: int) -> Driver:
    """Return a venue that bought two coins just now."""
    driver = Driver(store, hold_us=hold_us)
    driver.add(submit(1, "in", 100.0, 2.0))
    driver.wait()
    driver.wait()
    driver.add(quote(98, 99))
    assert told(driver.wait(1)) == ["fill in"]
    return driver


def restart(driver: Driver, hold_us: int) -> None:
    driver.options = driver.options._replace(hold_us=hold_us)
    driver.start()


def test_a_restart_forgets_neither_when_nor_under_which_name(store):
    driver = holding(store, HOLD)
    restart(driver, HOLD)
    assert told(driver.wait(HOLD - 1)) == []
    assert driver.venue.wait_us() <= 1
    assert told(driver.wait(1)) == [f"accepted {X1}"]
    restart(driver, HOLD)
    driver.add(quote(97, 98))
    driver.wait()
    assert told(driver.wait(HOLD)) == [f"cancelled {X1}", f"accepted {X1}.2"]
    restart(driver, HOLD)
    driver.wait()
    driver.add(quote(97, 98))
    assert told(driver.wait(1)) == [f"fill {X1}.2"]


def test_an_exit_that_stays_where_it_is_stays_so_after_a_restart(store):
    driver = holding(store, HOLD)
    assert told(driver.wait(HOLD)) == [f"accepted {X1}"]
    assert told(driver.wait(HOLD)) == []
    restart(driver, HOLD)
    assert driver.venue.book.due_us() is not None
    driver.add(quote(90, 91))
    assert told(driver.wait(HOLD - 1)) == []
    assert told(driver.wait(1)) == [f"cancelled {X1}", f"accepted {X1}.2"]


def test_what_was_open_before_the_venue_was_told_to_is_closed_as_if_it_were_new(store):
    driver = holding(store, 0)
    driver.wait(9 * HOLD)
    restart(driver, HOLD)
    assert told(driver.wait(HOLD - 1)) == []
    restart(driver, HOLD)  # it is counted once
    assert told(driver.wait(1)) == [f"accepted {X2}"]
    driver.wait()
    driver.add(quote(98, 99))
    assert told(driver.wait()) == [f"fill {X2}"]


def test_a_short_from_before_is_bought_back(store):
    driver = Driver(store)
    driver.add(submit(1, "in", 100.0, 2.0, side="sell"))
    driver.wait()
    driver.wait()
    driver.add(quote(101, 102))
    driver.wait()
    restart(driver, HOLD)
    (placed,) = [e for e in driver.wait(HOLD) if isinstance(e, OrderAccepted)]
    assert (placed.order, placed.side, placed.qty) == (X2, "buy", 2.0)


@pytest.mark.parametrize("killed", [False, True])
def test_an_exit_has_the_last_price_also_if_its_quote_was_not_written_down(killed, store):
    driver = holding(store, HOLD)
    driver.wait(HOLD - 2)
    driver.add(quote(109, 110))
    assert driver.wait(1) == []
    if killed:
        restart(driver, HOLD)
        assert driver.venue.book.prices["BTCUSD"] == (98.0, 99.0)
    (placed,) = [e for e in driver.wait(1) if isinstance(e, OrderAccepted)]
    assert placed.limit == 108.782


def test_a_venue_that_is_no_longer_told_to_takes_its_exits_out(store):
    driver = holding(store, HOLD)
    assert told(driver.wait(HOLD)) == [f"accepted {X1}"]
    restart(driver, 0)
    assert told(driver.wait(1)) == [f"cancelled {X1}"]
    driver.wait()
    driver.add(quote(98, 99))
    assert told(driver.wait(9 * HOLD)) == []
    loaded = decode_rows(store.rows())
    assert loaded is not None
    assert [row.lots for row in loaded.accounts] == [[]]
    restart(driver, HOLD)
    driver.wait(1)
    assert told(driver.wait(HOLD)) == [f"accepted {X2}"]


def test_a_shorter_time_holds_for_what_is_open_already(store):
    driver = holding(store, HOLD)
    restart(driver, SECOND)
    assert told(driver.wait(SECOND)) == [f"accepted {X1}"]


def test_a_file_from_before_there_were_lots_is_read_and_becomes_one_of_today(tmp_path):
    with closing(Store(tmp_path)) as store:
        holding(store, 0).venue.close()
        rows = store.rows()
        old = msgspec.msgpack.decode(rows["account demo"])
        assert old.pop("lots") == []
        store.commit({"account demo": msgspec.msgpack.encode(old)}, [])
        path = store.path
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 1")
    with closing(Store(tmp_path)) as store:
        loaded, before = decode_rows(store.rows()), decode_rows(rows)
        assert loaded == before
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (FORMAT,)
