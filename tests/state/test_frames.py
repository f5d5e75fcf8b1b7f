"""Frames: runs that join or do not, the clock, ids and causes, and who may watch."""

import msgspec
import pytest

from state.dealing.attempts import Attempt
from state.market.hours import CalendarError
from topics.commands import Submit
from topics.events import Quote
from topics.frames import Frame, FrameEvent, JournalPosition, Run
from topics.ids import output_id

from .steals import NEED, crowded
from .world import SECOND, WEDNESDAY, World, kinds, roomy


def quotes(first: int, last: int, prev: int) -> Frame:
    """A frame of quotes of X: offset `n` quotes the price `n + 1`."""
    events = [
        FrameEvent(0, n, Quote(ts_us=WEDNESDAY, symbol="XUSD", bid=n + 1.0, ask=n + 1.0))
        for n in range(first, last + 1)
    ]
    run = Run(topic="quotes", partition=0, prev=prev, last=last)
    return Frame(runs=[run], events=events)


@pytest.mark.parametrize(
    ("frame", "mark", "price"),
    [
        (quotes(3, 4, prev=2), 4, 5.0),  # joins
        (quotes(0, 2, prev=-1), 2, 3.0),  # a resend
        (quotes(1, 4, prev=0), 4, 5.0),  # an overlap is trimmed
        (quotes(4, 5, prev=3), 2, 3.0),  # a hole: dropped
    ],
)
def test_a_run_is_taken_where_it_joins(frame, mark, price):
    world = World(roomy())
    world.desk.apply(quotes(0, 2, prev=-1), JournalPosition(0, 0, WEDNESDAY))
    world.desk.apply(frame, JournalPosition(0, 1, WEDNESDAY))
    assert world.desk.marks == {("quotes", 0): mark}
    assert world.desk.board.prices.get("XUSD").ask == price
    assert world.desk.next_offset == 2


def test_refused_records_inside_a_run_are_passed_over():
    world = World(roomy())
    run = Run(topic="quotes", partition=0, prev=-1, last=9)
    world.desk.apply(Frame(runs=[run]), JournalPosition(0, 0, WEDNESDAY))
    assert world.desk.marks == {("quotes", 0): 9}


def test_the_clock_never_goes_back():
    world = World(roomy())
    world.wait(10)
    world.now_us -= 5 * SECOND
    world.fund(1000)
    (blocked,) = world.want("t", "ETHUSD", 50.0).facts
    assert blocked.ts_us == WEDNESDAY + 10 * SECOND
    assert world.desk.clock.now_us == WEDNESDAY + 10 * SECOND


def test_a_time_outside_the_calendar_is_an_error():
    world = World(roomy())
    world.now_us = 4_000_000_000 * SECOND
    with pytest.raises(CalendarError):
        world.apply()


def test_an_output_has_the_id_and_the_cause_of_its_place():
    world = crowded()
    outputs = world.want("t", "ETHUSD", 50.0)
    offset = world.journal
    said = [*outputs.commands, *outputs.facts]
    by_number = sorted(said, key=lambda message: output_id(message.id))
    assert [message.id for message in by_number] == [f"0-{offset}-{n}" for n in range(3)]
    assert {message.cause for message in said} == {"orders:0:1"}
    assert {message.ts_us for message in said} == {world.now_us}
    assert {message.cause for message in world.wait(10).facts} == {"clock"}


def test_an_empty_frame_says_nothing():
    world = World(roomy())
    assert world.wait(1) == ([], [])
    assert world.desk.next_offset == 1


def test_all_spellings_of_a_symbol_are_one_price():
    world = World(roomy())
    world.fund(3500)
    world.quote("BTC/USD", 100.0)
    world.quote("btcusd", 101.0)
    world.quote("BTC-USD", 102.0)
    prices = world.desk.board.prices
    assert list(prices.by_symbol) == ["BTCUSD"]
    assert prices.get("BTC_USD").ask == 102.0
    world.want("t", "btc/usd", 101.4)
    assert [command.symbol for command in world.heard(Submit)] == ["BTCUSD"]


def test_an_entry_without_an_end_gets_the_default_one():
    world = World(roomy())
    world.want("crypto", "BTCUSD", 1.0, expires_us=None)
    world.want("stock", "AAPL", 1.0, expires_us=None)
    entries = world.account().entries
    hour = 3600 * SECOND
    assert entries["crypto"].expires_us == WEDNESDAY + 36 * hour  # 22:00 of tomorrow
    assert entries["stock"].expires_us == WEDNESDAY + 6 * hour  # 16:00 of today


@pytest.mark.parametrize(("symbol", "hours"), [("BTCUSD", 36), ("LTCUSD", 6), ("AAPL", 6)])
def test_by_the_original_only_an_active_crypto_has_the_cryptos_end(symbol, hours):
    world = World(roomy(calendar="weekdays"))
    world.want("e", symbol, 1.0, expires_us=None)
    assert world.account().entries["e"].expires_us == WEDNESDAY + hours * 3600 * SECOND


def test_whoever_watches_sees_each_try():
    world = crowded()
    seen: list[Attempt] = []
    world.desk.watch = seen.append
    world.want("no", "ETHUSD", 40.0)
    assert seen == []
    outputs = world.want("t", "ETHUSD", 50.0)
    (tried,) = seen
    assert (tried.account, tried.entry.id, tried.price) == ("A", "t", 50.0)
    assert tried.entry.state == "stealing"
    assert (tried.weighed.needed_micros, tried.weighed.free_micros) == (NEED, 0)
    assert tried.weighed.choice is not None
    assert [item.view.order for item in tried.weighed.choice.victims] == ["v"]
    assert tried.output_ids == tuple(m.id for m in (*outputs.commands, *outputs.facts))


def test_watching_changes_nothing():
    worlds = crowded(), crowded()
    worlds[1].desk.watch = lambda tried: None
    said = [[*map(msgspec.structs.asdict, w.want("t", "ETHUSD", 50.0).facts)] for w in worlds]
    assert said[0] == said[1]
    assert kinds(worlds[0].cancelled("v")) == kinds(worlds[1].cancelled("v")) == ["Steal"]
    assert worlds[0].desk.digest() == worlds[1].desk.digest()
