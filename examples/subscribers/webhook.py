"""Posts each steal to the URL in its argument until it answers 2xx; needs worksteal-client."""

import asyncio
import signal
import sys
import urllib.request

from worksteal_client.client import ClientSettings, subscribe
from worksteal_client.codec import encode
from worksteal_client.facts import Fact, StealExpired, StealLost, StealSettled, StealStarted

HEADERS = {"Content-Type": "application/json"}


def posted(url: str, steal: Fact) -> bool:
    request = urllib.request.Request(url, encode(steal), HEADERS)  # noqa: S310
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    except OSError as error:  # no answer, or one that is not 2xx
        print(f"{steal.id}: {error}", flush=True)
        return False
    return True


async def main(url: str) -> None:
    kinds: list[type[Fact]] = [StealStarted, StealSettled, StealLost, StealExpired]
    async with subscribe(ClientSettings.from_environment(), kinds=kinds, group="webhook") as steals:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, steals.stop)
        async for steal in steals:
            wait_s = 0.25
            while not await asyncio.to_thread(posted, url, steal):
                if steals.stopped:
                    return  # it was not acknowledged, so the next start posts it
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, 5.0)
            await steals.ack()


asyncio.run(main(sys.argv[1]))
