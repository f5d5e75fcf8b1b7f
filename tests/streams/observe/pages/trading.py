"""A worker on a real broker with accounts as people have them, for the page to show."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.workload import Raw
from state.rules.policy import policy_from
from tests.faults.deployment import PARTITIONS, Deployment, Worker, deployed, now_us
from tests.faults.load import publish
from tests.streams.observe.pages.standing import address_of
from topics.catalogue import TOPIC_OF
from topics.codec import encode
from topics.events import (
    AccountSnapshot,
    EntryRequested,
    OrderAccepted,
    PolicySet,
    Quote,
)

DAY_S = 86_400
POLICY = policy_from(
    {
        "name": "page",
        "quote_max_age_s": DAY_S,
        "snapshot_max_age_s": DAY_S,
        "cooldown_s": 900,
        "steal_timeout_s": 3600,
        "order_timeout_s": 3600,
        "fight_threshold": 2,
    }
)
PRICES = {"BTCUSD": 7100.0, "ETHUSD": 404.0, "LTCUSD": 130.5, "SOLUSD": 21.0, "XRPUSD": 0.52}
NAMES = ("alpha", "bravo", "carol", "delta")
"""Each is in the journal partition of its place in this list."""


class Trading(NamedTuple):
    """The deployment, its worker, and where its page is."""

    deployment: Deployment
    worker: Worker
    url: str

    def tell(self, *events: Any) -> None:
        """Publish events of accounts and wait until they are framed."""
        asyncio.run(publish(self.deployment.settings, [_raw(event) for event in events]))

    def steal(self, account: str, number: int) -> None:
        """Have an entry that takes the place of an order that is far away, in an account of its own."""
        name = f"{account}-{number}"
        self.tell(
            AccountSnapshot(ts_us=now_us(), account=name, equity=10_000.0),
            accepted(name, "far", "BTCUSD", 6700.0, 1.3),
            wish(name, "near", "ETHUSD", 403.5, 20.0),
        )


def accepted(account: str, order: str, symbol: str, limit: float, qty: float) -> OrderAccepted:
    return OrderAccepted(
        ts_us=now_us(),
        account=account,
        order=order,
        symbol=symbol,
        side="buy",
        limit=limit,
        qty=qty,
    )


def wish(account: str, entry: str, symbol: str, limit: float, qty: float, pnl: float = 100.0) -> EntryRequested:  # fmt: skip
    return EntryRequested(
        ts_us=now_us(), account=account, entry=entry, symbol=symbol, side="buy", limit=limit,
        qty=qty, pnl=pnl, expires_us=now_us() + DAY_S * 1_000_000,
    )  # fmt: skip


def _raw(event: Any) -> Raw:
    name = getattr(event, "account", None)
    base = name.partition("-")[0] if name else ""
    number = NAMES.index(base) if base in NAMES else 0
    return Raw(TOPIC_OF[type(event)].name, number % PARTITIONS, encode(event))


def _policies() -> Iterator[Raw]:
    event = PolicySet(ts_us=now_us(), policy=POLICY.model_dump(mode="json"))
    for number in range(PARTITIONS):
        yield Raw("accounts", number, encode(event))


@contextmanager
def trading(bootstrap: str, folder: Path, **environment: str) -> Iterator[Trading]:
    """Run a worker and bring its accounts into the middle of their day."""
    with deployed(bootstrap, folder) as deployment:
        worker = deployment.start(**environment)
        url = address_of(worker)
        worker.wait_ready()
        found = Trading(deployment, worker, url)
        asyncio.run(publish(deployment.settings, _policies()))
        found.tell(
            *(
                Quote(ts_us=now_us(), symbol=symbol, bid=price * 0.9995, ask=price)
                for symbol, price in PRICES.items()
            ),
            *(AccountSnapshot(ts_us=now_us(), account=name, equity=10_000.0) for name in NAMES),
        )
        deployment.wait_framed()
        _day(found)
        yield found


def _day(found: Trading) -> None:
    """A steal that is settled, its cooldown, one in flight, entries that wait, an order that is near."""
    found.tell(
        accepted("alpha", "a.btc", "BTCUSD", 6900.0, 0.6),
        accepted("alpha", "a.eth", "ETHUSD", 396.0, 8.0),
        accepted("alpha", "a.ltc", "LTCUSD", 130.45, 18.0),
        accepted("bravo", "b.btc", "BTCUSD", 6800.0, 1.0),
        accepted("carol", "c.ltc", "LTCUSD", 130.45, 70.0),
        wish("carol", "c-wait", "XRPUSD", 0.5195, 9000.0),
        wish("alpha", "a-later", "XRPUSD", 0.48, 2000.0),
        wish("alpha", "a-thief", "SOLUSD", 20.98, 150.0),
        wish("bravo", "b-thief", "ETHUSD", 403.8, 20.0),
    )
