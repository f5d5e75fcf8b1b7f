"""`/events`: facts as they are stated, as server-sent events.

`id` is the fact's, so a browser that was cut off says where it was (`Last-Event-ID`, or `?after=ID`) and
goes on from there, as long as the ring has it.  If something went by, it is told first, as the event `missed`.

The four lines of the format are written here and not by `aiohttp-sse`: it writes each event by itself, and
facts of one moment shall go out in one write, to each of fifty listeners.
"""

import asyncio

import msgspec
from aiohttp import web

from topics.codec import encode

from .feed import Batch, Feed
from .guard import refusal

STREAMS_MAX = 50
"""So many listeners at once; they may not take all the connections."""

GATHER_S = 0.05
"""Facts of so long go out together: one write for many, and no write for each."""

BEAT_S = 10.0
"""A comment goes out this often, so that both sides notice when the other is gone."""

SLOW_S = 10.0
"""A listener that takes nothing for so long is cut off; it may come again."""

RETRY = b"retry: 1000\n\n"
BEAT = b": beat\n\n"


class Events:
    """The stream of facts, for several listeners."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.listeners = 0

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Tell the last facts, and then each as it is stated, until one side ends."""
        if self.listeners >= STREAMS_MAX:
            told = f"{STREAMS_MAX} listeners are here already; close one, or ask again later."
            return refusal(503, "too_many_streams", told, **{"Retry-After": "5"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        self.listeners += 1
        try:
            last = request.headers.get("Last-Event-ID") or request.query.get("after")
            await self._tell(response, last)
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self.listeners -= 1
        return response

    async def _tell(self, response: web.StreamResponse, last: str | None) -> None:
        feed = self._feed
        place = feed.first
        await _write(response, RETRY)
        if last:
            known = feed.behind(last)
            if known is None:
                await _write(response, _missed(None))
            else:
                place = known
        while not feed.closed:
            batch = feed.since(place)
            place = batch.place
            if batch.facts:
                await _write(response, _text(batch))
                await asyncio.sleep(GATHER_S)
            else:
                await feed.wait(place, BEAT_S)
                if place == feed.end and not feed.closed:
                    await _write(response, BEAT)


async def _write(response: web.StreamResponse, data: bytes) -> None:
    await asyncio.wait_for(response.write(data), SLOW_S)


def _text(batch: Batch) -> bytes:
    told = [_missed(batch.missed)] if batch.missed else []
    told += [b"id: %b\ndata: %b\n\n" % (one.id.encode(), encode(one)) for one in batch.facts]
    return b"".join(told)


def _missed(count: int | None) -> bytes:
    """Say how many facts went by; None if nobody knows."""
    return b"event: missed\ndata: %b\n\n" % msgspec.json.encode({"missed": count})
