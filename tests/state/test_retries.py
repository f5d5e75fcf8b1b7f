"""A blocked entry waits and is tried again when something changes; who goes first is one order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from topics.commands import Submit
from topics.events import Fill
from topics.facts import EntryBlocked

from .steals import crowded, set_policy, stealing
from .world import SECOND, World, holding, kinds, roomy


def sent(world: World) -> list[str]:
    return [command.entry for command in world.heard(Submit)]


def test_a_quote_of_its_symbol_tries_an_entry_again():
    world = World(roomy(quote_max_age_s=60))
    world.fund(3500)
    world.quote("ETHUSD", 50.0)
    world.wait(61)
    world.want("t", "ETHUSD", 50.0)
    assert world.heard(EntryBlocked)[-1].reason == "stale_quote"
    assert kinds(world.quote("BTCUSD", 105.0)) == []
    assert kinds(world.quote("eth/usd", 50.0)) == ["Submit"]


def test_a_quote_that_reaches_the_trigger_tries_an_entry():
    world = World(roomy())
    world.fund(3500)
    world.quote("ETHUSD", 51.0)
    world.want("t", "ETHUSD", 50.0)
    assert kinds(world.quote("ETHUSD", 50.34)) == []
    assert kinds(world.quote("ETHUSD", 50.33)) == ["Submit"]


@pytest.mark.parametrize(
    ("side", "far", "near"), [("buy", (51, 49), (50.3, 49)), ("sell", (51, 49), (51, 49.7))]
)
def test_a_buyer_waits_for_the_ask_and_a_seller_for_the_bid(side, far, near):
    world = World(roomy())
    world.fund(3500)
    world.quote("ETHUSD", far[0], bid=far[1])
    world.want("t", "ETHUSD", 50.0, side=side)
    assert not world.heard(Submit)
    assert kinds(world.quote("ETHUSD", near[0], bid=near[1])) == ["Submit"]


def test_a_cancel_that_frees_capital_tries_again():
    world = crowded(enabled=False)
    world.want("t", "ETHUSD", 50.0)
    assert kinds(world.cancelled("v")) == ["Submit"]


def test_an_exit_fill_that_frees_capital_tries_again():
    world = World(roomy())
    world.fund(3500, positions=[holding("SOLUSD", 35.0, 100.0)])
    world.quote("ETHUSD", 50.0)
    world.want("t", "ETHUSD", 50.0)
    world.now_us += 1
    exit_fill = Fill(
        ts_us=world.now_us,
        account="A",
        fill="x",
        order="exit",
        symbol="SOL-USD",
        side="sell",
        price=100.0,
        qty=35.0,
    )
    assert kinds(world.apply(exit_fill)) == ["Submit"]


def test_an_account_snapshot_tries_again():
    world = crowded(enabled=False)
    world.want("t", "ETHUSD", 50.0)
    assert kinds(world.fund(6999)) == []
    assert kinds(world.fund(7000)) == ["Submit"]


def test_the_end_of_a_cooldown_tries_again():
    world = stealing()
    world.cancelled("v")
    world.accepted("t.3")
    world.working("v2", "BTCUSD", 100.0)
    world.fund(7000)
    world.quote("UNIUSD", 10.0)
    world.want("u", "UNIUSD", 10.0)
    assert world.heard(EntryBlocked)[-1].reason == "no_steal_candidates"
    assert kinds(world.wait(119.999999)) == []
    outputs = world.wait(0.000001)
    assert kinds(outputs)[0] == "Cancel"
    assert outputs.commands[0].cause == "clock"


def test_a_cooldown_that_a_fight_made_longer_is_looked_at_again_at_its_new_end():
    world = crowded()
    world.account().fights["BTCUSD|ETHUSD"] = [world.now_us] * 3
    world.want("t", "ETHUSD", 50.0, pnl=1.0)
    assert world.account().cooldown_checks == {"BTCUSD": world.now_us + 600 * SECOND}
    world.cancelled("v")
    world.accepted("t.3")
    world.account().cooldown_checks["BTCUSD"] = world.now_us + 120 * SECOND  # as if found shorter
    world.desk.context.timers.set(world.now_us + 120 * SECOND, "A", "cooldown", "BTCUSD")
    end = world.now_us + 600 * SECOND
    world.wait(120)
    assert world.account().cooldown_checks == {"BTCUSD": end}
    world.wait(480)
    assert world.account().cooldown_checks == {}


def test_a_cooldown_that_began_anew_does_not_end_at_its_first_end():
    world = stealing(cooldown_s=1.0)
    world.cancelled("v")
    world.accepted("t.3")
    end = world.now_us + 5 * SECOND
    world.account().cooldown_checks["BTCUSD"] = end  # as after a second steal
    world.wait(1)
    assert world.account().cooldown_checks == {"BTCUSD": end}


def test_another_policy_tries_again():
    world = crowded(enabled=False)
    world.want("t", "ETHUSD", 50.0)
    assert kinds(set_policy(world, enabled=True))[0] == "Cancel"


@pytest.mark.parametrize("account", ["A", None])
def test_a_wider_tolerance_by_policy_wakes_an_entry(account):
    world = World(roomy())
    world.fund(3500)
    world.quote("ETHUSD", 51.0)
    world.want("t", "ETHUSD", 50.0)
    assert kinds(set_policy(world, account, normal_tolerance=0.02)) == ["Submit"]


def test_the_open_of_new_york_tries_again():
    # 10,000 dollars of a stock need 5,000 at night and 2,500 in the session.
    night = int(datetime(2018, 4, 4, 13, 29, 59, tzinfo=UTC).timestamp()) * SECOND
    world = World(roomy(), night)
    world.fund(3500)
    world.quote("AAPL", 100.0)
    world.want("t", "AAPL", 100.0, dollars=10_000)
    (blocked,) = world.heard(EntryBlocked)
    assert (blocked.needed_micros, blocked.free_micros) == (5_000_000_000, 3_500_000_000)
    assert kinds(world.wait(0.999999)) == []
    outputs = world.wait(0.000001)
    assert kinds(outputs) == ["Submit"]
    assert outputs.commands[0].reserved_micros == 10_000_000_000


@pytest.mark.parametrize("answer", ["cancel_rejected", "filled"])
def test_a_late_answer_that_ends_a_reconciliation_tries_again(answer):
    world = stealing()
    world.wait(10)
    assert world.heard(EntryBlocked)[-1].reason == "awaiting_reconciliation"
    assert "EntryBlocked" in kinds(getattr(world, answer)("v"))
    # Nothing may be stolen any more: its symbol cools down, or the order is a position now.
    assert world.heard(EntryBlocked)[-1].reason == "no_steal_candidates"


# ---- several at once ----

CONTENDERS: list[tuple[str, str, float, dict[str, Any]]] = [
    ("rich", "BTCUSD", 100.0, {"pnl": 2.0}),
    ("near", "ETHUSD", 100.1, {"pnl": 1.0}),
    ("aaa", "SOLUSD", 100.0, {"pnl": 1.0}),
    ("bbb", "SOLUSD", 100.0, {"pnl": 1.0}),
    ("poor", "UNIUSD", 100.2, {}),
]
"""In the order in which they go: forecast, nearness, id."""


@pytest.mark.parametrize("turn", range(len(CONTENDERS)))
def test_when_several_can_go_the_best_forecast_then_the_nearer_then_the_id_goes(turn):
    world = World(roomy())
    for entry, symbol, limit, values in reversed(CONTENDERS):
        world.quote(symbol, 100.3)
        world.want(entry, symbol, limit, **values)
    world.fund(3501.0 * (turn + 1))
    assert sent(world) == [name for name, *_ in CONTENDERS[: turn + 1]]


def test_entries_that_one_quote_wakes_go_in_the_same_order():
    world = World(roomy())
    world.fund(7001)
    world.quote("ETHUSD", 110.0)
    world.want("far", "ETHUSD", 99.9, pnl=1.0)
    world.want("near", "ETHUSD", 100.0, pnl=1.0)
    world.want("rich", "ETHUSD", 99.8, pnl=2.0)
    outputs = world.quote("ETHUSD", 100.2)
    assert [command.entry for command in outputs.commands] == ["rich", "near"]


def test_the_symbols_forecast_counts_where_the_entry_has_none():
    world = World(roomy())
    for symbol, pnl in (("BTCUSD", 1.0), ("ETHUSD", 2.0)):
        world.forecast(symbol, pnl)
        world.quote(symbol, 100.0)
        world.want(symbol, symbol, 100.0)
    world.fund(3500)
    assert sent(world) == ["ETHUSD"]


def test_accounts_that_one_quote_wakes_go_in_the_order_of_their_names():
    world = World(roomy())
    world.quote("ETHUSD", 110.0)
    for name, limit in (("B", 99.9), ("A", 100.0)):  # a quote that falls finds B first
        world.fund(3501, name)
        world.want("t", "ETHUSD", limit, account=name)
    outputs = world.quote("ETHUSD", 100.0)
    assert [command.account for command in outputs.commands] == ["A", "B"]


def test_an_entry_that_is_on_its_way_is_not_tried_again():
    world = World(roomy())
    world.fund(7000)
    world.quote("ETHUSD", 50.0)
    world.want("t", "ETHUSD", 50.0)
    world.quote("ETHUSD", 50.0)
    world.fund(9000)
    assert sent(world) == ["t"]
