"""The simulated venue and the independent checker charge the desk's interest at the same closes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.overnight.borrowing import fee_micros
from streams.lab.backtest.checker import CapacityChecker
from streams.market import MarketQuote
from streams.venues.simulated.interest import Interest
from streams.venues.simulated.venue import SimulatedVenue
from topics.events import AccountSnapshot, AnyEvent

SECOND = 1_000_000
CLOSES = (1000 * SECOND, 2000 * SECOND, 3000 * SECOND)
TERMS = Interest(0.065, 252, CLOSES)


def four(symbol: str, now_us: int) -> float:
    return 1.0 if symbol.endswith("USD") else 4.0


class Floor:
    """A venue and its judge, in seconds; `shown` are the snapshots."""

    def __init__(self, cash: float = 10_000.0, interest: Interest | None = TERMS) -> None:
        self.quotes: dict[str, tuple[float, float]] = {}
        self.venue = SimulatedVenue(
            "A",
            cash,
            fee_rate=0.001,
            ack_delay_us=SECOND,
            snapshot_every_us=100_000 * SECOND,
            leverage=four,
            quotes=self.quotes,
            interest=interest,
        )
        self.judge = CapacityChecker(cash, four, self.quotes, interest)
        self.shown: list[AccountSnapshot] = []
        self.orders = 0
        self.advance(0)

    def _take(self, events: list[AnyEvent]) -> None:
        for event in events:
            self.judge.event(event)
            if isinstance(event, AccountSnapshot):
                self.shown.append(event)

    def advance(self, seconds: float) -> None:
        """Let time pass, from one thing that is due to the next."""
        now_us = round(seconds * SECOND)
        while (due_us := self.venue.due_us()) is not None and due_us < now_us:
            self._step(max(due_us, self.venue.now_us))
        self._step(now_us)

    def _step(self, now_us: int) -> None:
        self.judge.settle(now_us)
        self._take(self.venue.advance(now_us))

    def quote(self, seconds: float, symbol: str, price: float) -> None:
        """Quote a symbol, bid and ask alike."""
        self.advance(seconds)
        quote = MarketQuote(round(seconds * SECOND), symbol, price, price, None, None)
        self._take(self.venue.on_quote(quote))

    def hold(self, seconds: float, symbol: str, dollars: float) -> None:
        """Open a position at 100 dollars a unit, four seconds from now."""
        self.quote(seconds, symbol, 100.0)
        self.orders += 1
        side: Any = "buy" if dollars > 0 else "sell"
        now_us = round(seconds * SECOND)
        qty = abs(dollars) / 100.0
        self.venue.submit(now_us, f"o{self.orders}", symbol, side, 100.0, qty, "entry")
        self.quote(seconds + 2, symbol, 99.0 if dollars > 0 else 101.0)
        self.quote(seconds + 4, symbol, 100.0)
        assert symbol in self.venue.positions

    def agree(self) -> bool:
        """Tell whether the judge has found the venue's cash, to the micro-dollar."""
        cash = self.judge.equity_micros - sum(
            round(qty * self.quotes[symbol][0 if qty > 0 else 1] * SECOND)
            for symbol, qty in self.venue.positions.items()
        )
        return cash == round(self.venue.cash * SECOND)


def test_thirty_thousand_borrowed_cost_7_74_at_the_close():
    floor = Floor(10_040.0)
    floor.hold(10, "AAPL", 40_000)
    assert floor.venue.equity() == 10_000
    floor.advance(1000)
    assert floor.venue.interest == 0
    floor.advance(1000.000001)
    assert floor.venue.interest == 7.738095
    assert floor.venue.equity() == 10_000 - 7.738095
    assert floor.judge.interest_micros == 7_738_095
    assert floor.agree()


@pytest.mark.parametrize(
    ("symbol", "dollars", "cash"),
    [("BTCUSD", 9_900, 10_000), ("AAPL", 9_900, 10_000), ("AAPL", -9_900, 10_000)],
    ids=["crypto", "within 1x", "short within 1x"],
)
def test_nothing_is_charged_where_nothing_is_borrowed(symbol, dollars, cash):
    floor = Floor(cash)
    floor.hold(10, symbol, dollars)
    before = floor.venue.cash
    floor.advance(5000)
    assert (floor.venue.interest, floor.judge.interest_micros) == (0, 0)
    assert floor.venue.cash == before


def test_crypto_takes_of_the_equity_first():
    floor = Floor(10_020.0)
    floor.hold(10, "BTCUSD", 6_000)
    floor.hold(20, "AAPL", 14_000)
    assert floor.venue.equity() == 10_000
    floor.advance(1001)
    assert round(floor.venue.interest * SECOND) == fee_micros(10_000 * SECOND, 0.065, 252)
    assert floor.agree()


def test_each_close_is_charged_once_and_shown():
    floor = Floor()
    floor.hold(10, "AAPL", 30_000)
    floor.shown.clear()
    assert floor.venue.due_us() == CLOSES[0] + 1
    floor.venue.advance(CLOSES[0])
    assert floor.venue.interest == 0
    (shown,) = floor.venue.advance(CLOSES[0] + 1)
    assert isinstance(shown, AccountSnapshot)
    assert shown.ts_us == CLOSES[0]
    assert shown.equity == floor.venue.equity()
    assert floor.venue.due_us() == CLOSES[1] + 1
    paid = floor.venue.interest
    assert floor.venue.advance(CLOSES[1]) == []
    assert floor.venue.interest == paid
    assert [event.ts_us for event in floor.venue.advance(CLOSES[2] + SECOND)] == list(CLOSES[1:])
    assert floor.venue.interest > 2.9 * paid


def test_quotes_of_the_close_itself_still_count_and_later_ones_do_not():
    floor = Floor(10_040.0)
    floor.hold(10, "AAPL", 40_000)
    floor.quote(1000, "AAPL", 110.0)
    floor.quote(1000.000001, "AAPL", 500.0)
    # 44,000 on an equity of 14,000
    assert floor.venue.interest == 7.738095
    assert floor.agree()


def test_a_venue_without_terms_charges_nothing():
    floor = Floor(interest=None)
    floor.hold(10, "AAPL", 30_000)
    assert floor.venue.due_us() == 100_000 * SECOND + 1
    floor.advance(5000)
    assert floor.venue.fees == 30.0
    assert floor.agree()


def test_closes_before_the_first_moment_are_not_ours():
    floor = Floor()
    late = SimulatedVenue("A", 1.0, interest=TERMS)
    late.advance(CLOSES[1])
    assert late.settled_us == CLOSES[1]
    assert floor.venue.settled_us == 0


@pytest.mark.parametrize("stop_s", [990, 1000, 1000.000001, 1500])
def test_a_restart_charges_each_close_once(stop_s):
    floor = Floor()
    floor.hold(10, "AAPL", 30_000)
    floor.advance(stop_s)
    before = floor.venue.interest
    again = SimulatedVenue("A", 0.0, leverage=four, quotes=floor.quotes, interest=TERMS)
    again.load(floor.venue.row(), 1600 * SECOND)
    again.advance(1700 * SECOND)
    floor.advance(1700)
    assert before + again.interest == pytest.approx(floor.venue.interest)
    assert again.cash == floor.venue.cash


def test_a_book_without_interest_does_not_owe_the_past():
    floor = Floor(interest=None)
    floor.hold(10, "AAPL", 30_000)
    floor.advance(1500)
    again = SimulatedVenue("A", 0.0, leverage=four, quotes=floor.quotes, interest=TERMS)
    again.load(floor.venue.row(), 1600 * SECOND)
    again.advance(1700 * SECOND)
    assert again.interest == 0
    again.advance(2001 * SECOND)
    assert again.interest > 0


moves = st.tuples(
    st.integers(1, 400),
    st.sampled_from(["AAPL", "MSFT", "BTCUSD"]),
    st.sampled_from([60.0, 99.0, 100.0, 101.0, 140.0]),
    st.sampled_from([None, -20.0, -3.3, 7.7, 30.0]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(moves, min_size=3, max_size=25))
def test_the_judge_finds_the_venues_cash_to_the_micro_dollar(drawn):
    floor = Floor()
    now = 0
    for number, (wait, symbol, price, qty) in enumerate(drawn):
        now += wait
        floor.quote(now, symbol, price)
        if qty is not None:
            side: Any = "buy" if qty > 0 else "sell"
            limit = price * (1.01 if qty > 0 else 0.99)
            now_us = now * SECOND
            floor.venue.submit(now_us, f"p{number}", symbol, side, limit, abs(qty), "entry")
    floor.advance(now + 2000)
    assert floor.agree()
