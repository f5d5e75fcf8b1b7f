"""Where a server listens, or why it cannot, and what it says with nothing behind it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest
import uvloop

from streams.ground.settings import Settings
from streams.observe.errors import WebError
from streams.observe.pages.server import WebServer
from tests.streams.observe.pages.standing import Page, ask

ANY = {"web_port": 0}


def served(what: Callable[[WebServer], Awaitable[Any]], only: Any = None, **values: Any) -> Any:
    """Run a server on the worker's event loop for as long as `what` takes."""

    async def run() -> Any:
        server = WebServer(Settings(**values), only)
        await server.start()
        try:
            return await what(server)
        finally:
            await server.stop()

    return uvloop.run(run())


def pages(*paths: str, host: str = "localhost", only: Any = None, **values: Any) -> list[Page]:
    """Ask a server that has nothing behind it."""

    async def what(server: WebServer) -> list[Page]:
        url = f"http://127.0.0.1:{server.urls[0].rpartition(':')[2]}"
        return [await asyncio.to_thread(ask, url, path, headers={"Host": host}) for path in paths]

    found: list[Page] = served(what, only, **ANY | values)
    return found


async def nothing(server: WebServer) -> list[str]:
    return server.urls


def test_it_is_alive_and_not_ready_before_the_parts_start():
    health, ready, account = pages("/healthz", "/readyz", "/accounts/a")
    assert health.status == 200
    assert (ready.status, ready.body["stopping"]) == (503, False)
    assert ready.body["parts"] == {"sequencer": {"ready": False}, "agent": {"ready": False}}
    assert (account.status, account.body["reason"]) == (503, "not_ready")
    assert account.headers["Retry-After"] == "1"


def test_a_half_waits_for_no_other_part_and_a_sequencer_knows_no_account():
    ready, account = pages("/readyz", "/accounts/a", only="sequencer")
    assert list(ready.body["parts"]) == ["sequencer"]
    assert (account.status, account.body["reason"]) == (404, "no_agent")
    ready, account = pages("/readyz", "/accounts/a", only="agent")
    assert list(ready.body["parts"]) == ["agent"]
    assert account.status == 503


class AtWork:
    """A part that is ready."""

    ready = True

    def where(self) -> dict[str, Any]:
        return {"partitions": [1]}


def test_it_is_ready_when_every_part_is_and_until_the_worker_stops():
    async def what(server: WebServer) -> list[Page]:
        found = []
        steps: list[Callable[[], None]] = [
            partial(setattr, server.parts, name, AtWork()) for name in ("agent", "sequencer")
        ]
        for step in (*steps, server.stopping):
            step()
            found.append(await asyncio.to_thread(ask, server.urls[0], "/readyz"))
        return found

    half, whole, stopping = served(what, **ANY)
    assert (half.status, half.body["parts"]["sequencer"]) == (503, {"ready": False})
    assert (whole.status, whole.body["ready"]) == (200, True)
    assert whole.body["parts"]["agent"] == {"ready": True, "partitions": [1]}
    assert (stopping.status, stopping.body["ready"]) == (503, False)
    assert stopping.body["stopping"]


def test_after_its_stop_nobody_answers():
    (url,) = served(nothing, **ANY)
    with pytest.raises(ConnectionRefusedError):
        ask(url, "/healthz")


def test_localhost_may_be_several_addresses():
    urls = served(nothing, web_host="localhost", **ANY)
    assert urls
    assert all(url.startswith(("http://127.0.0.1:", "http://[::1]:")) for url in urls)


def test_listening_everywhere_must_be_meant_and_admits_no_foreign_name():
    with pytest.raises(WebError, match=r"^web_host: 0\.0\.0\.0 can be reached"):
        pages("/healthz", web_host="0.0.0.0")
    for host, status in (("192.168.0.7", 200), ("localhost", 200), ("evil.org", 421)):
        (page,) = pages("/healthz", host=host, web_host="0.0.0.0", insecure=True)
        assert page.status == status


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port on which somebody else listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize("only", [None, "agent", "sequencer"])
def test_a_port_that_is_taken_is_named_with_its_setting(taken, only):
    setting = taken - 1 if only == "sequencer" else taken
    with pytest.raises(WebError, match=rf"^web_port: 127\.0\.0\.1:{taken} is taken.*_WEB_PORT"):
        served(nothing, only, web_port=setting)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a..b"])
def test_a_host_that_is_not_ours_is_named_with_its_setting(host):
    with pytest.raises(WebError, match=f"^web_host: {host}:0 cannot be listened on"):
        served(nothing, web_host=host, insecure=True, **ANY)
