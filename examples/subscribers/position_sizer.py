"""Pauses a pair of symbols after a fight; needs the wheel worksteal-client.

A start reads the latest fights again, so there is nothing to remember, and no group.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from worksteal_client.client import ClientSettings, subscribe
from worksteal_client.facts import FightDetected

PAUSE_S = float(os.environ.get("PAUSE_S", "900"))
paused: Counter[str] = Counter()


def size(symbol: str, wanted: float) -> float:
    return 0.0 if paused[symbol] else wanted  # what a strategy asks before it requests an entry


def note(pair: tuple[str, str], fights: int) -> None:
    for symbol in pair:
        paused[symbol] += fights
        print(f"{symbol}: {size(symbol, 3500.0):g} of 3500", flush=True)


async def main() -> None:
    loop, since = asyncio.get_running_loop(), datetime.now(UTC) - timedelta(seconds=PAUSE_S)
    settings = ClientSettings.from_environment()
    async with subscribe(settings, kinds=FightDetected, start=since) as fights:
        loop.add_signal_handler(signal.SIGTERM, fights.stop)
        async for fight in fights:
            note(fight.pair, +1)
            loop.call_later(fight.ts_us / 1e6 + PAUSE_S - time.time(), note, fight.pair, -1)


asyncio.run(main())
