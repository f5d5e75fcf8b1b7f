"""Six cases that the original got wrong, or whose own tests did, by the names they had there.

Each holds under the rules themselves; where the desk does more (two steps, confirmed cancels), the
case is shown on a desk as well.
"""

import pytest

from state.rules import cooldowns, fights, ranks
from state.rules.decision import Entrant, OrderView
from state.rules.policy import REFERENCE, policy_from
from state.rules.refusals import Refusal
from state.rules.victims import History, assess, choose
from tests.state.world import SECOND, World, roomy, times
from topics.commands import Cancel
from topics.facts import EntryBlocked

NOW = 1_760_000_000 * SECOND
SATURDAY = 1_737_212_400 * SECOND
"""2025-01-18 15:00 UTC."""
WEDNESDAY = 1_736_953_200 * SECOND
"""2025-01-15 15:00 UTC, in the session."""
MINUTE = 60 * SECOND


def order(symbol, limit=100.0, price=103.3, pnl=0.0, qty=100.0):
    return OrderView(f"{symbol}-1", symbol, "buy", limit, qty, price, pnl)


def attempt(policy, thief_pnl, victim_pnl, history):
    entrant = Entrant("MSFT", "buy", 100.0, 100.05, thief_pnl)
    orders = [assess(policy, NOW, order("AAPL", pnl=victim_pnl), history)]
    return choose(policy, NOW, entrant, orders, history, 0)


def steals(count, apart_us=MINUTE):
    """So many steals of the pair AAPL, MSFT, the last five minutes ago."""
    last = NOW - 5 * MINUTE
    return {"AAPL|MSFT": [last - number * apart_us for number in reversed(range(count))]}


def test_second_crypto_out_of_hours_no_force():
    is_open = times().weekdays.is_open(SATURDAY)
    forced = {rank: ranks.forced(REFERENCE, "ETHUSD", is_open, rank) for rank in (1, 2, 3)}
    assert forced == {1: True, 2: True, 3: False}
    only_one = policy_from({"crypto_force_count": 1}, REFERENCE)
    assert not ranks.forced(only_one, "ETHUSD", is_open, 2)


@pytest.mark.parametrize("base", ["reference", "default"])
def test_dry_run_doesnt_cancel_orders(base):
    policy = policy_from({"dry_run": True}, REFERENCE if base == "reference" else roomy())
    history = History({}, {})
    choice = attempt(policy, 1.0, 0.0, history)
    assert choice.refusal is Refusal.DRY_RUN
    assert [victim.view.symbol for victim in choice.victims] == ["AAPL"]
    assert history == History({}, {})


def test_dry_run_doesnt_cancel_orders_on_a_desk():
    world = World(roomy(dry_run=True))
    world.fund(5000)
    world.quote("AAPL", 103.3)
    world.quote("BTCUSD", 100.05)
    world.working("victim", "AAPL", 100.0, dollars=20_000)
    world.want("thief", "BTCUSD", 100.0)
    (blocked,) = world.heard(EntryBlocked)
    account = world.account()
    assert blocked.reason == "dry_run"
    assert not world.heard(Cancel)
    assert account.orders["victim"].state == "working"
    assert (account.cooldowns, account.fights, account.steals) == ({}, {}, {})


@pytest.mark.parametrize(
    ("thief_pnl", "victim_pnl", "refusal"),
    [
        (4.0, 2.0, None),
        (3.0, 5.0, Refusal.FIGHT_PNL_NOT_BETTER),
        (3.0, 3.0, Refusal.FIGHT_PNL_NOT_BETTER),
    ],
)
def test_fighting_resolved_by_better_pnl(thief_pnl, victim_pnl, refusal):
    choice = attempt(REFERENCE, thief_pnl, victim_pnl, History({}, steals(4)))
    assert choice.refusal is refusal
    assert choice.detail == ("fight_won_by_pnl" if refusal is None else None)
    calm = attempt(REFERENCE, thief_pnl, victim_pnl, History({}, steals(3)))
    assert calm.refusal is None
    assert calm.detail is None


def test_top_crypto_gets_force_immediate_on_weekend():
    saturday, weekday = (times().weekdays.is_open(now) for now in (SATURDAY, WEDNESDAY))
    assert (saturday, weekday) == (False, True)
    assert ranks.tolerance(REFERENCE, "BTCUSD", saturday) == 0.02
    assert ranks.forced(REFERENCE, "BTCUSD", saturday, 1)
    assert ranks.tolerance(REFERENCE, "BTCUSD", weekday) == 0.0066
    assert not ranks.forced(REFERENCE, "BTCUSD", weekday, 1)


def test_oscillating_steals_trigger_fighting_cooldown():
    for symbol in ("AAPL", "MSFT"):
        assert fights.cooldown_us(REFERENCE, steals(4), symbol, NOW) == 600 * SECOND
        assert fights.cooldown_us(REFERENCE, steals(3), symbol, NOW) == 0
    assert fights.cooldown_us(REFERENCE, steals(4), "NVDA", NOW) == 0
    stolen = {"AAPL": NOW - 5 * MINUTE}
    assert cooldowns.on_cooldown(REFERENCE, stolen, steals(4), "AAPL", NOW)
    assert not cooldowns.on_cooldown(REFERENCE, stolen, steals(3), "AAPL", NOW)


@pytest.mark.parametrize("pnl", [-5.0, 0.0, 5.0])
def test_negative_pnl_can_be_stolen(pnl):
    choice = attempt(REFERENCE, -9.0, pnl, History({}, {}))
    assert choice.refusal is None
    assert [victim.view.order for victim in choice.victims] == ["AAPL-1"]
    assert choice.victims[0].distance == pytest.approx(0.033)
    assert choice.entrant_distance == pytest.approx(0.0005)
