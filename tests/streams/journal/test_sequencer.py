"""The sequencer on a real broker: nothing lost, nothing doubled, what is refused is kept."""

import asyncio
import time

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.ground.settings import client_options
from streams.journal.writing.sequencer import DEAD_LETTER_BYTES_MAX
from topics.catalogue import DEAD_LETTERS, INBOUND

from .deployed import everything, taken
from .sequenced import Deployment, assert_once, play, publish_everywhere, quote, snapshot, until

pytestmark = pytest.mark.broker


def test_everything_arrives_once_in_the_right_journal_partitions(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        await publish_everywhere(at, 0, 700)
        service = await at.start()
        await publish_everywhere(at, 700, 1500)
        found = await at.framed()
        assert_once(found, 1500)
        assert found.sent(0) == found.sent(1) == 3 * 1500
        assert (service.sequencer.events, service.sequencer.refused) == (4 * 1500, 0)

    play(broker, tmp_path, scenario)


def test_a_clean_stop_commits_and_the_next_start_sends_nothing_again(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        service = await at.start()
        await publish_everywhere(at, 0, 500)
        await until(lambda: service.sequencer.events == 4 * 500)
        await at.stop(service)
        assert {at for at in (await at.committed()).values() if at} == {500}
        await at.start()
        await publish_everywhere(at, 500, 600)
        found = await at.framed()
        assert_once(found, 600)
        assert found.sent(0) == 3 * 600

    play(broker, tmp_path, scenario)


def test_a_death_between_publication_and_commit_resends_and_desks_trim(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        service = await at.start()
        await publish_everywhere(at, 0, 300)
        await until(lambda: service.sequencer.events == 4 * 300)
        await at.stop(service)
        for round_ in (1, 2):
            service = await at.start()
            service.sequencer._committed_s = time.monotonic() + 1e6  # no more commits
            await publish_everywhere(at, 300 * round_, 300 * (round_ + 1))
            await at.framed()
            await at.kill(service)
        await at.start()
        found = await at.framed()
        assert_once(found, 900)
        await until(lambda: not at.failures)
        resent = (await at.framed()).sent(0)
        assert resent > 3 * 900

    play(broker, tmp_path, scenario)


POISON: list[tuple[str, bytes | None, str, str]] = [
    ("quotes", b"{nonsense", "not_json", ""),
    ("quotes", b"", "not_json", ""),
    ("quotes", None, "not_json", ""),
    ("quotes", b"\xff\xfe\x00", "not_json", ""),
    ("quotes", quote(1).replace(b'"bid":2.0', b'"bid":-2.0'), "", "bid"),
    ("quotes", snapshot(1), "wrong_topic", "type"),
    ("accounts", b"[" * 100, "too_deep", ""),
    ("accounts", b'"' + b" " * 70_000 + b'"', "oversize", ""),
]


def test_dead_letters_carry_exact_bytes_reason_field_and_origin(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        service = await at.start()
        places: dict[str, int] = {"quotes": 0, "accounts": 0}
        wanted = {}
        for topic, value, reason, field in POISON:
            sound = quote(1) if topic == "quotes" else snapshot(1)
            await at.publish(topic, 1, [sound, value])
            wanted[f"{topic}:1:{places[topic] + 1}"] = (value or b"", reason, field)
            places[topic] += 2
        await at.publish("quotes", 1, [quote(1)])
        found = await at.framed()
        assert found.offsets(0, "quotes", 1) == [*range(0, places["quotes"], 2), places["quotes"]]
        assert found.offsets(1, "accounts", 1) == list(range(0, places["accounts"], 2))
        await at.stop(service)
        assert service.sequencer.refused == len(POISON)
        letters = await everything(at.settings, at.settings.topic(DEAD_LETTERS.name))
        got = {}
        for record in (record for records in letters.values() for record in records):
            headers = dict(record.headers)
            origin = headers["origin"].decode()
            assert record.key == headers["origin"]
            assert abs(int(headers["origin-ts-ms"]) - record.ts_ms) < 3_600_000
            reason = headers["reason"].decode()
            got[origin] = (
                record.value,
                reason if wanted[origin][1] else "",
                headers["field"].decode(),
            )
            assert reason
        assert got == wanted

    play(broker, tmp_path, scenario)


def test_the_largest_record_that_a_source_takes_becomes_a_dead_letter(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        service = await at.start()
        largest = bytes(1_048_588 - 80)
        large = bytes(1_000_000)
        await at.publish("orders", 0, [large])
        await at.publish("orders", 1, [largest])
        await at.framed()
        await at.stop(service)
        letters = await everything(at.settings, at.settings.topic(DEAD_LETTERS.name))
        values = [record.value for records in letters.values() for record in records]
        assert sorted(map(len, filter(None, values))) == [len(large), len(largest)]

    play(broker, tmp_path, scenario)


def test_a_record_that_unpacks_to_more_than_a_topic_takes_is_cut_and_says_so(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        service = await at.start()
        packing = AIOKafkaProducer(
            **client_options(at.settings), compression_type="gzip", max_request_size=64 << 20
        )
        await packing.start()
        bomb = b"[" + b" " * (40 << 20)
        await packing.send_and_wait(at.settings.topic("orders"), bomb, partition=0)
        await packing.stop()
        await at.publish("orders", 0, [b"?"])
        await at.framed()
        await at.stop(service)
        letters = await everything(at.settings, at.settings.topic(DEAD_LETTERS.name))
        found = [record for records in letters.values() for record in records]
        told = {dict(record.headers)["origin"]: record for record in found}
        assert sorted(told) == [b"orders:0:0", b"orders:0:1"]
        cut = told[b"orders:0:0"]
        assert dict(cut.headers)["cut-from-bytes"] == str(len(bomb)).encode()
        assert dict(cut.headers)["reason"] == b"oversize"
        assert cut.value == bomb[:DEAD_LETTER_BYTES_MAX]
        assert "cut-from-bytes" not in dict(told[b"orders:0:1"].headers)

    play(broker, tmp_path, scenario)


def test_an_idle_sequencer_lets_time_pass_in_every_journal_partition(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        service = await at.start()
        await until(lambda: service.sequencer.frames >= 10)
        await at.stop(service)
        found = await taken(at.settings)
        for number in range(2):
            assert len(found.frames[number]) >= 4
            assert not [frame for frame in found.frames[number] if frame.runs or frame.events]

    play(broker, tmp_path, scenario, idle_frame_ms=100)


def test_a_busy_sequencer_sends_no_idle_frames(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        service = await at.start()
        await publish_everywhere(at, 0, 100)
        await at.framed()
        await at.stop(service)
        found = await taken(at.settings)
        idle = [frame for frame in found.frames[0] if not frame.runs]
        assert len(idle) <= 1  # the first one, before anything was known

    play(broker, tmp_path, scenario, idle_frame_ms=3_600_000)


def test_two_sequencers_that_come_and_go_lose_and_double_nothing(broker, tmp_path):
    """The first is slow to begin, so that what it polls meanwhile comes before it has begun."""

    async def scenario(at: Deployment) -> None:
        going = True
        count = 0

        async def keep_publishing() -> None:
            nonlocal count
            while going:
                await publish_everywhere(at, count, count + 20)
                count += 20
                await asyncio.sleep(0.01)

        one = await at.start("one")
        for topic in INBOUND:
            if topic.name not in {"quotes", "accounts"}:
                for number in range(2):
                    await at.publish(topic.name, number, [b"refused, and framed"])
        await publish_everywhere(at, 0, 20)
        count = 20
        while len(await at.committed()) < 2 * len(INBOUND):  # noqa: ASYNC110 - it says nothing
            await asyncio.sleep(0.05)
        committed = one._consumer.committed

        async def committed_slowly(place: TopicPartition) -> int | None:
            await asyncio.sleep(0.05)
            found: int | None = await committed(place)
            return found

        one._consumer.committed = committed_slowly
        publishing = asyncio.create_task(keep_publishing())
        for end in (at.kill, at.stop):
            two = await at.start("two")
            await until(lambda: one.sequencer.ready.is_set() or at.failures)
            assert not at.failures, at.failures
            assert one.sequencer.assigned.isdisjoint(two.sequencer.assigned)
            before, at_two = count, two.sequencer.events
            while count < before + 100 or two.sequencer.events == at_two:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await end(two)
        going = False
        await publishing
        assert_once(await at.framed(), count)

    play(broker, tmp_path, scenario)
