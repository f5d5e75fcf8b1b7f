"""The cursor rules, and what a partition does with frames in any order."""

import asyncio
import random
from typing import Any

import pytest

from streams.journal.standing.claims import ClaimsError
from streams.journal.standing.cursor import Place, place_of, stalled
from streams.journal.standing.machine import StandingMachine
from streams.journal.standing.staging import batches, leftovers, plan, settle, weight

from .fakes import Broker, FakePorts, journal
from .subjects import DESK


@pytest.mark.parametrize(
    ("offset", "place"),
    [(4, Place.OLD), (5, Place.APPLIED), (6, Place.APPLIED), (7, Place.NEXT), (8, Place.HOLE)],
)
def test_a_frame_is_placed_by_its_offset_alone(offset, place):
    assert place_of(offset, cursor=5, next_offset=7) is place


@pytest.mark.parametrize(
    ("log_end", "idle_us", "rewind"),
    [(7, 9_000_000, False), (8, 1_499_999, False), (8, 1_500_000, True)],
)
def test_the_watchdog_rewinds_when_the_journal_is_ahead_and_nothing_moves(log_end, idle_us, rewind):
    assert stalled(7, log_end, idle_us, 1_500_000) is rewind


def standing(broker: Broker) -> StandingMachine[Any]:
    """Return a new desk on an empty changelog."""
    return StandingMachine(0, DESK.restore({}), FakePorts(broker, frozenset()), topics=DESK.topics)


def test_frames_in_any_order_are_applied_once_and_in_order():
    records = journal(seed=3, moves=40)
    draw = random.Random(5)
    broker = Broker()
    desk = standing(broker)
    while desk.next_offset < len(records):
        offset = draw.randrange(len(records))
        place = asyncio.run(desk.take(offset, *records[offset]))
        if place is Place.HOLE:  # the transport rewinds
            assert offset > desk.next_offset
            offset = desk.next_offset
            assert asyncio.run(desk.take(offset, *records[offset])) is Place.NEXT
    asyncio.run(desk.checkpoint())
    straight = standing(Broker())
    for offset, record in enumerate(records):
        asyncio.run(straight.take(offset, *record))
    asyncio.run(straight.checkpoint())
    assert desk.machine.digest() == straight.machine.digest()


def test_a_machine_that_speaks_where_it_was_given_no_topic_is_not_heard():
    broker = Broker()
    desk = StandingMachine(
        0, DESK.restore({}), FakePorts(broker, frozenset()), topics=DESK.topics[1:]
    )
    (first, *_) = journal(seed=3, moves=40)
    with pytest.raises(ValueError, match="longer"):
        asyncio.run(desk.take(0, *first))
    assert broker.outputs == []


def test_nothing_new_makes_no_checkpoint():
    broker = Broker()
    desk = standing(broker)
    asyncio.run(desk.checkpoint())
    assert broker.changelog == []


def test_batches_keep_the_limit_and_lose_nothing():
    rows = {f"account/{number}": bytes(number * 7) for number in range(30)}
    cut = list(batches(rows, 500))
    assert {key: row for batch in cut for key, row in batch.items()} == rows
    assert all(
        sum(weight(*item) for item in batch.items()) <= 500 or len(batch) == 1 for batch in cut
    )


def test_a_small_checkpoint_is_one_batch_with_the_cursor_in_it():
    rows = {"cursor": b"c", "account/A": b"a"}
    assert plan(rows, 1) == [rows]


def test_staged_rows_without_the_staging_row_are_garbage():
    rows = {"cursor": b"1", "account/A": b"old", "staged/9/account/A": b"new"}
    assert settle(rows) == {"cursor": b"1", "account/A": b"old"}
    assert leftovers(rows) == {"staging": None, "staged/9/account/A": None}


def test_staged_rows_named_by_the_staging_row_win():
    rows = {"cursor": b"2", "staging": b"9", "account/A": b"old", "staged/9/account/A": b"new"}
    rows |= {"staged/8/account/A": b"of an earlier crash"}
    assert settle(rows) == {"cursor": b"2", "account/A": b"new"}
    assert leftovers(rows)["account/A"] == b"new"


def test_damaged_rows_are_said_to_a_person():
    with pytest.raises(ClaimsError, match="rebuild the store"):
        DESK.restore({"cursor": b"{"})
