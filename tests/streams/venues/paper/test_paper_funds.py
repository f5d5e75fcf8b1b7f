"""A steal whose order the venue refuses for lack of funds: a real desk and the paper venue's book.

The venue confirms a cancel before its money is free.  The desk tries again, in its own time, and the
steal settles when the money comes in time and is lost when it does not.
"""

from dataclasses import dataclass, field

from streams.venues.paper.book import PaperBook
from streams.venues.paper.options import PaperOptions
from tests.state.world import SECOND, World, roomy
from topics.commands import Cancel, Steal, Submit
from topics.events import AnyEvent, OrderAccepted, OrderCancelled, OrderRejected, Quote
from topics.facts import StealLost, StealSettled, StealStarted

from .paper import market

STEP_US = 100_000
"""The desk hears of answers, and the venue of commands, this much later."""


@dataclass
class Market:
    """A desk and a paper venue that talk to each other, one step of time after the other."""

    funds_delay_s: float = 0
    hold_s: float = 0
    world: World = field(default_factory=lambda: World(roomy()))
    answers: list[AnyEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        options = PaperOptions(
            fee_rate=0.0,
            funds_delay_us=round(self.funds_delay_s * SECOND),
            snapshot_every_us=60 * SECOND,
            hold_us=round(self.hold_s * SECOND),
        )
        self.book = PaperBook(options, self.world.now_us)
        self.book.open_account("A", 7000.0)

    def step(self, *events: AnyEvent) -> None:
        """Let the venue answer, the desk decide, and the venue hear of it."""
        self.world.now_us += STEP_US
        now_us = self.world.now_us
        self.book.advance(now_us)
        for event in events:
            if isinstance(event, Quote):
                self.book.quote(market(now_us, event.bid, event.ask, symbol=event.symbol), now_us)
        self.book.offer_exits(now_us)
        answers = self.book.take_answers()
        self.answers += answers
        for command in self.world.apply(*events, *answers).commands:
            self.book.command(command, now_us)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * SECOND / STEP_US)):
            self.step()

    def quote(self, symbol: str, price: float) -> None:
        quoted = Quote(ts_us=self.world.now_us + STEP_US, symbol=symbol, bid=price, ask=price)
        self.step(quoted)

    def heard(self, kind: type) -> list:
        return [event for event in self.answers if isinstance(event, kind)]


def stealing(funds_delay_s: float) -> Market:
    """Two orders hold all the money and drift away; then the entry `t` wants to trade."""
    market = Market(funds_delay_s)
    market.step()
    for name, symbol in (("v", "BTCUSD"), ("w", "LTCUSD")):
        market.quote(symbol, 100.0)
        market.world.want(name, symbol, 100.0)
        submit = market.world.heard(Submit)[-1]
        market.book.command(submit, market.world.now_us)
        market.wait(1)
        market.quote(symbol, 110.0 if name == "v" else 105.0)
    assert [event.order for event in market.heard(OrderAccepted)] == ["v.1", "w.2"]
    market.quote("ETHUSD", 50.0)
    for command in market.world.want("t", "ETHUSD", 50.0).commands:
        market.book.command(command, market.world.now_us)
    assert [cancel.order for cancel in market.world.heard(Cancel)] == ["v.1"]
    return market


def test_funds_that_come_in_time_let_the_steal_settle():
    market = stealing(funds_delay_s=2.5)
    market.wait(6)
    world = market.world
    (cancelled,) = market.heard(OrderCancelled)
    steals = world.heard(Steal)
    assert [steal.attempt for steal in steals] == [1, 2, 3]
    refused = market.heard(OrderRejected)
    assert [event.order for event in refused] == [steal.order for steal in steals[:-1]]
    assert {event.reason for event in refused} == {"insufficient_funds"}
    accepted = market.heard(OrderAccepted)[-1]
    assert accepted.order == steals[-1].order
    assert accepted.ts_us >= cancelled.ts_us + 2_500_000
    (settled,) = world.heard(StealSettled)
    assert settled.order == accepted.order
    assert not world.heard(StealLost)
    assert not world.account().steals


def test_funds_that_never_come_lose_the_steal_and_nothing_else():
    market = stealing(funds_delay_s=3600)
    market.wait(10)
    world = market.world
    steals = world.heard(Steal)
    assert [steal.attempt for steal in steals] == [1, 2, 3, 4]
    assert len({steal.order for steal in steals}) == 4
    (lost,) = world.heard(StealLost)
    assert lost.reason == "insufficient_funds"
    assert not world.heard(StealSettled)
    refused = [event.order for event in market.heard(OrderRejected)]
    assert refused[:4] == [steal.order for steal in steals]
    assert not world.account().steals
    (kept,) = [order for order in world.account().orders.values() if order.state == "working"]
    assert kept.id == "w.2"
    assert not world.desk.faults


def test_without_a_delay_the_first_attempt_settles():
    market = stealing(funds_delay_s=0)
    market.wait(2)
    assert len(market.world.heard(StealStarted)) == 1
    assert [steal.attempt for steal in market.world.heard(Steal)] == [1]
    assert len(market.world.heard(StealSettled)) == 1
    assert not market.heard(OrderRejected)
