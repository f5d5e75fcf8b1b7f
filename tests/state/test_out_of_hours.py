"""While New York is closed the top cryptos go at once and the others are held to their tolerance.

Sunday 2017-09-03, and Labor Day, Monday 2017-09-04; New York opens on Tuesday at 09:30.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from state.rules.policy import REFERENCE
from topics.commands import Submit
from topics.events import PolicySet
from topics.facts import EntryBlocked

from .world import SECOND, World, kinds, roomy


def at(text: str) -> int:
    """Return a UTC time of September 2017 in microseconds."""
    moment = datetime.fromisoformat(f"2017-09-{text}").replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND


SUNDAY, LABOR_DAY = at("03 15:00"), at("04 15:00")
BEFORE_OPEN, OPEN, CLOSE = at("05 13:29:59"), at("05 13:30"), at("05 20:00")
FORECASTS = {"BTCUSD": 3.0, "ETHUSD": 2.0, "SOLUSD": 1.0, "UNIUSD": 0.5, "LTCUSD": 9.0}
"""LTCUSD has the best forecast and is no active crypto."""
WEEK = 7 * 86_400
PATIENT: dict[str, Any] = {"quote_max_age_s": WEEK, "snapshot_max_age_s": WEEK}


def world_at(now_us, policy=None, equity=100_000.0):
    world = World(policy or roomy(**PATIENT), now_us)
    world.fund(equity)
    for symbol, pnl in FORECASTS.items():
        world.forecast(symbol, pnl)
    return world


def want(world, symbol, price=110.0, **values):
    """Wish for a symbol at 100 while it is quoted at `price`."""
    world.quote(symbol, price)
    return world.want(symbol, symbol, 100.0, expires_us=world.now_us + WEEK * SECOND, **values)


def sent(world):
    return [command.symbol for command in world.heard(Submit)]


@pytest.mark.parametrize("now_us", [SUNDAY, LABOR_DAY, BEFORE_OPEN, CLOSE])
def test_top_ranked_cryptos_are_forced_and_others_held_to_their_tolerance(now_us):
    world = world_at(now_us)
    for symbol in sorted(FORECASTS):
        want(world, symbol)
    assert sent(world) == ["BTCUSD", "ETHUSD"]
    for symbol, too_far, near in (
        ("SOLUSD", 102.01, 102.0),
        ("UNIUSD", 102.01, 102.0),
        ("LTCUSD", 100.67, 100.65),
    ):
        assert kinds(world.quote(symbol, too_far)) == []
        assert kinds(world.quote(symbol, near)) == ["Submit"]


@pytest.mark.parametrize("now_us", [OPEN, CLOSE - 1])
def test_in_the_session_nobody_is_forced(now_us):
    world = world_at(now_us)
    for symbol in sorted(FORECASTS):
        want(world, symbol)
    assert sent(world) == []
    assert kinds(world.quote("BTCUSD", 100.67)) == []
    assert kinds(world.quote("BTCUSD", 100.65)) == ["Submit"]


def test_a_crypto_without_a_forecast_is_not_forced():
    world = World(roomy(), SUNDAY)
    world.fund(100_000)
    want(world, "BTCUSD")
    assert sent(world) == []


def test_stocks_are_held_to_their_tolerance():
    world = world_at(SUNDAY)
    world.forecast("AAPL", 99.0)
    want(world, "AAPL")
    assert sent(world) == []
    assert kinds(world.quote("AAPL", 100.65)) == ["Submit"]


def test_new_ranks_force_others():
    world = world_at(LABOR_DAY)
    want(world, "UNIUSD")
    world.forecast("UNIUSD", 2.5)  # between BTCUSD and ETHUSD
    assert kinds(world.quote("UNIUSD", 111.0)) == ["Submit"]
    want(world, "ETHUSD")
    assert sent(world) == ["UNIUSD"]
    world.forecast("BTCUSD", -1.0)
    assert kinds(world.quote("ETHUSD", 111.0)) == ["Submit"]


def test_forecasts_that_change_no_rank_do_not_hide_the_one_that_does():
    world = world_at(LABOR_DAY)
    want(world, "UNIUSD")
    for pnl in (0.6, 0.7, 0.8):
        world.forecast("UNIUSD", pnl)
        assert kinds(world.quote("UNIUSD", 111.0)) == []
    world.forecast("UNIUSD", 2.5)
    assert kinds(world.quote("UNIUSD", 111.0)) == ["Submit"]


def test_a_lost_rank_takes_the_force_away():
    world = world_at(SUNDAY, equity=0.0)
    want(world, "ETHUSD")
    assert [fact.reason for fact in world.heard(EntryBlocked)] == ["too_far_from_limit"]
    world.forecast("SOLUSD", 2.5)
    assert kinds(world.fund(100_000)) == []
    world.forecast("SOLUSD", 1.5)
    assert kinds(world.fund(100_000)) == ["Submit"]


@pytest.mark.parametrize(("now_us", "goes"), [(BEFORE_OPEN, True), (OPEN, False)])
@pytest.mark.parametrize(("symbol", "price"), [("BTCUSD", 110.0), ("SOLUSD", 101.5)])
def test_force_and_the_wide_tolerance_end_when_new_york_opens(symbol, price, now_us, goes):
    world = world_at(LABOR_DAY, equity=0.0)
    want(world, symbol, price)
    assert world.account().entries[symbol].blocked == "too_far_from_limit"
    world.now_us = now_us
    assert bool(world.fund(100_000).commands) is goes
    assert world.account().entries[symbol].state == ("placed" if goes else "waiting")


def test_force_and_the_wide_tolerance_begin_when_new_york_closes():
    world = world_at(OPEN)
    want(world, "BTCUSD")
    want(world, "SOLUSD", 101.5)
    want(world, "UNIUSD", 102.5)
    world.now_us = CLOSE - 1
    assert kinds(world.apply()) == []
    world.now_us = CLOSE
    outputs = world.apply()
    assert [command.symbol for command in outputs.commands] == ["BTCUSD", "SOLUSD"]
    assert {command.cause for command in outputs.commands} == {"clock"}


# ---- the reference preset ----

KEEPING = roomy(REFERENCE, **PATIENT)


@pytest.mark.parametrize(
    ("now_us", "rank", "goes"),
    [
        (SUNDAY, 1, True),
        (SUNDAY, 2, True),
        (SUNDAY, 3, False),
        (SUNDAY, None, False),  # the desk's own ranks do not count
        (LABOR_DAY, 1, False),  # every Monday is open by the original's rule
    ],
)
def test_under_reference_the_request_brings_its_rank(now_us, rank, goes):
    world = world_at(now_us, KEEPING)
    want(world, "BTCUSD", rank=rank)
    assert bool(sent(world)) is goes


def test_under_reference_force_is_decided_on_request_and_kept():
    world = world_at(SUNDAY, KEEPING, equity=0.0)
    want(world, "BTCUSD", rank=1)
    world.now_us = OPEN
    assert [command.symbol for command in world.fund(100_000).commands] == ["BTCUSD"]


@pytest.mark.parametrize(
    ("asked_at", "tried_at", "goes"),
    [(SUNDAY, OPEN, True), (OPEN, CLOSE, False), (OPEN, OPEN, False), (SUNDAY, SUNDAY, True)],
)
def test_under_reference_tolerance_is_decided_on_request_and_kept(asked_at, tried_at, goes):
    world = world_at(asked_at, KEEPING)
    want(world, "SOLUSD", 105.0)
    world.now_us = tried_at
    assert bool(world.quote("SOLUSD", 101.5).commands) is goes


def test_under_reference_no_desk_rank_takes_a_force_away():
    world = world_at(SUNDAY, KEEPING, equity=0.0)
    want(world, "UNIUSD", rank=1)
    world.forecast("UNIUSD", -9.0)
    assert kinds(world.fund(100_000)) == ["Submit"]


def test_a_rank_won_after_another_account_got_a_policy_of_its_own_forces_an_entry():
    world = world_at(SUNDAY)
    want(world, "SOLUSD")
    assert sent(world) == []
    world.apply(PolicySet(ts_us=world.now_us, account="B", policy={"cooldown_s": 60.0}))
    world.forecast("SOLUSD", 9.0)  # the best of all now
    world.quote("SOLUSD", 110.0)
    assert sent(world) == ["SOLUSD"]
