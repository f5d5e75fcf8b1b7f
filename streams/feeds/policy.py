"""Publishes a policy, so that it is an event of the journal like any other."""

from streams.ground.kafka.publish import Outgoing, publisher
from streams.ground.settings import Settings, client_options
from topics.catalogue import ACCOUNTS
from topics.codec import encode
from topics.events import PolicySet

ACKNOWLEDGED_S = 30.0


async def publish_policy(settings: Settings, event: PolicySet) -> int:
    """Publish a policy; returns to how many partitions of `accounts` it went.

    One account's goes where its other events go.  One for all goes to every partition, for the
    desk of each hears only its own.  Raises `BrokerError` unless every copy is acknowledged.
    """
    topic = settings.topic(ACCOUNTS.name)
    value, ts_ms = encode(event), event.ts_us // 1000
    async with publisher(client_options(settings), [topic]) as out:
        if event.account is not None:
            records = [Outgoing(topic, value, event.account.encode(), ts_ms=ts_ms)]
        else:
            places = await out.partitions(topic)
            records = [Outgoing(topic, value, partition=n, ts_ms=ts_ms) for n in places]
        await out.send(records)
        await out.flush(ACKNOWLEDGED_S)
        return len(records)
