"""A crash at any point changes nothing: tried at every point there is, without a broker.

Points lie before and after each send, acknowledgement, changelog batch, local write and hint.  At each
of them a life may also be left standing, to go on after others took over: a zombie.  It does not
notice that it was left standing, which is the worst case: as if it had just looked at its lease.
"""

import asyncio
import random

import msgspec
import pytest

from streams.journal.standing.partition import recover
from tests.state.world import times

from .fakes import Broker, Life, final_state, journal, live

SMALL = 600
"""So few bytes a batch that every checkpoint needs several, and is staged."""

RECORDS = journal(seed=10)

SHORT = journal(seed=38, moves=15)
"""With a steal, and so few steps that every pair of them can be tried."""

EVERY = 4
"""Frames to a checkpoint of the short day."""


def distinct(broker: Broker) -> dict[tuple[str, str], bytes]:
    """Return outputs by topic and id; an id with two bodies fails."""
    found: dict[tuple[str, str], bytes] = {}
    for topic, _, value in broker.outputs:
        name = (topic, msgspec.json.decode(value)["id"])
        assert found.setdefault(name, value) == value, f"{name} has two bodies"
    return found


def undisturbed(batch_bytes_max: int) -> tuple[Broker, int]:
    """Return the broker after a run without crashes, and how many steps that took."""
    return asyncio.run(live(RECORDS, batch_bytes_max=batch_bytes_max))


def test_the_day_has_what_it_takes():
    broker, steps = undisturbed(1 << 20)
    kinds = {msgspec.json.decode(value)["type"] for _, _, value in broker.outputs}
    assert {"submit", "cancel", "steal", "steal.started", "steal.settled"} <= kinds
    assert steps > 100


@pytest.mark.parametrize("batch_bytes_max", [1 << 20, SMALL], ids=["one batch", "staged"])
def test_a_crash_at_any_point_changes_nothing(batch_bytes_max):
    calm, steps = undisturbed(batch_bytes_max)
    want, state = distinct(calm), final_state(calm)
    for point in range(steps):
        broker, _ = asyncio.run(live(RECORDS, frozenset({point}), batch_bytes_max))
        assert distinct(broker) == want, f"outputs differ after a crash at {point}"
        assert final_state(broker) == state, f"state differs after a crash at {point}"


@pytest.mark.parametrize("apart", [1, 2, 3, 5, 8, 13, 40])
def test_a_second_crash_in_the_middle_of_recovery_changes_nothing(apart):
    calm, steps = undisturbed(SMALL)
    want, state = distinct(calm), final_state(calm)
    for point in range(0, steps, 3):
        crashes = frozenset({point, point + apart, point + 2 * apart})
        broker, _ = asyncio.run(live(RECORDS, crashes, SMALL))
        assert distinct(broker) == want
        assert final_state(broker) == state


def test_a_large_checkpoint_leaves_no_staged_rows():
    broker, _ = undisturbed(SMALL)
    assert not [key for key in broker.rows() if key.startswith("stag")]
    assert any(row.key.startswith("staged/") for batch in broker.changelog for row in batch)


def test_at_any_prefix_of_the_changelog_the_state_is_that_of_a_cursor():
    calm, _ = undisturbed(SMALL)
    known: dict[int, str] = {}
    for end in range(len(calm.changelog) + 1):
        prefix = Broker()
        prefix.changelog = calm.changelog[:end]
        desk = recover(prefix.rows(), times())
        assert known.setdefault(desk.next_offset, desk.digest()) == desk.digest()
    assert len(known) == len(RECORDS) // 7 + 2


def ended(broker: Broker, batch_bytes_max: int) -> Broker:
    """Start lives until one comes to the end of the short day."""
    for _ in range(3):
        life = Life(SHORT, broker, batch_bytes_max, EVERY)
        life.go_on()
        if life.finished:
            return broker
    raise AssertionError("fenced, and nobody else was there")


def pause_points(batch_bytes_max: int) -> int:
    life = Life(SHORT, Broker(), batch_bytes_max, EVERY)
    count = 0
    while life.alive:
        life.go_on(1)
        count += 1
    return count


def test_the_short_day_has_what_it_takes():
    outputs = ended(Broker(), SMALL).outputs
    kinds = {msgspec.json.decode(value)["type"] for _, _, value in outputs}
    assert {"submit", "cancel", "steal", "steal.started", "steal.settled"} <= kinds
    assert pause_points(1 << 20) > 40
    assert pause_points(SMALL) > 60


@pytest.mark.parametrize(
    ("batch_bytes_max", "apart"), [(1 << 20, 2), (SMALL, 5)], ids=["one batch", "staged"]
)
def test_a_zombie_that_wakes_at_any_point_of_its_successor_changes_nothing(batch_bytes_max, apart):
    calm = ended(Broker(), batch_bytes_max)
    want, state = distinct(calm), final_state(calm)
    points = pause_points(batch_bytes_max)
    fenced = 0
    for pause in range(points):
        for wake in range(pause % apart, points, apart):
            broker = Broker()
            zombie = Life(SHORT, broker, batch_bytes_max, EVERY)
            zombie.go_on(pause)
            owner = Life(SHORT, broker, batch_bytes_max, EVERY)
            owner.go_on(wake)
            zombie.go_on()
            if owner.alive:
                owner.go_on()
            fenced += not (zombie.finished and owner.finished)
            ended(broker, batch_bytes_max)
            assert distinct(broker) == want, f"outputs differ: zombie at {pause}, woken at {wake}"
            assert final_state(broker) == state, f"state differs: {pause}, woken at {wake}"
    assert fenced > points * points / apart / 2


@pytest.mark.parametrize("seed", range(8))
def test_any_number_of_lives_that_stand_still_and_go_on_change_nothing(seed):
    draw = random.Random(seed)
    calm = ended(Broker(), SMALL)
    want, state = distinct(calm), final_state(calm)
    for number in range(60):
        broker = Broker()
        lives: list[Life] = []
        for _ in range(draw.randrange(5, 60)):
            lives = [life for life in lives if life.alive]
            if not lives or (len(lives) < 4 and draw.random() < 0.3):
                lives.append(Life(SHORT, broker, SMALL, EVERY))
            life = draw.choice(lives)
            if draw.random() < 0.1:
                life.die()
            else:
                life.go_on(draw.choice([1, 2, 5, 20, None]))
        for life in lives:
            life.die()
        ended(broker, SMALL)
        assert distinct(broker) == want, f"outputs differ in schedule {number}"
        assert final_state(broker) == state, f"state differs in schedule {number}"
