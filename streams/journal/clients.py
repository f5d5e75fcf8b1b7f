"""The worker's own Kafka clients.  Faust's producer reports a failed send in its log only."""

from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from streams.ground.kafka import BrokerError
from streams.ground.settings import Settings, client_options

FETCH_WAIT_MS = 20
"""How long a fetch may wait at the broker.

Faust's 1500 ms look free, as a fetch returns when data comes; but one fetch at a time goes to a
broker.  A partition whose last records are still being looked at is not in the fetch under way, and
waits it out; and so does every other request on that connection.
"""

BATCH_BYTES_MAX = 960 * 1024
"""Of one record batch; brokers take 1 MiB by default, headers included."""


def producer_options(settings: Settings) -> dict[str, Any]:
    """Return options for outputs that may neither be lost nor reordered."""
    return client_options(settings) | {
        "acks": "all",
        "enable_idempotence": True,
        "linger_ms": 0,
        "max_batch_size": BATCH_BYTES_MAX,
        "max_request_size": 8 * BATCH_BYTES_MAX,
        # A batch fails when its partition has had no leader for so long, idempotent or not.
        "request_timeout_ms": 120_000,
    }


async def start_producer(settings: Settings) -> AIOKafkaProducer:
    """Return a started producer; raises `BrokerError` if nobody answers."""
    producer = AIOKafkaProducer(**producer_options(settings))
    try:
        await producer.start()
    except KafkaConnectionError as error:
        await producer.stop()
        raise BrokerError.nobody_answers(settings.bootstrap) from error
    return producer
