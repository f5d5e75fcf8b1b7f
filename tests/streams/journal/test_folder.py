"""A worker's folder: one worker to it, and no trust in what an unclean stop left.

Lives that end without a clean stop are real processes that are killed.
"""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.ground.settings import SettingsError
from streams.journal.folder import Folder
from tests.paths import ROOT

HOLDER = """
import sys
from pathlib import Path
from streams.journal.folder import Folder
folder = Folder(Path(sys.argv[1]))
(folder.store / "row").write_text("of an earlier life")
print(folder.instance, flush=True)
sys.stdin.readline()
folder.stopped_cleanly()
"""


@contextmanager
def other_worker(path: Path):
    """Let another process hold the folder; it stops cleanly when told, else it is killed."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            assert started.stdout is not None
            assert started.stdout.readline()
            yield started
        finally:
            started.kill()


def stop_cleanly(worker: subprocess.Popen[str]) -> None:
    worker.communicate("stop\n", timeout=60)
    assert worker.returncode == 0


def close(folder: Folder) -> None:
    """Let go of the lock, as the end of the process does."""
    folder._lock.close()


def rows(folder: Folder) -> list[str]:
    return sorted(path.name for path in folder.store.iterdir())


def test_a_folder_is_made_where_there_is_none(tmp_path):
    folder = Folder(tmp_path / "deep" / "agent")
    assert rows(folder) == []
    assert not folder.wiped
    close(folder)


def test_a_second_worker_is_refused_while_the_first_lives(tmp_path):
    with other_worker(tmp_path):
        with pytest.raises(SettingsError) as refused:
            Folder(tmp_path)
        assert str(refused.value) == (
            f"data_dir: another worker uses {tmp_path}; give each worker a folder of its own."
        )
        assert (tmp_path / "store" / "row").exists()


def test_a_kill_wipes_the_store(tmp_path):
    with other_worker(tmp_path):
        pass
    folder = Folder(tmp_path)
    assert folder.wiped
    assert rows(folder) == []
    close(folder)


def test_a_clean_stop_keeps_the_store(tmp_path):
    with other_worker(tmp_path) as worker:
        stop_cleanly(worker)
    folder = Folder(tmp_path)
    assert not folder.wiped
    assert rows(folder) == ["row"]
    close(folder)


def test_a_clean_stop_vouches_for_one_start_only(tmp_path):
    with other_worker(tmp_path) as worker:
        stop_cleanly(worker)
    close(Folder(tmp_path))
    folder = Folder(tmp_path)
    assert folder.wiped
    close(folder)


@pytest.mark.parametrize("known", ["0", "", None])
def test_a_store_of_another_format_is_wiped(tmp_path, known):
    with other_worker(tmp_path) as worker:
        stop_cleanly(worker)
    stamp = tmp_path / "format"
    stamp.unlink() if known is None else stamp.write_text(known)
    folder = Folder(tmp_path)
    assert folder.wiped
    assert rows(folder) == []
    folder.stopped_cleanly()
    close(folder)
    again = Folder(tmp_path)
    assert not again.wiped
    close(again)


def test_the_instance_stays_the_same_whatever_happens(tmp_path):
    names = []
    for clean in (True, False, True):
        with other_worker(tmp_path) as worker:
            names.append((tmp_path / "instance").read_text())
            if clean:
                stop_cleanly(worker)
    folder = Folder(tmp_path)
    assert {*names, folder.instance} == {names[0]}
    close(folder)


def test_two_folders_are_two_instances(tmp_path):
    one, two = Folder(tmp_path / "one"), Folder(tmp_path / "two")
    assert one.instance != two.instance
    close(one)
    close(two)


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_instance_that_a_power_cut_emptied_is_given_anew(tmp_path, content):
    (tmp_path / "instance").write_text(content)
    folder = Folder(tmp_path)
    assert len(folder.instance) == 32
    assert (tmp_path / "instance").read_text() == folder.instance
    close(folder)


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError) as refused:
        Folder(tmp_path / "file" / "agent")
    assert str(refused.value) == (
        f"data_dir: {tmp_path}/file/agent cannot be used (Not a directory); name another folder."
    )


def test_a_store_that_cannot_be_wiped_is_not_trusted(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "row").touch()
    path = tmp_path / "agent"
    path.mkdir()
    (path / "store").symlink_to(elsewhere)
    (path / "format").write_text("1")
    (path / "running").touch()
    with pytest.raises(SettingsError, match=r"agent cannot be used \(.*symbolic link.*\); name"):
        Folder(path)
    assert (path / "running").exists()
