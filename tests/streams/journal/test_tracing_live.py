"""Traces on a real broker: through the sequencer, and through a worker that is killed half-way."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from bench.workload import SYMBOLS, account
from streams.ground.kafka import LogRecord
from streams.ground.settings import client_options
from tests.faults.deployment import Deployment as Workers
from tests.faults.deployment import Worker, now_us, wait_until
from tests.faults.deployment import deployed as workers
from topics.catalogue import DEAD_LETTERS, EXECUTION, JOURNAL, STEALS
from topics.codec import encode
from topics.events import EntryRequested, OrderAccepted
from topics.headers import TRACEPARENT

from .deployed import everything
from .sequenced import Deployment, play, quote, snapshot

pytestmark = pytest.mark.broker

ATTEMPTS = 3
"""A checkpoint may fall between a steal and the kill; then nothing needs to be sent again."""


def trace(number: int) -> bytes:
    return b"00-%032x-%016x-01" % (number + 1, number + 1)


def test_the_sequencer_passes_traces_on_and_ignores_bad_ones(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        async def send(topic: str, value: bytes, *headers: tuple[str, bytes]) -> None:
            name = at.settings.topic(topic)
            await at.producer.send_and_wait(name, value, partition=1, headers=list(headers))

        await send("accounts", snapshot(1), (TRACEPARENT, trace(1)))
        await send("accounts", snapshot(2), (TRACEPARENT, b"00-bad"), ("more", b"x"))
        await send("accounts", snapshot(3), (TRACEPARENT, trace(2)), (TRACEPARENT, trace(3)))
        await send("accounts", b"{nonsense", (TRACEPARENT, trace(4)))
        await send("quotes", quote(1), (TRACEPARENT, trace(5)))
        service = await at.start()
        found = await at.framed()
        await at.stop(service)
        assert found.offsets(1, "accounts", 1) == [0, 1, 2]

        journal = await everything(at.settings, at.settings.topic(JOURNAL.name))
        told = [[one for record in journal[n] for one in record.headers] for n in range(2)]
        to_all = (TRACEPARENT, b"quotes:1:0 " + trace(5))
        assert told[0] == [to_all]
        assert sorted(told[1]) == [(TRACEPARENT, b"accounts:1:0 " + trace(1)), to_all]

        letters = await everything(at.settings, at.settings.topic(DEAD_LETTERS.name))
        (letter,) = [record for records in letters.values() for record in records]
        headers = dict(letter.headers)
        assert headers[TRACEPARENT] == trace(4)
        assert headers["ce_id"] == headers["origin"] == b"accounts:1:3"
        assert headers["ce_source"] == f"/worksteal/{at.settings.topic('accounts')}".encode()

    play(broker, tmp_path, scenario)


def said(at: Workers) -> dict[str, list[LogRecord]]:
    """Return all commands and facts by id, each as often as it was sent."""

    async def read() -> list[LogRecord]:
        found = [
            await everything(at.settings, at.settings.topic(topic.name))
            for topic in (EXECUTION, STEALS)
        ]
        return [record for topic in found for records in topic.values() for record in records]

    by_id: dict[str, list[LogRecord]] = {}
    for record in asyncio.run(read()):
        by_id.setdefault(msgspec.json.decode(record.value or b"")["id"], []).append(record)
    return by_id


async def steal(at: Workers, number: int) -> None:
    """Publish what makes an account's thief steal from its holder; both requests have a trace."""
    name, now = account(number), now_us()
    holder = OrderAccepted(
        ts_us=now, account=name, order="w", symbol=SYMBOLS[0], side="buy", limit=90.0, qty=100.0
    )
    thief = EntryRequested(
        ts_us=now, account=name, entry="e", symbol=SYMBOLS[10], side="buy", limit=99.8, qty=50.0
    )
    async with AIOKafkaProducer(**client_options(at.settings)) as producer:
        for n, event in enumerate((holder, thief)):
            headers = [(TRACEPARENT, trace(10 * number + n))]
            topic = at.settings.topic("orders")
            await producer.send_and_wait(topic, encode(event), partition=0, headers=headers)


def steals_of(found: dict[str, list[LogRecord]], number: int) -> int:
    bodies = [msgspec.json.decode(records[0].value or b"") for records in found.values()]
    return len(
        [
            body
            for body in bodies
            if body["type"] == "steal.started" and body["account"] == account(number)
        ]
    )


def started(at: Workers, folder: Path) -> Worker:
    """Start a worker that checkpoints seldom, so that a kill makes it say again what it said."""
    config = folder / "seldom.yaml"
    config.write_text("checkpoint_ms: 8000\nsession_timeout_ms: 10000\n", encoding="utf-8")
    worker = at.start("worker", "--config", str(config))
    worker.wait_ready()
    return worker


@pytest.mark.slow
def test_a_trace_reaches_commands_and_facts_and_is_the_same_after_a_kill(broker, tmp_path):
    with workers(broker.address, tmp_path) as at:
        worker = started(at, tmp_path)
        at.open()
        for attempt in range(ATTEMPTS):
            asyncio.run(steal(at, 4 * attempt))
            wait_until(lambda n=attempt: steals_of(said(at), 4 * n) == 1, 120, every=0.1)
            worker.kill()
            worker = started(at, tmp_path)
            time.sleep(2)  # what it says again
            found = said(at)
            if any(len(records) > 1 for records in found.values()):
                break
        assert worker.stop() == 0
        found = said(at)

    assert any(len(records) > 1 for records in found.values()), "nothing was sent again"
    kinds = set()
    for name, records in found.items():
        body = msgspec.json.decode(records[0].value or b"")
        headers = dict(records[0].headers)
        assert headers["ce_id"] == name.encode()
        assert headers["ce_type"] == body["type"].encode()
        assert headers["ce_source"] == f"/worksteal/{at.settings.topic('journal')}".encode()
        assert len({(one.value, tuple(one.headers)) for one in records}) == 1
        topic, _, offset = body["cause"].partition(":0:")
        if topic == "orders":
            number = 4 * (int(offset) // 2)
            assert headers[TRACEPARENT] == trace(10 * number + int(offset) % 2)
        else:
            assert TRACEPARENT not in headers
        kinds.add((body["type"], TRACEPARENT in headers))
    assert {("cancel", True), ("steal.started", True)} <= kinds
