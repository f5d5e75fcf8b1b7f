"""Days as a live run leaves them: journals with steals in them, outputs published more than once."""

import asyncio
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from state.rules.policy import DEFAULT
from streams.agents.stealing import TOPICS, restored_desk
from streams.audit.recording.manifest import Manifest
from streams.audit.recording.source import RECORDED
from streams.audit.recording.writer import RecordingWriter
from streams.ground.kafka import LogRecord
from streams.journal.standing.machine import StandingMachine
from streams.journal.standing.restoring import machine_of
from tests.state.chaos import Chaos, wander
from tests.state.world import WEDNESDAY, World, roomy, times
from tests.streams.journal.fakes import Broker, CrashError, FakePorts
from topics.catalogue import EXECUTION, JOURNAL, STEALS
from topics.codec import encode_frame
from topics.events import PolicySet

SEEDS = (10, 6)
"""Of partitions whose steals are settled and expire, with orders refused and accounts in doubt."""

Timed = tuple[int, bytes]
"""A record's time in milliseconds, and its bytes."""


@dataclass
class Day:
    """What stands in the topics: by topic and partition, in the order of offsets."""

    topics: dict[str, dict[int, list[Timed]]]
    states: dict[int, str] = field(default_factory=dict)
    """The digest of each live desk at the end."""

    def records(self, topic: str, partition: int, first: int = 0) -> list[LogRecord]:
        return [
            LogRecord(partition, offset, ts_ms, None, value, ())
            for offset, (ts_ms, value) in enumerate(self.topics[topic][partition], first)
        ]

    def outputs(self) -> list[tuple[str, int, bytes]]:
        """Return every output with its topic and partition."""
        return [
            (topic, number, value)
            for topic in (EXECUTION.name, STEALS.name)
            for number, timed in self.topics[topic].items()
            for _, value in timed
        ]


def frames(seed: int, moves: int, now_us: int = WEDNESDAY) -> list[Timed]:
    """Return a journal partition that begins with its policy; its day is random but repeatable."""
    chaos = Chaos(World(DEFAULT, now_us))
    chaos.say(PolicySet(ts_us=chaos.world.now_us, policy=roomy().model_dump()))
    wander(chaos, Random(seed), moves)
    return [(position.ts_us // 1000, encode_frame(frame)) for frame, position in chaos.frames]


async def live(
    partition: int, journal: list[Timed], crashes: frozenset[int] = frozenset()
) -> tuple[Broker, str]:
    """Run a live desk over a journal, starting again after each crash; return its final state."""
    broker, steps = Broker(), 0
    while True:
        ports = FakePorts(broker, crashes, steps)
        restored = machine_of(broker.rows(), lambda rows: restored_desk(rows, times()))
        desk = StandingMachine(partition, restored, ports, topics=TOPICS)
        try:
            for offset in range(broker.hint, len(journal)):
                ts_ms, value = journal[offset]
                await desk.take(offset, ts_ms * 1000, value)
                if offset % 7 == 6:
                    await desk.checkpoint()
            await desk.checkpoint()
        except CrashError:
            steps = ports.steps
            continue
        return broker, desk.machine.digest()


def publish(
    journal: dict[int, list[Timed]], crashes: frozenset[int] = frozenset(range(20, 4000, 29))
) -> Day:
    """Return the day that live desks make of these journals; crashes make them repeat themselves."""
    day = Day({JOURNAL.name: journal, EXECUTION.name: {}, STEALS.name: {}})
    for number, timed in journal.items():
        broker, state = asyncio.run(live(number, timed, crashes))
        day.states[number] = state
        for topic in (EXECUTION.name, STEALS.name):
            said = [(timed[-1][0], value) for name, _, value in broker.outputs if name == topic]
            day.topics[topic][number] = said
    return day


@cache
def day(moves: int = 150) -> Day:
    """Return a day of two partitions; nobody changes it."""
    return publish({number: frames(seed, moves) for number, seed in enumerate(SEEDS)})


def write(path: Path, made: Day, missing: tuple[str, int, int] | None = None) -> Manifest:
    """Write a day into a recording; `missing` names a topic, partition and offset to leave out."""
    firsts = {topic: [(number, 0) for number in made.topics[topic]] for topic in RECORDED}
    writer = RecordingWriter(path, firsts)
    for topic in RECORDED:
        for number in made.topics[topic]:
            records = made.records(topic, number)
            writer.add(topic, number, [r for r in records if (topic, number, r.offset) != missing])
    return writer.close()
