"""Small parts of the paper venue: ids that were seen, the clock, accounts, where to begin."""

import pytest

from streams.ground.kafka import Span
from streams.venues.paper.clock import VenueClock
from streams.venues.paper.errors import PaperError
from streams.venues.paper.marks import CommandMarks
from streams.venues.paper.options import read_accounts
from streams.venues.paper.positions import execution_start, quotes_start
from topics.ids import output_id


def new(marks: CommandMarks, text: str, execution: int = 0) -> bool:
    place = output_id(text)
    if marks.is_repeat(execution, place):
        return False
    marks.handled(execution, place)
    return True


def test_ids_are_compared_as_numbers_and_not_above_the_highest_is_a_repeat():
    marks = CommandMarks({})
    assert [new(marks, text) for text in ("0-9-2", "0-9-10", "0-10-0")] == [True] * 3
    assert [new(marks, text) for text in ("0-10-0", "0-9-11", "0-9-2")] == [False] * 3
    assert new(marks, "0-10-1")


def test_each_partition_has_a_number_of_its_own():
    marks = CommandMarks({})
    assert new(marks, "1-50-0")
    assert new(marks, "0-3-0")
    assert new(marks, "0-2-0", execution=1)
    assert not new(marks, "0-2-0", execution=1)


def test_marks_go_on_from_what_was_written_down():
    marks = CommandMarks({})
    new(marks, "2-7-1")
    assert not new(CommandMarks(dict(marks.marks)), "2-7-1")


class Time:
    def __init__(self) -> None:
        self.wall_us, self.steady_us = 1000, 5

    def clock(self, start_us: int) -> VenueClock:
        return VenueClock(start_us, lambda: self.wall_us * 1000, lambda: self.steady_us * 1000)

    def passes(self, us: int) -> None:
        self.wall_us += us
        self.steady_us += us


def test_the_clock_follows_the_machine():
    time = Time()
    clock = time.clock(0)
    assert clock.now_us() == 1000
    time.passes(10)
    assert clock.now_us() == 1010
    time.wall_us += 500  # asleep, or set
    assert clock.now_us() == 1510


def test_a_clock_set_back_goes_on_at_its_own_pace():
    time = Time()
    clock = time.clock(0)
    clock.now_us()
    time.wall_us -= 900
    time.passes(10)
    assert clock.now_us() == 1010
    time.passes(10)
    assert clock.now_us() == 1020
    time.wall_us = 5000
    assert clock.now_us() == 5000


def test_after_a_restart_the_clock_is_not_behind_where_it_was():
    time = Time()
    clock = time.clock(7000)
    assert clock.now_us() == 7000
    time.passes(3)
    assert clock.now_us() == 7003


# ---- accounts ----


def test_accounts_are_read():
    assert read_accounts(["demo=10000", "b:2=0.5"]) == {"demo": 10_000.0, "b:2": 0.5}
    assert read_accounts([]) == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["demo"], "--account demo: write it as NAME=CASH"),
        (["=5"], "--account =5: write it as NAME=CASH"),
        (["two words=5"], "NAME=CASH"),
        (["demo=much"], "must be dollars"),
        (["demo=0"], "more than none"),
        (["demo=-5"], "more than none"),
        (["demo=nan"], "must be dollars"),
        (["demo=1e13"], "must be dollars"),
        (["demo=5", "demo=5"], "demo is named twice"),
    ],
)
def test_senseless_accounts_are_one_sentence(words, told):
    with pytest.raises(PaperError, match=told):
        read_accounts(words)


# ---- where to begin ----


@pytest.mark.parametrize(
    ("stored", "span", "start"),
    [(None, Span(3, 9), 3), (3, Span(3, 9), 3), (9, Span(3, 9), 9), (5, Span(3, 9), 5)],
)
def test_commands_are_read_from_where_the_venue_stood(stored, span, start):
    assert execution_start(0, stored, span) == start


@pytest.mark.parametrize(
    ("stored", "told"),
    [(2, "execution:4: 1 commands from offset 2 were deleted"), (10, "has read to 10")],
)
def test_commands_that_are_gone_are_refused(stored, told):
    with pytest.raises(PaperError, match=told):
        execution_start(4, stored, Span(3, 9))


@pytest.mark.parametrize(("stored", "start"), [(None, 9), (2, 3), (5, 5), (9, 9), (12, 9)])
def test_quotes_that_are_gone_are_left_out(stored, start):
    assert quotes_start(stored, Span(3, 9)) == start
