"""Sends outputs to one topic partition in order, one batch in flight, many outputs to a batch.

aiokafka's `send` costs tens of microseconds a record; a batch built at once costs three.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer

from .ports import Output

BACKLOG_MAX = 50_000
"""Outputs that may wait before `put` does."""


class Outlet:
    """One topic partition's outputs.  A failure is raised at the next call, and from then on."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        partition: int,
        acknowledged: Callable[[int], None] | None = None,
    ) -> None:
        """`acknowledged` is told how many more outputs the broker has, in their order."""
        self._acknowledged = acknowledged
        self._producer = producer
        self._topic = topic
        self._partition = partition
        self._waiting: deque[Output] = deque()
        self._task: asyncio.Task[None] | None = None

    async def put(self, outputs: Sequence[Output]) -> None:
        """Take outputs; they are on their way when this returns."""
        self._waiting.extend(outputs)
        if self._task is None or self._task.done():
            self._raise_failure()
            self._task = asyncio.create_task(self._drain())
        elif len(self._waiting) > BACKLOG_MAX:
            await self.drained()

    async def drained(self) -> None:
        """Return when everything that was put has been acknowledged."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def _raise_failure(self) -> None:
        if self._task is not None:
            self._task.result()

    async def _drain(self) -> None:
        while self._waiting:
            batch = self._producer.create_batch()
            while self._waiting:
                key, value, headers = self._waiting[0]
                taken = batch.append(key=key.encode(), value=value, timestamp=None, headers=headers)
                if taken is None:
                    break
                self._waiting.popleft()
            assert batch.record_count(), "an output does not fit into an empty batch"
            sent = await self._producer.send_batch(batch, self._topic, partition=self._partition)
            await sent
            if self._acknowledged is not None:
                self._acknowledged(batch.record_count())
