"""What a worker counts, without Kafka: histograms, flights of commands, labels that stay in their lists."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.journal.writing.framing import DeadLetter
from streams.observe.metrics.counts import EDGES_S, OTHER, AgentCounts, Histogram, SequencerCounts
from tests.state.chaos import Chaos, days
from tests.state.steals import crowded
from tests.state.world import SECOND, World, roomy
from topics.catalogue import EXECUTION, INBOUND
from topics.facts import EntryBlocked, EventRefused, StealStarted


@given(st.lists(st.floats(min_value=-10, max_value=1000)))
def test_every_observation_is_below_its_edge_and_in_the_sum(seconds):
    found = Histogram()
    for one in seconds:
        found.observe(one)
    for number, edge in enumerate(EDGES_S, 1):
        assert sum(found.counts[:number]) == sum(one <= edge for one in seconds)
    assert sum(found.counts) == len(seconds)
    assert found.sum_s == pytest.approx(sum(max(one, 0.0) for one in seconds))


class Flying:
    """Frames with commands at a second each, and a clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.counts = AgentCounts(lambda: self.now_s)

    def frame(self, commands: int, ts_s: float, partition: int = 0) -> None:
        world = World(roomy())
        frame, position = world.frame([])
        (cancel,) = said_of_a_steal().commands
        outputs: Any = world.desk.apply(frame, position)._replace(commands=[cancel] * commands)
        where = position._replace(partition=partition, ts_us=round(ts_s * SECOND))
        self.counts.applied(frame, where, outputs)


def said_of_a_steal() -> Any:
    """Return what a frame said in which a steal began."""
    world = crowded("v")
    return world.want("t", "ETHUSD", 50.0)


def test_a_frame_is_over_with_its_last_command():
    flying = Flying()
    told = flying.counts.takes_off(0)[EXECUTION.name]
    flying.frame(3, ts_s=999.0)
    flying.frame(0, ts_s=999.1)
    flying.frame(1, ts_s=999.5)
    told(2)
    assert sum(flying.counts.latency.counts) == 0
    told(1)
    assert flying.counts.latency.sum_s == pytest.approx(1.0)
    told(1)
    assert flying.counts.latency.sum_s == pytest.approx(1.5)


@given(st.lists(st.integers(0, 4), max_size=8), st.data())
def test_however_commands_are_acknowledged_each_frame_counts_once(frames, data):
    flying = Flying()
    told = flying.counts.takes_off(0)[EXECUTION.name]
    for commands in frames:
        flying.frame(commands, ts_s=999.0)
    left = sum(frames)
    while left:
        batch = data.draw(st.integers(1, left))
        told(batch)
        left -= batch
    found = flying.counts.latency
    assert sum(found.counts) == sum(commands > 0 for commands in frames)
    assert found.sum_s == pytest.approx(sum(found.counts))


def test_commands_of_an_earlier_desk_and_of_the_next_fly_apart():
    flying = Flying()
    earlier = flying.counts.takes_off(0)[EXECUTION.name]
    flying.frame(1, ts_s=990.0)
    later = flying.counts.takes_off(0)[EXECUTION.name]
    flying.frame(1, ts_s=999.0)
    later(1)
    assert flying.counts.latency.sum_s == pytest.approx(1.0)
    earlier(1)
    assert flying.counts.latency.sum_s == pytest.approx(11.0)
    assert sum(flying.counts.latency.counts) == 2


def test_partitions_fly_apart():
    flying = Flying()
    one, two = (flying.counts.takes_off(number)[EXECUTION.name] for number in (0, 1))
    flying.frame(1, ts_s=998.0, partition=0)
    flying.frame(1, ts_s=999.0, partition=1)
    two(1)
    assert flying.counts.latency.sum_s == pytest.approx(1.0)
    one(1)
    assert flying.counts.latency.sum_s == pytest.approx(3.0)


def test_facts_commands_and_refusals_are_counted_by_kind_and_reason():
    counts = AgentCounts()
    world = crowded("v", enabled=False)
    frame, position = world.frame([])
    said: Any = world.want("t", "ETHUSD", 50.0)
    counts.applied(frame, position, said)
    (blocked,) = said.facts
    assert (type(blocked), counts.facts[EntryBlocked]) == (EntryBlocked, 1)
    assert {reason: n for reason, n in counts.blocked.items() if n} == {"disabled": 1}
    assert counts.frames == {0: 1}
    stolen = said_of_a_steal()
    counts.applied(frame, position, stolen)
    assert sum(counts.commands.values()) == len(stolen.commands) == 1
    assert (counts.facts[StealStarted], counts.frames) == (1, {0: 2})


@settings(max_examples=25, deadline=None)
@given(days)
def test_on_any_day_everything_that_was_said_is_counted_once(day):
    counts = AgentCounts()
    chaos = Chaos(World(roomy()))
    desk = World(roomy()).desk
    chaos.play(day)
    for frame, position in chaos.frames:
        counts.applied(frame, position, desk.apply(frame, position))
    said = Counter(type(one) for one in chaos.outputs)
    counted = counts.commands | counts.facts
    assert {kind: n for kind, n in counted.items() if n} == said
    assert sum(counts.blocked.values()) == said[EntryBlocked]
    assert sum(counts.refused.values()) == said[EventRefused]
    assert counts.blocked[OTHER] == counts.refused[OTHER] == 0
    assert counts.events == {0: sum(len(frame.events) for frame, _ in chaos.frames)}


def test_events_that_the_desk_refused_are_counted_by_reason():
    counts = AgentCounts()
    world = crowded("v")
    frame, position = world.frame([])
    counts.applied(frame, position, world.withdraw("nobody"))  # type: ignore[arg-type]
    assert {reason: n for reason, n in counts.refused.items() if n} == {"unknown_entry": 1}


def test_a_reason_without_a_name_makes_no_label_of_its_own():
    counts = SequencerCounts()
    polled = {("quotes", 0): [b"", b""], ("orders", 1): [b""]}
    letter = DeadLetter(("quotes", 0), 0, 0, b"", "a reason of tomorrow", "")
    known = letter._replace(reason="not_json")
    counts.polled(polled, [letter, known])
    assert counts.records == {t.name: {"quotes": 2, "orders": 1}.get(t.name, 0) for t in INBOUND}
    assert {reason: n for reason, n in counts.refused["quotes"].items() if n} == {
        OTHER: 1,
        "not_json": 1,
    }


def test_sequencing_takes_from_the_oldest_record_of_each_source_to_the_journal():
    counts = SequencerCounts()
    counts.acknowledged((1_000, 1_400), 1_500)
    assert counts.latency.sum_s == pytest.approx(0.6)
    counts.acknowledged((1_000,), 0)
    counts.acknowledged((1_000,), -1)
    assert sum(counts.latency.counts) == 2, "without the broker's time there is nothing to tell"
