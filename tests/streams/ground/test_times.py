"""Times that a person types, and times that are none."""

import pytest

from streams.ground.times import TimeError, read_since, read_time, time_text, utc_text

DAY_US = 86_400_000_000
JAN_16_US = 1_768_521_600_000_000


@pytest.mark.parametrize(
    ("text", "ts_us"),
    [
        ("2026-01-16", JAN_16_US),
        ("2026-01-16T00:00", JAN_16_US),
        ("2026-01-16 00:00:00Z", JAN_16_US),
        ("2026-01-15T19:00-05:00", JAN_16_US),
        ("2026-01-17", JAN_16_US + DAY_US),
    ],
)
def test_times_are_utc_unless_they_name_a_zone(text, ts_us):
    assert read_time("--split", text) == ts_us


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1969-12-31", "2300-01-01"])
def test_what_is_no_time_names_its_option(text):
    with pytest.raises(TimeError, match="--split"):
        read_time("--split", text)


def test_a_time_can_be_how_long_ago_it_is():
    assert read_since("--since", "10m", 10**12) == 10**12 - 600_000
    assert read_since("--since", "2026-01-16", 10**12) == JAN_16_US // 1000
    with pytest.raises(TimeError, match="--since 10w"):
        read_since("--since", "10w", 10**12)


def test_times_are_written_for_files_and_for_people():
    assert utc_text(JAN_16_US) == "2026-01-16T00:00:00Z"
    assert utc_text(JAN_16_US + 1) == "2026-01-16T00:00:00.000001Z"
    assert time_text(JAN_16_US + 1999) == "2026-01-16T00:00:00.001Z"
    assert time_text(10**19) == "10000000000000000000 us"
