"""Ranks, and what they and the hours do to an entry's tolerance."""

import pytest

from state.dealing.board import Board
from state.dealing.clock import Clock
from state.market.hours import calendars
from state.rules.policy import DEFAULT, REFERENCE, policy_from
from state.rules.ranks import desk_ranks, distance, forced, rank_by_forecast, tolerance


@pytest.mark.parametrize(
    ("symbol", "session_open", "asked", "found"),
    [
        ("BTCUSD", True, None, 0.0066),
        ("BTCUSD", False, None, 0.02),
        ("LTCUSD", False, None, 0.0066),  # no active crypto
        ("AAPL", False, None, 0.0066),
        ("AAPL", True, 0.5, 0.5),
        ("BTCUSD", False, 0.0, 0.0),  # what the entry asks goes first, nothing at all too
        ("BTCUSD", False, 0.00123456, 0.00123456),
    ],
)
def test_tolerance_follows_symbol_hours_and_the_entrys_own_word(symbol, session_open, asked, found):
    assert tolerance(DEFAULT, symbol, session_open, asked) == found


def test_reference_rounds_a_tolerance_to_four_decimals():
    assert tolerance(REFERENCE, "AAPL", True, 0.00123456) == 0.0012
    assert tolerance(REFERENCE, "AAPL", True, 0.00125001) == 0.0013


@pytest.mark.parametrize(
    ("symbol", "session_open", "rank", "asked", "goes"),
    [
        ("BTCUSD", False, 1, False, True),
        ("BTCUSD", False, 2, False, True),
        ("BTCUSD", False, 3, False, False),
        ("BTCUSD", False, None, False, False),
        ("BTCUSD", True, 1, False, False),
        ("LTCUSD", False, 1, False, False),
        ("LTCUSD", True, None, True, True),
    ],
)
def test_the_top_ranks_are_forced_while_new_york_is_closed(symbol, session_open, rank, asked, goes):
    assert forced(DEFAULT, symbol, session_open, rank, asked) is goes


def test_a_force_count_of_zero_forces_nobody():
    assert not forced(policy_from({"crypto_force_count": 0}), "BTCUSD", False, 1)


def test_equal_forecasts_keep_their_order_in_the_originals_ranking():
    ranks = rank_by_forecast([("UNIUSD", 2.0), ("ETHUSD", 3.0), ("BTCUSD", 2.0)])
    assert ranks == {"ETHUSD": 1, "UNIUSD": 2, "BTCUSD": 3}


def test_the_desk_ranks_active_cryptos_by_forecast_and_then_by_symbol():
    forecasts = {"UNIUSD": 2.0, "ETHUSD": 3.0, "BTCUSD": 2.0, "LTCUSD": 9.0, "AAPL": 9.0}
    assert desk_ranks(DEFAULT.crypto_symbols, forecasts) == {"ETHUSD": 1, "BTCUSD": 2, "UNIUSD": 3}


def test_the_order_of_the_policys_list_makes_no_difference():
    policy = policy_from({"crypto_symbols": ["SOLUSD", "ETHUSD", "BTCUSD"]})
    ranks = desk_ranks(policy.crypto_symbols, {"SOLUSD": 1.0, "ETHUSD": 1.0, "BTCUSD": 1.0})
    assert ranks["BTCUSD"] == 1


def test_a_crypto_without_a_forecast_has_no_rank():
    assert desk_ranks(DEFAULT.crypto_symbols, {"SOLUSD": -4.0}) == {"SOLUSD": 1}
    assert desk_ranks(DEFAULT.crypto_symbols, {}) == {}


def test_a_wider_list_can_be_ranked_than_the_rules_use():
    policy = policy_from({"ranked_symbols": ["LTC/USD", "BTC/USD"]})
    board = Board(Clock(calendars(2017, 2017)))
    for symbol, pnl in {"LTCUSD": 5.0, "BTCUSD": 1.0, "ETHUSD": 9.0}.items():
        board.prices.get(symbol).pnl = pnl
    ranks = board.ranks(policy)
    assert ranks == {"LTCUSD": 1, "BTCUSD": 2}


@pytest.mark.parametrize(
    ("side", "price", "directional", "side_blind"),
    [
        ("buy", 102.0, 0.02, 0.02),
        ("buy", 98.0, 0.0, 0.02),  # marketable
        ("buy", 100.0, 0.0, 0.0),
        ("sell", 98.0, 0.02, 0.02),
        ("sell", 102.0, 0.0, 0.02),
    ],
)
def test_distance_counts_the_way_the_price_still_has_to_go(side, price, directional, side_blind):
    assert distance(DEFAULT, side, 100.0, price) == directional
    assert distance(REFERENCE, side, 100.0, price) == side_blind
