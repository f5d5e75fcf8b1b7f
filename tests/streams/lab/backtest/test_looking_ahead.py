"""Nothing that comes later changes what was commanded before."""

import random
from dataclasses import replace

import numpy as np
import pytest

from state.rules.policy import PRESETS, Policy
from streams.lab.backtest.run import Hooks, RunOptions, calendars_for, run_backtest
from streams.market import Bars, Market, Quotes, read_market
from streams.strategies import strategy_for
from tests.paths import MARKET
from topics.codec import encode

EXAMPLES = MARKET
CUTS = {"hourly-mixed-2025-12": 40 * 3_600, "coinbase-2018-04-04": 6 * 3_600}
"""Example and, in seconds after its start, the end of the part that is played here."""


def shuffled(market: Market, after_us: int, seed: int) -> Market:
    """Return the market with all prices after a time in another order, symbol by symbol."""
    dice = np.random.default_rng(seed)
    quotes, bars = market.quotes, market.bars
    bids, asks = quotes.bids.copy(), quotes.asks.copy()
    for code in range(len(quotes.names)):
        places = np.flatnonzero((quotes.codes == code) & (quotes.ts_us > after_us))
        mixed = dice.permutation(places)
        bids[places], asks[places] = quotes.bids[mixed], quotes.asks[mixed]
    prices = bars.prices.copy()
    forecasts = None if bars.forecasts is None else bars.forecasts.copy()
    for code in range(len(bars.names)):
        places = np.flatnonzero((bars.codes == code) & (bars.end_us > after_us))
        mixed = dice.permutation(places)
        prices[:, places] = bars.prices[:, mixed]
        if forecasts is not None and bars.forecasts is not None:
            forecasts[:, places] = bars.forecasts[:, mixed]
    changed = Quotes(
        quotes.names, quotes.ts_us, quotes.codes, bids, asks, quotes.bid_sizes, quotes.ask_sizes
    )
    told = Bars(bars.names, bars.codes, bars.start_us, bars.end_us, prices, forecasts)
    return replace(market, quotes=changed, bars=told)


def commands_of(market: Market, policy: Policy, *, plain: bool) -> list[tuple[int, bytes]]:
    said: list[tuple[int, bytes]] = []

    def outputs(outputs) -> None:
        said.extend((command.ts_us, encode(command)) for command in outputs.commands)

    run_backtest(
        market,
        strategy_for(market, 3_500.0),
        policy,
        RunOptions(plain=plain),
        calendars_for(market),
        Hooks(outputs=outputs),
    )
    return said


@pytest.mark.parametrize("plain", [True, False], ids=["quote by quote", "passing over"])
@pytest.mark.parametrize("policy", PRESETS.values(), ids=PRESETS)
@pytest.mark.parametrize("name", CUTS)
def test_shuffling_what_comes_later_changes_no_command_before(name, policy, plain):
    whole = read_market([EXAMPLES / f"{name}.csv"])
    start_us = int(whole.quotes.ts_us[0])
    market = whole.between(start_us, start_us + CUTS[name] * 1_000_000)
    honest = commands_of(market, policy, plain=plain)
    assert len(honest) > 20
    for seed in range(3):
        dice = random.Random(seed)
        after_us = honest[dice.randrange(len(honest) // 3, len(honest) * 2 // 3)][0]
        told = commands_of(shuffled(market, after_us, seed), policy, plain=plain)

        def before(commands, after_us=after_us):
            return [raw for ts_us, raw in commands if ts_us <= after_us]

        assert before(told) == before(honest)
        assert len(before(honest)) > 10
        assert told != honest, "the shuffle must matter afterwards"
