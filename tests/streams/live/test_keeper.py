"""The keeper's rules, with a transport in memory and a clock that is moved by hand."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from streams.live.claims import FencedError
from streams.live.keeper import REWIND_S, STUCK_S, Delivered, Keeper, LeaseError, StuckError
from streams.live.partition import PartitionDesk, recover
from streams.live.ports import Output, Rows
from tests.state.world import roomy, times

from .fakes import Broker, FakePorts, claimed, final_state, journal

RECORDS = journal(seed=10)
STALL_S = 1.5
LEASE_S = 6.0


class Ports(FakePorts):
    """Ports that can be held up or made to fail, and that hand acknowledgements on."""

    def __init__(self, broker: Broker, release: Callable[[int], None]) -> None:
        super().__init__(broker, frozenset())
        self.release = release
        self.free = asyncio.Event()
        self.free.set()
        self.gates = ["publish", "append"]
        self.waiting = asyncio.Event()
        self.failure: Exception | None = None

    async def publish(self, topic: str, outputs: Sequence[Output]) -> None:
        await self.pass_gate("publish")
        await super().publish(topic, outputs)

    async def append(self, rows: Rows) -> int:
        await self.pass_gate("append")
        return await super().append(rows)

    async def pass_gate(self, name: str) -> None:
        if name in self.gates:
            self.waiting.set()
            await self.free.wait()
        if self.failure is not None:
            raise self.failure

    async def acknowledge(self, next_offset: int) -> None:
        await super().acknowledge(next_offset)
        self.release(next_offset)


class Outside:
    """A transport with a broker for each partition; handles are offsets."""

    def __init__(self) -> None:
        self.brokers: dict[int, Broker] = {}
        self.ports: dict[int, Ports] = {}
        self.founded: list[int] = []
        self.rewinds: list[tuple[int, int]] = []
        self.released: list[tuple[int, int]] = []

    async def found(self, partition: int, release: Callable[[int], None]) -> PartitionDesk:
        self.founded.append(partition)
        broker = self.brokers.setdefault(partition, Broker())
        ports = self.ports[partition] = Ports(broker, release)
        rows = await claimed(broker, ports)
        return PartitionDesk(partition, recover(rows, times(), roomy()), ports)

    async def rewind(self, partition: int, offset: int) -> None:
        self.rewinds.append((partition, offset))

    def release(self, handle: tuple[int, int]) -> None:
        self.released.append(handle)


class Setting:
    """A keeper, its transport and its clock."""

    def __init__(self, checkpoint_events: int = 1_000_000) -> None:
        self.now_s = 1000.0
        self.outside = Outside()
        self.keeper = Keeper(
            self.outside,
            checkpoint_events=checkpoint_events,
            lease_s=LEASE_S,
            stall_s=STALL_S,
            clock=lambda: self.now_s,
        )

    async def give(self, *offsets: int, partition: int = 0) -> None:
        for offset in offsets:
            ts_us, value = RECORDS[offset]
            await self.keeper.take(
                Delivered(partition, offset, ts_us, value, handle=(partition, offset))
            )

    def next_offset(self, partition: int = 0) -> int:
        return self.keeper.held[partition].desk.desk.next_offset

    async def pass_time(self, seconds: float, journal_end: int, step_s: float = 0.5) -> None:
        """Let time pass as the worker does, looking after the desks on the way."""
        while seconds > 0:
            self.now_s += step_s
            seconds -= step_s
            self.keeper.beat()
            await self.keeper.look_after({0: journal_end})

    @property
    def written(self) -> int:
        """How many batches partition 0's changelog has, besides claims."""
        log = self.outside.brokers[0].changelog
        return sum(batch[0].key != "owner" for batch in log)


def play(scenario, checkpoint_events: int = 1_000_000) -> Setting:
    """Run a scenario on a setting, and return that."""

    async def run() -> Setting:
        setting = Setting(checkpoint_events)
        await scenario(setting)
        return setting

    return asyncio.run(run())


# ---- frames ----


def test_the_first_record_founds_the_desk_and_no_other_does():
    async def scenario(at: Setting) -> None:
        await asyncio.gather(at.give(0, 1, 2), at.give(0, partition=1), at.give(0))

    at = play(scenario)
    assert sorted(at.outside.founded) == [0, 1]
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
    assert at.outside.founded == [0]
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


# ---- holes, rewinding, the watchdog ----


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


# ---- the lease ----


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
        found = at.outside.found

        async def slowly(partition: int, release: Callable[[int], None]) -> PartitionDesk:
            at.now_s += 10 * LEASE_S
            return await found(partition, release)

        at.outside.found = slowly  # type: ignore[method-assign]
        await at.give(0)
        await at.keeper.checkpoint_all()

    assert play(scenario).written == 1


# ---- desks that may not go on ----


async def goes_on_anew(at: Setting) -> None:
    """Give everything again, as the transport does, and compare with a quiet day."""
    await at.give(*range(len(RECORDS)))
    await at.keeper.checkpoint_all()
    quiet = Setting()
    await quiet.give(*range(len(RECORDS)))
    await quiet.keeper.checkpoint_all()
    assert final_state(at.outside.brokers[0]) == final_state(quiet.outside.brokers[0])


async def held_up(ports: Ports) -> None:
    """Let others work until somebody waits at these ports' gate."""
    ports.waiting.clear()
    await ports.waiting.wait()


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
        assert at.outside.founded == [0, 0]
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


# ---- partitions ----


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
