"""Cooldowns and fights, at exactly their limits."""

import pytest

from state.rules import fights
from state.rules.cooldowns import ends_us, on_cooldown
from state.rules.policy import DEFAULT, policy_from

from .world import SECOND

NOW = 1_500_000_000 * SECOND
WINDOW = 1800 * SECOND
PAIR = "AAPL|MSFT"


def steals(count: int, at: int = NOW) -> dict[str, list[int]]:
    """So many steals of one pair, all at one time."""
    return {PAIR: [at] * count}


@pytest.mark.parametrize(
    ("elapsed_us", "spared"),
    [(0, True), (120 * SECOND - 1, True), (120 * SECOND, False), (121 * SECOND, False)],
)
def test_a_cooldown_is_over_at_exactly_its_end(elapsed_us, spared):
    assert on_cooldown(DEFAULT, {"AAPL": NOW}, {}, "AAPL", NOW + elapsed_us) is spared


def test_a_symbol_that_was_never_stolen_from_has_no_cooldown():
    assert ends_us(DEFAULT, {"AAPL": NOW}, steals(9), "MSFT", NOW) is None
    assert not on_cooldown(DEFAULT, {"AAPL": NOW}, steals(9), "MSFT", NOW)


@pytest.mark.parametrize(
    ("count", "elapsed_us", "spared"),
    [
        (3, 120 * SECOND, False),
        (4, 120 * SECOND, True),
        (4, 600 * SECOND - 1, True),
        (4, 600 * SECOND, False),
    ],
)
def test_a_fight_makes_the_cooldown_longer_from_one_steal_less_than_the_threshold(
    count, elapsed_us, spared
):
    history = steals(count)
    assert on_cooldown(DEFAULT, {"AAPL": NOW}, history, "AAPL", NOW + elapsed_us) is spared
    assert ends_us(DEFAULT, {"AAPL": NOW}, history, "AAPL", NOW) == NOW + (
        600 * SECOND if count == 4 else 120 * SECOND
    )


def test_the_longer_of_both_cooldowns_counts():
    policy = policy_from({"cooldown_s": 900})
    assert ends_us(policy, {"AAPL": NOW}, steals(4), "AAPL", NOW) == NOW + 900 * SECOND


@pytest.mark.parametrize(
    ("age_us", "counted"), [(0, 4), (WINDOW, 4), (WINDOW + 1, 0), (-SECOND, 4)]
)
def test_a_steal_exactly_as_old_as_the_window_counts(age_us, counted):
    history = steals(4, NOW - age_us)
    assert fights.steals_in_window(DEFAULT, history, PAIR, NOW) == counted
    assert fights.would_fight(DEFAULT, history, "MSFT", "AAPL", NOW) is (counted == 4)
    assert fights.cooldown_us(DEFAULT, history, "MSFT", NOW) == (600 * SECOND if counted else 0)


@pytest.mark.parametrize(
    ("threshold", "count", "fight", "longer"),
    [
        (5, 3, False, False),
        (5, 4, True, True),
        (1, 0, True, False),  # every steal is a fight, yet none was counted so far
        (1, 1, True, True),
        (2, 0, False, False),
        (2, 1, True, True),
    ],
)
def test_a_fight_begins_with_the_steal_that_reaches_the_threshold(threshold, count, fight, longer):
    policy = policy_from({"fight_threshold": threshold})
    history = steals(count) if count else {}
    assert fights.would_fight(policy, history, "AAPL", "MSFT", NOW) is fight
    assert fights.cooldown_us(policy, history, "AAPL", NOW) == (600 * SECOND if longer else 0)


def test_a_steal_outside_the_window_is_no_fight_even_at_the_lowest_threshold():
    policy = policy_from({"fight_threshold": 1})
    assert fights.cooldown_us(policy, steals(1, NOW - WINDOW - 1), "AAPL", NOW) == 0


def test_a_fight_of_others_makes_no_cooldown_longer():
    assert fights.cooldown_us(DEFAULT, steals(9), "NVDA", NOW) == 0
    assert fights.cooldown_us(DEFAULT, steals(9), "AAP", NOW) == 0
    assert not fights.would_fight(DEFAULT, steals(9), "AAPL", "NVDA", NOW)


def test_the_direction_of_a_steal_makes_no_difference():
    history: fights.Fights = {}
    fights.record(DEFAULT, history, "MSFT", "AAPL", NOW)
    fights.record(DEFAULT, history, "AAPL", "MSFT", NOW + 1)
    assert history == {PAIR: [NOW, NOW + 1]}
    fights.record(DEFAULT, history, "AAPL", "AAPL", NOW + 2)
    assert history["AAPL|AAPL"] == [NOW + 2]


def test_steals_older_than_two_windows_are_forgotten_for_every_pair():
    history = {PAIR: [NOW - 2 * WINDOW - 1, NOW - 2 * WINDOW], "A|B": [NOW - 2 * WINDOW - 1]}
    fights.record(DEFAULT, history, "X", "Y", NOW)
    assert history == {PAIR: [NOW - 2 * WINDOW], "X|Y": [NOW]}


@pytest.mark.parametrize(
    ("one", "other", "fight"),
    [("BTCUSD", "ETHUSD", False), ("AAPL", "ETHUSD", True), ("AAPL", "MSFT", True)],
)
def test_two_cryptos_can_be_exempt_from_fights(one, other, fight):
    policy = policy_from({"crypto_fights_exempt": True})
    history = {fights.pair_of(one, other): [NOW] * 9}
    assert fights.would_fight(policy, history, one, other, NOW) is fight
    assert fights.would_fight(DEFAULT, history, one, other, NOW)
    assert bool(fights.cooldown_us(policy, history, one, NOW)) is fight
