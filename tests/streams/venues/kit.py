"""What every venue must do, as tests: `test_contract.py` runs them over each that there is.

A new venue is one more class there that makes it.
"""

import pytest

from streams.market import MarketQuote
from streams.venues.contract import Venue
from topics.codec import encode
from topics.commands import AnyCommand, Cancel, Reduce, Submit
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderRejected,
)

START = 1_795_000_000_000_000
SECOND = 1_000_000
ACCOUNT, SYMBOL, CASH = "acc", "BTCUSD", 10_000.0
SOON = 5 * SECOND
"""By then a venue has answered."""


def begun(venue: Venue) -> Venue:
    events = venue.advance(START)
    assert [type(event) for event in events] == [AccountSnapshot]
    return venue


def submit(order: str, limit: float = 100.0, qty: float = 2.0) -> Submit:
    return Submit(
        id="0-1-0", ts_us=START, account=ACCOUNT, cause="clock", order=order, entry=order,
        symbol=SYMBOL, side="buy", limit=limit, qty=qty, reserved_micros=0,
    )  # fmt: skip


def cancel(order: str) -> Cancel:
    return Cancel(
        id="0-1-1", ts_us=START, account=ACCOUNT, cause="clock", order=order, symbol=SYMBOL
    )


def reduce(qty: float) -> Reduce:
    return Reduce(
        id="0-1-2", ts_us=START, account=ACCOUNT, cause="clock", symbol=SYMBOL, side="sell",
        qty=qty, reason="a stop",
    )  # fmt: skip


def quote(at_us: int, bid: float, ask: float) -> MarketQuote:
    return MarketQuote(at_us, SYMBOL, bid, ask, None, None)


def answers(events: list[AnyEvent]) -> list[tuple[type[AnyEvent], str]]:
    """Return kind and order of each answer, without the snapshots."""
    return [
        (type(event), str(getattr(event, "order", "")))
        for event in events
        if not isinstance(event, AccountSnapshot)
    ]


def holding(venue: Venue, from_us: int = START) -> int:
    """Buy two units; return the time at which it is done."""
    venue.command(submit("in"), from_us)
    venue.advance(from_us + SOON)
    fills = venue.on_quote(quote(from_us + SOON + 1, 98.0, 99.0))
    assert (Fill, "in") in answers(fills)
    return from_us + SOON + 1


def course(venue: Venue) -> list[AnyEvent]:
    """A short day: orders, one of them cancelled, fills, a position that is brought down."""
    begun(venue)
    said: list[AnyEvent] = []
    commands: list[AnyCommand] = [submit("a"), submit("b", 90.0), cancel("b"), reduce(1.0)]
    for step, command in enumerate(commands, 1):
        now_us = START + step * SOON
        venue.command(command, now_us)
        said += venue.on_quote(quote(now_us + SECOND, 100.0 - step, 101.0 - step))
        said += venue.advance(now_us + 2 * SECOND)
    return said


class VenueKit:
    """The rules; a class of tests is one that says how its venue is made."""

    def make(self) -> Venue:
        """Return a new venue with `CASH` dollars, no fees, and time not begun."""
        raise NotImplementedError

    @pytest.fixture
    def made(self) -> Venue:
        """A venue that has shown its account for the first time, at `START`."""
        return begun(self.make())

    def test_an_order_is_accepted_once_however_often_it_is_sent(self, made: Venue):
        made.command(submit("a"), START)
        made.command(submit("a"), START)
        said = answers(made.advance(START + SOON))
        assert said.count((OrderAccepted, "a")) == 1
        fills = answers(made.on_quote(quote(START + SOON + 1, 98.0, 99.0)))
        assert fills == [(Fill, "a")]

    def test_an_order_without_the_money_is_rejected_with_the_reason(self, made: Venue):
        made.command(submit("a", 100.0, 1_000.0), START)
        (said,) = [one for one in made.advance(START + SOON) if isinstance(one, OrderRejected)]
        assert (said.order, said.reason) == ("a", "insufficient_funds")

    def test_a_resting_order_fills_where_a_quote_trades_through_it_and_not_where_one_touches(
        self, made: Venue
    ):
        made.command(submit("a"), START)
        made.advance(START + SOON)
        assert answers(made.on_quote(quote(START + SOON + 1, 99.0, 100.0))) == []
        events = made.on_quote(quote(START + SOON + 2, 98.0, 99.0))
        (fill,) = [one for one in events if isinstance(one, Fill)]
        assert (fill.order, fill.qty, fill.price) == ("a", 2.0, 100.0)

    def test_a_cancel_is_confirmed_and_the_order_fills_no_more(self, made: Venue):
        made.command(submit("a"), START)
        made.advance(START + SOON)
        made.command(cancel("a"), START + SOON)
        assert answers(made.advance(START + 2 * SOON)) == [(OrderCancelled, "a")]
        assert answers(made.on_quote(quote(START + 2 * SOON + 1, 98.0, 99.0))) == []

    def test_a_cancel_of_what_does_not_rest_is_refused_and_never_ignored(self, made: Venue):
        made.command(cancel("nobody"), START)
        assert answers(made.advance(START + SOON)) == [(OrderCancelRejected, "nobody")]
        done_us = holding(made, START + SOON)
        made.command(cancel("in"), done_us)
        assert answers(made.advance(done_us + SOON)) == [(OrderCancelRejected, "in")]

    @pytest.mark.parametrize("asked", [1.5, 2.0, 9.0])
    def test_a_position_is_brought_down_and_never_turned(self, made: Venue, asked: float):
        done_us = holding(made)
        made.command(reduce(asked), done_us)
        sold = sum(one.qty for one in made.advance(done_us + SOON) if isinstance(one, Fill))
        assert sold == min(asked, 2.0)

    def test_what_is_shown_contains_every_fill_up_to_its_time(self, made: Venue):
        done_us = holding(made)
        shown = [
            one for one in made.advance(done_us + 120 * SECOND) if isinstance(one, AccountSnapshot)
        ]
        assert shown
        assert all(one.ts_us >= done_us for one in shown)
        assert [(one.symbol, one.qty) for one in shown[-1].positions] == [(SYMBOL, 2.0)]

    def test_it_says_when_it_has_something_to_say_and_says_it_then(self, made: Venue):
        made.command(submit("a"), START)
        due_us = made.due_us()
        assert due_us is not None
        assert answers(made.advance(due_us - 1)) == []
        assert answers(made.advance(due_us)) == [(OrderAccepted, "a")]

    def test_the_same_calls_give_the_same_events_in_time_order(self):
        said = course(self.make())
        assert {Fill, OrderAccepted, OrderCancelled} <= {type(one) for one in said}
        assert list(map(encode, said)) == list(map(encode, course(self.make())))
        times = [one.ts_us for one in said]
        assert times == sorted(times)
        assert {getattr(one, "account", None) for one in said} == {ACCOUNT}
