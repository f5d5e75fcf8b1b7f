"""Capital is whole micro-dollars, rounded so that nothing is ever promised that is not there."""

import pytest

from state.rules import money


@pytest.mark.parametrize(
    ("dollars", "micros"),
    [(0.0, 0), (3500.0, 3_500_000_000), (0.1 + 0.2, 300_000), (-1.25, -1_250_000), (4e-7, 0)],
)
def test_dollars_become_the_nearest_micro_dollar(dollars, micros):
    assert money.to_micros(dollars) == micros
    assert money.to_micros(money.to_dollars(micros)) == micros


def test_a_short_holding_has_a_negative_value():
    assert money.value_micros(-3, 10.5) == -31_500_000


@pytest.mark.parametrize(
    ("qty", "limit", "fee_reserve", "micros"),
    [
        (35.0, 100.0, 0.0, 3_500_000_000),
        (35.0, 100.0, 0.0025, 3_508_750_000),
        (1e-9, 100.0, 0.0, 1),  # a tenth of a micro-dollar still reserves one
        (1 / 3, 1.0, 0.0, 333_334),
    ],
)
def test_a_reservation_is_rounded_up(qty, limit, fee_reserve, micros):
    assert money.reservation_micros(qty, limit, fee_reserve) == micros


@pytest.mark.parametrize(
    ("notional", "leverage", "margin"),
    [(3_500_000_001, 1.0, 3_500_000_001), (10, 4.0, 3), (8, 4.0, 2), (5, 2.0, 3), (5, 0.5, 10)],
)
def test_margin_is_rounded_up(notional, leverage, margin):
    assert money.margin_micros(notional, leverage) == margin


@pytest.mark.parametrize(("dollars", "is_absurd"), [(1e9, False), (1.01e9, True), (-2e9, True)])
def test_more_than_a_thousand_million_dollars_at_once_is_absurd(dollars, is_absurd):
    assert money.absurd(dollars) is is_absurd


def test_seconds_become_the_nearest_microsecond():
    assert money.seconds_to_us(1.5) == 1_500_000
    assert money.seconds_to_us(0.1 + 0.2) == 300_000
