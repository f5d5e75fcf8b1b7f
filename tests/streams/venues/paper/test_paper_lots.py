"""What the paper venue closes in the place of bots, by its plain book."""

from random import Random

import pytest

from streams.venues.paper.options import PaperOptions
from tests.streams.venues.open_orders import open_orders
from tests.streams.venues.simulated import holding as holding_venue
from topics.events import AnyEvent, Fill, OrderAccepted
from topics.facts import StealSettled
from topics.limits import Side

from .crashing import money
from .paper import (
    ACK,
    SECOND,
    START,
    Trading,
    cancel,
    fills_of,
    market,
    reduce,
    submit,
    told,
)
from .test_paper_funds import Market

HOLD = 5 * SECOND
HOLDING = PaperOptions(fee_rate=0.0, hold_us=HOLD)
X1, X2 = f"x-{START}-1", f"x-{START}-2"


def offered(events: list[AnyEvent]) -> list[tuple[str, Side, float, float]]:
    """Return the exits that were placed: name, side, limit, quantity."""
    return [
        (e.order, e.side, e.limit, e.qty)
        for e in events
        if isinstance(e, OrderAccepted) and e.intent == "exit"
    ]


def held(trading: Trading) -> float:
    return trading.book._venues["demo"].positions.get("BTCUSD", 0.0)


def open_exits(trading: Trading) -> list[tuple[str, float]]:
    orders = open_orders(trading.book._venues["demo"])
    return [(order.order, order.remaining) for order in orders if order.intent == "exit"]


def test_what_a_fill_opened_is_offered_after_so_long_and_sold_to_the_next_quote():
    trading = Trading(HOLDING)
    trading.holding(2.0)
    trading.quote(109, 110)
    assert offered(trading.wait(HOLD - 2)) == []
    assert trading.book.due_us() == trading.now_us + 1
    assert offered(trading.wait(1)) == [(X1, "sell", 108.782, 2.0)], "0.2 % under the bid"
    (sold,) = fills_of(trading.quote(109, 110))
    assert (sold.order, sold.side, sold.qty, sold.price) == (X1, "sell", 2.0, 108.782)
    assert (held(trading), open_exits(trading)) == (0.0, [])
    assert told(trading.wait(9 * HOLD)) == []


def test_without_being_asked_to_the_venue_closes_nothing():
    trading = Trading()
    trading.holding(2.0)
    assert told(trading.wait(24 * 3600 * SECOND)) == []
    assert held(trading) == 2.0


def test_a_short_is_bought_back_above_the_ask():
    trading = Trading(HOLDING)
    trading.command(submit(1, "in", 100.0, 3.0, side="sell"))
    trading.wait()
    assert told(trading.quote(101, 102)) == ["fill in"]
    assert offered(trading.wait(HOLD)) == [(X1, "buy", 102.204, 3.0)]
    (bought,) = fills_of(trading.quote(101, 102))
    assert (bought.side, bought.qty, held(trading)) == ("buy", 3.0, 0.0)


def test_an_exit_that_is_not_filled_is_offered_anew_at_the_price_there_is_then():
    trading = Trading(HOLDING)
    trading.holding(2.0)
    assert offered(trading.wait(HOLD)) == [(X1, "sell", 97.804, 2.0)]
    trading.quote(89, 90)
    assert told(trading.wait(HOLD - 2)) == []
    answers = trading.wait(1)
    assert told(answers) == [f"cancelled {X1}", f"accepted {X1}.2"]
    assert offered(answers) == [(f"{X1}.2", "sell", 88.822, 2.0)]
    trading.quote(79, 80)
    assert told(trading.wait(HOLD)) == [f"cancelled {X1}.2", f"accepted {X1}.3"]
    assert told(trading.quote(79, 80)) == [f"fill {X1}.3"]


def test_as_long_as_the_price_is_the_same_an_exit_stays_where_it_is():
    trading = Trading(HOLDING)
    trading.holding(2.0)
    trading.wait(HOLD)
    for _ in range(3):
        assert told(trading.wait(HOLD)) == []
    assert open_exits(trading) == [(X1, 2.0)]


def test_each_fill_is_a_lot_of_its_own():
    trading = Trading(PaperOptions(fee_rate=0.0, hold_us=HOLD, partial_fills=True))
    trading.command(submit(1, "in", 100.0, 5.0))
    trading.wait()
    trading.quote(98, 99, sizes=(None, 2.0))
    trading.wait(SECOND)
    trading.quote(98, 99, sizes=(None, 3.0))
    assert [x[0] for x in offered(trading.wait(HOLD - SECOND))] == [X1]
    assert [x[0] for x in offered(trading.wait(SECOND))] == [X2]
    assert open_exits(trading) == [(X1, 2.0), (X2, 3.0)]
    assert [f.qty for f in fills_of(trading.quote(98, 99, sizes=(4.0, None)))] == [2.0, 2.0]
    assert (open_exits(trading), held(trading)) == ([(X2, 1.0)], 1.0)


@pytest.mark.parametrize("how", ["reduce", "entry"])
def test_what_something_else_closed_is_taken_from_the_oldest_and_offered_no_more(how):
    trading = Trading(HOLDING)
    trading.holding(2.0)
    trading.command(submit(2, "in2", 100.0, 3.0))
    trading.wait()
    trading.quote(98, 99)
    trading.wait(HOLD)
    assert open_exits(trading) == [(X1, 2.0), (X2, 3.0)]
    if how == "reduce":
        trading.command(reduce(3, 4.0))
        answers = trading.wait()
    else:
        trading.command(submit(3, "against", 96.0, 4.0, side="sell"))
        trading.wait()
        answers = trading.quote(97, 98)
    assert [fill.qty for fill in fills_of(answers)] == [4.0]
    assert told(answers)[1:] == [f"cancelled {X1}", f"cancelled {X2}", f"accepted {X2}.2"]
    assert open_exits(trading) == [(f"{X2}.2", 1.0)]
    trading.quote(98, 99)
    assert (held(trading), open_exits(trading)) == (0.0, [])


def test_an_entry_that_turns_a_position_over_is_closed_by_what_it_opened():
    trading = Trading(HOLDING)
    trading.holding(2.0)
    trading.command(submit(2, "over", 100.0, 5.0, side="sell"))
    trading.wait()
    trading.quote(101, 102)
    assert held(trading) == -3.0
    assert offered(trading.wait(HOLD)) == [(X2, "buy", 102.204, 3.0)]


def test_an_exit_that_the_desk_cancels_is_offered_again():
    trading = Trading(HOLDING)
    trading.holding(2.0)
    trading.wait(HOLD)
    trading.command(cancel(2, X1))
    assert told(trading.wait(ACK)) == [f"cancelled {X1}"]
    assert told(trading.wait(HOLD)) == [f"accepted {X1}.2"]


def test_an_exit_takes_from_its_own_lot_though_another_is_older():
    trading = Trading(HOLDING)
    trading.holding(2.0)
    trading.command(submit(2, "in2", 89.0, 3.0))
    trading.wait(HOLD - SECOND)
    assert told(trading.quote(87, 88)) == ["fill in2"]
    assert offered(trading.wait(SECOND)) == [(X1, "sell", 86.826, 2.0)]
    trading.quote(79, 80)
    assert offered(trading.wait(HOLD - SECOND)) == [(X2, "sell", 78.842, 3.0)]
    assert told(trading.quote(85, 86)) == [f"fill {X2}"]
    assert open_exits(trading) == [(X1, 2.0)]


def test_what_rounding_leaves_of_a_lot_is_not_offered():
    trading = Trading(HOLDING)
    trading.holding(0.1 + 0.2)
    trading.command(submit(2, "in2", 100.0, 1.0))
    trading.wait()
    trading.quote(98, 99)
    trading.command(reduce(3, 0.1), reduce(4, 0.2))
    trading.wait()
    assert [x[0] for x in offered(trading.wait(HOLD))] == [X2]


def test_what_rounding_leaves_of_a_position_is_no_lot():
    trading = Trading(HOLDING, demo=1e9)
    trading.holding(1e6)
    trading.command(submit(2, "in2", 100.0, 1e-4))
    trading.wait()
    trading.quote(98, 99)
    trading.command(reduce(3, 1e6))
    trading.wait()
    assert (held(trading), trading.book._lots["demo"].lots) == (0.0, [])


def test_exits_get_no_more_than_others_leave_and_their_names_are_taken():
    made = holding_venue(qty=2.0)
    first = made.place_exit(SECOND, "x1", "BTCUSD", "sell", 110.0, 1.5)
    second = made.place_exit(SECOND, "x2", "BTCUSD", "sell", 110.0, 1.5)
    assert [e.qty for e in (first, second) if isinstance(e, OrderAccepted)] == [1.5, 0.5]
    assert made.place_exit(SECOND, "x3", "BTCUSD", "sell", 110.0, 1.5) is None
    assert made.place_exit(SECOND, "x3", "BTCUSD", "buy", 90.0, 1.5) is None
    assert not made.submit(SECOND, "x1", "BTCUSD", "buy", 90.0, 1.0, "entry")
    assert [order.order for order in open_orders(made)] == ["x1", "x2"]


def test_a_name_that_an_order_has_is_left_to_it():
    trading = Trading(HOLDING)
    trading.command(submit(1, X1, 50.0))
    trading.wait()
    trading.command(submit(2, "in", 100.0))
    trading.wait()
    trading.quote(98, 99)
    assert told(trading.wait(HOLD)) == [f"accepted {X1}.2"]
    assert X1 in {order.order for order in open_orders(trading.book._venues["demo"])}


def test_the_highest_price_there_may_be_is_not_exceeded():
    trading = Trading(PaperOptions(fee_rate=0.0, hold_us=HOLD), demo=1e12)
    trading.command(submit(1, "in", 1e9, 1.0, side="sell"))
    trading.wait()
    trading.book.quote(market(trading.now_us, 1e9, 1e9), trading.now_us)
    trading.command(submit(2, "in2", 9e8, 1.0, side="sell"))
    trading.wait()
    trading.quote(1e9, 1e9)
    ((_, _, limit, _),) = offered(trading.wait(HOLD))
    assert limit == 1e9


# ---- whatever happens ----


def check(trading: Trading, fills: list[Fill]) -> None:
    """Lots are the position, exits are no more than it, and the money is what fills explain."""
    position, exits = held(trading), open_exits(trading)
    lots = trading.book._lots["demo"].lots
    assert sum(lot.qty for lot in lots) == pytest.approx(abs(position), abs=1e-9)
    assert {lot.side for lot in lots} <= {"buy" if position > 0 else "sell"}
    assert sum(remaining for _, remaining in exits) <= abs(position) * (1 + 1e-9)
    for order in open_orders(trading.book._venues["demo"]):
        assert order.intent == "entry" or (order.side == "sell") == (position > 0)
    micros, coins = money(list(fills), {"demo": 1e6})["demo"]
    assert trading.book._venues["demo"].row().cash_micros == micros
    assert position == pytest.approx(coins, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_exits_never_exceed_the_position_and_never_turn_it_over(seed):
    chance = Random(seed)
    options = PaperOptions(fee_rate=0.001, hold_us=3 * SECOND, partial_fills=True)
    trading = Trading(options, demo=1e6)
    fills: list[Fill] = []
    position, closed = 0.0, 0
    for step in range(250):
        side: Side = chance.choice(("buy", "sell"))
        what = chance.randrange(8)
        if what < 3:
            qty = chance.choice((1.0, 7.0, 0.1, chance.uniform(0.01, 9)))
            limit = 100.0 + chance.randrange(-3, 4)
            trading.command(submit(step, f"o{step}", limit, qty, side=side))
        elif what == 3:
            exits = [name for name, _ in open_exits(trading)]
            trading.command(cancel(step, chance.choice([f"o{step - 1}", *exits])))
        elif what == 4:
            trading.command(reduce(step, chance.uniform(0.1, 5), side=side))
        if what < 5:
            answers = trading.wait(chance.choice((0, ACK, SECOND)))
        else:
            bid = 100.0 + chance.randrange(-4, 5)
            sizes = chance.choice(((None, None), (2.5, 2.5), (0.3, 30.0)))
            answers = trading.quote(bid, bid + 1, sizes=sizes)
        for fill in fills_of(answers):
            before = position
            position += fill.qty if fill.side == "buy" else -fill.qty
            if fill.order.startswith("x-"):
                closed += 1
                assert abs(position) < abs(before)
                assert position * before > -1e-9
        fills += fills_of(answers)
        check(trading, fills)
    assert closed > 10
    for _ in range(4):
        trading.command(*(cancel(1000, f"o{step}") for step in range(250)))
        trading.wait(options.hold_us)
        fills += fills_of(trading.quote(100, 101))
        check(trading, fills)
    assert (held(trading), trading.book._lots["demo"].lots) == (0.0, [])


# ---- with a desk ----


def test_a_desk_learns_of_the_exits_and_has_its_capital_back():
    market = Market(hold_s=3)
    market.step()
    for name, symbol in (("v", "BTCUSD"), ("w", "LTCUSD")):
        market.quote(symbol, 100.0)
        market.world.want(name, symbol, 100.0)
        market.book.command(market.world.said[-1], market.world.now_us)
        market.wait(0.5)
        market.quote(symbol, 99.0)
    market.quote("ETHUSD", 50.0)
    assert not market.world.want("t", "ETHUSD", 50.0, 3000.0).commands, "all is held"
    market.wait(3)
    desk = market.world.account()
    assert {(o.intent, o.state) for o in desk.orders.values()} == {("exit", "working")}
    market.quote("BTCUSD", 99.0)
    market.wait(0.5)
    assert [o.entry for o in desk.orders.values() if o.intent == "entry"] == ["t"]
    market.quote("LTCUSD", 99.0)
    market.wait(0.5)
    assert (desk.positions, len(desk.orders)) == ({}, 1)
    assert not market.world.heard(StealSettled)
    assert not market.world.desk.faults
