"""A worker on a real broker whose accounts stand still in the middle of a steal, and its pages."""

import asyncio
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.workload import SYMBOLS, Raw, account
from tests.faults.deployment import PARTITIONS, Deployment, Worker, deployed, now_us, wait_until
from tests.faults.load import publish
from topics.codec import encode
from topics.events import AccountSnapshot, EntryRequested, OrderAccepted

STEALING = 8
"""So many accounts, the first ones, have an order and an entry that is stealing it."""

ODD_NAME = "desk/7:a@b+c.d"
"""Has every kind of character that may stand in an account's name."""

PATIENCE_S = 60.0


class Page(NamedTuple):
    """What the server answered."""

    status: int
    body: Any
    headers: dict[str, str]


def ask(
    url: str,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Page:
    """Send one request as it is written; a Host among the headers stands for the true one."""
    where = urlsplit(url)
    headers = headers or {}
    with closing(http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)) as line:
        line.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            line.putheader(name, value)
        if body is not None:
            line.putheader("Content-Length", str(len(body)))
        line.endheaders(body)
        answer = line.getresponse()
        text = answer.read()
        return Page(answer.status, json.loads(text) if text else None, dict(answer.getheaders()))


def address_of(worker: Worker) -> str:
    """Return where a worker says that its pages are."""
    line = re.compile(r"pages at (http://\S+)")
    wait_until(lambda: line.search(worker.said) or worker.process.poll() is not None, PATIENCE_S)
    found = line.search(worker.said)
    assert found, worker.said
    return found[1]


class Standing(NamedTuple):
    """The deployment, its worker, and where its pages are."""

    deployment: Deployment
    worker: Worker
    url: str

    def options(self) -> tuple[str, ...]:
        """Return what leads a command to this deployment."""
        settings = self.deployment.settings
        return ("--bootstrap", settings.bootstrap, "--topic-prefix", settings.topic_prefix)


@contextmanager
def standing(bootstrap: str, folder: Path) -> Iterator[Standing]:
    """Bring a worker's accounts into the middle of their steals."""
    with deployed(bootstrap, folder) as deployment:
        worker = deployment.start()
        url = address_of(worker)
        worker.wait_ready()
        deployment.open()
        asyncio.run(publish(deployment.settings, list(_events())))
        for name in (account(STEALING - 1), ODD_NAME):
            wait_until(partial(_arrived, url, name), PATIENCE_S, every=0.1)
        yield Standing(deployment, worker, url)


def _events() -> Iterator[Raw]:
    ts_us = now_us()
    odd = AccountSnapshot(ts_us=ts_us, account=ODD_NAME, equity=5000.0)
    yield Raw("accounts", 0, encode(odd))
    for number in range(STEALING):
        order = OrderAccepted(
            ts_us=ts_us, account=account(number), order="w0", symbol=SYMBOLS[1], side="buy",
            limit=90.0, qty=100.0,
        )  # fmt: skip
        entry = EntryRequested(
            ts_us=ts_us, account=account(number), entry="e0", symbol=SYMBOLS[11], side="buy",
            limit=99.8, qty=50.0, expires_us=ts_us + 864_000_000_000,
        )  # fmt: skip
        yield from (Raw("orders", number % PARTITIONS, encode(one)) for one in (order, entry))


def _arrived(url: str, name: str) -> bool:
    body = ask(url, f"/accounts/{name}").body
    return bool(body.get("steals")) if name != ODD_NAME else "capital" in body


def still(view: dict[str, Any]) -> dict[str, Any]:
    """Return what of a view does not change while an account stands still."""
    as_of = {"journal_partition": view["as_of"]["journal_partition"]}
    return {k: v for k, v in view.items() if k not in ("deployment", "source")} | {"as_of": as_of}
