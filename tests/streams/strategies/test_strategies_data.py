"""The strategies on real data: no look ahead, a crowd of entries; and which strategy is chosen."""

import random
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from streams.market import Bar, Market, MarketQuote, read_market
from streams.strategies import (
    Action,
    PlaceExit,
    RequestEntry,
    StrategyError,
    WithdrawEntry,
    load_strategy,
    strategy_for,
)
from tests.paths import MARKET
from tests.streams.market.bars import HOUR_US, fill, of, run
from topics.limits import ID_PATTERN

EXAMPLES = MARKET
FILES = sorted(EXAMPLES.glob("*.csv"))

# ---- on real data ----


def actions_of(market: Market) -> list[tuple[int, Action]]:
    return run(strategy_for(market, 3500.0), market.bars)


def altered_after(market: Market, cut_us: int) -> list[Bar]:
    """Give each symbol's bars after a time each other's prices."""
    shuffler = random.Random(11)
    bars = list(market.bars)
    for symbol in market.symbols:
        mine = [i for i, each in enumerate(bars) if each.symbol == symbol and each.end_us > cut_us]
        values = [bars[i] for i in mine]
        shuffler.shuffle(values)
        for i, value in zip(mine, values, strict=True):
            bars[i] = moved(value, bars[i])
    return bars


def moved(value: Bar, place: Bar) -> Bar:
    return Bar(
        place.symbol,
        place.start_us,
        place.end_us,
        value.bid_low,
        value.ask_low,
        value.bid_high,
        value.ask_high,
        value.bid_close,
        value.ask_close,
        value.forecast,
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_action_depends_on_what_comes_later(path):
    market = read_market([path])
    cut_us = market.bars[len(market.bars) // 2].end_us
    honest = actions_of(market)
    changed = run(strategy_for(market, 3500.0), altered_after(market, cut_us))
    before = [each for each in honest if each[0] <= cut_us]
    assert before == [each for each in changed if each[0] <= cut_us]
    assert before
    assert honest != changed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_names_are_unique_and_fit_the_wire_and_limits_stand_below_the_market(path):
    market = read_market([path])
    entries = of(RequestEntry, [action for _, action in actions_of(market)])
    assert len({entry.entry for entry in entries}) == len(entries) > 100
    assert all(re.match(ID_PATTERN, entry.entry) for entry in entries)
    asks = {(each.symbol, each.end_us): each.ask_close for each in market.bars}
    for now_us, action in actions_of(market):
        if isinstance(action, RequestEntry):
            assert action.limit <= asks[action.symbol, now_us]
            assert action.qty * action.limit == pytest.approx(3500, rel=1e-6)
            assert action.expires_us > now_us


def waiting(market: Market) -> Iterable[tuple[MarketQuote, dict[str, RequestEntry]]]:
    """Show the entries that nobody fills beside every quote."""
    strategy = strategy_for(market, 3500.0)
    entries: dict[str, RequestEntry] = {}
    bars = iter(market.bars)
    upcoming = next(bars, None)
    for quote in market.quotes:
        while upcoming is not None and upcoming.end_us <= quote.ts_us:
            for action in strategy.on_bar(upcoming, upcoming.end_us):
                if isinstance(action, RequestEntry):
                    entries[action.entry] = action
                elif isinstance(action, WithdrawEntry):
                    entries.pop(action.entry)
            upcoming = next(bars, None)
        yield quote, entries


@pytest.mark.parametrize("name", ["coinbase-2018-04-04", "hourly-mixed-2025-12"])
def test_many_entries_wait_and_prices_come_near_those_of_several_symbols(name):
    market = read_market([EXAMPLES / f"{name}.csv"])
    crowded = 0
    near: Counter[int] = Counter()
    seen: set[tuple[int, str]] = set()
    for quote, entries in waiting(market):
        live = [entry for entry in entries.values() if entry.expires_us > quote.ts_us]
        crowded += len(live) >= 10
        place = quote.ts_us // HOUR_US, quote.symbol
        if place not in seen and any(
            entry.symbol == quote.symbol and abs(quote.ask - entry.limit) / entry.limit <= 0.0066
            for entry in live
        ):
            seen.add(place)
            near[place[0]] += 1
    hours = len({quote.ts_us // HOUR_US for quote in market.quotes})
    assert crowded > 0.9 * len(market.quotes)
    assert sum(count >= 2 for count in near.values()) > 0.8 * hours


def test_the_same_data_give_the_same_actions():
    market = read_market([EXAMPLES / "coinbase-2018-04-04.csv"])
    assert actions_of(market) == actions_of(market)


# ---- which strategy ----


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["coinbase-2018-04-04"], "ladder"),
        (["hourly-mixed-2025-12"], "forecast-range"),
        (["nyse-hourly-2018-04-04"], "ladder"),
        (["coinbase-2018-04-04", "nyse-hourly-2018-04-04"], "ladder and ladder"),
        (["coinbase-2018-04-04", "hourly-mixed-2025-12"], "ladder and forecast-range"),
    ],
)
def test_the_data_choose_the_strategy(names, kind):
    market = read_market([EXAMPLES / f"{name}.csv" for name in names])
    strategy = strategy_for(market, 3500.0)
    assert strategy.name == kind
    entries = of(RequestEntry, [action for _, action in run(strategy, market.bars)])
    assert {entry.symbol for entry in entries} == set(market.symbols)


def test_mixed_data_give_each_symbol_its_own_and_fills_find_it():
    names = ("coinbase-2018-04-04", "nyse-hourly-2018-04-04")
    market = read_market([EXAMPLES / f"{name}.csv" for name in names])
    strategy = strategy_for(market, 3500.0)
    assert list(strategy.on_fill(fill("o", 50.0, 1.0, symbol="AIG"), "e", 0)) == []  # not seen yet
    run(strategy, market.bars)
    (leave,) = strategy.on_fill(fill("o", 50.0, 1.0, symbol="AIG"), "e", 0)
    assert isinstance(leave, PlaceExit)
    assert list(strategy.on_quote(market.quotes[0])) == []


# ---- a user's own ----

OWN = """
from streams.strategies import Strategy

class Mine(Strategy):
    name = "mine"

    def __init__(self, position):
        self.position = position

    def on_bar(self, bar, now_us):
        return ()

    def on_fill(self, fill, entry, now_us):
        return ()

class Half(Strategy):
    def on_bar(self, bar, now_us):
        return ()

class Other:
    pass
"""


def test_a_users_own_class_is_loaded(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    mine = load_strategy(f"{tmp_path}/own.py:Mine", 1234.0)
    assert (mine.name, vars(mine)) == ("mine", {"position": 1234.0})


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("own.py", "'own.py' does not name a strategy; write it like my_file.py:MyStrategy."),
        (":Mine", "':Mine' does not name a strategy; write it like my_file.py:MyStrategy."),
        ("own.py:", "'own.py:' does not name a strategy; write it like my_file.py:MyStrategy."),
        ("no.py:Mine", "no.py: there is no such file; check the path before the colon."),
        ("own.txt:Mine", "own.txt: this is not a Python file; its name must end with .py."),
        ("own.py:Yours", "own.py: there is no class Yours; check the name after the colon."),
        (
            "own.py:Other",
            "own.py: Other is not a strategy; derive it from streams.strategies.Strategy.",
        ),
        (
            "bad.py:Mine",
            (
                "bad.py: running the file failed with ZeroDivisionError: division by zero; "
                "correct it and try again."
            ),
        ),
    ],
)
def test_what_is_wrong_with_it_is_said_in_one_sentence(tmp_path, monkeypatch, reference, what):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN)
    Path("own.txt").write_text(OWN)
    Path("bad.py").write_text("1 / 0")
    with pytest.raises(StrategyError) as caught:
        load_strategy(reference, 1.0)
    assert str(caught.value) == what


def test_a_class_that_cannot_be_made_is_said_too(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    with pytest.raises(StrategyError, match=r"Half\(position\) failed with TypeError: .*on_fill"):
        load_strategy(f"{tmp_path}/own.py:Half", 1.0)
