"""How an account is brought down, step by step, and what the venue's answers change about it."""

from typing import Any

import pytest

from state.desk import Desk
from topics.commands import Cancel, Reduce, Submit
from topics.events import PolicySet
from topics.facts import DeleverageDone, DeleverageStarted

from .street import BEFORE, CLOSE, plain
from .world import SECOND, World, holding, kinds, times


def loaded(policy: Any = None, **values: Any) -> World:
    """15:44:59; 1,000 dollars of equity carry 1,000 of AAPL and orders of 1,000 each."""
    world = World(policy or plain(**values), BEFORE - SECOND)
    for symbol, price in (("AAPL", 100.0), ("MSFT", 100.0), ("TSLA", 100.0)):
        world.quote(symbol, price)
    world.fund(1000, positions=[holding("AAPL", 10.0, 100.0)])
    return world


def orders(said: Any) -> list[str]:
    """Return the orders that are to be cancelled, in order."""
    return [command.order for command in said.commands if isinstance(command, Cancel)]


def reduced(said: Any) -> list[tuple[str, str, float]]:
    """Return what is to be reduced."""
    return [
        (command.symbol, command.side, command.qty)
        for command in said.commands
        if isinstance(command, Reduce)
    ]


def test_the_furthest_goes_first_whatever_protects_it():
    world = loaded(overnight_buffer=0.0, protect_age_s=3600)
    world.quote("OLDCO", 100.0)
    world.working("near", "MSFT", 99.99, 400.0)  # within `protection`, and a probe
    world.working("far", "TSLA", 95.0, 400.0)
    world.working("silent", "NONE", 99.0, 400.0)  # no price: nobody knows how far
    world.working("b-worse", "MSFT", 96.0, 400.0, pnl=-1.0)
    world.working("a-better", "MSFT", 96.0, 400.0, pnl=1.0)
    world.working("exit", "AAPL", 150.0, 400.0, side="sell", intent="exit")
    world.working("coin", "BTCUSD", 1.0, 400.0)
    said = world.wait(1)
    # 500 and 5 x 200 and 400 bind 1,900
    assert orders(said) == ["silent", "far", "b-worse", "a-better", "near"]
    assert world.wait(1).commands == []


def test_of_equals_the_older_goes_first_and_then_the_name():
    world = loaded(overnight_buffer=0.0)
    world.working("z", "TSLA", 95.0, 400.0)
    world.now_us += 1
    world.working("y", "TSLA", 95.0, 400.0)
    world.working("x", "TSLA", 95.0, 400.0)
    world.working("w", "TSLA", 95.0, 400.0)
    said = world.wait(1)
    assert orders(said) == ["z", "w"]
    assert said.facts[0].over_micros == 300_000_000


def test_an_order_that_is_on_its_way_is_cancelled_too_and_its_entry_waits_again():
    world = loaded()
    world.want("e", "TSLA", 99.5, 1600.0)
    said = world.wait(1)
    assert orders(said) == ["e.1"]
    world.accepted("e.1")
    world.cancelled("e.1")
    entry = world.account().entries["e"]
    assert (entry.state, entry.order) == ("waiting", None)
    assert [fact.over_micros for fact in world.heard(DeleverageDone)] == [0]


def two_orders_too_many() -> World:
    """MSFT and AAPL are worth 3,000 on 1,000 dollars; an order of 800 is being cancelled."""
    world = loaded(overnight_buffer=0.0)
    world.forecast("AAPL", 1.0)
    world.forecast("MSFT", -1.0)
    stocks = [holding("AAPL", 15.0, 100.0), holding("MSFT", 15.0, 100.0)]
    world.fund(1000, positions=stocks)
    world.working("o", "TSLA", 99.0, 800.0)
    assert orders(world.wait(1)) == ["o"]
    return world


ANSWERS = {
    "confirmed": (lambda world: world.cancelled("o"), 10.0),
    "lapsed": (lambda world: world.lapsed("o"), 10.0),
    "refused": (lambda world: world.cancel_rejected("o"), 15.0),
    "filled": (lambda world: world.filled("o"), 15.0),
    "overdue": (lambda world: world.wait(10), 15.0),
}


@pytest.mark.parametrize(("answer", "qty"), ANSWERS.values(), ids=ANSWERS)
def test_positions_are_reduced_when_the_cancels_are_answered_or_overdue(answer, qty):
    world = two_orders_too_many()
    assert world.wait(1).commands == []
    said = answer(world)
    assert reduced(said)[0] == ("MSFT", "sell", qty)
    assert [command.reason for command in said.commands] == ["deleverage"] * len(said.commands)
    assert world.account().orders[said.commands[0].id].intent == "exit"


def test_the_worst_forecast_is_reduced_first_and_then_the_first_symbol():
    world = World(plain(overnight_buffer=0.0), BEFORE - SECOND)
    for symbol, pnl in (("AAPL", 2.0), ("MSFT", 1.0), ("TSLA", 1.0)):
        world.forecast(symbol, pnl)
    stocks = [holding(symbol, 10.0, 100.0) for symbol in ("AAPL", "MSFT", "TSLA")]
    world.fund(625, positions=stocks)
    said = world.wait(1)
    assert reduced(said) == [("MSFT", "sell", 10.0), ("TSLA", "sell", 8.0)]


def test_parts_of_a_share_are_reduced_to_the_millionth():
    world = World(plain(overnight_buffer=0.0), BEFORE - SECOND)
    world.fund(1000, positions=[holding("AAPL", 30.5, 100.0)])
    assert reduced(world.wait(1)) == [("AAPL", "sell", 10.5)]
    world = World(plain(overnight_buffer=0.0, fee_reserve=0.0025), BEFORE - SECOND)
    world.fund(1000, positions=[holding("AAPL", 30.5, 100.0)])
    assert reduced(world.wait(1)) == [("AAPL", "sell", 10.552764)]  # 10.5 / 0.995, rounded up


def shared_reduce() -> tuple[World, str]:
    """AAPL is being reduced by 10 of 30 shares."""
    world = World(plain(overnight_buffer=0.0), BEFORE - SECOND)
    world.fund(1000, positions=[holding("AAPL", 30.0, 100.0)])
    (reduce,) = world.wait(1).commands
    assert (reduce.symbol, reduce.qty) == ("AAPL", 10.0)
    return world, reduce.id


def test_nothing_is_reduced_twice():
    world, name = shared_reduce()
    world.now_us += SECOND
    assert world.fund(1000, positions=[holding("AAPL", 30.0, 100.0)]).commands == []
    world.now_us += SECOND
    said = world.filled(name, qty=4.0, price=100.0)
    assert said.commands == []
    said = world.filled(name, price=100.0)
    assert kinds(said) == ["DeleverageDone"]
    assert world.account().positions["AAPL"].qty == 20.0


def test_a_price_that_falls_meanwhile_is_met_by_a_second_reduce_for_the_difference():
    world, _ = shared_reduce()
    world.now_us += SECOND
    said = world.fund(900, positions=[holding("AAPL", 30.0, 96.0)])  # 18.75 may stay
    assert reduced(said) == [("AAPL", "sell", 2.0)]


def test_a_reduce_that_is_refused_is_tried_again_later_each_time():
    world, name = shared_reduce()
    waited = []
    for _ in range(3):
        assert world.rejected(name).commands == []
        start = world.now_us
        while not (said := world.wait(1)).commands:
            pass
        waited.append((world.now_us - start) // SECOND)
        (again,) = said.commands
        assert (again.symbol, again.qty) == ("AAPL", 10.0)
        assert again.id != name
        name = again.id
    assert waited == [10, 20, 40]


def test_another_position_is_reduced_in_the_place_of_one_that_cannot_be():
    world = World(plain(overnight_buffer=0.0), BEFORE - SECOND)
    stocks = [holding("AAPL", 15.0, 100.0), holding("MSFT", 15.0, 100.0)]
    world.fund(1000, positions=stocks)
    (reduce,) = world.wait(1).commands
    assert reduced(world.rejected(reduce.id)) == [("MSFT", "sell", 10.0)]


def test_after_the_close_a_venue_that_will_not_reduce_is_left_alone():
    policy = plain(overnight_buffer=0.0, deleverage_before_close_s=0.0, rejections_max=3)
    world = World(policy, CLOSE - 2 * SECOND)
    world.fund(1000, positions=[holding("AAPL", 30.0, 100.0)])
    (reduce,) = world.wait(2).commands
    for wait in (10, 20):
        world.rejected(reduce.id)
        (reduce,) = world.wait(wait).commands
    said = world.rejected(reduce.id)
    assert kinds(said) == ["DeleverageDone"]
    assert said.facts[0].over_micros == 500_000_000
    assert world.wait(3600).commands == []


def test_an_unanswered_reduce_waits_for_the_venue_and_a_snapshot_that_is_newer():
    world, name = shared_reduce()
    assert orders(world.wait(10)) == [name]  # it may still be on its way: take it out
    world.now_us += SECOND
    held = [holding("AAPL", 30.0, 100.0)]
    assert world.fund(1000, positions=held, orders=[]).commands == []
    assert world.cancel_rejected(name).commands == []  # traded, or never heard of
    world.now_us += SECOND
    said = world.fund(1000, positions=[holding("AAPL", 20.0, 100.0)], orders=[])
    assert kinds(said) == ["DeleverageDone"]
    world, name = shared_reduce()
    world.wait(10)
    world.cancel_rejected(name)
    world.now_us += SECOND
    assert world.fund(1000, positions=held, orders=[]).commands == []
    assert reduced(world.wait(10)) == [("AAPL", "sell", 10.0)]


def test_a_reduce_that_the_venue_took_but_does_not_trade_is_taken_out_and_others_go():
    world = World(plain(overnight_buffer=0.0), BEFORE - SECOND)
    stocks = [holding("AAPL", 15.0, 100.0), holding("MSFT", 15.0, 100.0)]
    world.fund(1000, positions=stocks)
    (reduce,) = world.wait(1).commands
    world.working(reduce.id, "AAPL", 100.0, 1000.0, side="sell", intent="exit")
    assert orders(world.wait(10)) == [reduce.id]
    assert reduced(world.cancelled(reduce.id)) == [("MSFT", "sell", 10.0)]


def test_a_refused_cancel_is_asked_for_again_later():
    world = loaded()
    world.working("o", "TSLA", 99.0, 3000.0)
    assert orders(world.wait(1)) == ["o"]
    said = world.cancel_rejected("o")
    assert reduced(said) == [("AAPL", "sell", 10.0)]
    world.filled(said.commands[0].id, price=100.0)
    assert world.wait(5).commands == []
    world.wait(5)
    assert orders(world.fund(1000)) == ["o"]


def test_the_buffer_is_kept_free_but_does_not_begin_anything():
    world = World(plain(overnight_buffer=0.1), BEFORE)
    world.fund(1000, positions=[holding("AAPL", 20.0, 100.0)])
    assert world.heard(Reduce) == []
    world.now_us += SECOND
    said = world.fund(999, positions=[holding("AAPL", 20.0, 100.0)])
    assert reduced(said) == [("AAPL", "sell", 3.0)]  # 2,000 / 2 - 899.10, and a whole share


def test_a_policy_that_brings_the_moment_nearer_acts_at_once():
    world = loaded(deleverage_before_close_s=0.0)
    world.working("o", "TSLA", 99.0, 3000.0)
    world.wait(30)
    assert not world.heard(Cancel)
    fields = world.desk.policies.default.model_dump() | {"deleverage_before_close_s": 1800.0}
    said = world.apply(PolicySet(ts_us=world.now_us, policy=fields))
    assert orders(said) == ["o"]


def test_a_policy_that_puts_the_moment_off_moves_the_timer():
    world = loaded()
    world.working("o", "TSLA", 99.0, 3000.0)
    fields = world.desk.policies.default.model_dump() | {"deleverage_before_close_s": 60.0}
    world.apply(PolicySet(ts_us=world.now_us, policy=fields, account="A"))
    world.wait(14 * 60)
    assert not world.heard(Cancel)
    assert orders(world.wait(1)) == ["o"]


def test_an_account_without_a_snapshot_is_not_judged():
    world = World(plain(), BEFORE - SECOND)
    world.working("o", "TSLA", 99.0, 3000.0)
    assert world.wait(1).commands == []
    assert orders(world.fund(1000)) == ["o"]


def test_a_steal_in_flight_does_not_count_and_ends_within_the_equity():
    world = loaded(overnight_buffer=0.0)
    world.working("v", "MSFT", 90.0, 3000.0)
    world.want("t", "TSLA", 100.0, 2900.0)
    assert orders(world.wait(0)) == []
    assert world.account().orders["v"].steal == "s2"
    assert world.wait(1).commands == []  # its victim goes anyway
    said = world.cancelled("v")
    assert kinds(said)[0] == "StealLost"  # at twice, 1,450 are too much for what is left
    assert not world.heard(Submit)


def test_the_books_do_not_offer_a_reduce_as_a_victim():
    world, name = shared_reduce()
    world.filled(name, qty=1.0, price=100.0)
    assert world.account().orders[name].state == "working"
    world.quote("BTCUSD", 100.0)
    fields = plain(victim_intents="any", overnight_buffer=0.0).model_dump()
    world.apply(PolicySet(ts_us=world.now_us, policy=fields))
    world.quote("AAPL", 90.0)
    said = world.want("t", "BTCUSD", 100.0, 900.0)
    assert said.commands == []
    assert said.facts[0].reason == "no_steal_candidates"


def test_the_interest_of_the_close_is_provided_for():
    world = World(plain(overnight_buffer=0.0, borrow_rate=0.252, trading_days=252), BEFORE - SECOND)
    world.fund(1000, positions=[holding("AAPL", 20.0, 100.0)])
    (reduce,) = world.wait(1).commands  # 1,000 are borrowed and cost 1
    world.filled(reduce.id, price=100.0)
    world.wait(900)
    assert len(world.heard(Reduce)) == 1
    assert world.account().equity_micros == 999_100_000  # the first share less is not charged


def test_what_is_on_its_way_out_is_not_there_to_be_reduced_again():
    world, _ = shared_reduce()
    world.now_us += SECOND
    said = world.fund(-50, positions=[holding("AAPL", 30.0, 65.0)])  # nothing may stay
    assert reduced(said) == [("AAPL", "sell", 20.0)]  # for 10 are under way


def test_positions_wait_for_the_cancels_even_if_those_cannot_be_enough():
    world = two_orders_too_many()
    stocks = [holding("AAPL", 15.0, 100.0), holding("MSFT", 15.0, 100.0)]
    world.now_us += SECOND
    assert world.fund(1000, positions=stocks).commands == []


def test_a_desk_made_anew_remembers_which_position_rests():
    world, name = shared_reduce()
    world.rejected(name)
    world.desk = Desk.restore(world.desk.rows(), times())
    assert world.wait(9).commands == []
    assert reduced(world.wait(1)) == [("AAPL", "sell", 10.0)]


def test_an_order_of_which_nothing_was_ever_heard_binds_when_its_cancel_is_overdue():
    world = loaded(overnight_buffer=0.0)
    world.want("e", "TSLA", 99.5, 1600.0)
    assert orders(world.wait(1)) == ["e.1"]
    said = world.wait(10)
    assert orders(said) == ["e.1"]  # it may still arrive: once more
    assert reduced(said) == [("AAPL", "sell", 6.0)]


def test_it_ends_when_no_stocks_are_left_though_crypto_is_too_much():
    world = World(plain(), BEFORE - SECOND)
    world.quote("TSLA", 100.0)
    world.fund(1000, positions=[holding("BTCUSD", 15.0, 100.0)])
    world.working("o", "TSLA", 99.0, 400.0)
    assert orders(world.wait(1)) == ["o"]
    said = world.cancelled("o")
    assert [fact.over_micros for fact in said.facts] == [500_000_000]
    assert said.commands == []


def test_it_goes_on_until_the_close_while_the_venue_will_not_cancel():
    world = World(plain(), BEFORE - SECOND)
    world.quote("TSLA", 100.0)
    world.fund(1000)
    world.working("o", "TSLA", 99.0, 3000.0)
    asked = orders(world.wait(1))
    while world.now_us < CLOSE:
        world.cancel_rejected("o")
        asked += orders(world.wait(5))
        world.now_us += SECOND
        asked += orders(world.fund(1000))
    assert len(asked) > 60
    assert len(world.heard(DeleverageStarted)) == 1
    world.cancel_rejected("o")
    assert [fact.over_micros for fact in world.heard(DeleverageDone)] == [500_000_000]
