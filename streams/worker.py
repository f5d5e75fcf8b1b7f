"""The worker's process: makes its parts and their observers, and ends them.

Crash-only: whatever goes wrong ends the process at once, and a supervisor starts it again; starting
and recovering are the same path.  A clean stop (SIGTERM, SIGINT) makes one last checkpoint.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn

import uvloop

from state.desk import Desk
from state.market.hours import Calendars, calendars
from state.rules.policy import Policy

from .agents.stealing import compare_policies, stealing
from .ground.logs import last_words
from .ground.mistakes import Mistake
from .ground.settings import Settings
from .journal.faust.agent import AgentService, connect
from .journal.folder import Folder
from .journal.writing.sequencing import SequencerService
from .observe.decisions import Decisions
from .observe.metrics.counts import AgentCounts, SequencerCounts
from .observe.pages.parts import AgentPart, SequencerPart
from .observe.pages.server import WebServer

Only = Literal["sequencer", "agent"]

log = logging.getLogger("worksteal")


def run_worker(
    settings: Settings,
    only: Only | None = None,
    *,
    accept_gap: bool = False,
    expected: Policy | None = None,
) -> None:
    """Run until SIGTERM or SIGINT.  Ends the process itself when something fails.

    `expected` is the policy that should be in force; the worker says so if it is not.
    """
    uvloop.install()
    try:
        asyncio.run(Worker(settings, only, expected, accept_gap=accept_gap).run())
    except Mistake as error:
        sys.stderr.write(f"worksteal: {error}\n")
        sys.exit(error.exit_status)


def die(error: BaseException) -> NoReturn:
    """End the process at once: nothing is flushed, nothing acknowledged, nothing caught."""
    status = 1
    if isinstance(error, Mistake):
        last_words(str(error))
        status = error.exit_status
    else:
        last_words(error)
    sys.stderr.flush()
    os._exit(status)


class Worker:
    """Starts the parts, waits for a signal, stops them in order."""

    def __init__(
        self,
        settings: Settings,
        only: Only | None,
        expected: Policy | None,
        *,
        accept_gap: bool,
    ) -> None:
        self._expected = expected
        self._settings = settings
        self._accept_gap = accept_gap
        self._web = WebServer(settings, only)
        self._with_sequencer = only in (None, "sequencer")
        self._with_agent = only in (None, "agent")
        self._stop = asyncio.Event()
        self._began_s = time.monotonic()

    async def run(self) -> None:
        """Run from start to clean stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        await self._web.start()
        try:
            await self._run_parts()
        finally:
            await self._web.stop()

    async def _run_parts(self) -> None:
        # Both folders first: a worker that finds one taken ends before it connects.
        data_dir = self._settings.data_dir
        sequencing = Folder(data_dir / "sequencer") if self._with_sequencer else None
        agency = Folder(data_dir / "agent") if self._with_agent else None
        sequencer, agent = await asyncio.gather(
            self._start_sequencer(sequencing), self._start_agent(agency)
        )
        await self._until_ready(self._become_ready(sequencer, agent))
        await self._stop.wait()
        self._web.stopping()
        if sequencer is not None:
            await sequencer.stop()
        if agent is not None:
            await agent.catch_up()
            await agent.stop()

    async def _start_sequencer(self, folder: Folder | None) -> SequencerService | None:
        if folder is None:
            return None
        counts = SequencerCounts()
        service = await SequencerService.start(
            self._settings, folder, die, counts, accept_gap=self._accept_gap
        )
        self._web.parts.sequencer = SequencerPart(service, self._settings, counts)
        return service

    async def _start_agent(self, folder: Folder | None) -> AgentService[Desk] | None:
        if folder is None:
            return None
        # In a thread, and beside it: the calendar takes as long as connecting does.
        times, clients = await asyncio.gather(
            asyncio.to_thread(self._calendars), connect(self._settings)
        )
        counts, decisions = AgentCounts(), Decisions()
        service = await AgentService.start(
            self._settings,
            stealing(self._settings, times),
            folder,
            clients,
            die=die,
            observer=counts,
            applied=(counts.applied, decisions.applied, self._web.feed.applied),
        )
        self._web.parts.agent = AgentPart(service, counts, decisions)
        return service

    async def _become_ready(
        self, sequencer: SequencerService | None, agent: AgentService[Desk] | None
    ) -> None:
        """Return when every part is at work; say so if the policy in force is not the expected one."""
        await asyncio.gather(*(part.ready() for part in (sequencer, agent) if part is not None))
        if agent is not None and self._expected is not None:
            compare_policies(self._settings, self._expected, agent.machines())

    async def _until_ready(self, become_ready: Coroutine[Any, Any, None]) -> None:
        """Say when every part is at work, unless it is to stop before."""
        ready = asyncio.create_task(become_ready)
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait((ready, stop), return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            await ready
            _settle_memory()
            took_s = time.monotonic() - self._began_s
            log.info("ready after %.1f s", took_s)
        else:
            ready.cancel()
        stop.cancel()

    def _calendars(self) -> Calendars:
        years = self._settings.calendar_years
        if years is None:
            now = datetime.now(UTC).year
            years = now - 1, now + 1
        return calendars(*years)


def _settle_memory() -> None:
    """Keep the collector away from what stays for ever: modules, calendars, restored accounts.

    Looking through it again and again took a tenth of a second each time.
    """
    gc.collect()
    gc.freeze()
