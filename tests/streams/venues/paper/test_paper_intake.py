"""Which commands the paper venue follows: not an earlier venue's, and none twice."""

from contextlib import closing

import msgspec
import pytest

from streams.venues.paper.intake import CLOCKS_APART_US
from streams.venues.paper.marks import REMIND_US, REPEATS_MAX
from streams.venues.paper.store import Store
from topics.commands import AnyCommand
from topics.events import OrderCancelRejected, OrderRejected
from topics.ids import OutputId

from .paper import SECOND, START, Driver, cancel, quote, reduce, submit, told

YESTERDAY = START - 24 * 3600 * SECOND


def aged(command: AnyCommand, ts_us: int = YESTERDAY) -> AnyCommand:
    return msgspec.structs.replace(command, ts_us=ts_us)


@pytest.fixture
def driver(tmp_path):
    with closing(Store(tmp_path)) as store:
        yield Driver(store)


# ---- an earlier venue's commands ----


def test_what_was_decided_before_the_venue_was_there_is_refused_and_answered(driver):
    driver.add(aged(submit(1, "a")), aged(cancel(2, "b")), aged(reduce(3, 1.0)), quote(98, 99))
    answers = driver.wait()
    assert told(answers) == ["rejected a", "cancel_rejected b", "rejected 0-3-0"]
    for event in answers[-3:]:
        assert isinstance(event, OrderRejected | OrderCancelRejected)
        assert event.text == "older than this venue"
        assert getattr(event, "reason", "other") == "other"
    assert told(driver.wait()) == []
    assert (driver.venue.counts.too_old, driver.venue.counts.commands) == (3, 0)


def test_clocks_may_differ_a_little(driver):
    oldest_us = START - CLOCKS_APART_US
    driver.add(aged(submit(1, "a"), oldest_us), aged(submit(2, "b"), oldest_us - 1))
    assert told(driver.wait()) == ["rejected b"]
    assert told(driver.wait()) == ["accepted a"]


def test_a_younger_record_of_an_older_command_is_refused_as_well_also_after_a_restart(driver):
    driver.add(aged(submit(1, "a")))
    assert told(driver.wait()) == ["rejected a"]
    driver.wait(3600 * SECOND)
    driver.start()
    driver.add(aged(submit(1, "a")))
    assert told(driver.wait()) == ["rejected a"]
    assert told(driver.wait()) == []


def test_the_ids_of_older_commands_do_not_count_as_handled(driver):
    driver.add(aged(submit(5000, "a")), submit(1, "b"))
    driver.wait()
    assert told(driver.wait()) == ["accepted b"]


def test_a_command_that_was_followed_once_is_a_repeat_however_old(driver):
    driver.venue._marks.handled(0, OutputId(0, 7, 0))
    driver.add(aged(submit(7, "a")))
    assert told(driver.wait()) == []
    assert (driver.venue.counts.repeats, driver.venue.counts.too_old) == (1, 0)


# ---- a journal made anew ----


def repeats(driver: Driver, count: int) -> list[str]:
    """Send so many repeats and return what was said about them."""
    driver.add(*(submit(1, "a") for _ in range(count)))
    driver.wait(1)
    said, driver.said[:] = driver.said[:], []
    return said


def test_repeats_without_end_are_told_once_a_minute(driver):
    driver.add(submit(1, "a"))
    driver.wait()
    assert repeats(driver, REPEATS_MAX) == []
    (line,) = repeats(driver, 50)
    assert line == (
        f"the last {REPEATS_MAX + 1} commands were all handled before, by their ids, and are"
        " ignored: if the journal was made anew, start the venue with another --data-dir."
    )
    driver.wait(REMIND_US - 2)
    assert repeats(driver, 50) == []
    (line,) = repeats(driver, 50)
    assert line.startswith(f"the last {REPEATS_MAX + 101} commands")


def test_a_new_command_ends_the_count_of_repeats(driver):
    driver.add(submit(1, "a"))
    driver.wait()
    assert repeats(driver, REPEATS_MAX) == []
    driver.add(submit(2, "b"))
    assert repeats(driver, REPEATS_MAX) == []
    assert driver.venue.counts.repeats == 2 * REPEATS_MAX
