"""The server's life: it listens before the parts of the worker start, and stops after them."""

import logging

from streams.ground.settings import Settings

from .address import port_of
from .feed import Feed
from .listening import Listening
from .pages import WorkerBoard, routes
from .parts import Parts

log = logging.getLogger("worksteal")


class WebServer:
    """Serves the pages of one worker from `start` to `stop`; `only` names the half that runs."""

    def __init__(self, settings: Settings, only: str | None = None) -> None:
        """Raises `WebError` for an address or a token that may not be used."""
        self.parts = Parts(("sequencer", "agent") if only is None else (only,))
        self._board = WorkerBoard(settings, self.parts)
        self._listening = Listening(settings, port_of(settings, only), routes(self._board))

    async def start(self) -> None:
        """Listen, and log the address; raises `WebError` if that is not possible."""
        await self._listening.start()
        for url in self.urls:
            log.info("read-only pages at %s", url)

    @property
    def urls(self) -> list[str]:
        """Where it listens; a name such as localhost may stand for several addresses."""
        return self._listening.urls

    @property
    def feed(self) -> Feed:
        """What is to be shown every frame, so that the pages tell what the desks state."""
        return self._board.feed

    def stopping(self) -> None:
        """Say from now on that the worker is not ready."""
        self._board.stopping = True

    async def stop(self) -> None:
        """Answer what is being asked, and listen no more."""
        self._board.feed.close()
        await self._listening.stop()
