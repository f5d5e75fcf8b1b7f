"""Whatever a subscriber does between two restarts: none missed, none acknowledged heard again."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.topics.client.facts import cooling, settled, started
from topics.client.fake import FakeBroker

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["push", "other", "repeat", "hear", "ack", "ack_one", "move", "restart"]),
        st.integers(1, 4),
    ),
    max_size=40,
)
PARTITIONS = 2


class Story:
    """A subscriber to steals, and a broker on which more than those comes."""

    def __init__(self) -> None:
        self.broker = FakeBroker(PARTITIONS)
        self.offset = 0
        self.published: list[str] = []
        self.heard: list[Any] = []
        self.in_hand: list[Any] = []
        self.done: set[str] = set()

    def restart(self) -> None:
        words: dict[str, Any] = {"group": "mine", "start": "earliest"}
        self.steals = self.broker.subscribe(kinds=["steal.started"], **words)
        self.messages = aiter(self.steals)
        self.in_hand = []

    def publish(self, many: int, *, wanted: bool) -> None:
        for _ in range(many):
            self.offset += 1
            journal = self.offset % PARTITIONS
            if wanted:
                self.broker.push(started(self.offset, journal=journal))
                self.published.append(f"{journal}-{self.offset}-0")
            else:
                other = settled if self.offset % 3 else cooling
                self.broker.push(other(self.offset, journal=journal))

    async def hear(self, many: int) -> None:
        for _ in range(many):
            if len(self.done | {one.id for one in self.in_hand}) == len(self.published):
                return
            message = await anext(self.messages)
            assert message.id not in self.done
            assert message.id not in [one.id for one in self.in_hand]
            self.heard.append(message.id)
            self.in_hand.append(message)

    async def ack(self, through: Any = None) -> None:
        assert await self.steals.ack(through)
        last = len(self.in_hand) if through is None else self.in_hand.index(through) + 1
        self.done |= {one.id for one in self.in_hand[:last]}
        del self.in_hand[:last]

    async def step(self, name: str, many: int) -> None:
        match name:
            case "push" | "other":
                self.publish(many, wanted=name == "push")
            case "repeat":
                self.broker.repeat(many)
            case "hear":
                await self.hear(many)
            case "ack":
                await self.ack()
            case "ack_one" if self.in_hand:
                await self.ack(self.in_hand[min(many, len(self.in_hand)) - 1])
            case "move":
                if self.steals._opened:
                    self.broker.rebalance("mine")
                    assert await self.steals.ack() == (not self.in_hand)
                    self.in_hand = []
            case "restart":
                await self.end()
                self.restart()

    async def end(self) -> None:
        await self.messages.aclose()  # type: ignore[attr-defined]
        await self.steals.close()


@settings(deadline=None)  # shared machines
@given(STEPS)
def test_none_is_missed_and_none_acknowledged_comes_again(steps):
    async def play() -> None:
        story = Story()
        story.restart()
        for name, many in steps:
            await story.step(name, many)
        await story.end()
        story.restart()
        await story.hear(len(story.published))
        await story.ack()
        assert story.done == set(story.published)
        await story.end()

    asyncio.run(play())
