"""Walking forward: what is judged on always comes after what was fitted on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.lab.errors import OptimizeError
from streams.lab.optimize import folds_of
from streams.market import Market
from streams.market.bars import Bars
from streams.market.quotes import Quotes

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
START_US = 20_000 * DAY_US


def hours(count: int) -> Market:
    """A quote each hour."""
    times = START_US + np.arange(count) * HOUR_US
    none, prices = np.zeros(count, np.int64), np.full(count, 10.0)
    empty = np.array([], np.int64)
    bars = Bars(("BTCUSD",), empty, empty, empty, np.zeros((6, 0)))
    quotes = Quotes(("BTCUSD",), times, none, prices, prices, prices, prices)
    return Market(quotes, bars, ("BTCUSD",), "hourly", HOUR_US, ())


@given(st.integers(60, 3_000), st.integers(1, 8))
def test_every_fold_is_judged_on_what_follows_its_fit(count, folds):
    market = hours(count)
    found = folds_of(market, folds)
    assert len(found) == folds
    assert found[0].fit.from_us == START_US
    assert found[-1].unseen.until_us == START_US + (count - 1) * HOUR_US + 1
    for one, following in zip(found, [*found[1:], None], strict=True):
        assert one.fit.from_us == START_US  # anchored
        assert one.fit.until_us == one.unseen.from_us < one.unseen.until_us
        assert following is None or following.fit.until_us == one.unseen.until_us


def test_without_a_split_the_last_third_is_unseen():
    (fold,) = folds_of(hours(30 * 24))
    assert fold.unseen.from_us == START_US + 19 * DAY_US  # a midnight: 20 days less an hour or so
    (short,) = folds_of(hours(61))
    assert short.unseen.from_us == START_US + 40 * HOUR_US


def test_several_folds_from_sixty_days_on():
    assert len(folds_of(hours(60 * 24 - 2))) == 1
    assert len(folds_of(hours(61 * 24))) == 3
    assert [fold.unseen.name for fold in folds_of(hours(61 * 24))] == [
        "unseen 1",
        "unseen 2",
        "unseen 3",
    ]


def test_a_split_is_kept_to_the_microsecond():
    split_us = START_US + 5 * DAY_US + 12_345
    (fold,) = folds_of(hours(240), 1, split_us)
    assert fold.fit.until_us == fold.unseen.from_us == split_us


@pytest.mark.parametrize("hour", [-1, 0, 240])
def test_a_split_outside_the_data_is_told(hour):
    with pytest.raises(OptimizeError, match="--split is outside"):
        folds_of(hours(240), 1, START_US + hour * HOUR_US)
