"""What a steal was worth: the venue's rule, the mark-out, and what real runs say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.rules.policy import DEFAULT
from streams.lab.backtest.result import Leg, StealLine
from streams.lab.backtest.run import RunOptions, calendars_for, run_backtest
from streams.lab.compare.counterfactual import HOUR_US, Judge, StealWorth, horizon_us
from streams.market import MarketQuote, Quotes, read_market
from streams.strategies import Ladder
from tests.streams.cli.command import DAY, MIXED, head

HORIZON_US = 100
SHORT_US = 7
FEE_RATE = 0.001


def quotes(*rows: tuple[int, float, float], symbol: str = "BTCUSD") -> list[MarketQuote]:
    return [MarketQuote(ts_us, symbol, bid, ask, None, None) for ts_us, bid, ask in rows]


def leg(limit: float, until_us: int = 1_000, *, side="buy", qty=2.0, symbol="BTCUSD") -> Leg:
    return Leg("o1", symbol, side, limit, qty, until_us)


def judge(rows: list[MarketQuote], fee_rate: float = 0.0, horizon_us: int = HORIZON_US) -> Judge:
    return Judge(Quotes.of(rows), horizon_us, fee_rate)


def steal(outcome: str, thief: Leg | None, *victims: Leg, ts_us: int = 0) -> StealLine:
    return StealLine(
        ts_us=ts_us, id="0-1-0", steal="s1", entry="e1", thief="BTCUSD", victims=(),
        freed_micros=0, outcome=outcome, thief_leg=thief, victim_legs=victims,
    )  # fmt: skip


FALLING = quotes(
    (0, 100.0, 101.0),
    (10, 99.0, 100.0),
    (20, 98.0, 99.0),
    (110, 103.5, 104.5),
    (120, 104.0, 105.0),
    (130, 50.0, 51.0),
)


def test_a_buy_fills_at_its_limit_when_an_ask_goes_below_it():
    # Not at 10, where the ask only touches 100; at 20, and marked out 100 later at the bid.
    assert judge(FALLING).worth_micros(leg(100.0), 0) == 8_000_000
    # At 10 already, and marked out at 110.
    assert judge(FALLING).worth_micros(leg(100.5), 0) == 6_000_000


def test_a_sell_is_the_mirror():
    rows = quotes((0, 100.0, 101.0), (20, 103.0, 104.0), (120, 96.0, 97.0))
    assert judge(rows).worth_micros(leg(102.0, side="sell"), 0) == 10_000_000
    assert judge(rows).worth_micros(leg(103.0, side="sell"), 0) is None


def test_the_fee_is_paid_on_both_sides():
    assert judge(FALLING, FEE_RATE).worth_micros(leg(100.0), 0) == 8_000_000 - 408_000


def test_the_quote_of_the_steal_itself_is_too_early_and_after_the_end_is_too_late():
    rows = quotes((10, 98.0, 99.0), (20, 100.0, 101.0), (30, 98.0, 99.0), (31, 98.0, 99.0))
    assert judge(rows).worth_micros(leg(100.0, until_us=29), 10) is None
    assert judge(rows).worth_micros(leg(100.0, until_us=30), 10) is not None


def test_the_last_quote_stands_in_when_the_data_ends_before_the_mark_out():
    assert judge(FALLING[:3]).worth_micros(leg(100.0), 0) == -4_000_000


def test_another_symbol_fills_nothing():
    rows = sorted([*FALLING, *quotes((15, 1.0, 2.0), symbol="ETHUSD")], key=lambda q: q.ts_us)
    assert judge(rows).worth_micros(leg(100.0), 0) == 8_000_000
    assert judge(rows).worth_micros(leg(100.0, symbol="SOLUSD"), 0) is None


def test_only_settled_steals_are_weighed():
    thief, victim, dead = leg(100.0), leg(100.5), leg(50.0)
    timeline = [
        steal("settled", thief, dead),
        steal("settled", dead, victim, thief),
        steal("settled", thief, victim),
        steal("lost", None, victim),
        steal("expired", None, victim),
        steal("open", thief, victim),
    ]
    assert judge(FALLING).steals(timeline) == StealWorth(
        settled=3,
        lost=1,
        expired=1,
        open=1,
        thieves_filled=2,
        victims_filled=3,
        thieves_micros=16_000_000,
        victims_micros=20_000_000,
        better=2,
    )


def test_a_thief_as_good_as_its_victim_did_no_better():
    worth = judge(FALLING).steals([steal("settled", leg(100.0), leg(100.0))])
    assert worth.better == 0


@pytest.mark.parametrize("place", [1, 63, 64, 65, 66, 576, 577, 2_000])
def test_no_quote_is_passed_over_however_long_it_takes(place):
    """The search looks at ever longer stretches; a fill may lie at either end of one."""
    rows = quotes(*((n, 100.0, 101.0) for n in range(place)), (place, 98.0, 99.0))
    assert judge(rows).worth_micros(leg(100.0, until_us=place), 0) == -4_000_000


def naive(rows: list[MarketQuote], order: Leg, from_us: int) -> int | None:
    """The rule, read aloud."""
    mine = [row for row in rows if row.symbol == order.symbol]
    for row in mine:
        if not from_us < row.ts_us <= order.until_us:
            continue
        if row.ask < order.limit if order.side == "buy" else row.bid > order.limit:
            later = [one for one in mine if one.ts_us >= row.ts_us + SHORT_US] or mine[-1:]
            close = later[0].bid if order.side == "buy" else later[0].ask
            sign = 1 if order.side == "buy" else -1
            fee = FEE_RATE * (order.limit + close) * order.qty
            return round((sign * (close - order.limit) * order.qty - fee) * 1e6)
    return None


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(90, 110), st.integers(0, 2)), max_size=400),
    st.sampled_from(["buy", "sell"]),
    st.integers(88, 114),
    st.integers(0, 600),
    st.integers(0, 900),
)
def test_the_search_is_the_rule(steps, side, limit, from_us, until_us):
    ts_us, rows = 0, quotes((0, 100.0, 101.0))
    for gap, bid, spread in steps:
        ts_us += gap
        symbol = "BTCUSD" if spread else "ETHUSD"
        rows += quotes((ts_us, float(bid), float(bid + spread)), symbol=symbol)
    order = leg(float(limit), until_us, side=side)
    found = judge(rows, FEE_RATE, SHORT_US).worth_micros(order, from_us)
    assert found == naive(rows, order, from_us)


def test_the_horizon_is_an_hour_or_four_bars(tmp_path):
    assert horizon_us(read_market([head(DAY, 60, tmp_path)])) == HOUR_US
    assert horizon_us(read_market([head(MIXED, 60, tmp_path)])) == 4 * HOUR_US


class Watched(Ladder):
    """A ladder that remembers which orders filled."""

    def __init__(self) -> None:
        super().__init__(3_500.0)
        self.filled: set[str] = set()

    def on_fill(self, fill, entry, now_us):
        self.filled.add(fill.order)
        return super().on_fill(fill, entry, now_us)


@pytest.fixture(scope="module")
def day():
    return read_market([DAY])


def test_what_filled_in_fact_is_judged_to_fill(day):
    """The rule is the simulated venue's: a thief that filled in the run is never missed."""
    strategy = Watched()
    result = run_backtest(day, strategy, DEFAULT, RunOptions(), calendars_for(day))
    judging = Judge(day.quotes, horizon_us(day), 0.001)
    settled = [one for one in result.timeline if one.outcome == "settled"]
    legs = [(one.thief_leg, one.ts_us) for one in settled if one.thief_leg is not None]
    assert len(legs) == len(settled) > 100
    in_fact = [(one, at) for one, at in legs if one.order in strategy.filled]
    judged = [one for one, at in legs if judging.worth_micros(one, at) is not None]
    assert len(in_fact) > 10
    assert {one.order for one, _ in in_fact} <= {one.order for one in judged}
    # The other way round, only what its delay or a later steal kept from filling may differ.
    assert len(judged) <= len(in_fact) + len(settled) // 5


def test_the_quotes_before_a_steal_change_nothing(day):
    early = leg(float(day.quotes.asks[5_000]) * 0.99, int(day.quotes.ts_us[-1]))
    at = int(day.quotes.ts_us[4_000])
    order = replace(early, symbol=day.quotes.names[int(day.quotes.codes[5_000])])
    whole = Judge(day.quotes, HOUR_US, 0.001).worth_micros(order, at)
    after = day.quotes[int(np.searchsorted(day.quotes.ts_us, at, "right")) :]
    assert whole == Judge(after, HOUR_US, 0.001).worth_micros(order, at)
