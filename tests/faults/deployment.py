"""One deployment for a fault test: topics of its own on a real broker, and worker processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient

from bench.workload import opening
from streams.ground.kafka import log_spans, reader, topic_admin
from streams.ground.settings import Settings, client_options
from streams.journal.writing.sequencing import sequencer_group
from topics.catalogue import INBOUND

from .load import publish

COMMAND = Path(sys.executable).with_name("worksteal")
PARTITIONS = 4

READY_S_MAX = 60.0
"""Generous: the machines that run this are shared."""


class Worker:
    """A worker's process, and what it has said on standard error."""

    def __init__(
        self, settings: Settings, folder: Path, *words: str, more: dict[str, str] | None = None
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "log"
        self._said_before = len(self.log())
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKSTEAL_")}
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [COMMAND, "worker", "--bootstrap", settings.bootstrap,
                 "--topic-prefix", settings.topic_prefix, "--data-dir", folder / "data", *words],
                stdout=log, stderr=log, env=environment | {"WORKSTEAL_WEB_PORT": "0", "WORKSTEAL_LOG_FORMAT": "console"} | (more or {}),
            )  # fmt: skip

    def log(self) -> str:
        """Return all that workers of this folder have said."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def said(self) -> str:
        """Return what this process has said."""
        return self.log()[self._said_before :]

    def wait_ready(self) -> None:
        wait_until(
            lambda: "ready after" in self.said or self.process.poll() is not None, READY_S_MAX
        )
        assert "ready after" in self.said, (
            f"worker ended {self.process.poll()}: {self.said[-3000:]}"
        )

    def kill(self) -> None:
        """End it as the kernel would."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Stop it cleanly and return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=READY_S_MAX)


class Deployment:
    """Topics with a prefix of their own, and the workers that were started on them."""

    def __init__(self, bootstrap: str, folder: Path, **more: Any) -> None:
        prefix = f"{uuid4().hex[:8]}-"
        self.settings = Settings(bootstrap=bootstrap, topic_prefix=prefix, **more)
        self.folder = folder
        self.workers: list[Worker] = []
        asyncio.run(topic_admin.create(self.settings, PARTITIONS, 1))

    def start(self, name: str = "worker", *words: str, **environment: str) -> Worker:
        """Start a worker; the same name is the same folder."""
        worker = Worker(self.settings, self.folder / name, *words, more=environment)
        self.workers.append(worker)
        return worker

    def open(self) -> None:
        """Publish policy, equity and prices, and wait until they are framed."""
        asyncio.run(publish(self.settings, opening(PARTITIONS, now_us())))
        self.wait_framed()

    def wait_framed(self, seconds: float = 120.0) -> None:
        """Wait until the sequencer has committed everything that was published."""
        wait_until(lambda: asyncio.run(self._framed()) or self._nobody(), seconds, every=0.2)
        ends = [worker.said[-3000:] for worker in self.workers if worker.process.poll() is not None]
        assert asyncio.run(self._framed()), ends

    def _nobody(self) -> bool:
        return all(worker.process.poll() is not None for worker in self.workers)

    async def _framed(self) -> bool:
        consumer = await reader(client_options(self.settings))
        admin = AIOKafkaAdminClient(**client_options(self.settings))
        await admin.start()
        try:
            group = sequencer_group(self.settings)
            committed = await admin.list_consumer_group_offsets(group)
            done = {(tp.topic, tp.partition): meta.offset for tp, meta in committed.items()}
            for topic in INBOUND:
                name = self.settings.topic(topic.name)
                for number, span in (await log_spans(consumer, name)).items():
                    if done.get((name, number), 0) < span.end:
                        return False
            return True
        finally:
            await admin.close()
            await consumer.stop()

    def end(self) -> None:
        """Leave no process behind."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.resume()
                worker.kill()


@contextmanager
def deployed(bootstrap: str, folder: Path, **more: Any) -> Iterator[Deployment]:
    """Give a deployment for a test."""
    deployment = Deployment(bootstrap, folder, **more)
    try:
        yield deployment
    finally:
        deployment.end()


def wait_until(condition: Any, seconds: float, every: float = 0.02) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(every)


def now_us() -> int:
    return int(time.time() * 1e6)
