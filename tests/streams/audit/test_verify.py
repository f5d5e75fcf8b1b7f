"""Whatever was tampered with is found, named, and shown with both sides and the account."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.audit.recording.errors import ReplayError
from streams.audit.recording.reader import Recording
from streams.audit.recording.source import RECORDED, Gap
from streams.audit.recording.writer import RecordingWriter
from streams.audit.verify.found import FoundRecord
from streams.audit.verify.verify import Verdict, verify
from tests.streams.audit.days import Day, Timed, day, write
from tests.streams.audit.in_memory import Heard, compare, replay_all
from topics.codec import decode_command
from topics.ids import output_id

Change = Callable[[list[Timed]], None]
EXPECTED_KINDS = "lost unexpected altered conflicting late pending".split()


def verdict_of(path: Path, **options) -> Verdict:
    async def run() -> Verdict:
        with Recording(path, allow_cut=options.get("allow_gaps", False)) as recording:
            return await verify(recording, **options)

    return asyncio.run(run())


def changed(change: Change, topic: str = "execution", partition: int = 0) -> Day:
    """Return the day with one partition's outputs changed."""
    made = Day({name: dict(partitions) for name, partitions in day().topics.items()})
    timed = list(made.topics[topic][partition])
    change(timed)
    made.topics[topic][partition] = timed
    return made


def tampered(tmp_path: Path, change: Change, **options) -> Verdict:
    write(tmp_path / "day", changed(change))
    return verdict_of(tmp_path / "day", **options)


def counts(verdict: Verdict) -> dict[str, int]:
    """Return the kinds of differences that there are."""
    found = {kind: len(getattr(verdict.comparison, kind)) for kind in EXPECTED_KINDS}
    return {kind: count for kind, count in found.items() if count}


def command_id(value: bytes) -> str:
    return decode_command(value).id


def once(timed: list[Timed]) -> None:
    """Take repeats away, so that taking an output away takes it away for good."""
    timed[:] = list(dict.fromkeys(timed))


def id_in(value: bytes) -> str:
    """Read an output's id without the codec."""
    found = re.search(rb'"id":"([^"]+)"', value)
    assert found is not None
    return found[1].decode()


def commands() -> list[bytes]:
    """Return the distinct commands of partition 0, in order."""
    return list(dict.fromkeys(value for _, value in day().topics["execution"][0]))


def test_what_was_published_is_identical_and_repeats_are_counted(tmp_path):
    made = day()
    write(tmp_path / "day", made)
    verdict = verdict_of(tmp_path / "day")
    assert verdict.comparison.identical
    assert verdict.comparable
    assert verdict.difference is None
    assert counts(verdict) == {}
    outputs = made.outputs()
    distinct = set(outputs)
    assert verdict.comparison.repeats == len(outputs) - len(distinct) > 0
    assert verdict.comparison.commands == sum(topic == "execution" for topic, *_ in distinct)
    assert verdict.comparison.facts == sum(topic == "steals" for topic, *_ in distinct)


def test_a_lost_command_is_shown_with_what_it_should_have_been(tmp_path):
    def drop(timed: list[Timed]) -> None:
        once(timed)
        del timed[2]

    verdict = tampered(tmp_path, drop)
    assert counts(verdict) == {"lost": 1}
    difference = verdict.difference
    assert difference is not None
    assert (difference.kind, difference.found) == ("lost", [])
    assert difference.expected is not None
    assert difference.expected.value == commands()[2]
    assert str(difference.id) == command_id(commands()[2])
    assert difference.account is not None
    assert difference.account.id == decode_command(commands()[2]).account


def test_the_account_is_shown_as_it_was_after_that_frame(tmp_path):
    command = decode_command(commands()[0])
    verdict = tampered(tmp_path, lambda timed: timed.__delitem__(0))
    assert verdict.difference is not None
    account = verdict.difference.account
    assert account is not None
    assert [order.state for order in account.orders.values()] == ["submitting"]
    assert list(account.orders) == [getattr(command, "order", None)]


def test_a_changed_byte_is_altered(tmp_path):
    def change(timed: list[Timed]) -> None:
        once(timed)
        ts_ms, value = timed[1]
        timed[1] = ts_ms, value.replace(b'"v":1', b'"v":2')

    verdict = tampered(tmp_path, change)
    assert counts(verdict) == {"altered": 1}
    difference = verdict.difference
    assert difference is not None
    assert difference.expected is not None
    assert difference.expected.value == commands()[1]
    assert [found.value for found in difference.found] == [
        commands()[1].replace(b'"v":1', b'"v":2')
    ]
    assert difference.found[0].place == "execution:0:1"


@pytest.mark.parametrize("where", [3, 4, -1])
def test_one_id_with_two_bodies_is_conflicting_whichever_comes_first(where, tmp_path):
    def change(timed: list[Timed]) -> None:
        once(timed)
        ts_ms, value = timed[3]
        spoiled = value.replace(b'"v":1', b'"v":2')
        timed.insert(where % (len(timed) + 1), (ts_ms, spoiled))

    verdict = tampered(tmp_path, change)
    assert counts(verdict) == {"conflicting": 1}
    assert verdict.difference is not None
    assert len(verdict.difference.found) == 1


def test_two_wrong_bodies_are_conflicting_too(tmp_path):
    def change(timed: list[Timed]) -> None:
        once(timed)
        ts_ms, value = timed[3]
        bodies = [value.replace(b'"v":1', b'"v":%d' % version) for version in (2, 3)]
        timed[3:4] = [(ts_ms, body) for body in bodies]

    verdict = tampered(tmp_path, change)
    assert counts(verdict) == {"conflicting": 1}
    assert verdict.difference is not None
    assert len(verdict.difference.found) == 2


@pytest.mark.parametrize(
    "name",
    ["0-0-0", "0-999999-0", "7-1-0", "0-1-9999999", "0-9223372036854775807-0"],
    ids=[
        "a frame that says nothing",
        "a frame that is not there",
        "a partition that is not there",
        "the highest index",
        "the highest offset",
    ],
)
def test_an_id_that_no_frame_leads_to_is_unexpected(name, tmp_path):
    def change(timed: list[Timed]) -> None:
        ts_ms, value = timed[0]
        extra = value.replace(command_id(value).encode(), name.encode(), 1)
        timed += [(ts_ms, extra), (ts_ms, extra)]

    verdict = tampered(tmp_path, change)
    assert counts(verdict) == {"unexpected": 1}
    assert verdict.comparison.unexpected == [name]
    difference = verdict.difference
    assert difference is not None
    assert (str(difference.id), difference.kind, difference.expected) == (name, "unexpected", None)
    assert len(difference.found) == 2


@pytest.mark.parametrize("value", [b"hello", b"{}", b'{"id":"0-05-1"}', b'{"id":7}', b"\xff"])
def test_a_record_without_a_desks_id_is_unexpected(value, tmp_path):
    verdict = tampered(tmp_path, lambda timed: timed.insert(2, (1, value)))
    assert counts(verdict) == {"unexpected": 1}
    assert verdict.comparison.unexpected == ["execution:0:2"]
    assert verdict.difference is not None
    assert (verdict.difference.id, verdict.difference.found[0].value) == (None, value)


def test_a_command_among_the_facts_is_no_command(tmp_path):
    def move(timed: list[Timed]) -> None:
        timed.append(next(item for item in day().topics["execution"][0]))

    made = changed(move, "steals")
    made.topics["execution"] = changed(lambda timed: timed.__delitem__(0)).topics["execution"]
    write(tmp_path / "day", made)
    assert counts(verdict_of(tmp_path / "day")) == {"altered": 1}


def test_the_lowest_difference_is_shown_whatever_its_kind_and_wherever_it_stands(tmp_path):
    def change(timed: list[Timed]) -> None:
        once(timed)
        ts_ms, value = timed[1]
        timed.append((ts_ms, value.replace(b'"v":1', b'"v":2')))
        del timed[4]

    verdict = tampered(tmp_path, change)
    assert counts(verdict) == {"lost": 1, "conflicting": 1}
    assert verdict.difference is not None
    assert str(verdict.difference.id) == command_id(commands()[1])

    def before(timed: list[Timed]) -> None:
        change(timed)
        del timed[0]

    def two_wrong(timed: list[Timed]) -> None:
        change(timed)
        ts_ms, value = timed[2]
        timed.insert(2, (ts_ms, value.replace(b'"v":1', b'"v":2')))

    (tmp_path / "day").unlink()
    verdict = tampered(tmp_path, two_wrong)
    assert verdict.difference is not None
    assert str(verdict.difference.id) == command_id(commands()[1])

    (tmp_path / "day").unlink()
    verdict = tampered(tmp_path, before)
    assert verdict.difference is not None
    assert (str(verdict.difference.id), verdict.difference.found) == (command_id(commands()[0]), [])


def test_an_output_behind_a_higher_id_only_would_be_skipped(tmp_path):
    def swap(timed: list[Timed]) -> None:
        once(timed)
        timed[1], timed[2] = timed[2], timed[1]

    verdict = tampered(tmp_path, swap)
    assert counts(verdict) == {"late": 1}
    assert verdict.comparison.late == [command_id(commands()[1])]


def test_outputs_of_one_desk_may_stand_in_several_partitions(tmp_path):
    made = changed(lambda timed: timed.clear())
    said = {number: list(dict.fromkeys(day().topics["execution"][number])) for number in (0, 1)}
    made.topics["execution"] = {0: said[0][::2], 1: said[0][1::2] + said[1]}
    write(tmp_path / "day", made)
    assert counts(verdict_of(tmp_path / "day")) == {}


def test_the_end_may_be_pending_and_only_the_end(tmp_path):
    def cut(timed: list[Timed]) -> None:
        once(timed)
        del timed[-2:]

    verdict = tampered(tmp_path, cut, complete=False)
    assert counts(verdict) == {"pending": 2}
    assert verdict.comparison.identical
    assert verdict.comparison.pending == [command_id(value) for value in commands()[-2:]]
    assert counts(verdict_of(tmp_path / "day", complete=True)) == {"lost": 2}

    def middle_too(timed: list[Timed]) -> None:
        cut(timed)
        del timed[1]

    (tmp_path / "day").unlink()
    verdict = tampered(tmp_path, middle_too, complete=False)
    assert counts(verdict) == {"pending": 2, "lost": 1}


def test_behind_a_gap_in_the_journal_nothing_is_compared(tmp_path):
    write(tmp_path / "day", day(), missing=("journal", 0, 50))
    with pytest.raises(ReplayError, match="journal:0 lacks offsets 50 to 50"):
        verdict_of(tmp_path / "day")
    verdict = verdict_of(tmp_path / "day", allow_gaps=True)
    assert counts(verdict) == {}
    assert not verdict.comparable
    assert verdict.gaps == [Gap("journal", 0, 50, 51)]
    behind = [
        value
        for topic, partition, value in day().outputs()
        if partition == 0 and output_id(id_in(value)).offset >= 50
    ]
    assert verdict.comparison.uncompared == len(behind) > 0
    assert verdict.comparison.commands > 0


def test_a_gap_among_the_outputs_excuses_what_may_have_stood_in_it_only(tmp_path):
    made = changed(once)
    missing = command_id(made.topics["execution"][0][1][1])
    write(tmp_path / "gap", made, missing=("execution", 0, 1))
    with pytest.raises(ReplayError, match="execution:0 lacks offsets 1 to 1"):
        verdict_of(tmp_path / "gap")
    verdict = verdict_of(tmp_path / "gap", allow_gaps=True)
    assert counts(verdict) == {}
    assert verdict.comparison.uncompared == 1
    assert missing not in verdict.comparison.lost

    def drop(timed: list[Timed]) -> None:
        once(timed)
        del timed[4]

    write(tmp_path / "gap and lost", changed(drop), missing=("execution", 0, 1))
    verdict = verdict_of(tmp_path / "gap and lost", allow_gaps=True)
    assert counts(verdict) == {"lost": 1}
    assert verdict.comparison.uncompared == 1


@pytest.mark.parametrize("end", ["new", "repeat"])
def test_several_gaps_excuse_together_and_a_repeat_behind_one_tells_nothing(end, tmp_path):
    said = len(commands())
    firsts = {topic: [(number, 0) for number in (0, 1)] for topic in RECORDED}
    made = changed(once)
    writer = RecordingWriter(tmp_path / "day", firsts)
    for topic in RECORDED:
        for number in (0, 1):
            records = made.records(topic, number)
            if (topic, number) == ("execution", 0):
                records = [r for r in records if r.offset not in (1, 3, said - 2)]
                if end == "repeat":
                    records[-1] = records[-1]._replace(value=records[0].value)
            elif topic == "execution":
                records = [r for r in records if r.offset != 2]
            writer.add(topic, number, records)
    writer.close()
    verdict = verdict_of(tmp_path / "day", allow_gaps=True)
    assert [gap.first for gap in verdict.gaps] == [1, 3, said - 2, 2]
    assert counts(verdict) == {}
    assert verdict.comparison.uncompared >= (3 if end == "new" else 4)


def test_a_gap_in_one_partition_excuses_nothing_of_another(tmp_path):
    made = changed(once)
    timed = list(made.topics["execution"][1])
    once(timed)
    del timed[2]
    made.topics["execution"][1] = timed
    write(tmp_path / "day", made, missing=("execution", 0, 1))
    assert counts(verdict_of(tmp_path / "day", allow_gaps=True)) == {"lost": 1}


def test_a_gap_in_one_topic_excuses_nothing_of_the_other(tmp_path):
    def drop(timed: list[Timed]) -> None:
        once(timed)
        del timed[0]

    write(tmp_path / "day", changed(drop, "steals"), missing=("execution", 0, 1))
    assert counts(verdict_of(tmp_path / "day", allow_gaps=True)) == {"lost": 1}


def test_nothing_is_lost_where_retention_took_a_whole_topic(tmp_path):
    made = day()
    writer = RecordingWriter(
        tmp_path / "day",
        {topic: [(n, 1000 if topic == "execution" else 0) for n in (0, 1)] for topic in RECORDED},
    )
    for topic in ("journal", "steals"):
        for number in (0, 1):
            writer.add(topic, number, made.records(topic, number))
    writer.close()
    verdict = verdict_of(tmp_path / "day", allow_gaps=True)
    assert counts(verdict) == {}
    assert verdict.comparison.commands == 0
    assert verdict.comparison.uncompared == verdict.replayed.tally.commands


def test_a_recording_that_was_cut_short_is_compared_as_far_as_it_goes(tmp_path):
    path = tmp_path / "day"
    write(path, day())
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(ReplayError, match="was cut short"):
        verdict_of(path)
    verdict = verdict_of(path, allow_gaps=True)
    assert counts(verdict) == {}
    assert not verdict.comparable
    assert verdict.comparison.uncompared == 0
    path.write_bytes(whole[: whole.rindex(b"x\x01")])  # in the last block of outputs
    assert set(counts(verdict_of(path, allow_gaps=True))) == {"pending"}


def test_a_comparison_in_memory_comes_to_the_same(tmp_path):
    write(tmp_path / "day", day())
    verdict = verdict_of(tmp_path / "day")

    async def run() -> Heard:
        with Recording(tmp_path / "day") as recording:
            return await replay_all(recording)

    kept = asyncio.run(run())
    assert kept.replayed == verdict.replayed
    found = [FoundRecord(topic, number, 0, value) for topic, number, value in day().outputs()]
    result = compare(kept, found)
    assert result.identical
    assert result.repeats == verdict.comparison.repeats
    assert result.commands + result.facts == len(kept.said)
    lacking = compare(kept, [one for one in found if one.value != found[0].value])
    assert lacking.lost == [command_id(found[0].value or b"")]
    empty = compare(kept, [])
    assert len(empty.lost) == result.commands + result.facts
