"""The workload that we and the peers are measured on: is it a market, and the same each time?"""

import numpy as np
import pytest

from bench.quotes import (
    DELAY_US,
    RATE,
    START_US,
    SYMBOLS,
    Symbol,
    Workload,
    WorkloadOrder,
    make_workload,
)
from topics.symbols import asset_class, normal_symbol


@pytest.fixture(scope="module")
def workload() -> Workload:
    """3,000 seconds, long enough for orders to be withdrawn and renewed."""
    return make_workload(300_000)


def test_it_is_the_same_each_time_and_another_with_another_seed():
    one = make_workload(5_000)
    assert one.digest() == make_workload(5_000).digest()
    assert one.digest() != make_workload(5_000, seed=8).digest()
    assert one.digest() != make_workload(5_001).digest()


@pytest.mark.parametrize(("quotes", "symbols"), [(20, 20), (1_001, 3), (40_000, 1)])
def test_it_has_as_many_quotes_and_symbols_as_asked_for(quotes: int, symbols: int):
    made = make_workload(quotes, symbols)
    assert len(made.ts_us) == quotes
    assert sorted(set(made.codes.tolist())) == list(range(symbols))
    assert made.names == tuple(symbol.name for symbol in SYMBOLS[:symbols])


@pytest.mark.parametrize(("quotes", "symbols"), [(19, 20), (100, 0), (100, 21)])
def test_it_refuses_what_it_cannot_make(quotes: int, symbols: int):
    with pytest.raises(ValueError, match="symbols"):
        make_workload(quotes, symbols)


def test_quotes_are_in_time_order_never_crossed_and_on_the_tick(workload: Workload):
    assert (np.diff(workload.ts_us) >= 0).all()
    assert workload.ts_us[0] > START_US
    seconds = (workload.ts_us[-1] - START_US) / 1e6
    assert len(workload.ts_us) / seconds == pytest.approx(RATE * len(SYMBOLS), rel=0.05)
    for code, symbol in enumerate(workload.symbols):
        at = workload.codes == code
        assert (np.diff(workload.ts_us[at]) > 0).all(), "two quotes of a symbol at one instant"
        spread = (workload.asks[at] - workload.bids[at]) * symbol.per_dollar
        assert sorted(set(np.round(spread, 6).tolist())) == [1.0, 2.0]
        for column in (workload.bids[at], workload.asks[at]):
            assert (np.round(column * symbol.per_dollar) / symbol.per_dollar == column).all()
        for sizes in (workload.bid_sizes[at], workload.ask_sizes[at]):
            assert (sizes > 0).all()
            assert (np.round(sizes, symbol.size_decimals) == sizes).all()


def test_the_desk_sees_the_same_names_and_asset_classes():
    for symbol in SYMBOLS:
        assert normal_symbol(symbol.name) == symbol.name
        assert asset_class(symbol.name) == symbol.kind


def test_orders_stand_under_the_market_when_placed(workload: Workload):
    assert [order.ts_us for order in workload.orders] == sorted(o.ts_us for o in workload.orders)
    assert len({order.order for order in workload.orders}) == len(workload.orders)
    for order in workload.orders:
        before = (workload.codes == order.code) & (workload.ts_us <= order.ts_us)
        bid = workload.bids[before][-1]
        symbol = workload.symbols[order.code]
        assert 0.001 <= 1 - order.limit / bid <= 0.015 + symbol.tick / bid
        assert order.qty > 0
        assert order.symbol == symbol.name
        assert order.until_us is None or order.ts_us < order.until_us < workload.ts_us[-1]


def test_each_account_keeps_its_orders_and_a_few_per_cent_fill(workload: Workload):
    half_us = int(workload.ts_us[len(workload.ts_us) // 2])
    open_now = [
        order.account
        for order in workload.orders
        if order.ts_us <= half_us and (order.until_us is None or order.until_us > half_us)
    ]
    assert len(set(open_now)) == 64
    assert 12 <= len(open_now) / 64 <= 14, "twelve, and some that nobody ever withdraws"
    assert 0.01 < workload.reached() / len(workload.orders) < 0.08
    assert workload.reached(through=True) < workload.reached()


def test_actions_withdraw_what_was_placed_before(workload: Workload):
    placed: set[int] = set()
    times = []
    for ts_us, withdraw, place in workload.actions():
        times.append(ts_us)
        assert (place in placed) == withdraw
        placed.add(place)
    assert times == sorted(times)
    assert len(placed) == len(workload.orders)


@pytest.mark.parametrize(
    ("placed_us", "until_us", "touched", "through"),
    [
        (0, None, 1, 1),
        # The ask is at the limit at 2 s and below it at 3 s, and requests take 0.2 s.
        (0, 1_999_999 - DELAY_US, 0, 0),
        (0, 2_000_000 - DELAY_US, 1, 0),
        (0, 3_000_000 - DELAY_US, 1, 1),
        (2_000_000 - DELAY_US, None, 1, 1),
        (2_000_000 - DELAY_US, 2_900_000, 1, 1),
        (3_000_000 - DELAY_US, None, 0, 0),
    ],
)
def test_reached_counts_what_the_ask_comes_down_to(
    placed_us: int, until_us: int | None, touched: int, through: int
):
    asks = np.array([101.0, 100.0, 99.0, 102.0])
    made = Workload(
        (Symbol("AAPL", 100.0, 100, 0),),
        np.array([1, 2, 3, 4], np.int64) * 1_000_000,
        np.zeros(4, np.int64),
        asks - 0.01,
        asks,
        np.ones(4),
        np.ones(4),
        [WorkloadOrder(placed_us, "a", "1", "AAPL", 0, "buy", 100.0, 1.0, until_us)],
    )
    assert (made.reached(), made.reached(through=True)) == (touched, through)
