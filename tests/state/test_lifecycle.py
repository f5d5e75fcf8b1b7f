"""Life cycles are tables: every pair of states is either in them or a bug."""

import itertools
from typing import get_args

import pytest

from state.books import lifecycle
from state.books.account import Entry, Order, StealInFlight
from state.books.lifecycle import IllegalMove, check_move

TABLES = [
    (lifecycle.ENTRY_MOVES, lifecycle.EntryState),
    (lifecycle.ORDER_MOVES, lifecycle.OrderState),
    (lifecycle.STEAL_MOVES, lifecycle.StealPhase),
]


@pytest.mark.parametrize(("table", "states"), TABLES, ids=["entry", "order", "steal"])
def test_only_the_steps_of_the_table_are_allowed(table, states):
    for old, new in itertools.product(get_args(states), repeat=2):
        if (old, new) in table:
            check_move(table, old, new)
        else:
            with pytest.raises(IllegalMove, match=f"no step from {old} to {new}"):
                check_move(table, old, new)


@pytest.mark.parametrize(("table", "states"), TABLES, ids=["entry", "order", "steal"])
def test_tables_name_no_other_states(table, states):
    assert {state for step in table for state in step} == set(get_args(states))


def test_every_move_of_an_entry_order_or_steal_is_checked():
    entry = Entry("e", "X", "buy", 1.0, 1.0, "normal", None, None, False, None, 1)
    order = Order("o", 1, "X", "buy", "entry", "normal", 1.0, 1.0, None, "working")
    steal = StealInFlight("s", "e", "X", 1, 0, ["v"], ["v"], 1)
    entry.move("stealing")
    order.move("cancelling")
    steal.move("placing")
    assert (entry.state, order.state, steal.phase) == ("stealing", "cancelling", "placing")
    with pytest.raises(IllegalMove):
        entry.move("stealing")
    with pytest.raises(IllegalMove):
        order.move("submitting")
    with pytest.raises(IllegalMove):
        steal.move("cancelling")
    assert (entry.state, order.state, steal.phase) == ("stealing", "cancelling", "placing")
