"""The example of a venue adapter, beside a worker on a real broker; it is killed half-way."""

import asyncio
import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.ground.settings import Settings, client_options
from tests.broker import LocalBroker
from tests.paths import ROOT
from tests.streams.cli.command import document, worksteal
from tests.streams.journal.deployed import deployed, everything
from topics.catalogue import EXECUTION, ORDERS, QUOTES, STEALS
from topics.codec import decode_command, decode_fact, encode
from topics.commands import Submit
from topics.events import EntryRequested, Quote
from topics.facts import EntryEnded, StealSettled, StealStarted

ADAPTER = ROOT / "examples" / "venue-adapter" / "adapter.py"
DEADLINE_S = 90.0
PRICES = {"BTCUSD": (7_099.0, 7_100.0), "ETHUSD": (403.9, 404.0), "LTCUSD": (130.4, 130.5)}

pytestmark = [pytest.mark.broker, pytest.mark.slow]


class Pipeline:
    """A worker and the adapter, under a prefix of their own."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.books = folder / "exchange.json"
        self.env = {
            "WORKSTEAL_BOOTSTRAP": settings.bootstrap,
            "WORKSTEAL_TOPIC_PREFIX": settings.topic_prefix,
            "WORKSTEAL_WEB_PORT": "0",
        }

    @contextmanager
    def worker(self) -> Iterator[None]:
        with self._running("worker", "-m", "streams.cli", "worker") as process:
            log = self.folder / "worker.log"
            wait_until(lambda: "ready after" in log.read_text(), log.read_text)
            yield
            assert process.poll() is None, log.read_text()

    @contextmanager
    def adapter(self, rest_s: float) -> Iterator[subprocess.Popen[bytes]]:
        """Run the adapter; it must not have ended by itself."""
        words = (ADAPTER, self.books, "10000", str(rest_s))
        with self._running("adapter", *words) as process:
            yield process
            assert process.poll() in (None, -9), (self.folder / "adapter.log").read_text()

    @contextmanager
    def _running(self, name: str, *words: object) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{name}.log").open("ab") as told:
            process = subprocess.Popen(
                [sys.executable, *map(str, words)],
                cwd=self.folder, env={**os.environ, "PYTHONPATH": str(ROOT), **self.env},
                stdout=told, stderr=told,
            )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=DEADLINE_S)

    def send(self, *events: Any) -> None:
        async def publish() -> None:
            async with AIOKafkaProducer(**client_options(self.settings)) as producer:
                for one in events:
                    kind = QUOTES if isinstance(one, Quote) else ORDERS
                    key = one.symbol if isinstance(one, Quote) else one.account
                    topic = self.settings.topic(kind.name)
                    await producer.send_and_wait(topic, encode(one), key=key.encode())

        asyncio.run(publish())

    def be_patient(self) -> None:
        """Put a policy in force under which an adapter may be away for long, on a busy machine too."""
        patient = (
            "name: patient\nsteal_timeout_s: 600\norder_timeout_s: 600\nquote_max_age_s: 600\n"
        )
        (self.folder / "patient.yaml").write_text(patient, encoding="utf-8")
        done = worksteal("policy", "set", "patient.yaml", cwd=self.folder, **self.env)
        assert done.status == 0, done.err

    def facts(self) -> list[Any]:
        return [decode_fact(value) for value in self._values(STEALS.name)]

    def commands(self) -> list[Any]:
        return [decode_command(value) for value in self._values(EXECUTION.name)]

    def _values(self, topic: str) -> list[bytes]:
        found = asyncio.run(everything(self.settings, self.settings.topic(topic)))
        return [record.value or b"" for records in found.values() for record in records]

    def exchange(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.books.read_text()) if self.books.exists() else {}
        return read

    def states(self) -> dict[str, str]:
        return {name: order["state"] for name, order in self.exchange().get("orders", {}).items()}


def wait_until(done: Callable[[], object], told: Callable[[], object] = str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


def quotes() -> list[Quote]:
    ts_us = time.time_ns() // 1000
    return [Quote(ts_us=ts_us, symbol=s, bid=bid, ask=ask) for s, (bid, ask) in PRICES.items()]


def entry(name: str, symbol: str, limit: float, qty: float) -> EntryRequested:
    return EntryRequested(
        ts_us=time.time_ns() // 1000, account="demo", entry=name, symbol=symbol, side="buy",
        limit=limit, qty=qty, tolerance=0.05,
    )  # fmt: skip


def deploy(broker: LocalBroker, folder: Path) -> Pipeline:
    return Pipeline(asyncio.run(deployed(broker, folder)), folder)


def test_a_steal_goes_through_and_a_killed_adapter_neither_loses_nor_repeats(broker, tmp_path):
    at = deploy(broker, tmp_path)
    at.be_patient()
    with at.worker():
        with at.adapter(rest_s=3600.0) as adapter:
            at.send(*quotes(), entry("one", "BTCUSD", 7_000.0, 0.7))
            at.send(entry("two", "ETHUSD", 400.0, 12.0))
            wait_until(lambda: list(at.states().values()) == ["open", "open"], at.facts)
            adapter.kill()
            adapter.wait()
        # What is decided while it is away waits on the topic.
        at.send(*quotes(), entry("three", "LTCUSD", 130.0, 30.0))
        wait_until(lambda: any(isinstance(fact, StealStarted) for fact in at.facts()), at.facts)
        with at.adapter(rest_s=3600.0) as adapter:
            wait_until(lambda: any(isinstance(f, StealSettled) for f in at.facts()), at.facts)
            adapter.kill()
            adapter.wait()
        with at.adapter(rest_s=0.0):  # everything trades now
            wait_until(
                lambda: sum(isinstance(fact, EntryEnded) for fact in at.facts()) >= 2, at.facts
            )
            wait_until(lambda: stands_as_at_the_exchange(at), at.exchange)
    orders = at.states()
    assert sorted(orders.values()) == ["cancelled", "filled", "filled"]
    asked = [command for command in at.commands() if isinstance(command, Submit)]
    assert {command.entry for command in asked} == {"one", "two"}
    assert [trade["fill"] for trade in at.exchange()["trades"]] == ["t1", "t2"]
    proof = worksteal("verify", "--broker", "--complete", cwd=tmp_path, **at.env)
    assert proof.out.startswith("identical"), proof


def stands_as_at_the_exchange(at: Pipeline) -> bool:
    """Whether the desk's account has the holdings and the open orders of the exchange."""
    done = worksteal("state", "demo", "--json", "--from-changelog", cwd=at.folder, **at.env)
    seen = document(done)
    held = {name: qty for name, (qty, _) in at.exchange()["held"].items()}
    theirs = {one["symbol"]: one["qty"] for one in seen["positions"]}
    return theirs == held and not seen["orders"]


def test_the_adapter_is_short():
    assert len(ADAPTER.read_text(encoding="utf-8").splitlines()) <= 80


def test_the_exchange_does_nothing_twice_even_after_a_restart(tmp_path):
    def opened() -> Any:
        return runpy.run_path(str(ADAPTER.with_name("exchange.py")))["Exchange"](
            str(tmp_path / "books.json"), 10_000.0, 0.0
        )

    terms = ("BTCUSD", "buy", 7_000.0, 0.7)
    assert opened().place("one", *terms)["state"] == "open"
    assert opened().place("one", *terms)["state"] == "open"
    assert opened().place("two", *terms)["state"] == "open"
    assert opened().place("three", *terms)["state"] == "insufficient_funds"
    assert [opened().cancel("two")["state"] for _ in range(2)] == ["cancelled"] * 2
    (trade,) = opened().match()
    assert (trade["order"], opened().match()) == ("one", [trade])
    assert opened().cancel("one")["state"] == "filled"
    for _ in range(2):
        assert opened().market("0-7-0", "BTCUSD", "sell", 0.7)["state"] == "filled"
    assert opened().books["held"]["BTCUSD"][0] == 0.0
    assert opened().cancel("none") is None
