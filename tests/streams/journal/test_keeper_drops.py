"""A desk that stopped half-way, or whose partition is gone, writes nothing any more."""

import asyncio

import pytest

from streams.journal.standing.claims import FencedError

from .fakes import final_state
from .keeping import RECORDS, Setting, held_up, play


async def goes_on_anew(at: Setting) -> None:
    """Give everything again, as the transport does, and compare with a quiet day."""
    await at.give(*range(len(RECORDS)))
    await at.keeper.checkpoint_all()
    quiet = Setting()
    await quiet.give(*range(len(RECORDS)))
    await quiet.keeper.checkpoint_all()
    assert final_state(at.outside.brokers[0]) == final_state(quiet.outside.brokers[0])


async def cancelled_at_the_gate(at: Setting, work) -> None:
    at.outside.ports[0].free.clear()
    task = asyncio.create_task(work)
    await held_up(at.outside.ports[0])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_take_that_is_cancelled_drops_the_desk():
    async def scenario(at: Setting) -> None:
        await at.give(0)
        await cancelled_at_the_gate(at, at.give(*range(1, len(RECORDS))))
        assert at.keeper.held == {}
        await goes_on_anew(at)

    play(scenario)


def test_a_take_that_fails_drops_the_desk():
    async def scenario(at: Setting) -> None:
        await at.give(0)
        at.outside.ports[0].failure = RuntimeError("the producer is gone")
        with pytest.raises(RuntimeError):
            await at.give(*range(1, len(RECORDS)))
        assert at.keeper.held == {}
        await goes_on_anew(at)

    play(scenario)


def test_a_checkpoint_that_is_cancelled_drops_the_desk():
    """It took the changed rows with it: another checkpoint would leave them out."""

    async def scenario(at: Setting) -> None:
        await at.give(*range(20))
        await cancelled_at_the_gate(at, at.keeper.checkpoint_all())
        assert at.keeper.held == {}
        await goes_on_anew(at)

    play(scenario)


def test_a_checkpoint_within_a_take_that_is_cancelled_drops_the_desk():
    async def scenario(at: Setting) -> None:
        await at.give(0, 1, 2)
        at.outside.ports[0].gates = ["append"]
        await cancelled_at_the_gate(at, at.give(*range(3, len(RECORDS))))
        assert at.keeper.held == {}
        await goes_on_anew(at)

    play(scenario, checkpoint_events=10)


def test_a_checkpoint_that_fails_drops_the_desk():
    async def scenario(at: Setting) -> None:
        await at.give(*range(20))
        at.outside.brokers[0].append(b"stranger", {"cursor": b"of long ago"})
        with pytest.raises(FencedError):
            await at.keeper.checkpoint_all()
        assert at.keeper.held == {}
        assert at.outside.released == []
        await goes_on_anew(at)

    play(scenario)


def test_a_dropped_desk_writes_nothing_and_the_next_one_begins_at_the_last_checkpoint():
    async def scenario(at: Setting) -> None:
        await at.give(0, 1, 2)
        await at.keeper.checkpoint_all()
        await at.give(3, 4)
        at.keeper.drop({0, 7})
        await at.keeper.checkpoint_all()
        assert at.written == 1
        await at.give(3)
        assert at.outside.restored == [0, 0]
        assert at.next_offset() == 4

    play(scenario)


@pytest.mark.parametrize("end", ["goes on", "fails"])
def test_a_desk_that_was_dropped_in_the_middle_of_a_record_touches_nothing_any_more(end):
    async def scenario(at: Setting) -> None:
        await at.give(0)
        old = at.outside.ports[0]
        old.free.clear()
        old.gates = ["publish"]
        taking = asyncio.create_task(at.give(*range(1, len(RECORDS))))
        await held_up(old)
        waiting = asyncio.create_task(at.keeper.checkpoint_all())
        await asyncio.sleep(0)
        at.keeper.drop({0})
        await at.give(0)
        new = at.keeper.held[0]
        before = at.outside.brokers[0].end
        old.failure = RuntimeError("too late") if end == "fails" else None
        old.free.set()
        await asyncio.wait({taking, waiting})
        assert (taking.exception() is None) == (end == "goes on")
        assert waiting.exception() is None
        assert at.keeper.held[0] is new
        rows = [row for batch in at.outside.brokers[0].changelog for row in batch]
        assert not [row for row in rows[before:] if row.writer == old.name]

    play(scenario, checkpoint_events=1)


def test_a_partition_that_is_held_up_does_not_hold_up_another():
    async def scenario(at: Setting) -> None:
        await at.give(0)
        at.outside.ports[0].free.clear()
        slow = asyncio.create_task(at.give(*range(1, len(RECORDS))))
        await held_up(at.outside.ports[0])
        await at.give(*range(len(RECORDS)), partition=1)
        assert at.next_offset(1) == len(RECORDS)
        assert at.next_offset(0) < len(RECORDS)
        assert not slow.done()
        at.outside.ports[0].free.set()
        await slow
        assert at.next_offset(0) == len(RECORDS)

    play(scenario)
