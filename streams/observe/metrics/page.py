"""`/metrics`: asks the worker's parts, and answers in the format that the caller takes."""

import asyncio

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from streams.ground.settings import Settings
from streams.observe.pages.parts import AgentPart, Parts

from .catalogue import Half
from .collector import AgentSeen, SequencerSeen, Snapshot, registry_of
from .survey import survey


class MetricsPage:
    """The page of one worker."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
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
        parts = self._parts
        halves: list[Half] = [name for name in ("sequencer", "agent") if name in parts.names]
        sequencer, agent = parts.sequencer, parts.agent
        return Snapshot(
            None if sequencer is None else SequencerSeen(sequencer.ready, sequencer.counts),
            None if agent is None else await self._of_agent(agent),
            halves,
        )

    async def _of_agent(self, part: AgentPart) -> AgentSeen:
        accounts = await survey(part.desks(), self._named)
        partitions = part.where()["partitions"]
        lags = {one["partition"]: one["lag"] for one in partitions if one["lag"] is not None}
        return AgentSeen(
            ready=part.ready,
            counts=part.counts,
            partitions=len(partitions),
            partitions_in_all=part.partitions_in_all,
            lags=lags,
            survey=accounts,
            lines_dropped=part.lines_dropped,
        )
