"""The keeper's rules for frames, holes, standing still, and the lease."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from streams.journal.standing.keeper import REWIND_S, STUCK_S, LeaseError, StuckError
from streams.journal.standing.machine import StandingMachine

from .keeping import LEASE_S, STALL_S, Setting, held_up, play


def test_the_first_record_founds_the_desk_and_no_other_does():
    async def scenario(at: Setting) -> None:
        await asyncio.gather(at.give(0, 1, 2), at.give(0, partition=1), at.give(0))

    at = play(scenario)
    assert sorted(at.outside.restored) == [0, 1]
    assert (at.next_offset(0), at.next_offset(1)) == (3, 1)


def test_a_record_is_released_when_it_is_durable_and_not_before():
    async def scenario(at: Setting) -> None:
        await at.give(0, 1, 1, 2)
        assert at.outside.released == []
        await at.keeper.checkpoint_all()
        assert at.outside.released == [(0, 0), (0, 1), (0, 1), (0, 2)]
        await at.give(0, 2)

    at = play(scenario)
    assert at.outside.released[4:] == [(0, 0), (0, 2)]
    assert at.next_offset() == 3


def test_a_checkpoint_follows_so_many_events():
    async def scenario(at: Setting) -> None:
        await at.give(*range(9))
        assert at.written == 0
        await at.give(9)
        assert at.written == 1
        await at.give(*range(10, 20))

    at = play(scenario, checkpoint_events=10)
    assert (at.written, at.keeper.checkpoints) == (2, 2)
    assert at.outside.released[-1] == (0, 19)


def test_a_closed_keeper_takes_nothing_and_still_checkpoints():
    async def scenario(at: Setting) -> None:
        await at.give(0, 1)
        at.keeper.close()
        await at.give(2)
        await at.give(0, partition=1)
        await at.keeper.checkpoint_all()

    at = play(scenario)
    assert at.outside.restored == [0]
    assert (at.next_offset(), at.written) == (2, 1)
    assert at.outside.released == [(0, 0), (0, 1)]


def test_records_that_wait_for_their_turn_are_not_taken_after_the_close():
    async def scenario(at: Setting) -> None:
        await at.give(0)
        ports = at.outside.ports[0]
        ports.free.clear()
        checkpoint = asyncio.create_task(at.keeper.checkpoint_all())
        await held_up(ports)
        late = asyncio.create_task(at.give(1))
        await asyncio.sleep(0)
        at.keeper.close()
        ports.free.set()
        await asyncio.gather(checkpoint, late)

    assert play(scenario).next_offset() == 1


def test_a_hole_rewinds_once_however_many_records_follow_it():
    async def scenario(at: Setting) -> None:
        await at.give(0, 1, *range(5, 40))
        assert at.outside.rewinds == [(0, 2)]
        await at.give(2, 3)

    at = play(scenario)
    assert at.next_offset() == 4


def test_a_hole_that_is_still_there_later_rewinds_again():
    async def scenario(at: Setting) -> None:
        await at.give(0, 5)
        at.now_s += REWIND_S
        await at.give(6)

    assert play(scenario).outside.rewinds == [(0, 1), (0, 1)]


def test_the_watchdog_rewinds_a_desk_that_stands_still_behind_the_journal():
    async def scenario(at: Setting) -> None:
        await at.give(0)
        await at.pass_time(STALL_S - 0.5, journal_end=9)
        assert at.outside.rewinds == []
        await at.pass_time(0.5, journal_end=9)
        assert at.outside.rewinds == [(0, 1)]
        await at.pass_time(STALL_S - 0.5, journal_end=9)
        assert at.outside.rewinds == [(0, 1)]
        await at.pass_time(0.5, journal_end=9)
        assert at.outside.rewinds == [(0, 1)] * 2

    play(scenario)


def test_the_watchdog_leaves_a_desk_alone_that_moves_or_is_at_the_end():
    async def scenario(at: Setting) -> None:
        for offset in range(20):
            await at.give(offset)
            await at.pass_time(STALL_S - 0.5, journal_end=50)
        await at.pass_time(10 * STUCK_S, journal_end=20)

    assert play(scenario).outside.rewinds == []


def test_a_desk_without_work_for_long_is_not_rewound_for_the_first_new_record():
    async def scenario(at: Setting) -> None:
        await at.give(0)
        await at.pass_time(10 * STUCK_S, journal_end=1)
        await at.keeper.look_after({0: 2})
        assert at.outside.rewinds == []
        await at.give(1)

    play(scenario)


def test_a_broker_that_was_away_for_long_does_not_make_a_desk_stuck():
    async def scenario(at: Setting) -> None:
        await at.give(0)
        at.now_s += 3 * STUCK_S  # nobody could ask for the journal's end
        at.keeper.rest()
        await at.keeper.look_after({0: 5})
        await at.give(1)
        await at.pass_time(STALL_S - 0.5, journal_end=5)

    assert len(play(scenario).outside.rewinds) <= 1


def test_a_desk_that_rewinds_for_long_without_moving_ends_the_worker():
    async def scenario(at: Setting) -> None:
        await at.give(0)
        await at.pass_time(STUCK_S, journal_end=9)
        assert len(at.outside.rewinds) >= STUCK_S / STALL_S - 2
        with pytest.raises(StuckError, match=r"journal partition 0 has not come to offset 1 for"):
            await at.pass_time(4 * STALL_S, journal_end=9)

    play(scenario)


def test_a_lease_that_is_over_ends_the_worker_before_anything_is_written():
    async def scenario(at: Setting) -> None:
        await at.give(0, 1)
        at.now_s += LEASE_S + 0.1
        with pytest.raises(LeaseError, match=r"stood still for 6\.1 s"):
            await at.keeper.checkpoint_all()

    at = play(scenario)
    assert (at.written, at.outside.released, at.keeper.checkpoints) == (0, [], 0)


def test_a_lease_holds_as_long_as_it_is_beaten():
    async def scenario(at: Setting) -> None:
        for offset in range(5):
            await at.give(offset)
            at.now_s += LEASE_S
            await at.keeper.checkpoint_all()
            at.now_s += LEASE_S
            at.keeper.beat()

    assert play(scenario).written == 5


def test_a_long_restore_does_not_end_the_lease():
    async def scenario(at: Setting) -> None:
        restore = at.outside.restore

        async def slowly(partition: int, release: Callable[[int], None]) -> StandingMachine[Any]:
            at.now_s += 10 * LEASE_S
            return await restore(partition, release)

        at.outside.restore = slowly  # type: ignore[method-assign]
        await at.give(0)
        await at.keeper.checkpoint_all()

    assert play(scenario).written == 1
