"""What a subscriber may rely on: the same tests on the fake broker and on a real one."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.topics.client.facts import STEP_US, TS, cooling, settled, started
from tests.topics.client.stages import InMemory, Stage, heard, on_broker
from topics.client import ClientError, ClientSettingsError, MessagesGone, UnreadableMessage
from topics.codec import encode
from topics.facts import StealSettled, StealStarted

Scene = Callable[[Stage], Awaitable[None]]
Run = Callable[[Scene], None]


@pytest.fixture(params=["fake", pytest.param("broker", marks=pytest.mark.broker)])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a scene on one of the two."""
    if request.param == "fake":
        return lambda scene: asyncio.run(scene(InMemory()))  # type: ignore[arg-type]
    address = request.getfixturevalue("broker").address

    async def really(scene: Scene) -> None:
        async with on_broker(address) as stage:
            await scene(stage)

    return lambda scene: asyncio.run(really(scene))


def test_each_message_comes_once_in_order_and_typed(run):
    async def scene(stage: Stage):
        await stage.push(started(9), settled(10, 0), settled(10, 1))
        await stage.push(started(9), settled(10, 0), settled(10, 1), cooling(11))
        async with stage.subscribe(start="earliest") as steals:
            ids = await heard(steals, "0-11-0")
        assert ids == ["0-9-0", "0-10-0", "0-10-1", "0-11-0"]
        async with stage.subscribe(start="earliest") as steals:
            async for message in steals:
                assert message == started(9)
                record = steals.record_of(message)
                assert record is not None
                assert (record.partition, record.offset) == (0, 0)
                assert json.loads(record.value)["id"] == "0-9-0"
                break

    run(scene)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ({"kinds": [StealStarted]}, ["0-1-0", "0-9-0"]),
        ({"kinds": StealSettled, "accounts": "acct-1"}, ["0-2-0"]),
        ({"kinds": ["steal.settled", "cooldown.started"]}, ["0-2-0", "0-3-0", "0-4-0", "0-5-0"]),
        ({"accounts": ["acct-2"], "kinds": ["steal.settled"]}, ["0-3-0"]),
        ({"accounts": ["acct-1"]}, ["0-1-0", "0-2-0", "0-4-0", "0-9-0"]),
        ({}, ["0-1-0", "0-2-0", "0-3-0", "0-4-0", "0-5-0", "0-9-0"]),
    ],
)
def test_kinds_and_accounts_choose(words, ids):
    async def scene(stage: Stage):
        await stage.push(started(1), settled(2), settled(3, account="acct-2"))
        await stage.push(cooling(4), cooling(5, account=None), started(9))
        async with stage.subscribe(start="earliest", **words) as steals:
            assert await heard(steals, ids[-1]) == ids

    asyncio.run(scene(InMemory()))


def test_what_was_acknowledged_never_comes_again_and_all_else_does(run):
    async def scene(stage: Stage):
        await stage.push(*(started(n) for n in range(1, 6)))
        words = {"group": "mine", "start": "earliest"}
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "0-2-0", ack=True) == ["0-1-0", "0-2-0"]
            assert await heard(steals, "0-3-0") == ["0-3-0"]
        # A worker that was killed repeats what it said, then goes on.
        await stage.push(started(2), started(4), started(5), started(6))
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "0-6-0") == ["0-3-0", "0-4-0", "0-5-0", "0-6-0"]
            await steals.ack()
        await stage.push(started(5), started(6), started(7))
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "0-7-0") == ["0-7-0"]
        async with stage.subscribe(start="earliest", group="another") as steals:
            assert len(await heard(steals, "0-7-0")) == 7

    run(scene)


def test_ack_through_a_message_leaves_the_later_ones(run):
    async def scene(stage: Stage):
        await stage.push(*(started(n) for n in (1, 2, 1, 2, 3, 4)))
        words = {"group": "mine", "start": "earliest"}
        async with stage.subscribe(**words) as steals:
            messages = []
            async for message in steals:
                messages.append(message)
                if len(messages) == 4:
                    break
            assert await steals.ack(messages[1])
            assert await steals.ack(messages[0]), "that is acknowledged already"
            assert steals.record_of(messages[1]) is None
        assert (await stage.acknowledged("mine"))[0] == 2
        await stage.push(started(1), started(2), started(4))
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "0-4-0") == ["0-3-0", "0-4-0"]
            await steals.ack()
            await stage.push(started(5))
            assert await heard(steals, "0-5-0") == ["0-5-0"]

    run(scene)


def test_auto_ack_acknowledges_when_the_next_is_asked_for(run):
    async def scene(stage: Stage):
        await stage.push(*(started(n) for n in range(1, 5)))
        words = {"group": "mine", "start": "earliest", "auto_ack": True}
        async with stage.subscribe(**words) as steals:
            await heard(steals, "0-3-0")
        assert (await stage.acknowledged("mine"))[0] == 2, "the third was in hand"
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "0-4-0") == ["0-3-0", "0-4-0"]

    run(scene)


def test_where_to_begin(run):
    async def scene(stage: Stage):
        await stage.push(*(started(n) for n in range(1, 5)), started(1, journal=1))
        third = datetime.fromtimestamp((TS + 3 * STEP_US) / 1e6, UTC)
        for start, ids in (
            (third, ["0-3-0", "0-4-0", "0-5-0"]),
            ({0: 1, 1: 1}, ["0-2-0", "0-3-0", "0-4-0", "0-5-0"]),
        ):
            steals = stage.subscribe(start=start)
            async with steals:
                await stage.push(started(5))
                assert await heard(steals, "0-5-0") == ids
        async with stage.subscribe() as steals:
            await stage.push(started(6))
            assert await heard(steals, "0-6-0") == ["0-6-0"]
        with pytest.raises(ClientSettingsError, match="no offset for partition 1"):
            await stage.subscribe(start={0: 1}).open()

    run(scene)


def test_a_group_that_was_killed_before_its_first_ack_has_not_forgotten_where_it_began(run):
    async def scene(stage: Stage):
        await stage.push(started(1))
        async with stage.subscribe(group="mine", start="latest"):
            pass
        await stage.push(started(2))
        async with stage.subscribe(group="mine", start="latest") as steals:
            await stage.push(started(3))
            assert await heard(steals, "0-3-0") == ["0-2-0", "0-3-0"]

    run(scene)


def test_without_a_group_nothing_is_remembered(run):
    async def scene(stage: Stage):
        await stage.push(started(1), started(2))
        for _ in range(2):
            async with stage.subscribe(start="earliest") as steals:
                assert await heard(steals, "0-2-0", ack=True) == ["0-1-0", "0-2-0"]

    run(scene)


def newer(offset: int, **changed: object) -> bytes:
    return json.dumps(json.loads(encode(started(offset))) | changed).encode()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (newer(2, v=2), "it has version 2 and this client reads up to 1"),
        (newer(2, type="steal.blessed"), "of a kind that this client does not know: steal.blessed"),
        (newer(2, colour="red"), "contains unknown field `colour`"),
        (newer(2, id="two"), "'two' is no message's id"),
        (b"nonsense", "JSON is malformed"),
        (b"\xff", "upgrade"),
        (b"[" * 100_000, "upgrade"),
    ],
    ids=["version", "kind", "field", "id", "json", "utf8", "deep"],
)
def test_what_cannot_be_read_is_told_until_somebody_takes_it(run, value, told):
    async def scene(stage: Stage):
        await stage.push(started(1))
        await stage.push_bytes(value)
        await stage.push(started(3))
        words: dict[str, Any] = {"group": "mine", "start": "earliest"}
        for _ in range(2):
            with pytest.raises(UnreadableMessage, match=told) as error:
                async with stage.subscribe(**words) as steals:
                    await heard(steals, "0-3-0")
            assert "partition 0, offset 1 cannot be read" in str(error.value)
        taken = []
        words["on_unreadable"] = lambda record, why: taken.append((record.offset, record.value))
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "0-3-0") == ["0-1-0", "0-3-0"]
        assert taken == [(1, value)]

    run(scene)


def test_a_newer_kind_does_not_stop_who_asked_for_others():
    async def scene(stage: Stage):
        await stage.push_bytes(newer(1, type="steal.blessed", v=2))
        await stage.push(started(2))
        async with stage.subscribe(start="earliest", kinds=[StealStarted]) as steals:
            assert await heard(steals, "0-2-0") == ["0-2-0"]

    asyncio.run(scene(InMemory()))


def test_stop_and_close_end_the_iteration(run):
    async def scene(stage: Stage):
        for end in ("stop", "close"):
            steals = stage.subscribe(group="mine")
            async with steals, asyncio.timeout(30):
                going = asyncio.create_task(heard(steals, "never"))
                await asyncio.sleep(0.05)
                if end == "stop":
                    steals.stop()
                else:
                    await steals.close()
                assert await going == []
            with pytest.raises(ClientError, match="closed"):
                await steals.ack()
            with pytest.raises(ClientError, match="used once"):
                await steals.open()

    run(scene)


def test_cancelled_while_it_waits_it_ends_and_can_be_followed(run):
    async def scene(stage: Stage):
        async def follow() -> None:
            async for _ in stage.subscribe(group="mine", start="earliest"):
                pass

        going = asyncio.create_task(follow())
        await asyncio.sleep(0.5)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        await stage.push(started(1))
        async with stage.subscribe(group="mine", start="earliest") as steals:
            assert await heard(steals, "0-1-0") == ["0-1-0"]

    run(scene)


def test_a_plain_loop_opens_and_closes(run):
    async def scene(stage: Stage):
        await stage.push(started(1), started(2))
        steals = stage.subscribe(group="mine", start="earliest")
        async for message in steals:
            assert message == started(1)
            assert await steals.ack()
            steals.stop()
        with pytest.raises(ClientError, match="closed"):
            await steals.ack()
        assert (await stage.acknowledged("mine"))[0] == 1

    run(scene)


def test_what_was_only_passed_over_is_acknowledged_at_the_end(run):
    async def scene(stage: Stage):
        await stage.push(cooling(1), started(2), cooling(3), started(4, journal=1), cooling(5))
        words = {"group": "mine", "start": "earliest", "kinds": [StealStarted]}
        async with stage.subscribe(**words) as steals:
            steals_heard = {"0-2-0", "1-4-0"}
            async for message in steals:
                await steals.ack()
                steals_heard -= {message.id}
                if not steals_heard:
                    break
            await stage.push(started(6))
            await heard(steals, "0-6-0")
            await steals.ack()
            await stage.push(cooling(7))
            going = asyncio.create_task(heard(steals, "never"))
            await asyncio.sleep(1)
            steals.stop()
            await going
        assert await stage.acknowledged("mine") == {0: 6, 1: 1}

    run(scene)


def test_missing_messages_are_told_and_passed_over_only_on_demand(run):
    async def scene(stage: Stage):
        await stage.push(*(started(n) for n in range(1, 6)))
        words = {"group": "mine", "start": "earliest"}
        async with stage.subscribe(**words) as steals:
            await heard(steals, "0-1-0", ack=True)
        await stage.delete_before(3, 0)
        with pytest.raises(MessagesGone, match=r"offsets 1 to 2 of .*steals:0 were deleted"):
            await stage.subscribe(**words).open()
        with pytest.raises(MessagesGone, match="ends at offset 5, before 6, so the topic was made"):
            await stage.subscribe(start={0: 6, 1: 0}).open()
        async with stage.subscribe(allow_gaps=True, **words) as steals:
            assert await heard(steals, "0-5-0") == ["0-4-0", "0-5-0"]

    run(scene)


def test_a_journal_that_was_made_anew_is_heard(run):
    """Its ids begin low again; only a message's own time tells it from a repeat."""

    async def scene(stage: Stage):
        words = {"group": "mine", "start": "earliest"}
        await stage.push(started(50), started(51))
        async with stage.subscribe(**words) as steals:
            await heard(steals, "0-51-0", ack=True)
        later = TS + 60 * STEP_US
        await stage.push(started(50), started(1, ts_us=later), started(2, ts_us=later))
        await stage.push(started(1, ts_us=later), started(3, ts_us=later))
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "0-3-0") == ["0-1-0", "0-2-0", "0-3-0"]

    run(scene)


def test_numbers_of_two_journal_partitions_in_one_partition_do_not_meet(run):
    """Topics that somebody made with different counts."""

    async def scene(stage: Stage):
        words = {"group": "mine", "start": "earliest"}
        await stage.push(started(50), partition=0)
        await stage.push(started(4, journal=1), started(5, journal=1), partition=0)
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "1-4-0", ack=True) == ["0-50-0", "1-4-0"]
        await stage.push(started(50), started(4, journal=1), started(51), partition=0)
        async with stage.subscribe(**words) as steals:
            assert await heard(steals, "0-51-0") == ["1-5-0", "0-51-0"]

    run(scene)
