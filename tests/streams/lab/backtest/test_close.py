"""Stocks at the close, end to end on the market of 2013: down to overnight leverage, cancels first."""

import csv
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from state.rules.policy import policy_from
from streams.lab.backtest.run import Hooks, RunOptions, calendars_for, run_backtest
from streams.market import Bar, Market, read_market
from streams.strategies import Action, PublishForecast, RequestEntry, Strategy
from tests.paths import MARKET
from topics.commands import Cancel, Reduce, Submit
from topics.facts import DeleverageDone, DeleverageStarted, InterestCharged

EXAMPLE = MARKET / "nyse-2013-10-07.csv"
CAPITAL = 10_000.0
HOUR_US = 3_600_000_000

DAYS = {
    # Days by which the file is moved, and New York's close on its first day, UTC.
    "an ordinary day": (0, "2013-10-07T20:00:00Z"),
    "the day after Thanksgiving": (53, "2013-11-29T18:00:00Z"),
}


def moved(days: int, folder: Path) -> Market:
    """Return the example with its dates moved; the day after Thanksgiving ends at 13:00."""
    with EXAMPLE.open() as source:
        header, *rows = csv.reader(source)
    place = header.index("time")
    for row in rows:
        moment = datetime.fromisoformat(row[place]) + timedelta(days=days)
        row[place] = moment.isoformat().replace("+00:00", "Z")
    path = folder / "day.csv"
    with path.open("w", newline="") as target:
        csv.writer(target).writerows([header, *rows])
    return read_market([path])


class FillsUp(Strategy):
    """An hour before the close: buys 3 times the capital at once, and bids for 0.9 times below."""

    name = "fills up"

    def __init__(self, close_us: int) -> None:
        self._at_us = close_us - HOUR_US
        self._asked: set[str] = set()

    def on_bar(self, bar: Bar, now_us: int) -> Iterable[Action]:
        """Ask once for each symbol."""
        if now_us < self._at_us or bar.symbol in self._asked:
            return
        self._asked.add(bar.symbol)
        pnl = {"AIG": 3.0, "BAC": 1.0, "IBM": 2.0, "SPY": 4.0}[bar.symbol]
        yield PublishForecast(bar.symbol, pnl)
        for kind, limit, share in (
            ("now", round(bar.ask_close * 1.004, 2), 0.75),
            ("low", round(bar.bid_close * 0.995, 2), 0.225),
        ):
            qty = float(int(share * CAPITAL / limit))
            name = f"{bar.symbol}-{kind}"
            yield RequestEntry(name, bar.symbol, "buy", limit, qty, pnl, now_us + 24 * HOUR_US)

    def on_fill(self, fill, entry, now_us):
        """Keep it."""
        return ()


@pytest.mark.parametrize("plain", [True, False], ids=["quote by quote", "passing over"])
@pytest.mark.parametrize(("days", "close"), DAYS.values(), ids=DAYS)
def test_an_account_at_almost_four_times_is_at_two_after_the_close(days, close, plain, tmp_path):
    close_us = int(datetime.fromisoformat(close).timestamp()) * 1_000_000
    market = moved(days, tmp_path)
    said: list = []

    def outputs(outputs) -> None:
        said.extend((*outputs.commands, *outputs.facts))

    run = run_backtest(
        market,
        FillsUp(close_us),
        policy_from({"normal_tolerance": 0.02, "fee_reserve": 0.001}),
        RunOptions(capital=CAPITAL, plain=plain),
        calendars_for(market),
        Hooks(outputs=outputs),
    )
    times = run.series.ts_us
    lead_us = 900_000_000

    def uses(first_us: int, last_us: int) -> list[float]:
        """Return equity in use as a fraction, by what the venue lends at that time."""
        points = zip(times, run.series.in_use, run.series.equity, strict=True)
        return [used / own for ts_us, used, own in points if first_us <= ts_us < last_us]

    at_four = uses(close_us - lead_us - 60_000_000, close_us - lead_us)
    assert 3.8 < 4 * at_four[-1] < 3.97
    assert max(uses(close_us, close_us + 3 * HOUR_US)) * 2 <= 2.0

    ending = [one for one in said if close_us - lead_us <= one.ts_us <= close_us]
    cancels = [one for one in ending if isinstance(one, Cancel)]
    reduces = [one for one in ending if isinstance(one, Reduce)]
    started = [one for one in ending if isinstance(one, DeleverageStarted)]
    assert [one.close_us for one in started] == [close_us]
    assert len(cancels) == 4
    assert {one.order for one in cancels} == set(started[0].cancels)
    assert max(one.ts_us for one in cancels) < min(one.ts_us for one in reduces)
    assert reduces[0].symbol == "BAC"  # the worst forecast
    assert not [one for one in ending if isinstance(one, Submit)]
    assert [one.over_micros for one in said if isinstance(one, DeleverageDone)][:1] == [0]


def test_interest_is_charged_for_the_night_and_lowers_the_profit(tmp_path):
    """About 10,000 dollars borrowed: 2.5 dollars a night, and two nights end in the data."""
    close_us = int(datetime.fromisoformat(DAYS["an ordinary day"][1]).timestamp()) * 1_000_000
    market = moved(0, tmp_path)
    charged: list[InterestCharged] = []

    def outputs(outputs) -> None:
        charged.extend(fact for fact in outputs.facts if isinstance(fact, InterestCharged))

    def play(rate: float):
        policy = policy_from({"normal_tolerance": 0.02, "borrow_rate": rate})
        return run_backtest(
            market,
            FillsUp(close_us),
            policy,
            RunOptions(capital=CAPITAL),
            calendars_for(market),
            Hooks(outputs=outputs),
        )

    free = play(0.0)
    assert free.interest == 0
    assert charged == []
    dear = play(0.065)
    assert len(charged) == 2
    borrowed = charged[0].borrowed_micros / 1e6
    assert 9_000 < borrowed < 10_100
    assert charged[0].fee_micros / 1e6 == pytest.approx(borrowed * 0.065 / 252, abs=1e-6)
    assert dear.interest == pytest.approx(sum(one.fee_micros for one in charged) / 1e6, rel=0.02)
    assert dear.pnl < free.pnl
