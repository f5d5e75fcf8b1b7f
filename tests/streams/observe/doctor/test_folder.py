"""What the doctor says of a worker's folder; other workers are real processes."""

import fcntl
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from rocksdict import Options, Rdict

from streams.journal.folder import Folder
from streams.observe.doctor import said
from streams.observe.doctor.desks import Desks, check_stored
from streams.observe.doctor.folder import check_part, held
from streams.observe.doctor.store import OFFSET_KEY, Stored
from tests.streams.journal.test_folder import other_worker, stop_cleanly
from tests.streams.observe.doctor.said import bad, only

ROWS = 50


def partition(agent: Path, number: int, offset: int) -> Path:
    """Make a store as a worker that stopped cleanly leaves it."""
    path = agent / "store" / "v1" / "tables" / f"desk-{number}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = Rdict(str(path), Options(raw_mode=True))
    for row in range(ROWS):
        rows[f"account/{row}".encode()] = b"x" * 500
    rows[OFFSET_KEY] = str(offset).encode()
    rows.flush()
    rows.close()
    (agent / "format").write_text("1")
    return path


def look(data_dir: Path, alive: bool | None = False) -> tuple[list[said.Line], Stored]:
    stored: Stored = {}
    lines = [line for part in ("agent", "sequencer") for line in check_part(data_dir, part, alive, stored)]  # fmt: skip
    return lines, stored


def listing(folder: Path) -> list[tuple[str, int, int]]:
    found = [folder, *folder.rglob("*")]
    return sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in found)


def test_a_folder_that_is_not_there_yet_is_no_matter(tmp_path):
    assert look(tmp_path / "none") == ([], {})


def test_a_locked_folder_fails_unless_its_worker_answers(tmp_path):
    with other_worker(tmp_path / "agent") as worker:
        line = only(look(tmp_path)[0])
        assert line.level == said.FAIL
        assert line.told == (
            f"{tmp_path}/agent is locked by process {worker.pid},"
            " and no worker of this deployment answers here"
        )
        assert line.do == "give this worker another data_dir, or end that process"
        assert only(look(tmp_path, alive=True)[0]).level == said.OK
        assert only(look(tmp_path, alive=None)[0]).level == said.WARN


def test_looking_does_not_keep_a_worker_out(tmp_path, monkeypatch):
    """The lock is had for an instant; a worker that starts in it tries again."""
    path = tmp_path / "agent"
    with other_worker(path) as worker:
        stop_cleanly(worker)
    looking = (path / "lock").open("rb")
    fcntl.flock(looking, fcntl.LOCK_SH)
    clock = SimpleNamespace(sleep=lambda _: looking.close())
    monkeypatch.setattr("streams.journal.folder.time", clock)
    Folder(path)._lock.close()
    assert looking.closed


def test_looking_lets_go_of_the_lock(tmp_path):
    lock = tmp_path / "lock"
    assert not held(lock).held
    assert not lock.exists()
    lock.touch()
    assert not held(lock).held
    with lock.open("rb") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert held(lock) == (True, os.getpid())
    assert not held(lock).held


def test_a_worker_that_was_killed_is_told_and_its_store_left_alone(tmp_path):
    with other_worker(tmp_path / "agent"):
        pass
    before = listing(tmp_path)
    lines, stored = look(tmp_path)
    line = only(lines)
    assert (line.level, line.told) == (
        said.WARN,
        f"{tmp_path}/agent: the last worker there did not stop cleanly",
    )
    assert line.do.startswith("nothing to do, the next start fills the store anew")
    assert stored == {}
    assert listing(tmp_path) == before


def test_a_store_of_another_version_is_told(tmp_path):
    partition(tmp_path / "agent", 0, 7)
    (tmp_path / "agent" / "format").write_text("0")
    line = only(look(tmp_path)[0])
    assert (line.level, line.told) == (said.WARN, f"{tmp_path}/agent is of another version")


def test_a_store_is_read_whole_and_nothing_is_left_in_it(tmp_path):
    for number, offset in ((0, 7), (10, 99)):
        partition(tmp_path / "agent", number, offset)
    before = listing(tmp_path)
    lines, stored = look(tmp_path)
    assert not bad(lines)
    assert lines[-1].told == f"{2 * ROWS} rows of 2 partitions can be read"
    assert stored == {0: 8, 10: 100}
    assert listing(tmp_path) == before


def torn(path: Path) -> None:
    (table,) = path.glob("*.sst")
    content = bytearray(table.read_bytes())
    content[len(content) // 3] ^= 0xFF
    table.write_bytes(content)


def lost(path: Path) -> None:
    (table,) = path.glob("*.sst")
    table.unlink()


def no_current(path: Path) -> None:
    (path / "CURRENT").unlink()


@pytest.mark.parametrize("harm", [torn, lost, no_current])
def test_a_store_that_cannot_be_read_fails(harm, tmp_path):
    path = partition(tmp_path / "agent", 0, 7)
    partition(tmp_path / "agent", 1, 7)
    harm(path)
    line = only(bad(look(tmp_path)[0]))
    assert line.level == said.FAIL
    assert line.told.startswith(f"{path} was left cleanly and cannot be read (")
    assert line.do.startswith("look at the disk")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_lock_that_may_not_be_read_fails(tmp_path):
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "lock").touch(mode=0)
    assert only(look(tmp_path)[0]).level == said.FAIL


@pytest.mark.parametrize(
    ("stored", "level", "told"),
    [
        ({0: 10, 1: 20}, said.OK, "2 partitions stand at the changelog's end"),
        ({0: 4, 1: 20}, said.OK, "the local store is 6 rows behind the changelog; the next start reads it anew"),
        ({0: 10, 1: 21}, said.FAIL, "partition 1 of the store has the changelog up to 21, and that ends at 20: it was deleted, or belongs to another deployment"),
        ({2: 1}, said.FAIL, "partition 2 of the store has the changelog up to 1, and that ends at 0: it was deleted, or belongs to another deployment"),
    ],
)  # fmt: skip
def test_the_store_beside_its_changelog(stored, level, told):
    desks = Desks()
    desks.ends = {0: 10, 1: 20}
    line = only(check_stored(stored, desks))
    assert (line.level, line.told) == (level, told)


def test_without_a_store_there_is_nothing_to_compare():
    assert not list(check_stored({}, Desks()))
