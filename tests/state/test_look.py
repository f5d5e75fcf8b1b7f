"""A look at an account is kept while it is good, and never longer (see `state.dealing.look`)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.dealing.look import Look, Looks
from state.rules.policy import DEFAULT, REFERENCE
from topics.commands import Submit
from topics.events import EntryRequested, EntryWithdrawn

from .chaos import Chaos, days
from .nights import LEAD_S, Night, evenings, holdings
from .street import plain
from .world import SECOND, World, roomy

many = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
policies = st.sampled_from([DEFAULT, roomy(), roomy(REFERENCE), roomy(protection=0.0)])


class Checked:
    """Stands in for `Looks.at`: a look that was kept must tell what a new one would."""

    def __init__(self) -> None:
        self.kept = 0

    def patch(self, patched: pytest.MonkeyPatch) -> None:
        """Check every look that a desk asks for."""
        last: list[Look | None] = [None]
        at = Looks.at

        def checked(looks: Looks, account: Any) -> Look:
            look = at(looks, account)
            self.kept += look is last[0]
            last[0] = look
            new = Look(looks._clock, looks._board, looks._policies.of(account), account)
            assert told(look) == told(new)
            return look

        patched.setattr(Looks, "at", checked)


def told(look: Look) -> tuple[Any, ...]:
    """Return all that a look tells."""
    entries = sorted(look.account.entries.values(), key=lambda entry: entry.id)
    exposed = [look.exposed_to(entry.symbol, entry.side) for entry in entries]
    known = look.unanswered, look.snapshot_us, look.now_us
    return look.policy, look.free_micros, known, look.orders, look.intraday, exposed


def crowded(frames: list[Any], size: int, policy: Any) -> World:
    """Apply the events of a day again, those of `size` frames as one, as a slow sequencer would."""
    world = World(policy, frames[0][1].ts_us)
    for start in range(0, len(frames), size):
        some = frames[start : start + size]
        world.now_us = some[-1][1].ts_us
        world.apply(*(item.event for frame, _ in some for item in frame.events))
    return world


@pytest.mark.slow
@many
@given(days, st.integers(1, 12), policies)
def test_a_look_that_was_kept_tells_what_a_new_one_would(monkeypatch, moves, size, policy):
    chaos = Chaos(World(policy))
    chaos.play(moves)
    Checked().patch(monkeypatch)
    assert crowded(chaos.frames, size, policy).desk.faults == []


@pytest.mark.slow
@many
@given(evenings, holdings, st.integers(1, 12))
def test_so_it_does_while_an_account_is_deleveraged(monkeypatch, drawn, held, size):
    night = Night(held)
    night.play(drawn)
    Checked().patch(monkeypatch)
    policy = plain(deleverage_before_close_s=LEAD_S)
    assert crowded(night.frames, size, policy).desk.faults == []


def test_looks_are_kept():
    """Else the property proves nothing, and every entry of a bar costs a look of its own."""
    world = World(roomy())
    world.fund(1_000)
    world.quote("ETHUSD", 100.0)
    checked = Checked()
    with pytest.MonkeyPatch.context() as patched:
        checked.patch(patched)
        wishes = [wish(world, f"e{count}") for count in range(10)]
        world.apply(*wishes)
    assert checked.kept >= 8


def test_a_withdrawal_that_cancels_an_order_ends_a_look():
    world = World(roomy())
    world.fund(1_000)
    world.quote("ETHUSD", 100.0)
    world.quote("BTCUSD", 100.0)
    world.want("w", "BTCUSD", 100.0, 900.0)
    (order,) = [command.order for command in world.heard(Submit)]
    world.accepted(order)
    world.quote("BTCUSD", 110.0)
    gone = EntryWithdrawn(ts_us=world.now_us, account="A", entry="w")
    checked = Checked()
    with pytest.MonkeyPatch.context() as patched:
        checked.patch(patched)
        world.apply(wish(world, "e1"), gone, wish(world, "e2"))
    assert world.desk.faults == []
    assert world.account().orders[order].state == "cancelling"


def wish(world: World, entry: str) -> EntryRequested:
    """Return a wish at the price for more than there is."""
    return EntryRequested(
        ts_us=world.now_us,
        account="A",
        entry=entry,
        symbol="ETHUSD",
        side="buy",
        limit=100.0,
        qty=50.0,
        expires_us=world.now_us + 3_600 * SECOND,
    )
