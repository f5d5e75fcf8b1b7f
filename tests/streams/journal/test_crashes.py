"""A crash at any point changes nothing: tried at every point there is, without a broker.

Points lie before and after each send, acknowledgement, changelog batch, local write and hint.  At each
of them a life may also be left standing, to go on after others took over: a zombie.  It does not
notice that it was left standing, which is the worst case: as if it had just looked at its lease.

Every test here runs over the desk and over a machine that shares nothing with it.
"""

import asyncio
import random
from typing import Any

import msgspec
import pytest

from .fakes import Broker, Life, final_state, journal, live, restored
from .subjects import COUNTER, DESK, Subject

LARGE = 1 << 20
"""So many bytes a batch that every checkpoint is one; a subject's `small_bytes` let it be staged."""

RECORDS = journal(seed=10)

SHORT = journal(seed=38, moves=15)
"""With a steal, and so few steps that every pair of them can be tried."""

EVERY = 4
"""Frames to a checkpoint of the short day."""


@pytest.fixture(params=[DESK, COUNTER], ids=["desk", "counter"])
def subject(request) -> Any:
    return request.param


@pytest.fixture(params=["one batch", "staged"])
def limit(request, subject) -> int:
    """Return how many bytes a batch may have."""
    return LARGE if request.param == "one batch" else subject.small_bytes


def distinct(broker: Broker) -> dict[tuple[str, str], bytes]:
    """Return outputs by topic and id; an id with two bodies fails."""
    found: dict[tuple[str, str], bytes] = {}
    for topic, _, value in broker.outputs:
        name = (topic, msgspec.json.decode(value)["id"])
        assert found.setdefault(name, value) == value, f"{name} has two bodies"
    return found


def undisturbed(subject: Subject, limit: int) -> tuple[Broker, int]:
    """Return the broker after a run without crashes, and how many steps that took."""
    return asyncio.run(live(RECORDS, batch_bytes_max=limit, subject=subject))


def test_the_day_has_what_it_takes(subject):
    broker, steps = undisturbed(subject, LARGE)
    kinds = {msgspec.json.decode(value)["type"] for _, _, value in broker.outputs}
    assert subject.says <= kinds
    assert steps > 100


def test_a_crash_at_any_point_changes_nothing(subject, limit):
    calm, steps = undisturbed(subject, limit)
    want, state = distinct(calm), final_state(calm, subject)
    for point in range(steps):
        broker, _ = asyncio.run(live(RECORDS, frozenset({point}), limit, subject=subject))
        assert distinct(broker) == want, f"outputs differ after a crash at {point}"
        assert final_state(broker, subject) == state, f"state differs after a crash at {point}"


@pytest.mark.parametrize("apart", [1, 2, 3, 5, 8, 13, 40])
def test_a_second_crash_in_the_middle_of_recovery_changes_nothing(subject, apart):
    calm, steps = undisturbed(subject, subject.small_bytes)
    want, state = distinct(calm), final_state(calm, subject)
    for point in range(0, steps, 3):
        crashes = frozenset({point, point + apart, point + 2 * apart})
        broker, _ = asyncio.run(live(RECORDS, crashes, subject.small_bytes, subject=subject))
        assert distinct(broker) == want
        assert final_state(broker, subject) == state


def test_a_large_checkpoint_leaves_no_staged_rows(subject):
    broker, _ = undisturbed(subject, subject.small_bytes)
    assert not [key for key in broker.rows() if key.startswith("stag")]
    assert any(row.key.startswith("staged/") for batch in broker.changelog for row in batch)


def test_at_any_prefix_of_the_changelog_the_state_is_that_of_a_cursor(subject):
    calm, _ = undisturbed(subject, subject.small_bytes)
    known: dict[int, str] = {}
    for end in range(len(calm.changelog) + 1):
        prefix = Broker()
        prefix.changelog = calm.changelog[:end]
        machine = restored(prefix, subject)
        assert known.setdefault(machine.next_offset, machine.digest()) == machine.digest()
    assert len(known) == len(RECORDS) // 7 + 2


def life(subject: Subject, broker: Broker, limit: int) -> Life:
    """Begin a life of the short day."""
    return Life(SHORT, broker, limit, EVERY, subject)


def ended(subject: Subject, broker: Broker, limit: int) -> Broker:
    """Start lives until one comes to the end of the short day."""
    for _ in range(3):
        last = life(subject, broker, limit)
        last.go_on()
        if last.finished:
            return broker
    raise AssertionError("fenced, and nobody else was there")


def pause_points(subject: Subject, limit: int) -> int:
    only = life(subject, Broker(), limit)
    count = 0
    while only.alive:
        only.go_on(1)
        count += 1
    return count


def test_the_short_day_has_what_it_takes(subject):
    outputs = ended(subject, Broker(), subject.small_bytes).outputs
    kinds = {msgspec.json.decode(value)["type"] for _, _, value in outputs}
    assert subject.says <= kinds
    assert pause_points(subject, LARGE) > 40
    assert pause_points(subject, subject.small_bytes) > 60


def test_a_zombie_that_wakes_at_any_point_of_its_successor_changes_nothing(subject, limit):
    apart = 2 if limit == LARGE else 5
    calm = ended(subject, Broker(), limit)
    want, state = distinct(calm), final_state(calm, subject)
    points = pause_points(subject, limit)
    fenced = 0
    for pause in range(points):
        for wake in range(pause % apart, points, apart):
            broker = Broker()
            zombie = life(subject, broker, limit)
            zombie.go_on(pause)
            owner = life(subject, broker, limit)
            owner.go_on(wake)
            zombie.go_on()
            if owner.alive:
                owner.go_on()
            fenced += not (zombie.finished and owner.finished)
            ended(subject, broker, limit)
            assert distinct(broker) == want, f"outputs differ: zombie at {pause}, woken at {wake}"
            assert final_state(broker, subject) == state, f"state differs: {pause}, at {wake}"
    assert fenced > points * points / apart / 2


@pytest.mark.parametrize("seed", range(8))
def test_any_number_of_lives_that_stand_still_and_go_on_change_nothing(subject, seed):
    draw = random.Random(seed)
    limit = subject.small_bytes
    calm = ended(subject, Broker(), limit)
    want, state = distinct(calm), final_state(calm, subject)
    for number in range(60):
        broker = Broker()
        lives: list[Life] = []
        for _ in range(draw.randrange(5, 60)):
            lives = [one for one in lives if one.alive]
            if not lives or (len(lives) < 4 and draw.random() < 0.3):
                lives.append(life(subject, broker, limit))
            chosen = draw.choice(lives)
            if draw.random() < 0.1:
                chosen.die()
            else:
                chosen.go_on(draw.choice([1, 2, 5, 20, None]))
        for one in lives:
            one.die()
        ended(subject, broker, limit)
        assert distinct(broker) == want, f"outputs differ in schedule {number}"
        assert final_state(broker, subject) == state, f"state differs in schedule {number}"
