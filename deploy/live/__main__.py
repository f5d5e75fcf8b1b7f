"""Runs `make live`.  Ctrl-C stops all of it in order; the exit status is then 130.

So do SIGTERM and the end of its terminal.  It ends when every process that it started has ended.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.live import Live

from streams.ground.kafka import BrokerError
from streams.ground.settings import Settings

from .processes import ROOT, Failed, Processes, broker
from .steals import Steals, while_following

DAY = "examples/market/coinbase-2018-04-04.csv"
POLICY = "examples/policies/live.yaml"
PAGE = r"http://[^\s\"]+(?=[\s\"])"
"""Where the worker's log says that its page is; the line may be half written yet."""
DRAIN_S = 2.0
"""After the last quote: answers and fills that are still under way."""

console = Console(highlight=False)


def main() -> None:
    """Run all of it and exit with the status of `worksteal verify`."""
    parser = argparse.ArgumentParser(prog="make live", description=__doc__)
    parser.add_argument("--speed", default="1440", help="seconds of the day in one second")
    parser.add_argument("--limit", default="0", help="stop after so many quotes; 0: the whole day")
    parser.add_argument("--hold-ms", default="2500", help="how long the venue holds a position")
    parser.add_argument("--folder", type=Path, default=ROOT / ".live")
    told = parser.parse_args()
    kafka = told.folder / "kafka"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended)
    try:
        if kafka.exists():
            broker("stop", kafka)  # of a run that was killed: without its folder nobody could
        shutil.rmtree(told.folder, ignore_errors=True)
        told.folder.mkdir(parents=True)
        console.print("broker …")
        sys.exit(run(told, broker("start", kafka)))
    except (Failed, BrokerError) as error:
        console.print(f"make live: {error}")
        sys.exit(1)
    finally:
        _stop_listening()
        broker("stop", kafka)


def _ended(number: int, _frame: FrameType | None) -> None:
    """Stop all of it, and heed no second signal on the way: it would leave something behind."""
    _stop_listening()
    console.print("stopping …")
    sys.exit(128 + number)


def _stop_listening() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def run(told: argparse.Namespace, address: str) -> int:
    """Start everything on the broker, show the steals of the day, stop, verify."""
    processes = Processes(told.folder, ["--bootstrap", address])
    try:
        start(processes, told)
        steals = Steals(Settings(bootstrap=address))
        asyncio.run(while_following(steals, show(processes, steals)))
    finally:
        processes.stop_all()
    console.print(steals.line())
    status = processes.do("verify", "--broker", "--complete", quiet=False)
    if not steals.counts["started"]:
        raise Failed(f"nothing was stolen: see the logs in {told.folder}.")
    return status


def start(processes: Processes, told: argparse.Namespace) -> None:
    """Start what the day needs, in order."""
    console.print("topics, worker, policy, venue …")
    data = str(told.folder / "data")
    processes.do("topics", "create", "--partitions", "2")
    processes.start("worker", "worker", "--data-dir", data)
    console.print(f"page: {processes.wait_for('worker', PAGE)}")
    processes.wait_for("worker", "ready after")
    processes.do("policy", "set", POLICY)
    processes.start(
        "venue", "venue", "paper", "--account", "demo=10000", "--ack-delay-ms", "5",
        "--snapshot-ms", "500", "--hold-ms", told.hold_ms,
        "--data-dir", str(told.folder / "venue"),
    )  # fmt: skip
    processes.wait_for("venue", "ready")
    limit = ["--limit", told.limit] if int(told.limit) else []
    processes.start("feed", "feed", DAY, "--speed", told.speed, *limit)
    console.print(f"feed: {DAY} at {told.speed} times its speed")


async def show(processes: Processes, steals: Steals) -> None:
    """Show the steals until the feed has ended and what it caused has settled."""
    began_s = time.monotonic()
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while not processes.ended("feed"):
            processes.require("worker", "venue")
            if console.is_terminal:
                live.update(steals.table(time.monotonic() - began_s))
            await asyncio.sleep(0.25)
    await asyncio.sleep(DRAIN_S)
    console.print(steals.table(time.monotonic() - began_s))


if __name__ == "__main__":
    main()
