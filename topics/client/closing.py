"""Stops consumers also while the broker is away."""

import asyncio

from aiokafka import AIOKafkaConsumer


async def stop_consumer(consumer: AIOKafkaConsumer, wait_s: float | None = None) -> None:
    """Stop a consumer and close its connections; `wait_s` bounds how long it may take leave.

    aiokafka's `stop` cancels the fetches in progress, and one that waits before it asks a lost
    broker again (0.14) lets that through: `stop` then ends as cancelled, though nobody cancelled
    the caller, and leaves the connections open.  So it does when the group's part has failed, whose
    error it raises.  And it waits forty seconds for a broker that does not answer who leaves.
    """
    stopping = asyncio.create_task(consumer.stop())
    _, late = await asyncio.wait({stopping}, timeout=wait_s)
    if late:
        stopping.cancel()
        await asyncio.wait({stopping})
    if stopping.cancelled() or stopping.exception() is not None:
        # What `stop` did not come to; a second one does nothing.
        await asyncio.gather(consumer._fetcher.close(), return_exceptions=True)  # noqa: SLF001
        await consumer._client.close()  # noqa: SLF001
    if not stopping.cancelled():
        stopping.result()
