"""The examples in `examples/subscribers/`, run with the wheel against a real broker."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.broker import LocalBroker
from tests.deploy.client_environment import PATIENCE_S, Environment, Running
from tests.topics.client.facts import cooling, fight, settled, started
from tests.topics.client.stages import OnBroker, on_broker
from topics.codec import encode

pytestmark = [pytest.mark.broker, pytest.mark.slow]


class Receiver(ThreadingHTTPServer):
    """Takes what is posted; answers with each of `answers`, then with 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.taken: list[dict[str, Any]] = []
        self.refused: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/steals"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Content-Type"] == "application/json"
        status = self.server.answers.pop(0) if self.server.answers else 204
        if status < 300:
            self.server.taken.append(body)
        else:
            self.server.refused.append(body["id"])
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a server on a free port."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def play(broker: LocalBroker, scene: Callable[[OnBroker], Awaitable[None]]) -> None:
    """Run a scene at topics of its own."""

    async def at_the_broker() -> None:
        async with on_broker(broker.address) as stage:
            await scene(stage)

    asyncio.run(at_the_broker())


async def until(true: Callable[[], bool], program: Running) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, program.lines
        await asyncio.sleep(0.05)


async def joined(stage: OnBroker, group: str, program: Running) -> None:
    """Wait until a group has a place: it begins at the end of the log."""
    deadline = time.monotonic() + PATIENCE_S
    while len(await stage.acknowledged(group)) < 2:
        assert time.monotonic() < deadline, program.lines
        assert program.process.poll() is None, program.lines
        await asyncio.sleep(0.1)


def test_the_webhook_posts_each_steal_until_it_is_taken(
    client: Environment, broker: LocalBroker, receiver: Receiver
):
    async def scene(stage: OnBroker) -> None:
        program = client.start("webhook.py", receiver.url, settings=stage.settings)
        await joined(stage, "webhook", program)
        receiver.answers = [503, 404]
        await stage.push(started(1), cooling(2), settled(3), started(1), started(4))
        await until(lambda: len(receiver.taken) == 3, program)
        assert [one["id"] for one in receiver.taken] == ["0-1-0", "0-3-0", "0-4-0"]
        assert receiver.taken[0] == json.loads(encode(started(1)))
        assert receiver.refused == ["0-1-0", "0-1-0"]
        assert program.end() == 0
        assert program.lines == [
            "0-1-0: HTTP Error 503: Service Unavailable",
            "0-1-0: HTTP Error 404: Not Found",
        ]
        # What came while it was away comes then, and nothing twice.
        await stage.push(started(4), started(5))
        program = client.start("webhook.py", receiver.url, settings=stage.settings)
        await until(lambda: len(receiver.taken) == 4, program)
        assert receiver.taken[-1]["id"] == "0-5-0"
        assert program.end() == 0

    play(broker, scene)


def test_the_webhook_acknowledges_only_what_was_taken(
    client: Environment, broker: LocalBroker, receiver: Receiver
):
    async def scene(stage: OnBroker) -> None:
        program = client.start("webhook.py", receiver.url, settings=stage.settings)
        await joined(stage, "webhook", program)
        receiver.answers = [204] + [500] * 100
        await stage.push(started(1), started(2))
        await program.until("0-2-0: HTTP Error 500")
        assert program.end() == 0, "it ends although nobody takes the second"
        assert (await stage.acknowledged("webhook"))[0] == 1

    play(broker, scene)


def test_the_sizer_pauses_both_symbols_after_a_fight_and_resumes(
    client: Environment, broker: LocalBroker
):
    async def scene(stage: OnBroker) -> None:
        now_us = time.time_ns() // 1000
        await stage.push(fight(1, now_us - 3_600_000_000, ("LTCUSD", "XRPUSD")))
        await stage.push(fight(2, now_us))
        program = client.start("position_sizer.py", settings=stage.settings, PAUSE_S="15")
        await program.until("ETHUSD: 0 of 3500")
        assert program.lines == ["BTCUSD: 0 of 3500", "ETHUSD: 0 of 3500"]
        await stage.push(fight(3, time.time_ns() // 1000, ("BTCUSD", "LTCUSD")))
        await program.until("LTCUSD: 0 of 3500")
        await program.until("ETHUSD: 3500 of 3500")
        assert "BTCUSD: 3500 of 3500" not in program.lines, "a second fight keeps it paused"
        await program.until("LTCUSD: 3500 of 3500")
        assert program.lines[-2:] == ["BTCUSD: 3500 of 3500", "LTCUSD: 3500 of 3500"]
        assert program.end() == 0

    play(broker, scene)
