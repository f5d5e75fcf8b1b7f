"""The outlet on a real broker: order, acknowledgement, failure, back-pressure."""

import asyncio

import pytest
from aiokafka.errors import KafkaError, ProducerClosed

from streams.journal.standing.outlet import BACKLOG_MAX, Outlet
from streams.journal.standing.ports import Output
from topics.catalogue import EXECUTION

from .deployed import deployed, everything, worker_producer

pytestmark = pytest.mark.broker


def outputs(first: int, last: int, size: int = 100) -> list[Output]:
    return [
        (f"account-{n % 7}", b"%09d" % n + bytes(size), [("ce_id", b"%d" % n)])
        for n in range(first, last)
    ]


def test_many_outputs_arrive_once_in_order_with_their_keys_and_headers(broker, tmp_path):
    async def scenario():
        settings = await deployed(broker, tmp_path)
        topic = settings.topic(EXECUTION.name)
        async with worker_producer(settings) as producer:
            outlet = Outlet(producer, topic, 1)
            for first in range(0, 20_000, 61):
                await outlet.put(outputs(first, min(first + 61, 20_000)))
                if first % 610 == 0:
                    await asyncio.sleep(0)
            await outlet.drained()
        return await everything(settings, topic)

    found = asyncio.run(scenario())
    assert found[0] == []
    told = [(r.key.decode(), r.value, list(r.headers)) for r in found[1]]
    assert told == outputs(0, 20_000)


def test_drained_returns_when_the_broker_has_everything(broker, tmp_path):
    async def scenario():
        settings = await deployed(broker, tmp_path)
        topic = settings.topic(EXECUTION.name)
        async with worker_producer(settings) as producer:
            outlet = Outlet(producer, topic, 0)
            await outlet.drained()  # nothing was put
            for first in (0, 500):
                await outlet.put(outputs(first, first + 500, size=5000))
                await outlet.drained()
                assert len((await everything(settings, topic))[0]) == first + 500

    asyncio.run(scenario())


def test_two_outlets_of_one_producer_do_not_wait_for_each_other(broker, tmp_path):
    async def scenario():
        settings = await deployed(broker, tmp_path)
        topic = settings.topic(EXECUTION.name)
        async with worker_producer(settings) as producer:
            outlets = [Outlet(producer, topic, number) for number in range(2)]
            for outlet in outlets:
                await outlet.put(outputs(0, 3000))
            await asyncio.gather(*(outlet.drained() for outlet in outlets))
        return await everything(settings, topic)

    found = asyncio.run(scenario())
    for number in range(2):
        assert [r.value for r in found[number]] == [value for _, value, _ in outputs(0, 3000)]


def test_a_failure_is_raised_at_the_next_call_and_from_then_on(broker, tmp_path):
    async def scenario():
        settings = await deployed(broker, tmp_path)
        async with worker_producer(settings) as producer:
            outlet = Outlet(producer, settings.topic(EXECUTION.name), 0)
            await outlet.put(outputs(0, 10))
            await outlet.drained()
        await outlet.put(outputs(10, 20))  # the producer is stopped; nobody has noticed yet
        for _ in range(2):
            with pytest.raises(ProducerClosed):
                await outlet.drained()
            with pytest.raises(ProducerClosed):
                await outlet.put(outputs(20, 30))

    asyncio.run(scenario())


def test_an_output_that_the_broker_does_not_take_is_a_failure(broker, tmp_path):
    async def scenario():
        settings = await deployed(broker, tmp_path)
        async with worker_producer(settings) as producer:
            outlet = Outlet(producer, settings.topic(EXECUTION.name), 0)
            await outlet.put([("a", bytes(2 << 20), [])])
            with pytest.raises(KafkaError):
                await outlet.drained()

    asyncio.run(scenario())


def test_a_large_backlog_makes_put_wait(broker, tmp_path):
    async def scenario():
        settings = await deployed(broker, tmp_path)
        topic = settings.topic(EXECUTION.name)
        async with worker_producer(settings) as producer:
            outlet = Outlet(producer, topic, 0)
            await outlet.put(outputs(0, BACKLOG_MAX, size=1))
            assert len(outlet._waiting) == BACKLOG_MAX
            await outlet.put(outputs(BACKLOG_MAX, BACKLOG_MAX + 1, size=1))
            assert not outlet._waiting
            return (await everything(settings, topic))[0]

    found = asyncio.run(scenario())
    assert [r.value for r in found] == [
        value for _, value, _ in outputs(0, BACKLOG_MAX + 1, size=1)
    ]
