"""The strategies bar by bar: what they ask for, when, and how they leave."""

import pytest

from streams.market import Bar, BarForecast
from streams.strategies import (
    CancelOrder,
    ForecastRange,
    Ladder,
    PlaceExit,
    PublishForecast,
    RequestEntry,
    WithdrawEntry,
)
from tests.streams.market.bars import HOUR_US, MINUTE_US, bar, fill, of, run


def small_ladder(**options) -> Ladder:
    chosen = {"rungs": 2, "window_bars": 3, "refresh_bars": 2, "hold_bars": 3, **options}
    return Ladder(1000.0, **chosen)


# ---- the ladder ----


def test_the_ladder_stands_below_the_low_of_a_full_window():
    ladder = small_ladder(first_step=0.01, step=0.02, lifetime_bars=10)
    bars = [bar(1, low=90, high=110), bar(2, low=80, high=100), bar(3, low=95, high=101)]
    assert run(ladder, bars[:2]) == []
    first, second = of(RequestEntry, ladder.on_bar(bars[2], bars[2].end_us))
    assert first == RequestEntry(
        entry="BTCUSD-b3-0",
        symbol="BTCUSD",
        side="buy",
        limit=79.2,
        qty=12.626263,
        pnl=round((95 - 79.2) / 79.2 * 1000, 6),  # back to the middle of 80 and 110
        expires_us=13 * MINUTE_US,
    )
    assert (second.entry, second.limit) == ("BTCUSD-b3-1", 77.6)
    assert second.pnl > first.pnl


def test_old_bars_leave_the_window():
    ladder = small_ladder(first_step=0.0)
    run(ladder, [bar(1, low=50), bar(2, low=90), bar(3, low=91)])
    actions = run(ladder, [bar(4, low=95), bar(5, low=96)])
    assert of(RequestEntry, [action for _, action in actions])[0].limit == 91


def test_a_refresh_withdraws_what_is_not_filled_and_nothing_else():
    ladder = small_ladder()
    run(ladder, [bar(1), bar(2)])
    first, second = of(RequestEntry, ladder.on_bar(bar(3), 3 * MINUTE_US))
    ladder.on_fill(fill("o", first.limit, first.qty / 2), first.entry, 0)
    ladder.on_fill(fill("o", first.limit, first.qty / 2), first.entry, 0)
    ladder.on_fill(fill("o", second.limit, second.qty / 2), second.entry, 0)
    assert run(ladder, [bar(4)]) == []
    actions = list(ladder.on_bar(bar(5), 5 * MINUTE_US))
    assert of(WithdrawEntry, actions) == [WithdrawEntry(second.entry)]
    assert [each.entry for each in of(RequestEntry, actions)] == ["BTCUSD-b5-0", "BTCUSD-b5-1"]


def test_the_other_side_stands_above_the_high():
    ladder = small_ladder(sides=("sell",), first_step=0.01)
    actions = [action for _, action in run(ladder, [bar(1, high=120), bar(2), bar(3)])]
    entry = of(RequestEntry, actions)[0]
    assert (entry.entry, entry.side, entry.limit) == ("BTCUSD-s3-0", "sell", 121.2)
    (leave,) = ladder.on_fill(fill("o", 121.2, 1.0, "sell"), entry.entry, 0)
    assert leave == PlaceExit("BTCUSD-x1", "BTCUSD", "buy", 120.7152, 1.0)


# ---- leaving ----


def test_each_fill_is_offered_at_a_profit():
    ladder = small_ladder(take_profit=0.01)
    assert list(ladder.on_fill(fill("o", 100.0, 1.5), "e", 0)) == [
        PlaceExit("BTCUSD-x1", "BTCUSD", "sell", 101.0, 1.5)
    ]
    assert list(ladder.on_fill(fill("o", 100.0, 0.5), "e", 0)) == [
        PlaceExit("BTCUSD-x2", "BTCUSD", "sell", 101.0, 0.5)
    ]


def test_after_some_bars_the_rest_goes_through_the_market_one_bar_after_the_cancel():
    ladder = small_ladder(window_bars=99)
    ladder.on_fill(fill("o", 100.0, 2.0), "e", 0)
    ladder.on_fill(fill("BTCUSD-x1", 100.4, 0.5, "sell"), None, 0)
    assert run(ladder, [bar(1), bar(2), bar(1, symbol="ETHUSD"), bar(2, symbol="ETHUSD")]) == []
    assert list(ladder.on_bar(bar(3), 0)) == [CancelOrder("BTCUSD-x1")]
    ladder.on_fill(fill("BTCUSD-x1", 100.4, 0.5, "sell"), None, 0)  # while the cancel was under way
    assert list(ladder.on_bar(bar(4, close=90.0), 0)) == [
        PlaceExit("BTCUSD-x2", "BTCUSD", "sell", 89.82, 1.0)
    ]
    # The price fell through it: once more, lower.
    assert list(ladder.on_bar(bar(5), 0)) == [CancelOrder("BTCUSD-x2")]
    assert list(ladder.on_bar(bar(6, close=80.0), 0)) == [
        PlaceExit("BTCUSD-x3", "BTCUSD", "sell", 79.84, 1.0)
    ]
    ladder.on_fill(fill("BTCUSD-x3", 79.84, 1.0, "sell"), None, 0)
    assert run(ladder, [bar(7), bar(8), bar(9)]) == []


def test_a_short_leaves_through_the_market_upwards():
    ladder = small_ladder(window_bars=99, hold_bars=1)
    ladder.on_fill(fill("o", 100.0, 2.0, "sell"), "e", 0)
    assert list(ladder.on_bar(bar(1), 0)) == [CancelOrder("BTCUSD-x1")]
    assert list(ladder.on_bar(bar(2, close=99.9), 0)) == [
        PlaceExit("BTCUSD-x2", "BTCUSD", "buy", 100.2, 2.0)
    ]


def test_what_opposite_entries_cancel_out_is_not_left_twice():
    ladder = small_ladder(window_bars=99, take_profit=0.01, hold_bars=9)
    ladder.on_fill(fill("o", 100.0, 3.0), "e", 0)
    assert list(ladder.on_fill(fill("p", 102.0, 1.0, "sell"), "f", 0)) == [CancelOrder("BTCUSD-x1")]
    assert list(ladder.on_bar(bar(1), 0)) == [PlaceExit("BTCUSD-x2", "BTCUSD", "sell", 101.0, 2.0)]
    assert list(ladder.on_fill(fill("p", 102.0, 2.5, "sell"), "f", 0)) == [
        CancelOrder("BTCUSD-x2"),
        PlaceExit("BTCUSD-x3", "BTCUSD", "buy", 100.98, 0.5),
    ]
    assert run(ladder, [bar(2), bar(3)]) == []


def test_the_fill_of_a_strange_exit_is_ignored():
    ladder = small_ladder()
    assert list(ladder.on_fill(fill("strange", 100.0, 2.0, "sell"), None, 0)) == []


# ---- the forecast range ----

EXPECTED = BarForecast(low=98.0, high=103.0, close=100.0)


def hour(number: int, forecast: BarForecast | None = EXPECTED, close=100.0) -> Bar:
    return bar(number, close=close, step=HOUR_US, forecast=forecast)


def test_the_forecast_of_a_bar_serves_the_bar_after_it():
    strategy = ForecastRange(1000.0, rungs=2, step=0.01, lifetime_bars=3)
    actions = strategy.on_bar(hour(1), HOUR_US)
    first, second = of(RequestEntry, actions)
    assert of(PublishForecast, actions)[0] == PublishForecast(
        "BTCUSD", round(5 / 98 * 1000, 6), 98.0, 103.0, 100.0
    )
    assert first == RequestEntry(
        entry="BTCUSD-b1-0",
        symbol="BTCUSD",
        side="buy",
        limit=98.0,
        qty=10.204082,
        pnl=round(5 / 98 * 1000, 6),
        expires_us=4 * HOUR_US,
    )
    assert (second.entry, second.limit) == ("BTCUSD-b1-1", 97.02)
    changed = strategy.on_bar(hour(2, BarForecast(90.0, 110.0, 100.0)), 2 * HOUR_US)
    assert of(WithdrawEntry, changed) == [WithdrawEntry(first.entry), WithdrawEntry(second.entry)]
    assert of(RequestEntry, changed)[0].limit == 90.0


def test_nobody_bids_above_the_market():
    strategy = ForecastRange(1000.0, rungs=2, step=0.01)
    entries = of(RequestEntry, strategy.on_bar(hour(1, close=95.0), 0))
    assert [entry.limit for entry in entries] == [95.0, 94.05]


@pytest.mark.parametrize(
    "forecast", [None, BarForecast(100.0, 100.0, 100.0), BarForecast(101, 100, 100)]
)
def test_without_a_range_there_is_nothing_to_ask_for(forecast):
    strategy = ForecastRange(1000.0, rungs=1)
    strategy.on_bar(hour(1), 0)
    assert list(strategy.on_bar(hour(2, forecast), 0)) == [WithdrawEntry("BTCUSD-b1-0")]


def test_an_entry_that_is_filled_is_not_withdrawn():
    strategy = ForecastRange(1000.0, rungs=2)
    first, second = of(RequestEntry, strategy.on_bar(hour(1), 0))
    strategy.on_fill(fill("o", first.limit, first.qty / 2), first.entry, 0)
    strategy.on_fill(fill("o", first.limit, first.qty / 2), first.entry, 0)
    strategy.on_fill(fill("o", second.limit, second.qty / 2), second.entry, 0)
    assert of(WithdrawEntry, strategy.on_bar(hour(2), 0)) == [WithdrawEntry(second.entry)]


def test_a_fill_leaves_at_the_high_of_its_own_forecast_even_when_withdrawn():
    strategy = ForecastRange(1000.0, rungs=1, hold_bars=2)
    strategy.on_bar(hour(1), 0)
    strategy.on_bar(hour(2, BarForecast(90.0, 110.0, 100.0)), 0)
    assert list(strategy.on_fill(fill("o", 98.0, 4.0), "BTCUSD-b1-0", 0)) == [
        PlaceExit("BTCUSD-x1", "BTCUSD", "sell", 103.0, 4.0)
    ]
    strategy.on_bar(hour(3), 0)
    assert CancelOrder("BTCUSD-x1") in list(strategy.on_bar(hour(4), 0))
