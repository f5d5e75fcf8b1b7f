"""The paper venue on its file, without Kafka: what it takes, what it remembers."""

from contextlib import closing

import msgspec
import pytest

from streams.venues.paper.errors import PaperError
from streams.venues.paper.records import VenueRecord, VenueSource
from streams.venues.paper.service import SILENT_US_MAX
from streams.venues.paper.store import Store

from .paper import (
    ACK,
    SECOND,
    START,
    Driver,
    cancel,
    events,
    fills_of,
    paper_venue,
    quote,
    submit,
    told,
)

EXECUTION, QUOTES = VenueSource("execution", 0), VenueSource("quotes", 0)


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path)) as made:
        yield made


def test_answers_go_to_the_topic_of_their_kind_keyed_by_account(store):
    driver = Driver(store)
    driver.add(submit(1, "a"))
    driver.wait()
    driver.hand.now_us += SECOND
    driver.add(quote(98, 99))
    kinds = []
    for _ in range(2):
        answers = driver.venue.handle(driver.log.after(driver.venue.offsets))
        kinds += [(a.topic, a.key, told(events([a])) or ["snapshot"]) for a in answers]
        driver.venue.published()
        driver.hand.now_us += SECOND
    assert ("orders", "demo", ["accepted a"]) in kinds
    assert ("fills", "demo", ["fill a"]) in kinds
    assert ("accounts", "demo", ["snapshot"]) in kinds


def test_a_repeated_command_is_ignored_now_and_after_a_restart(store):
    driver = Driver(store)
    driver.add(submit(5, "a"), submit(5, "a"), cancel(4, "a"))
    driver.wait()
    assert told(driver.wait()) == ["accepted a"]
    driver.start()
    driver.add(submit(5, "a"), cancel(5, "a"), cancel(6, "a"))
    driver.wait()
    assert told(driver.wait()) == ["cancelled a"]
    assert driver.venue.counts.repeats == 2


def test_a_venue_started_anew_goes_on_with_all_it_had(store):
    driver = Driver(store, funds_delay_us=9 * SECOND)
    driver.add(submit(1, "rests", 90.0, 50.0), submit(2, "gone", 80.0, 10.0))
    driver.wait()
    driver.add(cancel(3, "gone"), submit(4, "under-way", 85.0, 1.0))
    driver.wait()
    driver.start()
    assert told(driver.wait()) == ["cancelled gone", "accepted under-way"]
    driver.add(submit(5, "rests"), submit(6, "too-soon", 80.0, 60.0))
    assert told(driver.wait()) == ["rejected rests"]
    driver.start()
    assert told(driver.wait()) == ["rejected too-soon"]
    driver.add(quote(87, 88), quote(83, 84))
    assert told(driver.wait()) == ["fill rests", "fill under-way"]
    driver.start()
    driver.wait()
    shown = driver.wait()[-1]
    assert (shown.equity, shown.orders) == (10_000.0 - 50 * 7 - 1 * 2, [])  # type: ignore[union-attr]
    assert (driver.venue.book.fills, driver.venue.book.born_us) == (2, START)


def test_an_account_is_shown_at_every_start(store):
    driver = Driver(store)
    for _ in range(3):
        assert [event.__struct_config__.tag for event in driver.wait()] == ["account.snapshot"]
        driver.start()


def test_answers_that_were_not_published_are_said_again_to_the_byte(store):
    driver = Driver(store)
    driver.add(submit(1, "a"))
    driver.wait()
    driver.hand.now_us += SECOND
    answers = list(driver.venue.handle({}))
    assert told(events(answers)) == ["accepted a"]
    venue = driver.start()
    assert venue.unsent() == answers
    venue.published()
    assert driver.start().unsent() == []


def test_the_clock_is_not_behind_where_the_venue_stood(store):
    driver = Driver(store)
    driver.add(submit(1, "a"))
    driver.wait()
    stood_us = driver.hand.now_us
    driver.hand.now_us -= 3600 * SECOND
    driver.start()
    driver.add(submit(2, "b", account="nobody"))
    (answer,) = driver.wait(1)
    assert answer.ts_us == stood_us


def test_without_any_account_told_there_is_the_usual_one_and_later_those_of_the_file(store):
    driver = Driver(store)
    assert driver.venue.book.openings == {"demo": 10_000.0}
    driver.wait()
    driver.start(other=5.0)
    driver.wait()
    assert driver.start().book.openings == {"demo": 10_000.0, "other": 5.0}


def test_an_account_may_be_named_again_but_not_with_other_cash(store):
    driver = Driver(store)
    driver.wait()
    driver.start(demo=10_000.0)
    with pytest.raises(PaperError, match="--account demo=9: demo was opened with 10000 dollars"):
        driver.start(demo=9.0)


def test_a_file_of_another_topic_is_refused(store):
    driver = Driver(store)
    driver.wait()
    with pytest.raises(PaperError, match="a venue that reads execution, not b-execution"):
        paper_venue(store, driver.hand, topic="b-execution")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"", "Input data was truncated"),
        (b"\xff\xfe", "malformed"),
        (b'{"type":"dance"}', "dance"),
        (b'{"x":' + b"[" * 100_000, "ecursion"),
        (None, "'hand-made' is no command's id"),
    ],
)
def test_a_record_that_is_no_command_is_told_about_and_left_out(record, why, store):
    driver = Driver(store)
    if record is None:
        record = msgspec.structs.replace(submit(1, "x"), id="hand-made")
    driver.add(submit(1, "a"), record, submit(2, "b"))
    driver.wait()
    assert told(driver.wait()) == ["accepted a", "accepted b"]
    (line,) = driver.said
    assert line.startswith("execution:0:1 is no command: ")
    assert why in line


def test_what_is_no_quote_fills_nothing(store):
    driver = Driver(store)
    driver.add(submit(1, "a"))
    driver.wait()
    driver.wait()
    bad = (b"", b"{}", b'{"type":"quote"}', b"\xff", b'{"x":' + b"[" * 100_000)
    driver.log.records[QUOTES] = [
        VenueRecord(at, driver.hand.now_us // 1000, value) for at, value in enumerate(bad)
    ]
    driver.add(quote(99, 98))
    assert told(driver.wait()) == []
    driver.add(quote(98, 99))
    assert told(driver.wait()) == ["fill a"]


@pytest.mark.parametrize(("partial", "qty"), [(False, 5.0), (True, 2.0)])
@pytest.mark.parametrize(("side", "bid"), [("buy", 98.0), ("sell", 101.0)])
def test_a_quote_fills_no_more_than_it_offers_only_if_asked(side, bid, partial, qty, store):
    driver = Driver(store, partial_fills=partial)
    driver.add(submit(1, "a", qty=5.0, side=side))
    driver.wait()
    driver.wait()
    driver.add(quote(bid, bid + 1, size=2.0))
    (fill,) = fills_of(driver.wait())
    assert fill.qty == qty


def test_a_quote_older_than_the_order_does_not_fill_it_however_late_it_is_read(store):
    driver = Driver(store)
    driver.add(quote(98, 99))
    driver.log.records[QUOTES], late = [], driver.log.records[QUOTES]
    driver.add(submit(1, "a"))
    driver.wait()
    driver.wait()
    driver.log.records[QUOTES] = late
    assert told(driver.wait()) == []
    assert driver.venue.offsets[QUOTES] == 1


def test_quotes_that_lead_to_nothing_are_written_down_now_and_then(store):
    driver = Driver(store, snapshot_every_us=60 * SECOND)
    driver.wait()
    driver.wait()
    at = []
    for _ in range(6):
        driver.add(quote(98, 99))
        driver.wait(SILENT_US_MAX // 3 + 1)
        at.append(paper_venue(store, driver.hand).offsets.get(QUOTES, 0))
    assert at == [1, 1, 1, 4, 4, 4]
    driver.add(quote(98, 99))
    driver.wait(1)
    driver.venue.close()
    assert paper_venue(store, driver.hand).offsets[QUOTES] == 7


def test_the_last_price_is_remembered_before_any_order_and_over_a_restart(store):
    driver = Driver(store)
    driver.add(quote(98, 99, symbol="btc/usd"), quote(97, 99.5))
    driver.wait()
    driver.venue.close()
    assert driver.start().book.prices == {"BTCUSD": (97.0, 99.5)}


def test_it_knows_how_long_nothing_will_be_due(store):
    driver = Driver(store)
    driver.wait(1)
    assert driver.venue.wait_us() <= SECOND
    driver.add(submit(1, "a"))
    driver.wait(1)
    assert driver.venue.wait_us() == ACK
    driver.hand.now_us += 3 * ACK
    assert driver.venue.wait_us() == 0
