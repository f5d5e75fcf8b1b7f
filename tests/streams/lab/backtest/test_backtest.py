"""A replay as a whole: it never looks ahead, and its figures follow from the venue's fills."""

from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import pytest

from state.dealing.outbox import Outputs
from state.desk import Desk
from state.rules.policy import DEFAULT, PRESETS, Policy
from streams.lab.backtest.result import RunResult
from streams.lab.backtest.run import Hooks, RunOptions, calendars_for, run_backtest
from streams.market import Market, read_market
from streams.strategies import (
    PlaceExit,
    PublishForecast,
    RequestEntry,
    Strategy,
    StrategyError,
    WithdrawEntry,
    strategy_for,
)
from tests.paths import MARKET
from topics.codec import decode_frame, encode, encode_frame
from topics.events import AccountSnapshot, Fill, Quote
from topics.frames import Frame

EXAMPLES = MARKET
MINUTES = ("coinbase-2018-04-04.csv", 900)
HOURS = ("hourly-mixed-2025-12.csv", 400)
FILES = pytest.mark.parametrize("source", [MINUTES, HOURS], ids=["minutes", "hours"])


def rows_of(source: tuple[str, int]) -> list[list[str]]:
    name, count = source
    lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
    return [line.split(",") for line in lines[: count + 1]]


def market_of(rows: list[list[str]], folder: Path) -> Market:
    path = folder / "day.csv"
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return read_market([path])


class Told:
    """Everything a run said: commands and facts with their time, as bytes."""

    def __init__(self) -> None:
        self.commands: list[tuple[int, bytes]] = []
        self.facts: list[tuple[int, bytes]] = []
        self.hash = blake2b(digest_size=16)

    def __call__(self, outputs: Outputs) -> None:
        self.commands += [(said.ts_us, encode(said)) for said in outputs.commands]
        self.facts += [(said.ts_us, encode(said)) for said in outputs.facts]
        for said in (*outputs.commands, *outputs.facts):
            self.hash.update(encode(said))

    def before(self, ts_us: int) -> list[bytes]:
        return [raw for when, raw in (*self.commands, *self.facts) if when < ts_us]


def play(
    market: Market,
    policy: Policy = DEFAULT,
    strategy: Strategy | None = None,
    options: RunOptions | None = None,
) -> tuple[RunResult, Told]:
    told = Told()
    made = strategy or strategy_for(market, 3_500.0)
    hooks = Hooks(outputs=told)
    times = calendars_for(market)
    return run_backtest(market, made, policy, options or RunOptions(), times, hooks), told


# ---- looking ahead ----


def altered(rows: list[list[str]], start: int, factor: float, columns: slice) -> list[list[str]]:
    """Change numbers of the rows from `start` on."""
    changed = [list(row) for row in rows]
    for row in changed[start:]:
        row[columns] = [str(float(cell) * factor) if cell else cell for cell in row[columns]]
    return changed


def first_row_at(rows: list[list[str]], share: float) -> int:
    """Return the first row of the instant that lies so far into the file."""
    start = int(len(rows) * share)
    while rows[start - 1][0] == rows[start][0]:
        start -= 1
    return start


@FILES
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_later_rows_change_nothing_earlier(source, share, factor, tmp_path):
    rows = rows_of(source)
    start = first_row_at(rows, share)
    market = market_of(rows, tmp_path)
    other = market_of(altered(rows, start, factor, slice(2, None)), tmp_path)
    cut_us = int(datetime.fromisoformat(rows[start][0]).timestamp()) * 1_000_000
    _, told = play(market)
    _, told_otherwise = play(other)
    assert told.before(cut_us) == told_otherwise.before(cut_us)
    assert len(told.before(cut_us)) > 20
    assert told.commands != told_otherwise.commands, "the change must matter afterwards"


def test_forecast_of_a_bar_is_used_only_after_it(tmp_path):
    """The bar's own forecast may have been made after it ended: it counts one bar late."""
    rows = rows_of(HOURS)
    start = first_row_at(rows, 0.6)
    market = market_of(rows, tmp_path)
    other = market_of(altered(rows, start, 1.02, slice(6, None)), tmp_path)
    assert market.quotes == other.quotes
    cut_us = min(one.end_us for one, two in zip(market.bars, other.bars, strict=True) if one != two)
    _, told = play(market)
    _, told_otherwise = play(other)
    assert told.before(cut_us) == told_otherwise.before(cut_us)
    assert len(told.before(cut_us)) > 20
    assert told.commands != told_otherwise.commands


def test_data_that_ends_is_the_beginning_of_data_that_goes_on(tmp_path):
    rows = rows_of(MINUTES)
    start = first_row_at(rows, 0.6)
    long, short = market_of(rows, tmp_path), market_of(rows[:start], tmp_path)
    _, told = play(long)
    _, told_short = play(short)
    end_us = short.bars[-1].end_us
    assert told_short.before(end_us) == told.before(end_us)


# ---- figures ----


class Ledger(Strategy):
    """Counts money of its own, in whole micro-dollars, from the fills and prices that it hears of."""

    def __init__(self, beneath: Strategy, capital: float) -> None:
        self.name = beneath.name
        self.cash_micros = round(capital * 1_000_000)
        self.fee_micros = 0
        self.held: dict[str, float] = {}
        self.last: dict[str, tuple[float, float]] = {}
        self.fills: list[Fill] = []
        self._beneath = beneath

    def on_bar(self, bar, now_us):
        return self._beneath.on_bar(bar, now_us)

    def on_quote(self, quote):
        self.last[quote.symbol] = (quote.bid, quote.ask)
        return ()

    def on_fill(self, fill, entry, now_us):
        signed = fill.qty if fill.side == "buy" else -fill.qty
        fee = round(fill.fee * 1_000_000)
        self.cash_micros -= round(signed * fill.price * 1_000_000) + fee
        self.fee_micros += fee
        self.held[fill.symbol] = self.held.get(fill.symbol, 0.0) + signed
        self.fills.append(fill)
        return self._beneath.on_fill(fill, entry, now_us)

    def equity_micros(self) -> int:
        return self.cash_micros + sum(
            round(qty * self.last[symbol][0 if qty > 0 else 1] * 1_000_000)
            for symbol, qty in self.held.items()
            if abs(qty) > 1e-9
        )


@FILES
@pytest.mark.parametrize("policy", PRESETS.values(), ids=PRESETS)
def test_pnl_is_cash_and_positions_of_the_fills_to_the_micro_dollar(source, policy, tmp_path):
    market = market_of(rows_of(source), tmp_path)
    ledger = Ledger(strategy_for(market, 3_500.0), 10_000.0)
    run, _ = play(market, policy, ledger, RunOptions(fee_rate=0.002))
    assert run.fills == len(ledger.fills) > 0
    interest_micros = round(run.interest * 1_000_000)  # no fill; its own tests are at the venue
    assert round(run.pnl * 1_000_000) == ledger.equity_micros() - 10_000_000_000 - interest_micros
    assert round(run.fees * 1_000_000) == ledger.fee_micros
    assert run.fees == pytest.approx(
        0.002 * sum(fill.qty * fill.price for fill in ledger.fills), abs=1e-3
    )


def test_counts_are_those_of_what_was_said(tmp_path):
    market = market_of(rows_of(MINUTES), tmp_path)
    run, told = play(market)
    facts = [raw for _, raw in told.facts]

    def count(tag: str) -> int:
        return sum(f'"type":"{tag}"'.encode() in raw for raw in facts)

    assert run.commands == len(told.commands)
    assert run.steals == count("steal.started") == len(run.timeline)
    assert run.steals_settled == count("steal.settled")
    assert run.steals_lost == count("steal.lost")
    assert run.blocks == count("entry.blocked") == sum(run.refusals.values())
    assert run.steals > 0


def test_series_end_with_the_last_quote_and_stay_within_the_figures(tmp_path):
    market = market_of(rows_of(MINUTES), tmp_path)
    run, _ = play(market)
    series = run.series
    assert len(series.ts_us) == len(series.equity) == len(series.in_use) == len(series.capacity)
    minutes = [ts_us // 60_000_000 for ts_us in series.ts_us]
    assert minutes == sorted(set(minutes))
    assert series.ts_us[-1] == market.quotes[-1].ts_us
    assert series.equity[-1] - 10_000.0 == pytest.approx(run.pnl)
    assert max(series.in_use) <= run.capital_peak
    assert 0 < run.capital_mean < run.capital_peak
    lowest = max(max(series.equity[: i + 1]) - value for i, value in enumerate(series.equity))
    assert run.max_drawdown >= lowest - 1e-9


def test_two_runs_are_equal(tmp_path):
    market = market_of(rows_of(MINUTES), tmp_path)
    assert play(market)[0] == play(market)[0]


def test_digest_is_that_of_everything_said(tmp_path):
    run, told = play(market_of(rows_of(MINUTES), tmp_path))
    assert run.digest == told.hash.hexdigest()


# ---- what a strategy asks for ----


class Script(Strategy):
    """Says its lines at the first bar."""

    def __init__(self, *actions) -> None:
        self.actions = actions
        self.heard: list[tuple[str, str | None]] = []

    def on_bar(self, bar, now_us):
        said, self.actions = self.actions, ()
        return said

    def on_fill(self, fill, entry, now_us):
        self.heard.append((fill.order, entry))
        return ()


LATER_US = 4_000_000_000_000_000


def entry(**changes) -> RequestEntry:
    asked = RequestEntry("e", "BTCUSD", "buy", 7420.0, 0.5, 1.0, LATER_US)
    return replace(asked, **changes)


@pytest.fixture
def market(tmp_path) -> Market:
    return market_of(rows_of(("coinbase-2018-04-04.csv", 90)), tmp_path)


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (entry(qty=-1.0), "negative_number in qty"),
        (entry(qty=0.0), "zero_number in qty"),
        (entry(limit=float("inf")), "limit"),
        (entry(limit=None), "NoneType"),
        (entry(entry="no spaces"), "bad_id in entry"),
        (entry(side="long"), "side"),
        (WithdrawEntry(""), "bad_id in entry"),
        (PublishForecast("BTCUSD", 1.0, low=-1.0), "negative_number in low"),
    ],
)
def test_wish_that_no_bot_may_send_is_told(action, told, market):
    with pytest.raises(StrategyError, match=told):
        play(market, strategy=Script(action))


def test_whole_numbers_say_the_same_as_decimals(market):
    _, whole = play(market, strategy=Script(entry(limit=7420, qty=1, pnl=1)))
    _, decimal = play(market, strategy=Script(entry(limit=7420.0, qty=1.0, pnl=1.0)))
    assert whole.commands == decimal.commands
    assert len(whole.commands) == 1


def test_numbers_of_other_libraries_are_numbers(market):
    numpy = pytest.importorskip("numpy")
    theirs = entry(
        limit=numpy.float64(7420.0), qty=numpy.float64(0.5), expires_us=numpy.int64(LATER_US)
    )
    exit_ = PlaceExit("x", "BTCUSD", "sell", numpy.float64(1.0), numpy.float64(0.5))
    run, told = play(market, strategy=Script(theirs, exit_))
    assert told.commands == play(market, strategy=Script(entry()))[1].commands
    assert run.commands == 1


def test_fills_name_their_entry_and_exits_do_not(market):
    """The ask falls below the entry's limit at once; the exit is sent when the position is there."""

    class OneTrade(Script):
        def on_fill(self, fill, entry, now_us):
            super().on_fill(fill, entry, now_us)
            if entry is not None:
                yield PlaceExit("mine", fill.symbol, "sell", 1.0, fill.qty)

    high = max(quote.ask for quote in market.quotes if quote.symbol == "BTCUSD")
    script = OneTrade(entry(limit=high + 10, qty=0.001))
    play(market, strategy=script)
    assert [name for _, name in script.heard] == ["e", None]
    assert script.heard[1][0] == "mine"


@pytest.fixture
def frames(monkeypatch) -> list[Frame]:
    """Collect every frame that a desk is given."""
    seen: list[Frame] = []
    apply = Desk.apply

    def spy(self, frame, position):
        seen.append(frame)
        return apply(self, frame, position)

    monkeypatch.setattr(Desk, "apply", spy)
    return seen


def test_frames_of_a_run_are_sound_journal_records(market, frames):
    """What the desk decided on could have come from a journal: same bytes, same frames."""
    play(market, options=RunOptions(plain=True))
    assert len(frames) > 100
    for frame in frames:
        raw = encode_frame(frame)
        assert decode_frame(raw) == frame
        assert encode_frame(decode_frame(raw)) == raw


def test_snapshots_are_cash_and_positions_of_the_fills(frames, tmp_path):
    """The desk's equity comes from the venue; a second account of the fills must agree."""
    play(market_of(rows_of(MINUTES), tmp_path))
    ledger, compared = Ledger(Script(), 10_000.0), 0
    for event in (item.event for frame in frames for item in frame.events):
        if isinstance(event, Quote):
            ledger.last[event.symbol] = (event.bid, event.ask)
        elif isinstance(event, Fill):
            ledger.on_fill(event, None, event.ts_us)
        elif isinstance(event, AccountSnapshot):
            assert round(event.equity * 1_000_000) == ledger.equity_micros()
            compared += bool(ledger.fills)
    assert compared > 100
