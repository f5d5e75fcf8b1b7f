"""Topics that were deleted and made anew under a deployment: said in one sentence, never in silence."""

import asyncio
import time

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.ground.settings import client_options
from topics.catalogue import CATALOGUE

from .deployment import PARTITIONS, Deployment, deployed, wait_until
from .test_kills import publishing

pytestmark = [pytest.mark.broker, pytest.mark.slow]


async def _made_anew(deployment: Deployment, name: str) -> None:
    """Delete a topic and make it again, empty."""
    settings = deployment.settings
    (topic,) = [topic for topic in CATALOGUE if topic.name == name]
    config = {"cleanup.policy": topic.cleanup, "retention.ms": str(topic.retention_ms)}
    if topic.append_time:
        config["message.timestamp.type"] = "LogAppendTime"
    client = AIOKafkaAdminClient(**client_options(settings))
    await client.start()
    try:
        await client.delete_topics([settings.topic(name)])
        for _ in range(200):
            if settings.topic(name) not in await client.list_topics():
                break
            await asyncio.sleep(0.05)
        wanted = NewTopic(settings.topic(name), PARTITIONS, 1, topic_configs=config)
        await client.create_topics([wanted])
    finally:
        await client.close()


@pytest.mark.parametrize("name", ["orders", "journal"])
def test_a_worker_does_not_go_on_with_a_topic_that_was_made_anew(broker, tmp_path, name):
    with deployed(broker.address, tmp_path) as deployment:
        worker = deployment.start()
        worker.wait_ready()
        deployment.open()
        publishing(deployment, 3000, 3000).join()
        deployment.wait_framed()
        assert worker.stop() == 0
        asyncio.run(_made_anew(deployment, name))
        time.sleep(1.0)
        worker = deployment.start()
        wait_until(lambda: worker.process.poll() is not None, 60)
        assert worker.process.returncode == 2, worker.said
        assert "made anew" in worker.said
        assert "Traceback" not in worker.said
