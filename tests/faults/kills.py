"""Kills a worker again and again while events flow, and tells whether anything was lost or doubled.

    python -m tests.faults.kills [--kills 25] [--events 200000] [--seed N]

The last line is JSON: `kills`, `lost`, `unexpected`, `conflicting`, `state_equal`, and the times
from a kill (with a restart at once) to the first new command, in seconds, as far as one came
before the next kill.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from bench.workload import events
from tests.broker import LocalBroker

from .deployment import PARTITIONS, Deployment, deployed, now_us
from .judge import Verdict, judge, read_all
from .load import publish

EVENTS_PER_S = 1600.0


@dataclass
class Kills:
    """What became of a run."""

    kills: int
    verdict: Verdict
    to_first_command_s: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """Return what is printed."""
        found = asdict(self.verdict)
        names = ("lost", "unexpected", "conflicting", "missing_events", "state_equal")
        more = ("events", "commands", "facts", "repeats")
        return {
            "kills": self.kills,
            **{name: found[name] for name in (*names, *more)},
            "to_first_command_s_median": round(statistics.median(self.to_first_command_s), 2),
            "to_first_command_s_max": round(max(self.to_first_command_s), 2),
        }


def kill_again_and_again(deployment: Deployment, kills: int, count: int, seed: int) -> Kills:
    """Run a worker through `kills` kills while `count` events are published."""
    draw = random.Random(seed)
    worker = deployment.start()
    worker.wait_ready()
    deployment.open()
    stream = events(count, PARTITIONS, now_us())
    publisher = threading.Thread(
        target=lambda: asyncio.run(publish(deployment.settings, stream, EVENTS_PER_S))
    )
    publisher.start()
    killed_ms = []
    for _ in range(kills):
        time.sleep(draw.uniform(0.0, 2.0))
        killed_ms.append(time.time() * 1000)
        worker.kill()
        worker = deployment.start()
        worker.wait_ready()
        time.sleep(0.5)  # let it come to its first command, which is what is measured
    publisher.join()
    deployment.wait_framed()
    assert worker.stop() == 0, worker.said
    times = asyncio.run(_first_commands(deployment, killed_ms))
    return Kills(kills, judge(deployment.settings), times)


async def _first_commands(deployment: Deployment, killed_ms: list[float]) -> list[float]:
    """Return how long after each kill the first command came that was not there before."""
    first_seen: dict[str, int] = {}
    topic = deployment.settings.topic("execution")
    for records in (await read_all(deployment.settings, topic)).values():
        for record in records:
            name = msgspec.json.decode(record.value or b"")["id"]
            first_seen.setdefault(name, record.ts_ms)
    ends = [*killed_ms[1:], float("inf")]
    return [
        (min(ts for ts in first_seen.values() if at < ts < end) - at) / 1000
        for at, end in zip(killed_ms, ends, strict=True)
        if any(at < ts < end for ts in first_seen.values())
    ]


def main() -> None:
    """Run against a broker of its own and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    told = parser.parse_args()
    sys.stderr.write(f"{told.kills} kills in {told.events} events, seed {told.seed}\n")
    with tempfile.TemporaryDirectory() as name:
        broker = LocalBroker(Path(name) / "kafka")
        try:
            broker.start()
            with deployed(broker.address, Path(name)) as deployment:
                result = kill_again_and_again(deployment, told.kills, told.events, told.seed)
        finally:
            broker.stop()
    sys.stderr.write("\n".join(result.verdict.notes) + "\n")
    sys.stdout.write(json.dumps(result.figures()) + "\n")
    sys.exit(0 if result.verdict.clean else 1)


if __name__ == "__main__":
    main()
