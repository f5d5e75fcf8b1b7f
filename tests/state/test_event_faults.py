"""Events that make no sense here are refused by name, and change nothing."""

from typing import Any

import pytest

from state.rules.refusals import EventFault
from topics.events import Fill, OrderCancelled, PolicySet
from topics.facts import EventRefused

from .steals import crowded, stealing
from .world import World, holding


def twice_wanted(world: World) -> Any:
    world.want("e", "ETHUSD", 40.0)
    return lambda: world.want("e", "UNIUSD", 30.0)


def too_late(world: World) -> Any:
    return lambda: world.want("e", "ETHUSD", 40.0, expires_us=world.now_us)


def never_wanted(world: World) -> Any:
    return lambda: world.withdraw("e")


def accepted_twice(world: World) -> Any:
    return lambda: world.working("v", "BTCUSD", 99.0)


def accepted_after_its_end(world: World) -> Any:
    world.cancelled("v")
    return lambda: world.working("v", "BTCUSD", 100.0)


def unknown_order(kind: str) -> Any:
    def prepare(world: World) -> Any:
        return lambda: getattr(world, kind)("nobody")

    return prepare


def rejected_while_it_works(world: World) -> Any:
    return lambda: world.rejected("v")


def called_a_duplicate(world: World) -> Any:
    world.cancelled("v")
    world.want("e", "ETHUSD", 50.0)
    (order,) = world.account().orders
    return lambda: world.rejected(order, "duplicate")


def cancel_rejected_that_was_not_asked_for(world: World) -> Any:
    return lambda: world.cancel_rejected("v")


def filled_twice(world: World) -> Any:
    def fill() -> Any:
        return world.apply(
            Fill(
                ts_us=world.now_us,
                account="A",
                fill="f",
                order="v",
                symbol="BTCUSD",
                side="buy",
                price=100.0,
                qty=1.0,
            )
        )

    fill()
    return fill


def old_snapshot(world: World) -> Any:
    world.fund(9_000)
    world.now_us -= 1
    return lambda: world.fund(8_000)


def bad_own_policy(world: World) -> Any:
    policy = {"protection": 7}
    return lambda: world.apply(PolicySet(ts_us=world.now_us, account="A", policy=policy))


def huge_wish(world: World) -> Any:
    return lambda: world.want("e", "ETHUSD", 50.0, dollars=1.1e9)


def huge_order(world: World) -> Any:
    return lambda: world.working("x", "ETHUSD", 50.0, dollars=1.1e9)


def huge_trade(world: World) -> Any:
    return lambda: world.filled("v", qty=1e12, price=1e9)


def huge_fee(world: World) -> Any:
    fill = Fill(
        ts_us=world.now_us,
        account="A",
        fill="f",
        order="v",
        symbol="BTCUSD",
        side="buy",
        price=1.0,
        qty=1.0,
        fee=-1.1e9,
    )
    return lambda: world.apply(fill)


def huge_holding(world: World) -> Any:
    return lambda: world.fund(10_000, positions=[holding("BTCUSD", -1e12, 1e9)])


@pytest.mark.parametrize(
    ("prepare", "fault", "detail"),
    [
        (twice_wanted, "entry_exists", "entry.requested e"),
        (too_late, "entry_expired", "entry.requested e"),
        (never_wanted, "unknown_entry", "entry.withdrawn e"),
        (accepted_twice, "order_exists", "order.accepted v"),
        (accepted_after_its_end, "order_ended", "order.accepted v"),
        (unknown_order("cancelled"), "unknown_order", "order.cancelled nobody"),
        (unknown_order("lapsed"), "unknown_order", "order.expired nobody"),
        (unknown_order("rejected"), "unknown_order", "order.rejected nobody"),
        (unknown_order("cancel_rejected"), "unknown_order", "order.cancel_rejected nobody"),
        (rejected_while_it_works, "wrong_state", "order.rejected v"),
        (called_a_duplicate, "wrong_state", "order.rejected e.2"),
        (cancel_rejected_that_was_not_asked_for, "wrong_state", "order.cancel_rejected v"),
        (filled_twice, "duplicate_fill", "fill v"),
        (old_snapshot, "outdated_snapshot", "account.snapshot"),
        (
            bad_own_policy,
            "bad_policy",
            "protection: input should be less than or equal to 1, got 7",
        ),
        (huge_wish, "absurd_amount", "entry.requested e"),
        (huge_order, "absurd_amount", "order.accepted x"),
        (huge_trade, "absurd_amount", "fill v"),
        (huge_fee, "absurd_amount", "fill v"),
        (huge_holding, "absurd_amount", "account.snapshot"),
    ],
)
def test_an_event_is_refused_by_name_and_changes_nothing(prepare, fault, detail):
    world = crowded()
    act = prepare(world)
    before = {key: row for key, row in world.desk.rows().items() if key != "cursor"}
    outputs = act()
    (refused,) = outputs.facts
    assert outputs.commands == []
    assert isinstance(refused, EventRefused)
    assert (refused.account, refused.reason, refused.detail) == ("A", fault, detail)
    after = {key: row for key, row in world.desk.rows().items() if key != "cursor"}
    assert after == before


def test_a_crossed_quote_is_refused_and_the_old_price_stays():
    world = crowded()
    (refused,) = world.quote("ETHUSD", 50.0, bid=50.1).facts
    assert (refused.account, refused.reason) == (None, "crossed_quote")
    assert refused.detail == "ETHUSD: bid 50.1 above ask 50.0"
    assert world.desk.board.prices.get("ETHUSD").bid == 50.0
    (refused,) = world.quote("NEWUSD", 1.0, bid=2.0).facts
    assert refused.reason == "crossed_quote"
    assert "price/NEWUSD" not in world.desk.rows()


def test_a_bad_default_policy_is_refused():
    world = crowded()
    before = world.desk.policies.default
    (refused,) = world.apply(PolicySet(ts_us=world.now_us, policy={"nonsense": 1})).facts
    assert (refused.account, refused.reason) == (None, "bad_policy")
    assert refused.detail == "nonsense is no field of a policy"
    assert world.desk.policies.default == before


def test_a_long_explanation_is_cut():
    world = crowded()
    policy = {"calendar": "x" * 5000}
    (refused,) = world.apply(PolicySet(ts_us=world.now_us, policy=policy)).facts
    assert len(refused.detail) == 500


def test_an_order_that_ended_in_a_steal_cannot_come_back():
    world = stealing()
    world.cancelled("v")
    (refused,) = world.working("v", "BTCUSD", 100.0).facts
    assert refused.reason == "order_ended"


def test_a_second_cancel_answer_is_refused():
    world = stealing()
    world.cancelled("v")
    late = OrderCancelled(ts_us=world.now_us, account="A", order="v")
    (refused,) = world.apply(late).facts
    assert refused.reason == "unknown_order"


@pytest.mark.parametrize("act", ["want", "working"])
def test_amounts_up_to_a_thousand_million_dollars_are_believed(act):
    world = crowded()
    getattr(world, act)("big", "UNIUSD", 1.0, dollars=1e9)
    assert not world.heard(EventRefused)


def test_every_fault_has_a_test_here_or_in_the_halting_tests():
    tested = (
        "entry_exists entry_expired unknown_entry order_exists order_ended unknown_order"
        " wrong_state duplicate_fill outdated_snapshot bad_policy absurd_amount"
        " crossed_quote account_halted from_the_future"
    )
    assert {str(fault) for fault in EventFault} == set(tested.split())
