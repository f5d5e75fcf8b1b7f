"""A replay says what the live desks said, and is honest about what it cannot know."""

import asyncio
import itertools
from pathlib import Path

import pytest

from state.rules.policy import NONE
from streams.audit.recording.errors import ReplayError
from streams.audit.recording.reader import Recording
from streams.audit.recording.source import Gap
from streams.audit.replay.partitions import Replayed, replay
from streams.audit.replay.said import Said
from streams.audit.verify.validate import validate
from tests.streams.audit.days import Day, day, frames, publish, write
from topics.catalogue import JOURNAL
from topics.codec import decode_frame, encode_frame
from topics.frames import Frame, Run


def replayed(path: Path, **options) -> Replayed:
    async def run() -> Replayed:
        with Recording(path, allow_cut=True) as recording:
            return await replay(recording, **options)

    return asyncio.run(run())


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    write(tmp_path / "day", day())
    return tmp_path / "day"


def with_journal(*values: bytes) -> Day:
    """Return a day with these frames, a second apart, and nothing said."""
    start = day().topics["journal"][0][0][0]
    timed = [(start + 1000 * number, value) for number, value in enumerate(values)]
    return Day({"journal": {0: timed}, "execution": {0: []}, "steals": {0: []}})


def covering(prev: int, last: int, topic: str = "quotes") -> bytes:
    """Return a frame whose run has no event in it."""
    return encode_frame(Frame(runs=[Run(topic=topic, partition=0, prev=prev, last=last)]))


def test_it_ends_in_the_state_of_the_live_desks_and_says_what_they_said(recorded):
    made = day()
    heard: list[Said] = []
    found = replayed(recorded, hear=heard.append)
    states = {number: one.state_digest for number, one in found.partitions.items()}
    assert states == made.states
    assert {(said.topic, said.id.partition, said.value) for said in heard} == set(made.outputs())
    assert [said.id for said in heard] == sorted(said.id for said in heard)
    assert found.comparable


def test_the_figures_are_those_of_the_journal(recorded):
    made = day()
    tally = replayed(recorded).tally
    journal = [timed for partition in made.topics["journal"].values() for timed in partition]
    assert tally.frames == len(journal)
    assert tally.events == sum(len(decode_frame(value).events) for _, value in journal)
    distinct = {(topic, value) for topic, _, value in made.outputs()}
    assert tally.commands == sum(topic == "execution" for topic, _ in distinct)
    assert tally.facts == sum(topic == "steals" for topic, _ in distinct)
    for end in ("started", "settled", "expired"):
        count = sum(f'"steal.{end}"'.encode() in value for _, value in distinct)
        assert getattr(tally, f"steals_{end}") == count > 0
    assert tally.steals_lost == 0
    assert (tally.first_us, tally.last_us) == tuple(
        extreme(ts_ms for ts_ms, _ in journal) * 1000 for extreme in (min, max)
    )


def test_every_partition_counts_in_the_digests(tmp_path, recorded):
    swapped = day()
    journal = swapped.topics["journal"]
    write(tmp_path / "swapped", publish({0: journal[1], 1: journal[0]}))
    one, other = replayed(recorded), replayed(tmp_path / "swapped")
    assert one.digest != other.digest
    assert one.state_digest != other.state_digest
    assert one.digest == replayed(recorded).digest


def test_a_what_if_ignores_the_journals_policies_and_is_not_comparable(recorded):
    found = replayed(recorded, policy=NONE)
    assert found.what_if
    assert not found.comparable
    assert found.policy == "none"
    assert found.tally.steals_started == 0
    assert found.tally.ignored_policies == 2
    assert replayed(recorded).tally.ignored_policies == 0


def test_a_missing_frame_is_an_error_unless_allowed(tmp_path):
    write(tmp_path / "gap", day(), missing=("journal", 1, 20))
    told = "journal:1 lacks offsets 20 to 20, and nothing after it can be compared"
    with pytest.raises(ReplayError, match=told):
        replayed(tmp_path / "gap")
    found = replayed(tmp_path / "gap", allow_gaps=True)
    assert found.gaps == [Gap("journal", 1, 20, 21)]
    assert not found.comparable
    assert {number: one.gap for number, one in found.partitions.items()} == {0: None, 1: 20}
    assert found.partitions[0].state_digest == day().states[0]


def test_nothing_is_told_of_what_was_said_behind_a_gap(tmp_path):
    write(tmp_path / "gap", day(), missing=("journal", 0, 40))
    heard: list[Said] = []
    replayed(tmp_path / "gap", allow_gaps=True, hear=heard.append)
    offsets = [said.id.offset for said in heard if said.id.partition == 0]
    assert offsets
    assert max(offsets) < 40


def test_behind_a_gap_the_runs_are_taken_up_where_they_begin(tmp_path):
    """A journal that lost its beginning still moves its desks."""
    made = with_journal(covering(-1, 4), covering(4, 9), covering(9, 11), covering(14, 15))
    write(tmp_path / "gap", made, missing=("journal", 0, 1))
    tally = replayed(tmp_path / "gap", allow_gaps=True).tally
    # The run behind the missing frame counts as joined, the next one that does not is dropped.
    assert (tally.dropped_runs, tally.open_runs) == (1, 1)
    write(tmp_path / "day", day(), missing=("journal", 0, 3))
    found = replayed(tmp_path / "day", allow_gaps=True)
    assert found.tally.dropped_runs == 0
    assert found.partitions[0].tally.steals_started > 0


def test_runs_that_do_not_join_are_counted_and_those_that_never_come_again(tmp_path):
    healed = with_journal(covering(-1, 4), covering(9, 11), covering(4, 11), covering(11, 12))
    write(tmp_path / "healed", healed)
    tally = replayed(tmp_path / "healed").tally
    assert (tally.dropped_runs, tally.open_runs) == (1, 0)
    write(tmp_path / "open", with_journal(covering(-1, 4), covering(9, 11), covering(4, 10)))
    tally = replayed(tmp_path / "open").tally
    assert (tally.dropped_runs, tally.open_runs) == (1, 1)


def test_a_record_that_is_no_frame_is_told_with_its_place(tmp_path):
    write(tmp_path / "bad", with_journal(covering(-1, 4), b'{"v":2}'))
    with pytest.raises(ReplayError, match="journal:0 offset 1 is no frame of this version"):
        replayed(tmp_path / "bad")


def test_an_empty_journal_comes_to_nothing(tmp_path):
    write(tmp_path / "empty", with_journal())
    found = replayed(tmp_path / "empty")
    assert (found.tally.frames, found.tally.first_us) == (0, None)
    assert found.partitions[0].state_digest


def test_calendars_reach_from_the_first_record_to_a_year_after_the_last(tmp_path):
    """A record on New Year's Eve in New York is of the new year in London."""
    eve_us = 1_514_766_600_000_000  # 2018-01-01 00:30 UTC, 2017 in New York
    late_us = eve_us + 2 * 366 * 86_400_000_000
    made = Day(
        {
            "journal": {0: frames(6, 40, eve_us)[:20], 1: frames(6, 40, late_us)[:20]},
            "execution": {0: [], 1: []},
            "steals": {0: [], 1: []},
        }
    )
    manifest = write(tmp_path / "years", made)
    assert manifest.calendar_years == (2017, 2021)
    found = replayed(tmp_path / "years")
    assert found.notes == []
    assert found.tally.frames == 40


@pytest.mark.parametrize("moment_ms", [-1, 5_000_000_000_000_000])
def test_times_that_no_clock_shows_are_told(moment_ms, tmp_path):
    made = with_journal(covering(-1, 4))
    made.topics["journal"][0] = [(moment_ms, covering(-1, 4))]
    assert write(tmp_path / "times", made).calendar_years is None
    with pytest.raises(ReplayError, match=f"times from {moment_ms * 1000} to"):
        replayed(tmp_path / "times")


def test_other_sessions_than_the_recorded_ones_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr("streams.audit.recording.writer.calendar_checksum", lambda times: "another")
    write(tmp_path / "day", day())
    assert replayed(tmp_path / "day").notes == ["New York's sessions are not the recorded ones"]


def test_validating_reads_everything_and_replays_nothing(tmp_path):
    made = with_journal(covering(-1, 4), covering(9, 11), covering(4, 11))
    times = (5, 3, 4)
    made.topics["journal"][0] = [
        (1_522_850_400_000 + ts_ms, value)
        for ts_ms, (_, value) in zip(times, made.topics["journal"][0], strict=True)
    ]
    made.topics["execution"][0] = [(1, day().topics["execution"][0][0][1]), (1, b"{}")]
    write(tmp_path / "day", made)
    with Recording(tmp_path / "day") as recording:
        found = asyncio.run(validate(recording))
    assert (found.frames, found.events, found.commands, found.facts) == (3, 0, 2, 0)
    assert (found.dropped_runs, found.backward_times) == (1, 2)
    assert found.unreadable_outputs == ["execution:0:1"]


@pytest.mark.parametrize("topic", ["journal", "execution", "steals"])
def test_validating_finds_gaps_in_every_topic(topic, tmp_path):
    write(tmp_path / "gap", day(), missing=(topic, 0, 2))
    with Recording(tmp_path / "gap") as recording:
        with pytest.raises(ReplayError, match=f"{topic}:0 lacks offsets 2 to 2"):
            asyncio.run(validate(recording))
        found = asyncio.run(validate(recording, allow_gaps=True))
    assert found.gaps == [Gap(topic, 0, 2, 3)]


def test_a_damaged_block_is_found_while_replaying(tmp_path, recorded):
    whole = bytearray(recorded.read_bytes())
    place = whole.rindex(b"x\x01") + 40  # in the payload of the last block of records
    whole[place] ^= 1
    recorded.write_bytes(whole)
    with Recording(recorded) as recording, pytest.raises(ReplayError, match="damaged in the block"):
        asyncio.run(validate(recording))


def test_the_days_of_these_tests_are_worth_replaying():
    made = day()
    outputs = made.outputs()
    assert len(outputs) > len(set(outputs)) + 5, "workers crashed and repeated themselves"
    assert all(len(made.topics["journal"][n]) > 60 for n in (0, 1))
    assert not [a for a, b in itertools.combinations(set(outputs), 2) if a[2] == b[2]]
    assert JOURNAL.name == "journal"
