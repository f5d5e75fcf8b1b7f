"""Stops consumers also while the broker is away."""

import asyncio

from aiokafka import AIOKafkaConsumer


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer and close its connections.

    aiokafka's `stop` cancels the fetches in progress, and one that waits before it asks a lost
    broker again (0.14) lets that through: `stop` then ends as cancelled, though nobody cancelled
    the caller, and leaves the connections open.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait({stopping})
    if stopping.cancelled():
        await consumer._client.close()  # noqa: SLF001 - a second `stop` does nothing
    else:
        stopping.result()
