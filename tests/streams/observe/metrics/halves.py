"""Both halves of a worker as processes of their own, their accounts in known states, logging to files."""

import asyncio
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from bench.workload import SYMBOLS, Raw, account
from tests.faults.deployment import PARTITIONS, Deployment, Worker, deployed, now_us, wait_until
from tests.faults.load import publish
from topics.codec import encode
from topics.events import (
    AnyEvent,
    EntryRequested,
    EntryWithdrawn,
    Fill,
    OrderAccepted,
    OrderCancelled,
)

DEADLINE_S = 120.0
"""Generous: the machines that run this are shared."""

SETTLED, LOST, IN_FLIGHT = (0, 1, 2), (3,), (4, 5)
"""Numbers of the accounts whose steal came to this."""

STARTED = (*SETTLED, *LOST, *IN_FLIGHT)
BLOCKED, REFUSED = 10, 11

DEAD = {("quotes", "not_json"): 3, ("orders", "wrong_topic"): 2}
"""Records that are refused at the door, by topic and reason."""

NAMED = 3
"""So many accounts have figures of their own."""

SECRETS = {
    "WORKSTEAL_SASL_PASSWORD": "the-password-of-the-broker",
    "WORKSTEAL_SSL_PASSWORD": "the-password-of-the-key",
    "WORKSTEAL_WEB_TOKEN": "the-token-of-the-pages-0123456789",
}


class Answer(NamedTuple):
    kind: str
    text: str


class Halves(NamedTuple):
    """A deployment with a sequencer and an agent apart."""

    deployment: Deployment
    sequencer: Worker
    agent: Worker

    def ask(self, half: str, path: str = "/metrics") -> Answer:
        """Return what a half answers."""
        worker: Worker = getattr(self, half)
        asked = urllib.request.Request(_address(worker) + path)
        asked.add_header("Authorization", f"Bearer {SECRETS['WORKSTEAL_WEB_TOKEN']}")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return Answer(answer.headers["Content-Type"], answer.read().decode())

    def scrape(self, half: str) -> dict[str, Family]:
        """Return the metrics of a half by name."""
        families = text_string_to_metric_families(self.ask(half).text)
        return {family.name: family for family in families}


def _address(worker: Worker) -> str:
    found = re.search(r"pages at (http://[^\s\"]+)", worker.said)
    assert found, worker.said
    return found[1]


def values(families: dict[str, Family], name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """Return a series by the values of some labels."""
    samples = (sample for family in families.values() for sample in family.samples)
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for sample in samples
        if sample.name == name
    }


@contextmanager
def halves(bootstrap: str, folder: Path) -> Iterator[Halves]:
    """Bring both halves up and their accounts into the states above."""
    told = SECRETS | {
        "WORKSTEAL_LOG_FORMAT": "auto",
        "WORKSTEAL_LOG_LEVEL": "debug",
        "WORKSTEAL_METRICS_ACCOUNTS": str(NAMED),
    }
    with deployed(bootstrap, folder) as deployment:
        agent, sequencer = (
            deployment.start(half, "--verbose", "--only", half, **told)
            for half in ("agent", "sequencer")
        )
        found = Halves(deployment, sequencer, agent)
        for worker in (agent, sequencer):
            worker.wait_ready()
        deployment.open()
        asyncio.run(publish(deployment.settings, _steals()))
        wait_until(lambda: _count(found, "started") == len(STARTED), DEADLINE_S, every=0.2)
        asyncio.run(publish(deployment.settings, [*_answers(), *_refusals()]))
        wait_until(lambda: _settled(found), DEADLINE_S, every=0.2)
        yield found


def _count(found: Halves, outcome: str) -> float:
    told = values(found.scrape("agent"), "worksteal_steals_total", "outcome")
    return told.get((outcome,), 0.0)


def _settled(found: Halves) -> bool:
    told = values(found.scrape("agent"), "worksteal_event_refusals_total", "reason")
    counted = _count(found, "settled"), _count(found, "lost"), told[("unknown_entry",)]
    return counted == (len(SETTLED), len(LOST), 1)


def _raw(number: int, *events: AnyEvent) -> Iterator[Raw]:
    for event in events:
        topic = "fills" if isinstance(event, Fill) else "orders"
        yield Raw(topic, number % PARTITIONS, encode(event))


def _steals() -> Iterator[Raw]:
    """Let entries steal all that there is from an order far from its limit."""
    ts_us = now_us()
    for number in STARTED:
        yield from _raw(
            number,
            OrderAccepted(
                ts_us=ts_us, account=account(number), order="w0", symbol=SYMBOLS[1], side="buy",
                limit=90.0, qty=100.0,
            ),
            _entry(number, ts_us),
        )  # fmt: skip


def _entry(number: int, ts_us: int, qty: float = 50.0) -> EntryRequested:
    return EntryRequested(
        ts_us=ts_us, account=account(number), entry="e0", symbol=SYMBOLS[11], side="buy",
        limit=99.8, qty=qty, expires_us=ts_us + 864_000_000_000,
    )  # fmt: skip


def _answers() -> Iterator[Raw]:
    """Let the venue answer some of the cancels: they are confirmed, or a fill was faster."""
    ts_us = now_us()
    for number in SETTLED:
        yield from _raw(
            number,
            OrderCancelled(ts_us=ts_us, account=account(number), order="w0"),
            OrderAccepted(
                ts_us=ts_us, account=account(number), order="e0.3", symbol=SYMBOLS[11], side="buy",
                limit=99.8, qty=50.0,
            ),
        )  # fmt: skip
    for number in LOST:
        yield from _raw(
            number,
            Fill(
                ts_us=ts_us, account=account(number), order="w0", symbol=SYMBOLS[1], side="buy",
                price=90.0, qty=100.0, fill="x1",
            ),
        )  # fmt: skip


def _refusals() -> Iterator[Raw]:
    """Let the desk refuse an entry and an event, and the sequencer some records."""
    ts_us = now_us()
    yield from _raw(BLOCKED, _entry(BLOCKED, ts_us, qty=1000.0))
    yield from _raw(REFUSED, EntryWithdrawn(ts_us=ts_us, account=account(REFUSED), entry="nobody"))
    snapshot = b'{"type":"account.snapshot","v":1,"ts_us":1,"account":"a","equity":1.0}'
    for (topic, reason), count in DEAD.items():
        value = b"not JSON" if reason == "not_json" else snapshot
        yield from (Raw(topic, number % PARTITIONS, value) for number in range(count))
