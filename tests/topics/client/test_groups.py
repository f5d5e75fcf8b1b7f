"""Members of a group come, go and die: nothing is missed, nothing acknowledged comes again."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

import pytest

from tests.broker import LocalBroker
from tests.topics.client.facts import started
from tests.topics.client.stages import PATIENCE_S, InMemory, OnBroker, heard, on_broker
from topics.client import BrokerUnreachable, Subscription, fake
from topics.client.clients import LEAVE_S
from topics.client.fake import FakeLog
from topics.client.log import Point, Record

WORDS: dict[str, Any] = {"group": "mine", "start": "earliest"}


@pytest.fixture
def broker(broker_to_break: LocalBroker) -> LocalBroker:
    """Take one that may be killed."""
    return broker_to_break


def play(broker: LocalBroker, scene: Callable[[OnBroker], Awaitable[None]]) -> None:
    """Run a scene at topics of its own."""

    async def at_the_broker() -> None:
        async with on_broker(broker.address) as stage:
            await scene(stage)

    asyncio.run(at_the_broker())


class Member:
    """A subscriber that notes what it heard and what it has surely acknowledged."""

    def __init__(self, stage: OnBroker, done: set[str]) -> None:
        self.heard: list[str] = []
        self.again: list[str] = []
        self.done = done
        """Of all members: acknowledged ids."""
        self.steals: Subscription[Any] = stage.subscribe(**WORDS)
        self.going = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async with self.steals:
            async for steal in self.steals:
                self.heard.append(steal.id)
                if steal.id in self.done:
                    self.again.append(steal.id)
                await asyncio.sleep(0.005)  # it has something to do, and others get their turn
                if await self.steals.ack():
                    self.done.add(steal.id)

    async def end(self, how: str) -> None:
        if how == "stop":
            self.steals.stop()
        else:
            self.going.cancel()
        await asyncio.gather(self.going, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 2 * PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.broker
@pytest.mark.slow
def test_members_that_come_and_go_share_the_work(broker: LocalBroker):
    async def scene(stage: OnBroker) -> None:
        async with asyncio.timeout(6 * PATIENCE_S):
            await come_and_go(stage)

    async def come_and_go(stage: OnBroker) -> None:
        done: set[str] = set()
        everything: set[str] = set()
        enough = asyncio.Event()

        async def publish() -> None:
            for n in count(1):
                for partition in (0, 1):
                    await stage.push(started(n, journal=partition))
                    everything.add(f"{partition}-{n}-0")
                if n % 10 == 0:  # a worker that was killed says it again
                    await stage.push(*(started(n - back) for back in (3, 2, 1, 0)))
                if enough.is_set():
                    return
                await asyncio.sleep(0.05)

        publishing = asyncio.create_task(publish())
        members = [Member(stage, done)]
        try:
            for end in ("stop", "cancel", "stop"):
                await until(lambda: len(members[-1].heard) > 10)
                members.append(Member(stage, done))
                await until(lambda: len(members[-1].heard) > 10)
                await members[-2].end(end)
            enough.set()
            await publishing
            # A member that was cancelled may have acknowledged more than it noted.
            while await stage.acknowledged("mine") != stage.ends:
                assert not members[-1].going.done()
                await asyncio.sleep(0.1)
        finally:
            publishing.cancel()
            for member in members:
                await member.end("stop")
        assert all(not member.again for member in members)
        assert {name for member in members for name in member.heard} == everything

    play(broker, scene)


@pytest.mark.broker
@pytest.mark.slow
def test_an_acknowledgement_that_came_too_late_is_told(broker: LocalBroker):
    """Another member takes the partition while a message of it is in hand."""

    async def scene(stage: OnBroker) -> None:
        await stage.push(started(1), started(1, journal=1))
        one = stage.subscribe(**WORDS)
        async with one:
            held = [await anext(aiter(one)), await anext(aiter(one))]
            assert {steal.id for steal in held} == {"0-1-0", "1-1-0"}
            async with stage.subscribe(**WORDS) as two:
                taken = asyncio.ensure_future(anext(aiter(two)))
                following = asyncio.ensure_future(anext(aiter(one)))
                first, second = await asyncio.wait_for(
                    asyncio.gather(taken, following), 2 * PATIENCE_S
                )
                assert {first.id, second.id} == {"0-1-0", "1-1-0"}
                # What `one` had in hand was moved, and `second` is one of the two again.
                assert await one.ack() is False
                assert await one.ack() is True
                assert await two.ack() is True

    play(broker, scene)


@pytest.mark.broker
@pytest.mark.slow
def test_it_takes_leave_of_a_broker_that_does_not_answer(broker: LocalBroker):
    async def scene(stage: OnBroker) -> None:
        pid = broker.home.pid()
        assert pid is not None
        await stage.push(started(1), started(2))
        async with stage.subscribe(**WORDS) as steals:
            await heard(steals, "0-1-0")
            os.kill(pid, signal.SIGSTOP)
            begun = time.monotonic()
            try:
                await steals.close()
            finally:
                os.kill(pid, signal.SIGCONT)
            assert time.monotonic() - begun < LEAVE_S + 10
        async with asyncio.timeout(2 * PATIENCE_S):
            steals = await again(stage)
        try:
            assert await heard(steals, "0-2-0") == ["0-1-0", "0-2-0"]
        finally:
            await steals.close()

    play(broker, scene)


async def again(stage: OnBroker) -> Subscription[Any]:
    """Subscribe as a supervisor does: a broker that was away is not there at once."""
    while True:
        try:
            return await stage.subscribe(**WORDS).open()
        except BrokerUnreachable:
            await asyncio.sleep(0.5)


def test_the_fake_tells_it_too():
    async def scene() -> None:
        stage = InMemory()
        await stage.push(started(1), started(2), started(3))
        async with stage.subscribe(**WORDS) as steals:
            messages = aiter(steals)
            first = await anext(messages)
            assert await steals.ack(first)
            second = await anext(messages)
            stage.broker.rebalance("mine")
            assert not await steals.ack(second), "it was moved before that"
            again = await anext(messages)
            assert again == second
            assert await steals.ack()

    asyncio.run(scene())


class MovesWhileItCommits(FakeLog):
    """A group that gives a partition back while the broker takes an acknowledgement of it."""

    async def commit(self, points: Mapping[int, Point]) -> bool:
        done = await super().commit(points)
        self.restart()
        return done


def test_what_was_committed_is_acknowledged_though_it_moves_meanwhile(monkeypatch):
    """To say that it comes again would be wrong: who believes that undoes what he did."""

    async def scene() -> None:
        stage = InMemory()
        await stage.push(started(1), started(2))
        monkeypatch.setattr(fake, "FakeLog", MovesWhileItCommits)
        async with stage.subscribe(**WORDS) as steals:
            messages = aiter(steals)
            first = await anext(messages)
            assert await steals.ack(), "it does not come again"
            second = await anext(messages)
            assert (first.id, second.id) == ("0-1-0", "0-2-0")

    asyncio.run(scene())


class MovesWhileItReads(FakeLog):
    """A group that gives partitions back while it is waited for records."""

    async def poll(self, wait_s: float) -> list[Record]:
        await asyncio.sleep(0)
        self.restart()
        return await super().poll(wait_s)


def test_what_is_read_after_a_move_in_the_midst_of_waiting_is_handed_out(monkeypatch):
    async def scene() -> None:
        stage = InMemory()
        await stage.push(started(1), started(2))
        monkeypatch.setattr(fake, "FakeLog", MovesWhileItReads)
        async with stage.subscribe(**WORDS) as steals, asyncio.timeout(5):
            assert await heard(steals, "0-2-0") == ["0-1-0", "0-2-0"]

    asyncio.run(scene())
