"""Random markets and restless bots, from a seed: whatever the rules can meet, in a few hundred quotes."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from state.rules.policy import PRESETS, Policy, policy_from
from streams.market import Bar, Bars, Market, MarketQuote, Quotes
from streams.strategies import (
    Action,
    CancelOrder,
    PlaceExit,
    PublishForecast,
    RequestEntry,
    Strategy,
    WithdrawEntry,
)
from streams.strategies.base import opposite
from topics.limits import Side

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
SYMBOLS = {"BTCUSD": 7_000.0, "AAPL": 170.0, "ETHUSD": 380.0, "SPY": 264.0, "SOLUSD": 20.0}

STARTS_US = (
    1_522_848_300_000_000,  # 2018-04-04 13:25 UTC, five minutes before New York opens
    1_522_870_800_000_000,  # 19:40, with the close in it
    1_385_747_400_000_000,  # 2013-11-29 17:50, ten minutes before an early close
    1_504_368_000_000_000,  # Saturday, 2017-09-02
)


def make_market(
    seed: int, quotes: int, symbols: int, pace_s: float, moves: float = 1.0, pauses: float = 0.01
) -> Market:
    """Return quotes that walk, jump, pause and come in bunches, and a bar a minute of each symbol."""
    dice = random.Random(seed)
    names = sorted(list(SYMBOLS)[:symbols])
    prices = {name: SYMBOLS[name] for name in names}
    now_us = start_us = dice.choice(STARTS_US)
    rows = []
    for _ in range(quotes):
        if dice.random() < 0.9:
            now_us += int(dice.expovariate(1 / pace_s) * SECOND_US) + dice.randrange(2)
        if dice.random() < pauses:
            now_us += dice.randrange(1, 200) * SECOND_US
        name = dice.choice(names)
        step = dice.gauss(0, 0.02) if dice.random() < 0.02 else dice.gauss(0, 0.0012)
        prices[name] = max(0.5, prices[name] * (1 + moves * step))
        bid = round(prices[name], 2)
        size = None if dice.random() < 0.5 else dice.choice((0.0, 1.0, 20.0, 1e4))
        rows.append(
            MarketQuote(now_us, name, bid, bid + dice.choice((0.0, 0.01, 0.05)), size, size)
        )
    return Market(
        Quotes.of(rows), _bars(names, start_us, now_us), tuple(names), "minute", MINUTE_US, ()
    )


def _bars(names: list[str], start_us: int, end_us: int) -> Bars:
    """Return bars whose prices do not matter: the bots only hear that a minute is over."""
    first, last = start_us // MINUTE_US, end_us // MINUTE_US
    ends = np.repeat(np.arange(first + 1, last + 2, dtype=np.int64) * MINUTE_US, len(names))
    codes = np.tile(np.arange(len(names), dtype=np.int64), last - first + 1)
    return Bars(tuple(names), codes, ends - MINUTE_US, ends, np.ones((6, len(ends))))


def make_policy(seed: int) -> Policy:
    """Return one of the presets with some fields at values that make things happen."""
    dice = random.Random(seed)
    chances: dict[str, tuple[object, ...]] = {
        "normal_tolerance": (0.003, 0.01, 0.03),
        "crypto_ooh_tolerance": (0.01, 0.05),
        "entry_tolerance": (0.0, 0.002, 0.01, 0.05),
        "protection": (0.0, 0.0005, 0.004, 0.02),
        "cooldown_s": (0, 5, 60, 300),
        "fight_threshold": (1, 2, 3, 5),
        "fight_window_s": (10, 90, 1800),
        "fight_cooldown_s": (20, 120, 600),
        "max_victims": (1, 2, 3),
        "must_free_enough": (True, False),
        "on_fight_lost": ("next", "end"),
        "distance": ("directional", "side_blind"),
        "victim_intents": ("entry", "any"),
        "spare_same_side": (True, False),
        "protect_age_s": (0, 3, 45),
        "quote_max_age_s": (2, 20, 90),
        "dry_run": (False, False, False, True),
        "probe_notional": (0, 500, 2000),
        "crypto_force_count": (0, 1, 3),
        "trigger_decided": ("each_time", "on_request"),
    }
    drawn = {name: dice.choice(values) for name, values in chances.items() if dice.random() < 0.4}
    return policy_from(drawn, PRESETS[dice.choice(("default", "reference", "none", "default"))])


@dataclass
class RestlessBot(Strategy):
    """Asks for entries near the last price it heard of, changes its mind, exits what it got."""

    seed: int
    prices: dict[str, float]
    busy: float
    live: list[str] = field(default_factory=list)
    exits: list[str] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:
        """Do a few things at random."""
        dice = self.dice
        for _ in range(dice.randrange(3)):
            if dice.random() < self.busy:
                yield self._request(bar.symbol, now_us)
        if self.live and dice.random() < 0.2:
            yield WithdrawEntry(self.live.pop(dice.randrange(len(self.live))))
        if self.exits and dice.random() < 0.1:
            yield CancelOrder(self.exits.pop())
        if dice.random() < 0.05:
            yield PublishForecast(bar.symbol, round(dice.gauss(0, 50), 3))

    def _request(self, symbol: str, now_us: int) -> RequestEntry:
        dice = self.dice
        self.count += 1
        name = f"{symbol}-{self.count}"
        self.live.append(name)
        side: Side = dice.choice(("buy", "buy", "sell"))
        away = abs(dice.gauss(0, 0.012)) * (-1 if side == "buy" else 1)
        limit = round(self.prices[symbol] * (1 + away), 2)
        return RequestEntry(
            entry=name,
            symbol=symbol,
            side=side,
            limit=limit,
            qty=round(dice.choice((300, 1500, 4000, 9000)) / limit, 6),
            pnl=round(dice.gauss(20, 30), 3),
            expires_us=now_us + dice.choice((40, 400, 40_000)) * SECOND_US,
            tolerance=dice.choice((None, None, None, 0.002, 0.05)),
            mode=dice.choice(("normal", "normal", "normal", "probe")),
        )

    def on_fill(self, fill, entry, now_us):
        """Sometimes offer what was bought, near what it cost."""
        self.prices[fill.symbol] = fill.price
        if entry is None or self.dice.random() < 0.3:
            return ()
        self.count += 1
        self.exits.append(f"exit-{self.count}")
        side = opposite(fill.side)
        limit = round(fill.price * (1 + self.dice.gauss(0, 0.004)), 2)
        return (PlaceExit(self.exits[-1], fill.symbol, side, limit, fill.qty),)


def make_bots(seed: int, accounts: int, busy: float) -> dict[str, Strategy]:
    """Return fresh bots; equal arguments, equal bots."""
    return {
        f"acct-{number}": RestlessBot(seed + number, dict(SYMBOLS), busy)
        for number in range(accounts)
    }
