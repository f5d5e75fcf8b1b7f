"""So many connections and no more; a place that somebody only holds becomes free again."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from streams.observe.pages import door, listening
from streams.observe.pages.server import WebServer
from tests.streams.observe.pages.test_server import served

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def line(server: WebServer) -> AsyncIterator[Line]:
    port = int(server.urls[0].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def asks(connection: Line) -> bytes:
    """Send a request; return the first line of the answer, and leave the connection open."""
    reader, writer = connection
    writer.write(REQUEST)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    length = next(one for one in head.split(b"\r\n") if one.lower().startswith(b"content-length"))
    await reader.readexactly(int(length.split(b":")[1]))
    return head.split(b"\r\n")[0]


def during(what: Any, **values: Any) -> None:
    served(what, web_port=0, **values)


def test_the_201st_connection_is_refused_and_closed_while_the_200_go_on():
    async def what(server: WebServer) -> None:
        async with AsyncExitStack() as stack:
            lines = [await stack.enter_async_context(line(server)) for _ in range(200)]
            for one in lines:
                assert await asks(one) == b"HTTP/1.1 200 OK"
            reader, writer = await stack.enter_async_context(line(server))
            writer.write(REQUEST)
            answer = await asyncio.wait_for(reader.read(), 20)  # to its end: it was closed
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"Connection: close" in head
            told = json.loads(body)
            assert told["reason"] == "too_many_connections"
            assert told["error"].startswith("200 connections are open already")
            for one in lines:
                assert await asks(one) == b"HTTP/1.1 200 OK"

    during(what)


def test_a_place_that_becomes_free_is_taken_by_the_next():
    async def what(server: WebServer) -> None:
        async with line(server) as one:
            assert await asks(one) == b"HTTP/1.1 200 OK"
            async with line(server) as two:
                assert await asks(two) == b"HTTP/1.1 503 Service Unavailable"
        for _ in range(100):
            await asyncio.sleep(0.05)
            async with line(server) as three:
                if await asks(three) == b"HTTP/1.1 200 OK":
                    return
        raise AssertionError("no place became free")

    during(what, web_connections=1)


def test_silence_and_a_slow_head_are_ended(monkeypatch):
    monkeypatch.setattr(listening, "IDLE_S", 0.4)

    async def what(server: WebServer) -> None:
        async with line(server) as silent, line(server) as slow, line(server) as idle:
            assert await asks(idle) == b"HTTP/1.1 200 OK"
            for byte in REQUEST[:12]:
                if not slow[1].is_closing():
                    slow[1].write(bytes([byte]))
                await asyncio.sleep(0.05)
            for reader, _ in (silent, slow, idle):
                with suppress(ConnectionError):  # it wrote to somebody who had gone
                    assert await asyncio.wait_for(reader.read(), 20) == b""

    during(what)


def test_a_crowd_before_the_door_costs_no_more_than_some_places(monkeypatch):
    monkeypatch.setattr(door, "LINGERING_MAX", 3)

    async def what(server: WebServer) -> None:
        async with AsyncExitStack() as stack:
            inside = await stack.enter_async_context(line(server))
            assert await asks(inside) == b"HTTP/1.1 200 OK"
            told = 0
            for _ in range(20):
                reader, _writer = await stack.enter_async_context(line(server))
                try:
                    told += bool(await asyncio.wait_for(reader.read(1), 20))
                except ConnectionError:
                    continue
            assert 3 <= told < 20
            assert await asks(inside) == b"HTTP/1.1 200 OK"

    during(what, web_connections=1)
