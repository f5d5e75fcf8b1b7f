"""Lets in so many connections at once, and tells the next one to come again.

A connection that sends no whole request for a while is closed by aiohttp (`IDLE_S`), so those that
only hold a place do not hold it for long.  It has no limit of connections, and a middleware would count
requests: those who connect and ask nothing are the ones to be counted.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

IDLE_S = 15
"""A connection may be silent, or take over its request's head, for so long."""

LINGER_S = 1.0
"""A refused connection is kept for so long, or a client that still sends would not see why."""

LINGERING_MAX = 50
"""More refused ones than this are cut off at once."""


class Inside(Protocol):
    """aiohttp's server: makes a protocol for each connection, and knows those that are open."""

    @property
    def connections(self) -> list[Any]: ...

    def __call__(self) -> Any: ...


class Door:
    """Counts connections.  Give `knock` to `create_server`."""

    def __init__(self, inside: Inside, most: int) -> None:
        self._inside = inside
        self._most = most
        self.lingering = 0
        self.refused = 0

    def knock(self) -> asyncio.Protocol:
        """Return the protocol of a connection that is about to be made."""
        return _Knock(self._enter)

    def _enter(self, transport: asyncio.Transport) -> None:
        if len(self._inside.connections) < self._most:
            protocol = self._inside()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            return
        self.refused += 1
        if self.lingering >= LINGERING_MAX:
            transport.abort()
            return
        transport.set_protocol(_Refused(self))
        transport.write(_answer(self._most))
        self.lingering += 1
        asyncio.get_running_loop().call_later(LINGER_S, transport.close)


class _Knock(asyncio.Protocol):
    """Stands for a connection until it is made: only then are the open ones counted."""

    def __init__(self, enter: Callable[[asyncio.Transport], None]) -> None:
        self._enter = enter

    def connection_made(self, transport: Any) -> None:
        self._enter(transport)


class _Refused(asyncio.Protocol):
    """Hears nothing more."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        self._door.lingering -= 1


def _answer(most: int) -> bytes:
    told = f"{most} connections are open already (web_connections); close one, or ask again later."
    body = msgspec.json.encode({"error": told, "reason": "too_many_connections"}) + b"\n"
    return (
        b"HTTP/1.1 503 Service Unavailable\r\nServer: worksteal\r\nConnection: close\r\n"
        b"Retry-After: 5\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        b"Content-Type: application/json; charset=utf-8\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
