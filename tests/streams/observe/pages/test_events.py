"""`/events` on a real server: what a listener is told, and that a slow one holds up nobody."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from streams.observe.pages import events
from streams.observe.pages.feed import RING
from streams.observe.pages.server import WebServer
from tests.streams.observe.pages.test_feed import fact
from tests.streams.observe.pages.test_server import ANY, served

Event = dict[str, str]


def during(what: Callable[[WebServer, str], Awaitable[Any]], **values: Any) -> Any:
    """Run a server for as long as `what` takes."""

    async def run(server: WebServer) -> Any:
        return await asyncio.wait_for(what(server, server.urls[0]), 60)

    return served(run, **ANY | values)


@asynccontextmanager
async def listening(
    url: str, query: str = "", **headers: str
) -> AsyncIterator[aiohttp.ClientResponse]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        session.get(f"{url}/events{query}", headers=headers) as response,
    ):
        yield response


async def heard(response: aiohttp.ClientResponse, count: int) -> list[Event]:
    """Return the next events that carry data."""
    found: list[Event] = []
    event: Event = {}
    while len(found) < count:
        line = (await response.content.readline()).decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            if "data" in event:
                found.append(event)
            event = {}
    return found


def test_facts_come_as_they_are_stated_with_their_ids():
    async def what(server: WebServer, url: str) -> None:
        feed = server._board.feed
        feed.put([fact(1)])
        async with listening(url) as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert response.headers["Cache-Control"] == "no-store"
            (old,) = await heard(response, 1)
            began = time.monotonic()
            feed.put([fact(2)])
            (new,) = await heard(response, 1)
            assert time.monotonic() - began < 1
            assert (old["id"], new["id"]) == ("0-1-0", "0-2-0")
            told = json.loads(new["data"])
            assert (told["type"], told["account"], told["id"]) == ("entry.blocked", "a", "0-2-0")

    during(what)


def test_a_listener_goes_on_where_it_was_or_hears_that_it_missed_something():
    async def what(server: WebServer, url: str) -> None:
        feed = server._board.feed
        feed.put([fact(number) for number in range(5)])
        async with listening(url, **{"Last-Event-ID": "0-2-0"}) as response:
            assert [one["id"] for one in await heard(response, 2)] == ["0-3-0", "0-4-0"]
        async with listening(url, "?after=0-3-0") as response:
            assert (await heard(response, 1))[0]["id"] == "0-4-0"
        async with listening(url, **{"Last-Event-ID": "0-99-0"}) as response:
            missed, first = await heard(response, 2)
            assert (missed["event"], json.loads(missed["data"])) == ("missed", {"missed": None})
            assert first["id"] == "0-0-0"

    during(what)


def test_a_listener_that_takes_nothing_holds_up_nobody_and_hears_how_much_went_by():
    async def what(server: WebServer, url: str) -> None:
        feed = server._board.feed
        async with listening(url) as slow, listening(url) as quick:
            total = 60 * RING
            began = time.monotonic()
            for number in range(total):
                feed.put([fact(number)])
            assert time.monotonic() - began < 5, "stating a fact waits for nobody"
            while (await heard(quick, 1))[0].get("id") != f"0-{total - 1}-0":
                pass
            told, count = 0, 0
            while True:
                (event,) = await heard(slow, 1)
                if event.get("event") == "missed":
                    told += json.loads(event["data"])["missed"]
                else:
                    count += 1
                    if event["id"] == f"0-{total - 1}-0":
                        break
            assert told > 0
            assert told + count == total

    during(what)


def test_there_is_an_end_to_listeners_and_room_again_when_one_goes(monkeypatch):
    monkeypatch.setattr(events, "STREAMS_MAX", 2)

    async def what(server: WebServer, url: str) -> None:
        async with listening(url) as one, listening(url) as two:
            assert (one.status, two.status) == (200, 200)
            async with listening(url) as third:
                assert third.status == 503
                assert (await third.json())["reason"] == "too_many_streams"
        server._board.feed.put([fact(1)])
        deadline = time.monotonic() + 20
        while server._board.events.listeners == 2:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        async with listening(url) as again:
            assert again.status == 200

    during(what)


@pytest.mark.parametrize("count", [1, 20])
def test_a_stop_ends_the_streams_at_once(count):
    async def what(server: WebServer, url: str) -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            found = [await session.get(f"{url}/events") for _ in range(count)]
            began = time.monotonic()
            await server.stop()
            assert time.monotonic() - began < 5
            for one in found:
                await one.content.read()

    during(what)


def test_a_silent_line_is_kept_alive(monkeypatch):
    monkeypatch.setattr(events, "BEAT_S", 0.05)

    async def what(_: WebServer, url: str) -> None:
        async with listening(url) as response:
            lines = [await response.content.readline() for _ in range(6)]
            assert lines.count(b": beat\n") >= 2

    during(what)
