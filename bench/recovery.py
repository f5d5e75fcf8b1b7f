"""How long a worker takes to be ready: on empty state, and after a kill -9 with many account rows.

    python bench/recovery.py [--accounts N] [--bootstrap HOST:PORT]

Counted is from the start of the process until it says that it is ready, when every desk is restored
from the changelog and has claimed its partition.  After the kill the local store is thrown away, so
all of it comes from the broker.  The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.workload import POLICY, Raw
from streams.agents.stealing import changelog_of
from streams.ground.settings import Settings
from tests.broker import LocalBroker
from tests.faults.deployment import Deployment, deployed, now_us
from tests.faults.judge import read_all
from tests.faults.load import publish
from topics.codec import encode
from topics.events import AccountSnapshot, PolicySet

PARTITIONS = 4


def snapshots(count: int) -> list[Raw]:
    """Return the policy and a snapshot for each of many accounts."""
    at = now_us()
    policy = encode(PolicySet(ts_us=at, policy=POLICY.model_dump(mode="json")))
    records = [Raw("accounts", number, policy) for number in range(PARTITIONS)]
    for number in range(count):
        event = AccountSnapshot(ts_us=at, account=f"account-{number:06d}", equity=10_000.0)
        records.append(Raw("accounts", number % PARTITIONS, encode(event)))
    return records


def ready_s(deployment: Deployment) -> float:
    """Start a worker and return how long it took to be ready."""
    began_s = time.monotonic()
    worker = deployment.start()
    worker.wait_ready()
    return time.monotonic() - began_s


def measure(settings_bootstrap: str, accounts: int, folder: Path) -> dict[str, float]:
    """Return times in seconds."""
    with deployed(settings_bootstrap, folder) as deployment:
        empty_s = ready_s(deployment)
        settings: Settings = deployment.settings
        asyncio.run(publish(settings, snapshots(accounts)))
        deployment.wait_framed()
        time.sleep(3.0)  # the last checkpoint
        deployment.workers[-1].kill()
        full_s = ready_s(deployment)
        restored = asyncio.run(_accounts(deployment.settings))
        assert restored == accounts, f"{restored} accounts in the changelog"
    return {"start_empty_s": empty_s, "account_rows": accounts, "recovery_s": full_s}


async def _accounts(settings: Settings) -> int:
    """Count the account rows in the changelog."""
    found = await read_all(settings, changelog_of(settings))
    return len(
        {r.key for part in found.values() for r in part if (r.key or b"")[:8] == b"account/"}
    )


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--bootstrap", help="a broker that runs [default: one of its own]")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if told.bootstrap:
            figures = measure(told.bootstrap, told.accounts, folder)
        else:
            broker = LocalBroker(folder / "kafka")
            try:
                figures = measure(broker.start(), told.accounts, folder)
            finally:
                broker.stop()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, CPython {platform.python_version()}"
    print(json.dumps({"bench": "recovery", "machine": machine, **figures}))


if __name__ == "__main__":
    main()
