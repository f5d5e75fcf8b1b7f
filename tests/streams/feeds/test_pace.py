"""Time in the file and on the wall."""

import time

import pytest

from streams.feeds.file.pace import Pace, WallClock
from topics.limits import TIME_US_MAX

FIRST_US = 1_522_800_000_000_000
SECOND_US = 1_000_000
WALL_US = 1_800_000_000_000_000


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_sixty_seconds_of_the_file_pass_in_one(watch):
    pace = Pace(FIRST_US, 60.0, watch)
    assert pace.left_s(FIRST_US) == 0
    assert pace.left_s(FIRST_US + 120 * SECOND_US) == pytest.approx(2)
    watch.now_s += 2
    assert pace.left_s(FIRST_US + 120 * SECOND_US) == pytest.approx(0)


def test_a_delay_does_not_move_what_comes_after_it(watch):
    pace = Pace(FIRST_US, 10.0, watch)
    watch.now_s += 5
    assert pace.left_s(FIRST_US + 10 * SECOND_US) == pytest.approx(-4)
    assert pace.left_s(FIRST_US + 60 * SECOND_US) == pytest.approx(1)


def test_at_most_speed_everything_is_due(watch):
    assert Pace(FIRST_US, None, watch).left_s(FIRST_US + 10**15) == 0


def test_file_time_stays_between_the_instants_around_it(watch):
    pace = Pace(FIRST_US, 10.0, watch)
    next_us = FIRST_US + 100 * SECOND_US
    watch.now_s += 3
    assert pace.file_us(next_us) == FIRST_US + 30 * SECOND_US
    watch.now_s += 30
    assert pace.file_us(next_us) == next_us
    pace.reach(next_us + SECOND_US)
    watch.now_s = 1000.0
    assert pace.file_us(next_us + 2 * SECOND_US) == next_us + SECOND_US


def test_at_most_speed_file_time_is_the_instant_reached(watch):
    pace = Pace(FIRST_US, None, watch)
    pace.reach(FIRST_US + 7)
    watch.now_s += 100
    assert pace.file_us(FIRST_US + 1000) == FIRST_US + 7


@pytest.mark.parametrize(
    ("speed", "ahead_us", "wall_us"),
    [
        (60.0, 120 * SECOND_US, WALL_US + 2 * SECOND_US),
        (0.5, 10 * SECOND_US, WALL_US + 20 * SECOND_US),
        (10.0, -20 * SECOND_US, WALL_US - 2 * SECOND_US),
        (0.001, TIME_US_MAX - FIRST_US, TIME_US_MAX),
        (0.001, -FIRST_US, 0),
        (None, 120 * SECOND_US, None),
    ],
)
def test_what_is_ahead_in_the_file_is_ahead_on_the_wall(speed, ahead_us, wall_us, watch):
    assert Pace(FIRST_US, speed, watch).wall_us(FIRST_US + ahead_us, FIRST_US, WALL_US) == wall_us


def test_the_wall_clock_never_goes_back(monkeypatch):
    told_ns = iter([5_000, 9_999, 2_000, 12_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(told_ns))
    clock = WallClock()
    assert [clock.now_us() for _ in range(4)] == [5, 9, 9, 12]
