"""Fit and unseen: what belongs to which."""

import pytest

from streams.lab.errors import CompareError
from streams.lab.periods import Period, periods
from streams.market import MarketError, read_market
from tests.streams.cli.command import DAY, head


def test_without_bounds_there_is_one_period_and_it_is_everything(tmp_path):
    (whole,) = periods()
    market = read_market([head(DAY, 60, tmp_path)])
    assert whole.of(market) is market


def test_the_split_belongs_to_the_unseen_and_to_it_alone(tmp_path):
    market = read_market([head(DAY, 60, tmp_path)])
    for place in (50, 51):
        at = int(market.quotes.ts_us[place])
        fit, unseen = (period.of(market) for period in periods(split_us=at))
        assert int(fit.quotes.ts_us[-1]) < at <= int(unseen.quotes.ts_us[0])
        assert len(fit.quotes) + len(unseen.quotes) == len(market.quotes)
        assert all(bar.end_us <= at for bar in fit.bars)
        assert all(bar.start_us >= at for bar in unseen.bars)


def test_bounds_and_split_together():
    assert periods(1, 9, 5) == (Period("fit", 1, 5), Period("unseen", 5, 9))
    assert periods(1, 9) == (Period("all", 1, 9),)


@pytest.mark.parametrize(
    ("from_us", "until_us", "split_us", "told"),
    [
        (9, 1, None, "--from is not before --until"),
        (5, 5, None, "--from is not before --until"),
        (5, 9, 5, "--from is not before --split"),
        (5, 9, 9, "--split is not before --until"),
        (None, 9, 10, "--split is not before --until"),
    ],
)
def test_times_that_do_not_rise(from_us, until_us, split_us, told):
    with pytest.raises(CompareError, match=told):
        periods(from_us, until_us, split_us)


def test_an_empty_period_is_a_mistake(tmp_path):
    market = read_market([head(DAY, 60, tmp_path)])
    with pytest.raises(MarketError, match="No quote lies from"):
        Period("unseen", int(market.quotes.ts_us[-1]) + 1).of(market)
