"""kill -9 at random moments: of the worker, of one half of it, with its local state gone or torn."""

import asyncio
import random
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from bench.workload import events

from .deployment import PARTITIONS, Deployment, deployed, now_us
from .judge import judge
from .kills import kill_again_and_again
from .load import publish

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def publishing(deployment: Deployment, count: int, per_s: float) -> threading.Thread:
    """Publish in the background."""
    stream = events(count, PARTITIONS, now_us())
    thread = threading.Thread(
        target=lambda: asyncio.run(publish(deployment.settings, stream, per_s))
    )
    thread.start()
    return thread


def test_nothing_is_lost_or_doubled_by_kills_of_the_worker(broker, tmp_path, capsys):
    with deployed(broker.address, tmp_path) as deployment:
        result = kill_again_and_again(deployment, kills=5, count=30_000, seed=4)
    with capsys.disabled():
        sys.stdout.write(f"\nkills: {result.figures()}\n")
    assert result.verdict.clean, result.verdict
    assert result.verdict.commands > 400
    assert result.to_first_command_s


def test_each_half_is_killed_alone(broker, tmp_path):
    with deployed(broker.address, tmp_path) as deployment:
        halves = {
            half: deployment.start("halves", "--only", half) for half in ("sequencer", "agent")
        }
        for worker in halves.values():
            worker.wait_ready()
        deployment.open()
        thread = publishing(deployment, 12_000, 1500)
        for half in ("sequencer", "agent", "sequencer", "agent"):
            time.sleep(random.Random(half).uniform(0.2, 1.0))
            halves[half].kill()
            halves[half] = deployment.start("halves", "--only", half)
            halves[half].wait_ready()
        thread.join()
        deployment.wait_framed()
        assert halves["sequencer"].stop() == 0
        assert halves["agent"].stop() == 0
        verdict = judge(deployment.settings)
        assert verdict.clean, verdict
        assert verdict.commands > 150


def torn(data: Path) -> None:
    """Overwrite the middle of every file of the local store, and claim a clean stop."""
    files = [path for path in (data / "agent" / "store").rglob("*") if path.is_file()]
    assert files
    for path in files:
        body = bytearray(path.read_bytes())
        body[len(body) // 3 : len(body) // 2] = b"\xff" * (len(body) // 2 - len(body) // 3)
        path.write_bytes(body)
    (data / "agent" / "running").unlink(missing_ok=True)


def wiped(data: Path) -> None:
    shutil.rmtree(data / "agent" / "store")


@pytest.mark.parametrize("damage", [wiped, torn])
def test_damaged_local_state_is_rebuilt_from_the_changelog(broker, tmp_path, damage):
    with deployed(broker.address, tmp_path) as deployment:
        worker = deployment.start()
        worker.wait_ready()
        deployment.open()
        thread = publishing(deployment, 8000, 1500)
        time.sleep(1.5)
        worker.kill()
        damage(worker.folder / "data")
        worker = deployment.start()
        worker.wait_ready()
        thread.join()
        deployment.wait_framed()
        assert worker.stop() == 0
        damage(worker.folder / "data")
        worker = deployment.start()
        worker.wait_ready()
        assert worker.stop() == 0
        verdict = judge(deployment.settings)
        assert verdict.clean, verdict
        assert verdict.commands > 100


def test_a_clean_stop_leaves_nothing_to_do_again(broker, tmp_path):
    with deployed(broker.address, tmp_path) as deployment:
        worker = deployment.start()
        worker.wait_ready()
        deployment.open()
        thread = publishing(deployment, 8000, 2000)
        for _ in range(2):
            time.sleep(0.7)
            assert worker.stop() == 0
            worker = deployment.start()
            worker.wait_ready()
        thread.join()
        deployment.wait_framed()
        assert worker.stop() == 0
        verdict = judge(deployment.settings)
        assert verdict.clean, verdict
        assert verdict.repeats == 0
