"""More than one worker: one is killed, one is paused until it is dead to the others, one is rude."""

import asyncio
import sys
import time
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from streams.agents.stealing import changelog_of
from streams.journal.clients import start_producer
from streams.journal.standing.changelog import Changelog
from topics.catalogue import EXECUTION

from .deployment import PARTITIONS, Deployment, deployed, wait_until
from .judge import judge, read_all
from .test_kills import publishing

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SESSION_S = 6.0
"""Brokers allow no shorter session by default."""

RIGHT_ENDINGS = (
    "stood still for",  # it looks at its clock before it writes
    "another worker wrote there",  # it wrote first, behind the claim of its heir
)
"""How a worker ends that was paused until another had its partitions; a race decides which."""


def longest_pauses_s(deployment: Deployment) -> dict[int, float]:
    """Return each journal partition's longest time without a new command, in seconds."""
    pauses = {}
    topic = deployment.settings.topic(EXECUTION.name)
    for number, records in asyncio.run(read_all(deployment.settings, topic)).items():
        seen: dict[str, int] = {}
        for record in records:
            seen.setdefault(msgspec.json.decode(record.value or b"")["id"], record.ts_ms)
        at = sorted(seen.values())
        pauses[number] = max(later - now for now, later in pairwise(at)) / 1000
    return pauses


def test_of_two_workers_one_is_killed_and_the_other_goes_on(broker, tmp_path):
    with deployed(broker.address, tmp_path) as deployment:
        first, second = deployment.start("first"), deployment.start("second")
        first.wait_ready()
        second.wait_ready()
        deployment.open()
        thread = publishing(deployment, 24_000, 1200)
        time.sleep(3.0)
        second.kill()
        thread.join()
        deployment.wait_framed()
        assert first.stop() == 0, first.said
        verdict = judge(deployment.settings)
        assert verdict.clean, verdict
        assert verdict.commands > 300
        told = {number: round(pause, 1) for number, pause in longest_pauses_s(deployment).items()}
        sys.stderr.write(f"\ntwo workers, one killed: seconds without a command {told}\n")


def test_a_worker_that_slept_through_its_session_ends_and_harms_nothing(broker, tmp_path):
    with deployed(broker.address, tmp_path) as deployment:
        zombie = deployment.start("zombie")
        zombie.wait_ready()
        deployment.open()
        thread = publishing(deployment, 30_000, 1500)
        time.sleep(2.0)
        zombie.pause()
        heir = deployment.start("heir")
        heir.wait_ready()
        time.sleep(SESSION_S + 2)
        zombie.resume()
        wait_until(lambda: zombie.process.poll() is not None, 30)
        assert zombie.process.returncode == 1
        assert any(ending in zombie.said for ending in RIGHT_ENDINGS), zombie.said
        thread.join()
        deployment.wait_framed()
        assert heir.stop() == 0, heir.said
        verdict = judge(deployment.settings)
        assert verdict.clean, verdict
        assert verdict.commands > 300


async def _write_as_a_stranger(deployment: Deployment, partition: int) -> None:
    """Append old rows, as a worker would that was paused between its lease check and the send."""
    settings = deployment.settings
    topic = changelog_of(settings)
    records = (await read_all(settings, topic))[partition]
    old = {
        (record.key or b"").decode(): record.value
        for record in records[: len(records) // 2]
        if record.key != b"owner"
    }
    producer = await start_producer(settings)
    try:
        await Changelog(producer, topic, partition, name=b"stranger", expected=0).append(old)
    except Exception as error:
        if type(error).__name__ != "FencedError":
            raise
    finally:
        await producer.stop()


def test_rows_of_a_stranger_end_the_owner_and_are_never_believed(broker, tmp_path: Path):
    with deployed(broker.address, tmp_path) as deployment:
        worker = deployment.start()
        worker.wait_ready()
        deployment.open()
        thread = publishing(deployment, 16_000, 1500)
        for partition in range(PARTITIONS - 2):
            time.sleep(1.0)
            asyncio.run(_write_as_a_stranger(deployment, partition))
            wait_until(lambda worker=worker: worker.process.poll() is not None, 30)
            assert worker.process.returncode == 1
            assert "another worker wrote there" in worker.said
            worker = deployment.start()
            worker.wait_ready()
        thread.join()
        deployment.wait_framed()
        assert worker.stop() == 0
        asyncio.run(_write_as_a_stranger(deployment, 3))  # while nobody is there to notice
        worker = deployment.start()
        worker.wait_ready()
        assert worker.stop() == 0
        verdict = judge(deployment.settings)
        assert verdict.clean, verdict
        assert verdict.commands > 200
