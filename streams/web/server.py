"""The server's life: it listens before the parts of the worker start, and stops after them."""

import errno
import logging

from aiohttp import web

from streams.live.agent import AgentService
from streams.live.sequencing import SequencerService
from streams.settings import Settings

from .address import Hosts, in_url, port_of, require_local
from .errors import WebError
from .guard import add_headers, guard_for
from .pages import Board, routes
from .parts import AgentPart, SequencerPart

SHUTDOWN_S = 1.0
"""How long a stop waits for answers that are on their way."""

log = logging.getLogger("worksteal")


class WebServer:
    """Serves the pages of one worker from `start` to `stop`; `only` names the half that runs."""

    def __init__(self, settings: Settings, only: str | None = None) -> None:
        """Raises `WebError` for an address that may not be listened on."""
        require_local(settings)
        self._settings = settings
        self._port = port_of(settings, only)
        self._board = Board(settings, ("sequencer", "agent") if only is None else (only,))
        app = web.Application(middlewares=[guard_for(Hosts(settings.web_host))])
        app.add_routes(routes(self._board))
        app.on_response_prepare.append(add_headers)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S
        )

    async def start(self) -> None:
        """Listen, and log the address; raises `WebError` if that is not possible."""
        host = self._settings.web_host
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, self._port).start()
        except (OSError, UnicodeError) as error:
            await self._runner.cleanup()
            raise _explained(error, host, self._port) from error
        for url in self.urls:
            log.info("read-only pages at %s", url)

    @property
    def urls(self) -> list[str]:
        """Where it listens; a name such as localhost may stand for several addresses."""
        return [f"http://{in_url(host)}:{port}" for host, port, *_ in self._runner.addresses]

    def show_sequencer(self, service: SequencerService) -> None:
        """Let the pages look at the sequencer."""
        self._board.parts["sequencer"] = SequencerPart(service, self._settings)

    def show_agent(self, service: AgentService) -> None:
        """Let the pages look at the agent."""
        self._board.parts["agent"] = AgentPart(service, self._settings)

    def stopping(self) -> None:
        """Say from now on that the worker is not ready."""
        self._board.stopping = True

    async def stop(self) -> None:
        """Answer what is being asked, and listen no more."""
        await self._runner.cleanup()


def _explained(error: OSError | UnicodeError, host: str, port: int) -> WebError:
    """Say what is wrong with an address, and what to do."""
    number = error.errno if isinstance(error, OSError) else None
    where = f"{in_url(host)}:{port}"
    if number == errno.EADDRINUSE:
        return WebError(
            f"web_port: {where} is taken, perhaps by another worker; set WORKSTEAL_WEB_PORT to a"
            " free port, or to 0 to have one picked."
        )
    if number == errno.EACCES:
        return WebError(f"web_port: {where} needs privileges; set a port above 1023.")
    return WebError(f"web_host: {where} cannot be listened on ({error}); see that it is right.")
