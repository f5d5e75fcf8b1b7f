"""What the paper venue answers, by its plain book."""

import pytest

from streams.venues.paper.answers import answer_of
from streams.venues.paper.book import SYMBOLS_MAX
from streams.venues.paper.options import PaperOptions
from streams.venues.paper.reach import Reach
from streams.venues.simulated.venue import SimulatedVenue
from topics.codec import decode_event
from topics.events import (
    AccountSnapshot,
    Fill,
    OrderAccepted,
    OrderCancelRejected,
    OrderRejected,
)
from topics.limits import RECORD_BYTES_MAX, Side

from .paper import (
    ACK,
    FREE,
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


def test_an_account_is_shown_before_anything_can_be_placed():
    trading = Trading(FREE, two=7.5, one=5000.0)
    shown = trading.book.take_answers()
    # In the order of their names, however they were opened: fills are numbered in that order.
    assert [(s.account, s.equity, s.orders) for s in shown if isinstance(s, AccountSnapshot)] == [
        ("one", 5000.0, []),
        ("two", 7.5, []),
    ]


def test_a_submit_is_accepted_after_the_delay_and_filled_by_a_later_quote():
    trading = Trading()
    trading.command(submit(1, "a", 100.0, 2.0))
    assert told(trading.wait(ACK - 1)) == []
    (accepted,) = [e for e in trading.wait(1) if isinstance(e, OrderAccepted)]
    assert (accepted.order, accepted.limit, accepted.qty) == ("a", 100.0, 2.0)
    assert told(trading.quote(98, 100)) == []
    (fill,) = fills_of(trading.quote(98, 99.5))
    assert (fill.order, fill.price, fill.qty) == ("a", 100.0, 2.0)


def test_a_quote_that_was_made_before_the_order_arrived_does_not_fill_it():
    trading = Trading()
    trading.command(submit(1, "a", 100.0))
    trading.wait(ACK)
    trading.now_us += SECOND
    trading.book.quote(market(START + ACK, 98, 99), trading.now_us)
    assert fills_of(trading.book.take_answers()) == []
    trading.book.quote(market(START + ACK + 1, 98, 99), trading.now_us)
    (fill,) = fills_of(trading.book.take_answers())
    assert fill.ts_us == trading.now_us


def test_quotes_and_commands_may_spell_a_symbol_differently():
    trading = Trading()
    trading.command(submit(1, "a", symbol="btc/usd"))
    trading.wait()
    (fill,) = fills_of(trading.quote(98, 99))
    assert fill.symbol == "BTCUSD"


def test_one_quote_fills_every_account_and_no_two_fills_share_an_id():
    trading = Trading(FREE, one=1000.0, two=1000.0)
    for number, account in enumerate(("two", "one", "one")):
        trading.command(submit(number, f"o{number}", account=account))
    trading.wait()
    fills = fills_of(trading.quote(98, 99))
    assert [(fill.account, fill.order) for fill in fills] == [
        ("one", "o1"),
        ("one", "o2"),
        ("two", "o0"),
    ]
    assert [fill.fill for fill in fills] == [f"{START}-1", f"{START}-2", f"{START}-3"]


def test_an_order_sent_after_a_quote_reached_the_range_is_still_found():
    trading = Trading()
    trading.command(submit(1, "low", 90.0), submit(2, "high", 95.0))
    trading.wait()
    assert told(trading.quote(93, 94)) == ["fill high"]
    assert told(trading.quote(90, 91)) == []
    trading.command(submit(3, "next", 93.0), submit(4, "dear", 99.0, side="sell"))
    trading.wait()
    assert told(trading.quote(91, 92)) == ["fill next"]
    assert told(trading.quote(99.5, 100)) == ["fill dear"]
    assert told(trading.quote(88, 89)) == ["fill low"]


def test_a_range_of_prices_is_taken_anew_from_the_orders_of_its_own_symbol():
    venue = SimulatedVenue("demo", 1e6, check_funds=False)
    reach = Reach()

    def send(order: str, symbol: str, side: Side, limit: float) -> None:
        venue.submit(0, order, symbol, side, limit, 1.0, "entry")
        reach.add("demo", side, limit)

    send("a", "BTCUSD", "buy", 90.0)
    send("b", "BTCUSD", "sell", 110.0)
    send("c", "ETHUSD", "buy", 105.0)
    assert reach.has(103.0, 104.0)
    reach.measure("BTCUSD", {"demo": venue})
    assert [reach.has(*at) for at in ((103, 104), (90, 110), (89, 89.9), (110.1, 111))] == [
        *[False, False, True, True]
    ]
    reach.measure("LTCUSD", {"demo": venue})
    assert not reach.accounts


def test_a_cancel_is_confirmed_once_and_of_nothing_open_refused():
    trading = Trading()
    trading.command(submit(1, "a"), cancel(2, "a"), cancel(3, "a"), cancel(4, "never"))
    answers = trading.wait()
    assert told(answers) == [
        "accepted a",
        "cancelled a",
        "cancel_rejected a",
        "cancel_rejected never",
    ]
    texts = [e.text for e in answers if isinstance(e, OrderCancelRejected)]
    assert texts == ["no longer open", "unknown order"]


def test_a_command_for_an_unknown_account_is_answered_and_says_so():
    trading = Trading()
    trading.command(
        submit(1, "a", account="nobody"),
        cancel(2, "a", account="nobody"),
        reduce(3, 1.0, account="nobody"),
    )
    rejected, not_cancelled, not_reduced = trading.book.take_answers()[1:]
    assert isinstance(rejected, OrderRejected)
    assert (rejected.account, rejected.order, rejected.reason) == ("nobody", "a", "other")
    assert rejected.text == "the venue has no account nobody"
    assert isinstance(not_cancelled, OrderCancelRejected)
    assert not_cancelled.text == "the venue has no account nobody"
    assert isinstance(not_reduced, OrderRejected)
    assert not_reduced.order == "0-3-0"


def test_an_order_id_that_was_taken_is_a_duplicate_and_a_rejected_one_is_not():
    trading = Trading(FREE, demo=100.0)
    trading.command(submit(1, "a"), submit(2, "dear", 200.0))
    trading.wait()
    trading.command(submit(3, "a"), submit(4, "dear", 200.0))
    answers = [e for e in trading.wait() if isinstance(e, OrderRejected)]
    assert [(e.order, e.reason) for e in answers] == [
        ("a", "duplicate"),
        ("dear", "insufficient_funds"),
    ]


@pytest.mark.parametrize(("symbol", "most"), [("BTCUSD", 10.0), ("AAPL", 40.0)])
def test_as_much_is_lent_as_the_default_policy_ever_lets_the_desk_use(symbol, most):
    trading = Trading(FREE, demo=1000.0)
    trading.command(
        submit(1, "all", qty=most, symbol=symbol), submit(2, "more", qty=0.1, symbol=symbol)
    )
    assert told(trading.wait()) == ["accepted all", "rejected more"]


def test_the_money_of_a_cancel_may_come_later_than_its_confirmation():
    trading = Trading(PaperOptions(fee_rate=0.0, funds_delay_us=3 * SECOND), demo=100.0)
    trading.command(submit(1, "a"), cancel(2, "a"), submit(3, "b"))
    (refused,) = [e for e in trading.wait() if isinstance(e, OrderRejected)]
    assert (refused.order, refused.reason) == ("b", "insufficient_funds")
    trading.wait(2 * SECOND)
    trading.command(submit(4, "c"))
    assert told(trading.wait()) == ["accepted c"]


def test_without_partial_fills_a_quote_fills_all_and_with_them_what_it_offers():
    # The service leaves sizes out unless partial fills are on; the book takes what it is given.
    trading = Trading()
    trading.command(submit(1, "a", qty=5.0))
    trading.wait()
    (fill,) = fills_of(trading.quote(98, 99, sizes=(9.0, 2.0)))
    assert fill.qty == 2.0
    (rest,) = fills_of(trading.quote(98, 99))
    assert rest.qty == 3.0


def test_a_reduce_trades_at_the_market_at_most_what_is_held():
    trading = Trading()
    trading.holding(5.0)
    trading.command(reduce(2, 2.0), reduce(3, 9.0), reduce(4, 1.0))
    answers = trading.wait()
    sold = fills_of(answers)
    assert [(fill.order, fill.side, fill.price, fill.qty) for fill in sold] == [
        ("0-2-0", "sell", 98.0, 2.0),
        ("0-3-0", "sell", 98.0, 3.0),
    ]
    assert told(answers)[-1] == "rejected 0-4-0"
    shown = [e for e in trading.wait() if isinstance(e, AccountSnapshot)]
    assert (shown[-1].positions, shown[-1].equity) == ([], 10_000.0 - 5 * 2)


def test_a_snapshot_marks_positions_with_quotes_that_concern_no_order():
    trading = Trading()
    trading.holding(2.0)
    trading.quote(149, 151)
    shown = [e for e in trading.wait() if isinstance(e, AccountSnapshot)]
    assert shown[-1].equity == 10_000.0 + 2 * 49
    assert shown[-1].positions[0].price == 149


def test_a_snapshot_holds_every_fill_up_to_its_time():
    trading = Trading(FREE, one=5000.0, two=5000.0)
    held = {"one": 0.0, "two": 0.0}
    shown_us = {"one": 0, "two": 0}
    for step in range(200):
        account = ("one", "two")[step % 2]
        trading.command(submit(step, f"o{step}", 100.0 - step % 3, 0.1, account=account))
        answers = trading.wait((1, ACK, 300_000)[step % 3]) + trading.quote(96, 97 + step % 4)
        for event in answers:
            if isinstance(event, Fill):
                assert event.ts_us > shown_us[event.account]
                held[event.account] += event.qty
            elif isinstance(event, AccountSnapshot):
                shown_us[event.account] = event.ts_us
                units = sum(position.qty for position in event.positions)
                assert units == pytest.approx(held[event.account])
    assert min(held.values()) > 1


def test_snapshots_missed_while_nothing_moved_are_one():
    trading = Trading()
    trading.wait(1)
    shown = [e.ts_us for e in trading.wait(3600 * SECOND) + trading.wait(1)]
    assert shown == [trading.now_us - 1]


def test_a_symbol_too_many_is_refused_because_no_snapshot_could_tell_of_it():
    trading = Trading(FREE, demo=1e6)
    trading.command(
        *(submit(n, f"o{n}", symbol=f"X{n}USD") for n in range(SYMBOLS_MAX + 1)),
        submit(9999, "again", symbol="X0USD"),
    )
    answers = told(trading.wait())
    assert answers[0] == f"rejected o{SYMBOLS_MAX}"
    assert answers[-1] == "accepted again"


@pytest.mark.parametrize(("orders", "length"), [(1100, 60), (2001, 4)])
def test_a_snapshot_too_long_for_a_record_leaves_its_orders_out(orders, length):
    trading = Trading(FREE, demo=1e6)
    trading.command(*(submit(n, f"{n:0{length}d}") for n in range(orders)))
    trading.wait()
    shown = [e for e in trading.wait() if isinstance(e, AccountSnapshot)]
    answer = answer_of(shown[-1])
    assert len(shown[-1].orders or ()) == orders
    assert len(answer.value) <= RECORD_BYTES_MAX
    event = decode_event(answer.value)
    assert isinstance(event, AccountSnapshot)
    assert event.orders is None
    assert event.equity == 1e6
