"""A crash at any point changes nothing: tried at every point there is, without a broker.

Points lie before and after each send, acknowledgement, changelog batch, local write and hint.
"""

import asyncio

import msgspec
import pytest

from streams.live.partition import recover
from tests.state.world import times

from .fakes import Broker, final_state, journal, live

SMALL = 600
"""So few bytes a batch that every checkpoint needs several, and is staged."""

RECORDS = journal(seed=10)


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
    assert any(key.startswith("staged/") for batch in broker.changelog for key in batch)


def test_at_any_prefix_of_the_changelog_the_state_is_that_of_a_cursor():
    calm, _ = undisturbed(SMALL)
    known: dict[int, str] = {}
    for end in range(len(calm.changelog) + 1):
        prefix = Broker()
        prefix.changelog = calm.changelog[:end]
        desk = recover(prefix.rows(), times())
        assert known.setdefault(desk.next_offset, desk.digest()) == desk.digest()
    assert len(known) == len(RECORDS) // 7 + 2
