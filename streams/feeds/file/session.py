"""One run of a feed from connecting to the last acknowledgement, stopped cleanly at any time."""

import asyncio
from contextlib import suppress
from typing import NamedTuple

from streams.ground.kafka.publish import publisher
from streams.ground.settings import Settings, client_options

from .fills import EntryFills
from .run import TOPICS, FileFeed

STOP_S = 10.0
"""A stopped feed waits so long for acknowledgements; then it says what it is not sure of."""


class Published(NamedTuple):
    """How many records of each topic the broker holds, by the catalogue's names."""

    counts: dict[str, int]
    stopped: bool


async def run_feed(
    feed: FileFeed, settings: Settings, account: str, stop: asyncio.Event
) -> Published:
    """Publish until the file ends or `stop` is set; every record counted is acknowledged.

    Raises `BrokerError`, and `StrategyError` for what no bot may send.
    """
    names = {topic.name: settings.topic(topic.name) for topic in TOPICS}
    async with publisher(client_options(settings), names.values()) as out:
        fills = await EntryFills.start(settings, account)
        try:
            playing = asyncio.create_task(feed.run(out, fills))
            stopped = await _stopped_first(playing, stop)
        finally:
            await fills.stop()
        await out.flush(STOP_S if stopped else None)
        return Published({name: out.sent[real] for name, real in names.items()}, stopped)


async def _stopped_first(playing: asyncio.Task[None], stop: asyncio.Event) -> bool:
    """Wait for a task to end, or end it when told to stop; its errors are raised."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()
            return False
        playing.cancel()
        with suppress(asyncio.CancelledError):
            await playing
        return True
    finally:
        stopping.cancel()
