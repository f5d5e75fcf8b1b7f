"""The broker goes away and comes back; records of every bad kind come among good ones."""

import asyncio
import time

import pytest

from bench.workload import Raw, events

from .deployment import PARTITIONS, deployed, now_us
from .judge import judge, read_all
from .load import publish
from .test_kills import publishing

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_broker_that_comes_back_finds_everything_in_its_place(broker_to_break, tmp_path, end):
    with deployed(broker_to_break.address, tmp_path) as deployment:
        worker = deployment.start()
        worker.wait_ready()
        deployment.open()
        thread = publishing(deployment, 12_000, 1000)
        time.sleep(2.0)
        getattr(broker_to_break, end)()
        time.sleep(1.0)
        broker_to_break.start()
        thread.join()
        while worker.process.poll() is None and not _framed(deployment):
            time.sleep(0.5)
        if worker.process.poll() is not None:  # it may end itself; a supervisor starts it again
            worker = deployment.start()
            worker.wait_ready()
        deployment.wait_framed()
        assert worker.stop() == 0, worker.said
        verdict = judge(deployment.settings)
        assert verdict.clean, (verdict, worker.log()[-3000:])
        assert verdict.commands > 100


def _framed(deployment) -> bool:
    return bool(asyncio.run(deployment._framed()))


POISON = {
    "not_json": b"\x00\xff\xfe not json",
    "not_json, empty": b"",
    "unknown_type": b'{"type":"nonsense","v":1}',
    "newer_version": b'{"type":"quote","v":2,"ts_us":1,"symbol":"A","bid":1,"ask":2}',
    "missing_field": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":1}',
    "extra_field": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":1,"ask":2,"x":1}',
    "wrong_type": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":"1","ask":2}',
    "not_a_number": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":NaN,"ask":2}',
    "infinite_number": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":1e999,"ask":2}',
    "negative_number": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":-1,"ask":2}',
    "zero_number": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":0,"ask":2}',
    "absurd_number": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":1,"ask":1e300}',
    "bad_id": b'{"type":"entry.withdrawn","v":1,"ts_us":1,"account":"a b","entry":"e"}',
    "duplicate_key": b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":1,"bid":2,"ask":3}',
    "too_deep": b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
    "oversize": b'{"type":"quote","pad":"' + b"x" * 100_000 + b'"}',
    "oversize, the largest a broker takes": b"y" * 1_000_000,
    "wrong_topic": b'{"type":"forecast","v":1,"ts_us":1,"symbol":"A","pnl":1}',
}


def test_each_kind_of_poison_ends_in_dead_letters_with_its_exact_bytes(broker, tmp_path):
    with deployed(broker.address, tmp_path) as deployment:
        worker = deployment.start()
        worker.wait_ready()
        deployment.open()
        good = list(events(6000, PARTITIONS, now_us()))
        mixed: list[Raw] = []
        for number, value in enumerate(POISON.values()):
            mixed += good[number * 300 : (number + 1) * 300]
            mixed += [Raw(topic, number % PARTITIONS, value) for topic in ("orders", "accounts")]
        mixed += good[len(POISON) * 300 :]
        asyncio.run(publish(deployment.settings, mixed))
        deployment.wait_framed()
        assert worker.stop() == 0, worker.said
        verdict = judge(deployment.settings)
        assert verdict.clean, verdict
        assert verdict.commands > 50
        topic = deployment.settings.topic("dead-letters")
        letters = [
            one
            for part in asyncio.run(read_all(deployment.settings, topic)).values()
            for one in part
        ]
        assert len(letters) == 2 * len(POISON)
        for told, value in POISON.items():
            mine = [letter for letter in letters if letter.value == value]
            reasons = {dict(letter.headers)["reason"].decode() for letter in mine}
            assert reasons == {told.split(",")[0]}, told
            origins = {dict(letter.headers)["origin"].split(b":")[0] for letter in mine}
            assert origins == {b"orders", b"accounts"}
