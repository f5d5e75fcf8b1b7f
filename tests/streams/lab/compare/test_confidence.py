"""Resampled days: paired, seeded, and silent where there is too little to say."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.lab.backtest.result import Series
from streams.lab.compare.confidence import (
    DAY_US,
    DAYS_MIN,
    Confidence,
    confidences,
    days_of,
)

CAPITAL = 1_000.0
START = 1_000_000_000


def course(*daily: float) -> dict[int, int]:
    """Give the equity at the end of each day of a run that earned so much on each."""
    equity, ends = START, {}
    for day, earned in enumerate(daily, 100):
        equity += round(earned * 1_000_000)
        ends[day] = equity
    return ends


def test_a_day_ends_with_its_last_sample():
    series = Series(
        ts_us=[DAY_US - 1, DAY_US, DAY_US + 5, 3 * DAY_US],
        equity=[10.0, 11.0, 12.5, 9.0],
        in_use=[0.0] * 4,
        capacity=[0.0] * 4,
    )
    assert days_of(series) == {0: 10_000_000, 1: 12_500_000, 3: 9_000_000}


def test_the_difference_is_that_of_the_ends():
    runs = {"none": course(1, 2, 3), "default": course(5, -1, 0)}
    (found,) = confidences(runs, "none", CAPITAL).values()
    assert found == Confidence(3, -2.0)


def test_four_days_are_too_few_and_five_are_enough():
    for days in (DAYS_MIN - 1, DAYS_MIN):
        runs = {"none": course(*[0.0] * days), "default": course(*range(days))}
        found = confidences(runs, "none", CAPITAL)["default"]
        assert found.days == days
        assert (found.low is None) == (found.high is None) == (days < DAYS_MIN)
        assert (found.above_zero is None) == (days < DAYS_MIN)


def test_the_interval_is_that_of_all_resamples():
    """Five days can be counted out: 3,125 draws, each as likely."""
    daily = (-40.0, -5.0, 1.0, 20.0, 31.0)
    runs = {"none": course(*[7.0] * 5), "default": course(*(7.0 + one for one in daily))}
    found = confidences(runs, "none", CAPITAL)["default"]
    sums = np.array([sum(draw) for draw in product(daily, repeat=5)])
    above = Fraction(int((sums > 0).sum()), len(sums))
    assert found.difference == pytest.approx(7.0)
    assert found.above_zero == pytest.approx(float(above), abs=0.02)
    assert found.low == pytest.approx(np.quantile(sums, 0.05), abs=6)
    assert found.high == pytest.approx(np.quantile(sums, 0.95), abs=6)


def test_days_are_drawn_for_both_at_once():
    """Runs that swing alike differ by the same each day, so there is no doubt left."""
    swings = (500.0, -800.0, 300.0, 900.0, -700.0, 50.0)
    runs = {"none": course(*swings), "default": course(*(one + 1 for one in swings))}
    found = confidences(runs, "none", CAPITAL)["default"]
    assert found == Confidence(6, 6.0, 6.0, 6.0, 1.0)


def test_the_seed_decides():
    runs = {"none": course(*[0.0] * 9), "default": course(*(3.7 * n**2 % 11 - 5 for n in range(9)))}
    one, same, other = (confidences(runs, "none", CAPITAL, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_more_policies_change_nothing_for_the_others():
    runs = {"none": course(*[0.0] * 6), "a": course(1, -2, 3, -4, 5, 6)}
    alone = confidences(runs, "none", CAPITAL)["a"]
    more = confidences({"b": course(*[9.0] * 6), **runs}, "none", CAPITAL)
    assert more["a"] == alone
    assert list(more) == ["b", "a"]


def test_a_baseline_alone_is_held_against_nothing():
    assert confidences({"none": course(1, 2)}, "none", CAPITAL) == {}


def test_a_day_without_a_sample_brings_nothing():
    short = course(1, 2, 3, 4, 5)
    del short[102]
    still = course(0, 0, 0, 0, 0)
    found = confidences({"none": still, "default": short}, "none", CAPITAL)["default"]
    assert found.difference == 15.0
    # The next day brings what both did.
    assert found == confidences({"none": still, "a": course(1, 2, 0, 7, 5)}, "none", CAPITAL)["a"]


def test_a_run_like_the_baseline_never_beats_it():
    runs = {"none": course(1, -2, 3, -4, 5), "default": course(1, -2, 3, -4, 5)}
    found = confidences(runs, "none", CAPITAL)["default"]
    assert found == Confidence(5, 0.0, 0.0, 0.0, 0.0)


@settings(deadline=None)  # shared machines
@given(st.lists(st.floats(-1e6, 1e6), min_size=DAYS_MIN, max_size=40))
def test_the_ends_stand_in_order_and_within_what_can_be_drawn(daily):
    runs = {"none": course(*[0.0] * len(daily)), "default": course(*daily)}
    found = confidences(runs, "none", CAPITAL)["default"]
    assert found.low is not None
    assert found.high is not None
    assert found.above_zero is not None
    days = len(daily)
    assert days * min(daily) - 1e-3 <= found.low <= found.high <= days * max(daily) + 1e-3
    assert 0 <= found.above_zero <= 1
