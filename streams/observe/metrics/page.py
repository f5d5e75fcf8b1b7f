"""`/metrics`: asks the worker's parts, and answers in the format that the caller takes."""

import asyncio
from collections.abc import Mapping

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from streams.ground.settings import Settings
from streams.observe.pages.parts import AgentPart, Part, SequencerPart

from .catalogue import Half
from .collector import AgentSeen, SequencerSeen, Snapshot, registry_of
from .survey import survey


class MetricsPage:
    """The page of one worker."""

    def __init__(self, settings: Settings, parts: Mapping[str, Part | None]) -> None:
        """`parts` are those that run here by name, None for one that is yet to start."""
        self._parts = parts
        self._named = settings.metrics_accounts
        self._turn = asyncio.Lock()

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a scrape; one at a time, for each looks at every account."""
        async with self._turn:
            snapshot = await self.snapshot()
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry_of(snapshot)), headers={"Content-Type": kind})

    async def snapshot(self) -> Snapshot:
        """Return how everything stands."""
        halves: list[Half] = [name for name in ("sequencer", "agent") if name in self._parts]
        sequencer, agent = self._parts.get("sequencer"), self._parts.get("agent")
        return Snapshot(
            self._of_sequencer(sequencer) if isinstance(sequencer, SequencerPart) else None,
            await self._of_agent(agent) if isinstance(agent, AgentPart) else None,
            halves,
        )

    def _of_sequencer(self, part: SequencerPart) -> SequencerSeen | None:
        counts = part.counts
        return None if counts is None else SequencerSeen(part.ready, counts)

    async def _of_agent(self, part: AgentPart) -> AgentSeen:
        found = await survey(part.desks(), self._named)
        places = part.where()["partitions"]
        lags = {one["partition"]: one["lag"] for one in places if one["lag"] is not None}
        return AgentSeen(
            ready=part.ready,
            counts=part.counts,
            partitions=len(places),
            partitions_in_all=part.partitions_in_all,
            lags=lags,
            survey=found,
            lines_dropped=part.lines_dropped,
        )
