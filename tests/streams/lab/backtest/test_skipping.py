"""Passing quotes over says the same, byte for byte, as applying every one of them."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.dealing.attempts import Attempt
from state.market.hours import Calendars
from state.rules.policy import PRESETS, policy_from
from streams.lab.backtest.engine import Engine, Hooks
from streams.lab.backtest.run import RunOptions, calendars_for, run_accounts, run_backtest
from streams.market import Market, read_market
from streams.strategies import strategy_for
from tests.paths import MARKET
from topics.codec import encode

from .worlds import make_bots, make_market, make_policy

EXAMPLES = MARKET


def play(market: Market, make, policy, times: Calendars, *, plain: bool, watch=None):
    """Return the results, and every byte that the desk said."""
    said: list[bytes] = []

    def outputs(outputs):
        said.extend(encode(one) for one in (*outputs.commands, *outputs.facts))

    options = RunOptions(capital=10_000.0, plain=plain)
    results = run_accounts(market, make(), policy, options, times, Hooks(None, outputs, watch))
    return results, said


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    quotes=st.integers(50, 900),
    symbols=st.integers(1, 5),
    accounts=st.integers(1, 4),
    pace_s=st.sampled_from((0.02, 0.3, 3.0)),
    busy=st.sampled_from((0.2, 0.8)),
)
def test_a_random_day_is_the_same_both_ways(seed, quotes, symbols, accounts, pace_s, busy):
    market = make_market(seed, quotes, symbols, pace_s)
    policy, times = make_policy(seed), calendars_for(market)

    def make():
        return make_bots(seed, accounts, busy)

    plain, said = play(market, make, policy, times, plain=True)
    skipped, said_skipping = play(market, make, policy, times, plain=False)
    assert said_skipping == said
    assert skipped == plain


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), symbols=st.integers(1, 5), accounts=st.integers(1, 3))
def test_being_watched_changes_nothing(seed, symbols, accounts):
    """Unwatched, a try that would only be refused again is not made (`state.stealing.ladder`)."""
    market = make_market(seed, 500, symbols, 3.0)
    policy, times = make_policy(seed), calendars_for(market)
    seen: list[Attempt] = []
    alone, watched = (
        play(market, lambda: make_bots(seed, accounts, 0.8), policy, times, plain=True, watch=watch)
        for watch in (None, seen.append)
    )
    assert watched == alone


def test_the_random_days_are_not_dull():
    """They steal, fight, block for many reasons, fill and deleverage; else they prove little."""
    kinds: Counter[str] = Counter()
    for seed in range(40):
        market = make_market(seed, 900, 1 + seed % 5, (0.02, 0.3, 3.0)[seed % 3])
        runs, said = play(
            market,
            lambda seed=seed: make_bots(seed, 3, 0.8),
            make_policy(seed),
            calendars_for(market),
            plain=False,
        )
        for run in runs.values():
            kinds.update(run.refusals)
            kinds.update(fills=run.fills, settled=run.steals_settled, lost=run.steals_lost)
        kinds.update(fight=sum(b'"fight.detected"' in line for line in said))
    wanted = (
        "disabled too_far_from_limit no_steal_candidates insufficient_capital dry_run"
        " fight_pnl_not_better fills settled lost fight"
    )
    assert [kind for kind in wanted.split() if kinds[kind] < 5] == []


@pytest.mark.parametrize("policy", PRESETS.values(), ids=PRESETS)
@pytest.mark.parametrize("name", ["coinbase-2018-04-04", "nyse-2013-10-07"])
def test_the_example_days_are_the_same_both_ways(name, policy):
    market = read_market([EXAMPLES / f"{name}.csv"])
    times = calendars_for(market)
    plain, skipped = (
        run_backtest(market, strategy_for(market, 3_500.0), policy, RunOptions(plain=plain), times)
        for plain in (True, False)
    )
    assert skipped == plain
    assert plain.commands > 100


def test_most_quotes_of_a_busy_feed_are_passed_over(monkeypatch):
    """Else nothing is won, and equality proves nothing."""
    market = make_market(3, 20_000, 4, 0.05, moves=0.1, pauses=0.0)
    applied = 0
    ordinary = Engine.instant

    def counted(engine, now_us, codes, quotes):
        nonlocal applied
        applied += len(quotes)
        ordinary(engine, now_us, codes, quotes)

    monkeypatch.setattr(Engine, "instant", counted)
    policy = policy_from({"protection": 0.001})
    results, _ = play(
        market, lambda: make_bots(3, 2, 0.2), policy, calendars_for(market), plain=False
    )
    assert sum(run.commands for run in results.values()) > 10
    assert applied < len(market.quotes) / 4


def test_progress_counts_every_quote_once():
    market = make_market(5, 700, 3, 0.3)
    for plain in (True, False):
        counted: list[int] = []
        hooks = Hooks(progress=counted.append)
        options = RunOptions(plain=plain)
        bots = make_bots(5, 2, 0.8)
        run_accounts(market, bots, make_policy(5), options, calendars_for(market), hooks)
        assert sum(counted) == len(market.quotes)
