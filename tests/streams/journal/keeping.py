"""A keeper with a transport in memory and a clock that is moved by hand."""

import asyncio
from collections.abc import Callable, Sequence

from state.desk import Desk
from streams.journal.standing.keeper import Delivered, Keeper
from streams.journal.standing.machine import StandingMachine
from streams.journal.standing.ports import Output, Rows

from .fakes import Broker, FakePorts, claimed, journal
from .subjects import DESK

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
        self.restored: list[int] = []
        self.rewinds: list[tuple[int, int]] = []
        self.released: list[tuple[int, int]] = []

    async def restore(
        self, partition: int, release: Callable[[int], None]
    ) -> StandingMachine[Desk]:
        self.restored.append(partition)
        broker = self.brokers.setdefault(partition, Broker())
        ports = self.ports[partition] = Ports(broker, release)
        desk = await claimed(broker, ports)
        return StandingMachine(partition, desk, ports, topics=DESK.topics)

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
        return self.keeper.held[partition].standing.next_offset

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


async def held_up(ports: Ports) -> None:
    """Let others work until somebody waits at these ports' gate."""
    ports.waiting.clear()
    await ports.waiting.wait()
