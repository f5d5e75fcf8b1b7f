"""Any frame of a recording can be gone to, from anywhere, and shows what a replay from the start shows."""

import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.desk import Desk
from streams.audit.recording.errors import ReplayError
from streams.audit.recording.reader import Recording
from streams.audit.replay.drive import applied, frame_of
from streams.audit.replay.kept import KeptRows
from streams.audit.replay.said import in_order
from streams.audit.replay.steps import Step, Steps, first_after, last_before
from streams.observe.pages.decision_view import decision_view
from tests.state.world import times
from tests.streams.audit.days import SEEDS, day, write
from topics.catalogue import JOURNAL
from topics.facts import StealStarted

PARTITIONS = range(len(SEEDS))
Seen = tuple[Any, ...]


def seen(step: Step) -> Seen:
    """Return all that a step shows, as plain values."""
    views = [decision_view(one) for one in step.attempts]
    said = [one.value for one in in_order(step.outputs)]
    return step.offset, step.ts_us, len(step.frame.events), said, views, step.desk.digest()


@cache
def straight() -> dict[tuple[int, int], Seen]:
    """Return every step of the day, from a desk that was watched from the first frame on."""
    found = {}
    for number in PARTITIONS:
        desk = Desk(times())
        for record in day().records(JOURNAL.name, number):
            attempts: list[Any] = []
            desk.watch = attempts.append
            frame = frame_of(record)
            outputs = applied(desk, record, frame)
            step = Step(number, record.offset, record.ts_ms * 1000, frame, outputs, attempts, desk)
            found[number, record.offset] = seen(step)
    return found


@pytest.fixture(scope="module")
def steps() -> Iterator[Steps]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "day.recording"
        write(path, day())
        with Recording(path) as recording:
            yield asyncio.run(Steps.of(recording, keep_every=17))


def places() -> st.SearchStrategy[list[tuple[int, int]]]:
    return st.lists(st.sampled_from(sorted(straight())), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(places())
def test_wherever_one_comes_from_a_step_is_the_same(steps: Steps, visits: list[tuple[int, int]]):
    for number, offset in visits:
        assert steps.at(number, offset, seen) == straight()[number, offset]


def test_every_step_backwards_is_the_same(steps: Steps):
    for number, offset in sorted(straight(), reverse=True):
        assert steps.at(number, offset, seen) == straight()[number, offset]


def test_the_day_has_steals_and_rows_are_kept_on_the_way(steps: Steps):
    tracks = steps.tracks
    assert list(tracks) == list(PARTITIONS)
    for number in PARTITIONS:
        frames = [
            offset
            for (where, offset), view in straight().items()
            if where == number and any(one["outcome"] == "steal" for one in view[4])
        ]
        assert list(tracks[number].steal_frames) == frames
        assert tracks[number].frames == len(day().topics[JOURNAL.name][number])
        assert len(steps._kept[number].places) > 5
    facts = [body for view in straight().values() for body in view[3] if b"steal.started" in body]
    assert sum(track.steals for track in tracks.values()) == len(facts) > 3
    assert StealStarted.__struct_config__.tag == "steal.started"


def test_memory_is_bounded_and_the_beginning_stays():
    rows = KeptRows(bytes_max=20_000, every=3)
    desk = Desk(times())
    for record in day().records(JOURNAL.name, 0):
        frame = frame_of(record)
        applied(desk, record, frame)
        rows.applied(desk, len(frame.events))
        size = sum(len(key) + len(row) for one in rows.places for key, row in one.rows.items())
        assert size <= 20_000
    assert rows.places[0].next_offset == 0
    assert 2 <= len(rows.places) < 30
    for offset in (0, 1, 50, desk.next_offset - 1):
        assert rows.before(offset).next_offset <= offset


def test_a_gap_is_refused_by_name(tmp_path):
    path = tmp_path / "gap.recording"
    write(path, day(), missing=(JOURNAL.name, 1, 5))
    with (
        Recording(path) as recording,
        pytest.raises(ReplayError, match="journal:1 lacks offsets 5 to 5"),
    ):
        asyncio.run(Steps.of(recording))


@pytest.mark.parametrize(
    ("offset", "before", "after"),
    [(0, None, 3), (3, None, 7), (4, 3, 7), (7, 3, 9), (9, 7, None), (10, 9, None)],
)
def test_neighbours_of_a_place(offset, before, after):
    assert last_before([3, 7, 9], offset) == before
    assert first_after([3, 7, 9], offset) == after
