"""A server that listens: which names it answers to, who may ask, how many at once."""

import asyncio
import errno
from collections.abc import Iterable

from aiohttp import web

from streams.ground.settings import Settings
from streams.observe.errors import WebError

from .access import Access
from .address import Hosts, in_url, require_local
from .door import IDLE_S, Door
from .guard import add_headers, guard_for
from .secret import token_of

SHUTDOWN_S = 1.0
"""How long a stop waits for answers that are on their way."""


class Listening:
    """Serves some routes on `web_host` and a port, from `start` to `stop`."""

    def __init__(
        self,
        settings: Settings,
        port: int,
        pages: Iterable[web.RouteDef],
        set_by: str = "WORKSTEAL_WEB_PORT",
    ) -> None:
        """`set_by` is where the port was set.

        Raises `WebError` for an address or a token that may not be used.
        """
        require_local(settings)
        self._host = settings.web_host
        self._port = port
        self._set_by = set_by
        self._most = settings.web_connections
        guard = guard_for(Hosts(settings.web_host), Access(token_of(settings)))
        self.app = web.Application(middlewares=[guard])
        self.app.add_routes(pages)
        self.app.on_response_prepare.append(add_headers)
        self._runner = web.AppRunner(
            self.app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=SHUTDOWN_S,
            keepalive_timeout=IDLE_S,
        )
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raises `WebError` if that is not possible."""
        await self._runner.setup()
        assert self._runner.server is not None
        door = Door(self._runner.server, self._most)
        try:
            self._server = await asyncio.get_running_loop().create_server(
                door.knock, self._host or None, self._port
            )
        except (OSError, UnicodeError) as error:
            await self._runner.cleanup()
            raise _explained(error, self._host, self._port, self._set_by) from error

    @property
    def urls(self) -> list[str]:
        """Where it listens; a name such as localhost may stand for several addresses."""
        if self._server is None:
            return []
        names = [socket.getsockname() for socket in self._server.sockets]
        return [f"http://{in_url(host)}:{port}" for host, port, *_ in names]

    async def stop(self) -> None:
        """Listen no more, and finish what is being answered."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()


def _explained(error: OSError | UnicodeError, host: str, port: int, set_by: str) -> WebError:
    """Say what is wrong with an address, and what to do."""
    number = error.errno if isinstance(error, OSError) else None
    where = f"{in_url(host)}:{port}"
    if number == errno.EADDRINUSE:
        return WebError(
            f"web_port: {where} is taken, perhaps by another worker; set {set_by} to a"
            " free port, or to 0 to have one picked."
        )
    if number == errno.EACCES:
        return WebError(f"web_port: {where} needs privileges; set a port above 1023.")
    return WebError(f"web_host: {where} cannot be listened on ({error}); see that it is right.")
