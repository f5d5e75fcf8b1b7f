"""A recording gives back what was written, or says where it is cut or damaged; nothing between."""

import asyncio
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from state.rules.policy import DEFAULT
from streams.audit.recording.blocks import FIRST_LINE
from streams.audit.recording.errors import ReplayError
from streams.audit.recording.reader import Recording
from streams.audit.recording.source import RECORDED
from streams.audit.recording.writer import BLOCK_BYTES, RecordingWriter
from streams.ground.kafka import LogRecord, Span
from tests.paths import ROOT
from tests.streams.audit.days import day, write
from topics.catalogue import JOURNAL

Contents = dict[tuple[str, int], list[LogRecord]]


async def contents(recording: Recording) -> Contents:
    return {
        (topic, number): [
            record async for batch in recording.read(topic, number) for record in batch
        ]
        for topic in RECORDED
        for number in recording.spans(topic)
    }


def read(path: Path, *, allow_cut: bool = False) -> Contents:
    with Recording(path, allow_cut=allow_cut) as recording:
        return asyncio.run(contents(recording))


def records(count: int, size: int = 10, first: int = 0) -> list[LogRecord]:
    return [
        LogRecord(0, first + number, 1_522_850_400_000 + number, None, os.urandom(size), ())
        for number in range(count)
    ]


def begun(path: Path, **firsts: int) -> RecordingWriter:
    return RecordingWriter(path, {topic: [(0, firsts.get(topic, 0))] for topic in RECORDED})


def test_what_was_written_is_read_with_its_offsets_and_times(tmp_path):
    made = day()
    manifest = write(tmp_path / "day", made)
    found = read(tmp_path / "day")
    assert found == {
        (topic, number): made.records(topic, number)
        for topic, partitions in made.topics.items()
        for number in partitions
    }
    assert manifest.complete
    assert manifest.calendar_years == (2018, 2019)
    assert set(manifest.versions) == {"python", "worksteal", "pandas-market-calendars", "tzdata"}
    assert manifest.policy == DEFAULT.model_dump(mode="json")
    assert [stretch.records for stretch in manifest.topics["journal"].values()] == [
        len(timed) for timed in made.topics["journal"].values()
    ]


def test_the_content_hash_is_of_the_content_and_not_of_the_blocks(tmp_path):
    made = records(50)
    hashes = []
    for name, step in (("one", 50), ("many", 7)):
        writer = begun(tmp_path / name)
        for start in range(0, 50, step):
            writer.add("journal", 0, made[start : start + step])
            writer.flush()
        hashes.append(writer.close().content)
    other = begun(tmp_path / "other")
    other.add("journal", 0, [made[0]._replace(ts_ms=made[0].ts_ms + 1), *made[1:]])
    hashes.append(other.close().content)
    assert hashes[0] == hashes[1] != hashes[2]


def test_an_empty_value_is_not_a_missing_one(tmp_path):
    hashes = []
    for value in (None, b""):
        writer = begun(tmp_path / str(value))
        writer.add("steals", 0, [LogRecord(0, 0, 1, None, value, ())])
        hashes.append(writer.close().content)
    assert hashes[0] != hashes[1]


def test_the_content_is_held_against_the_manifest(tmp_path, monkeypatch):
    """Blocks that are sound one by one need not be the ones that were recorded."""
    with monkeypatch.context() as patched:
        patched.setattr("streams.audit.recording.blocks.ContentChecksum.add", lambda *_: None)
        small_writer = begun(tmp_path / "small")
        small_writer.add("journal", 0, records(3))
        small_writer.close()
    with pytest.raises(ReplayError, match="journal:0 is not what its manifest says"):
        read(tmp_path / "small")


def test_large_records_and_records_without_a_value_are_kept(tmp_path):
    made = [*records(3, BLOCK_BYTES), LogRecord(0, 3, 5, None, None, ())]
    writer = begun(tmp_path / "large")
    writer.add("journal", 0, made)
    writer.close()
    assert read(tmp_path / "large")["journal", 0] == made


def test_missing_offsets_stay_missing(tmp_path):
    writer = begun(tmp_path / "holes", journal=7)
    writer.add("journal", 0, [*records(2, first=7), *records(1, first=20)])
    writer.close()
    with Recording(tmp_path / "holes") as recording:
        assert recording.spans("journal") == {0: Span(7, 21)}
        found = asyncio.run(contents(recording))["journal", 0]
    assert [record.offset for record in found] == [7, 8, 20]


def small(path: Path) -> tuple[bytes, Contents]:
    """Write a small recording of several blocks; return its bytes and what is in it."""
    writer = begun(path)
    for first in (0, 3):
        for topic in reversed(RECORDED):
            writer.add(topic, 0, records(3, 5, first))
        writer.flush()
    writer.close()
    return path.read_bytes(), read(path)


def test_cut_at_any_byte_it_says_so_and_gives_what_is_whole(tmp_path):
    path = tmp_path / "small"
    whole, full = small(path)
    longest = 0
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(ReplayError, match=r"was cut short at byte \d+"):
            Recording(path)
        try:
            found = read(path, allow_cut=True)
        except ReplayError as error:
            assert "was cut short at byte" in str(error)  # noqa: PT017 - the first bytes hold nothing
            assert longest == 0
            continue
        for place, got in found.items():
            assert got == full[place][: len(got)]
        count = sum(map(len, found.values()))
        assert count >= longest
        # No output without the frames of the same flush.
        for topic in ("execution", "steals"):
            assert len(found[topic, 0]) <= len(found["journal", 0])
        longest = count
    assert longest == sum(map(len, full.values()))


def test_a_flipped_bit_anywhere_is_found(tmp_path):
    path = tmp_path / "small"
    whole, _ = small(path)
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(ReplayError) as caught:
            read(path, allow_cut=True)
        told = str(caught.value)
        assert "damaged in the block at byte" in told or place < len(FIRST_LINE)


def test_blocks_cannot_change_places_unnoticed(tmp_path):
    """Every block is sound; only the order is not."""
    path = tmp_path / "order"
    writer = begun(path)
    sizes = []
    for first in (0, 3):
        sizes.append(path.stat().st_size)
        writer.add("journal", 0, records(3, 5, first))
        writer.flush()
    sizes.append(path.stat().st_size)
    writer.close()
    whole, (a, b, c) = path.read_bytes(), sizes
    path.write_bytes(whole[:a] + whole[b:c] + whole[a:b] + whole[c:])
    with pytest.raises(ReplayError, match="journal:0 has offset 0 where 6 should stand"):
        Recording(path)
    path.write_bytes(whole[:b] + whole[a:])
    with pytest.raises(ReplayError, match="journal:0 has offset 0 where 3 should stand"):
        Recording(path)
    path.write_bytes(whole[:b] + whole[c:])
    with pytest.raises(ReplayError, match="journal:0 is not what its manifest says"):
        Recording(path)


def test_a_file_that_goes_on_behind_its_manifest_is_damaged(tmp_path):
    path = tmp_path / "two"
    whole, _ = small(path)
    path.write_bytes(whole + whole[len(FIRST_LINE) :])
    with pytest.raises(ReplayError, match="damaged in the block at byte"):
        Recording(path)


@pytest.mark.parametrize(
    ("first_line", "told"),
    [
        (b"worksteal recording 2\n", "is a recording of format 2, and worksteal .* reads format 1"),
        (b"worksteal recording x\n", "is no recording"),
        (b"time,symbol,bid_open\n", "is no recording"),
        (b"", "cut short at byte 0"),
    ],
)
def test_another_form_is_refused_by_name(first_line, told, tmp_path):
    path = tmp_path / "other"
    whole, _ = small(path)
    path.write_bytes(first_line + whole[len(FIRST_LINE) :] if first_line else b"")
    with pytest.raises(ReplayError, match=told):
        Recording(path, allow_cut=True)


def test_a_recording_never_takes_the_place_of_a_file(tmp_path):
    path = tmp_path / "there"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(ReplayError, match="there is such a file already"):
        begun(path)
    assert path.read_text(encoding="utf-8") == "precious"
    with pytest.raises(ReplayError, match="cannot be written"):
        begun(tmp_path / "no" / "where")


FILL_THE_DISK = """
import sys
from pathlib import Path
from streams.audit.recording.errors import ReplayError
from tests.streams.audit.test_recording import begun, records
writer = begun(Path(sys.argv[1]))
try:
    for number in range(1000):
        writer.add("journal", 0, records(10, 100, 10 * number))
        writer.flush()
except ReplayError as error:
    print(error)
"""


def test_a_full_disk_leaves_what_was_recorded_before(tmp_path):
    """A limit on the file's size looks the same from inside."""
    path = tmp_path / "full"

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, path],
        cwd=ROOT,
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"{path}: the recording ends here, it cannot be written on (")
    assert done.stdout.count("\n") == 1
    with pytest.raises(ReplayError, match="was cut short"):
        Recording(path)
    found = read(path, allow_cut=True)["journal", 0]
    assert len(found) > 50
    assert [record.offset for record in found] == list(range(len(found)))


def test_another_default_policy_is_told_and_the_recorded_one_is_used(tmp_path):
    path = tmp_path / "old"
    old = DEFAULT.model_copy(update={"protection": 0.002})
    writer = RecordingWriter(path, {topic: [(0, 0)] for topic in RECORDED}, policy=old)
    writer.add(JOURNAL.name, 0, records(1))
    writer.close()
    with Recording(path) as recording:
        assert recording.start_policy() == old
        assert recording.notes == ["the default policy has changed since; the recorded one is used"]


def test_a_default_policy_of_another_world_is_refused(tmp_path):
    path = tmp_path / "strange"
    strange: Any = DEFAULT.model_copy(update={"protection": 7.0})
    writer = RecordingWriter(path, {topic: [(0, 0)] for topic in RECORDED}, policy=strange)
    writer.close()
    with Recording(path) as recording, pytest.raises(ReplayError, match="has a protection that"):
        recording.start_policy()
