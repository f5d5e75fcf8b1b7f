"""Each invariant, broken by hand on sound books, is found and named."""

import pytest

from state.books.account import Account
from state.books.invariants import InvariantBroken, check

from .steals import stealing, victim_of_our_own
from .world import World, roomy


def broken(account: Account) -> str:
    with pytest.raises(InvariantBroken) as caught:
        check(account, roomy())
    return str(caught.value)


@pytest.mark.parametrize("world", [stealing, victim_of_our_own])
def test_sound_books_pass(world):
    check(world().account(), roomy())


ORDER_FAULTS = [
    ({"remaining": 0.0}, "order v has nothing left"),
    ({"remaining": -1.0}, "order v has nothing left"),
    ({"reserved_micros": -1}, "order v reserves less than nothing"),
    ({"reserved_micros": 1}, "the reserved capital is not the sum of the orders"),
    ({"steal": "s9"}, "order v is being cancelled for no steal"),
    ({"steal": None}, "steal s2 waits for v, which is not being cancelled for it"),
    ({"state": "working"}, "steal s2 waits for v, which is not being cancelled for it"),
    ({"entry": "t"}, "order v is not its entry's"),
]


@pytest.mark.parametrize(("change", "told"), ORDER_FAULTS)
def test_an_unsound_order_is_named(change, told):
    account = stealing().account()
    for field, value in change.items():
        setattr(account.orders["v"], field, value)
    assert broken(account) == told


STEAL_FAULTS = [
    ({"held_micros": -1}, "steal s2 holds less than nothing"),
    ({"held_micros": 3_500_000_001}, "steal s2 holds more than it needs"),
    ({"phase": "placing"}, "steal s2 is placing with 1 cancels outstanding"),
    ({"pending": ["v", "x"]}, "steal s2 waits for x, which is not being cancelled for it"),
]


@pytest.mark.parametrize(("change", "told"), STEAL_FAULTS)
def test_an_unsound_steal_is_named(change, told):
    account = stealing().account()
    for field, value in change.items():
        setattr(account.steals["s2"], field, value)
    assert broken(account) == told


def test_a_steal_that_waits_for_nobody_is_found():
    account = stealing().account()
    account.steals["s2"].pending.clear()
    account.orders["v"].steal = None
    assert broken(account) == "steal s2 is cancelling with 0 cancels outstanding"


@pytest.mark.parametrize(
    ("field", "value"), [("state", "waiting"), ("state", "placed"), ("steal", None)]
)
def test_a_steal_that_is_not_its_entrys_is_found(field, value):
    account = stealing().account()
    setattr(account.entries["t"], field, value)
    assert broken(account) == "steal s2 is not its entry's"


@pytest.mark.parametrize(("field", "value"), [("order", "x"), ("state", "waiting")])
def test_an_order_that_is_not_its_entrys_is_found(field, value):
    account = victim_of_our_own().account()
    setattr(account.entries["e"], field, value)
    assert broken(account) == "order e.1 is not its entry's"


@pytest.mark.parametrize("field", ["committed_crypto", "committed_stock"])
def test_sums_that_do_not_agree_with_the_orders_are_found(field):
    account = stealing().account()
    setattr(account, field, getattr(account, field) + 1)
    assert broken(account) == "the reserved capital is not the sum of the orders"


def test_every_class_of_assets_is_summed_by_itself():
    world = World(roomy())
    world.fund(10_000)
    world.working("x", "AAPL", 100.0)
    account = world.account()
    check(account, roomy())
    account.committed_crypto, account.committed_stock = account.committed_stock, 0
    assert broken(account) == "the reserved capital is not the sum of the orders"
