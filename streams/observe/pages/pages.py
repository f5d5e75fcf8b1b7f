"""What a worker serves: the page for people, and the values that it and programs read."""

import time
from typing import Any

from aiohttp import web

from streams.ground.settings import Settings
from streams.observe.metrics.page import MetricsPage

from .account_list import KeptList
from .account_view import look_up
from .address import deployment_of
from .assets import Assets, wants_page
from .events import Events
from .feed import Feed
from .guard import as_json, refusal
from .parts import AgentPart, Parts

PAGES = {
    "/": "this list; in a browser, the page",
    "/healthz": "200 while the process is alive",
    "/readyz": "200 while every part that runs here has its partitions and has recovered, else 503",
    "/metrics": "counts, gauges and latencies in Prometheus's text format",
    "/accounts": "capital in use of the first accounts by name; ?find=WORDS looks for others",
    "/events": "what the desks state, as server-sent events",
    "/accounts/{id}": "capital, orders, entries, steals, cooldowns and fights of one account",
}


class WorkerBoard:
    """What the pages look at: the parts that run here, and those of them that have started."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.parts = parts
        self.stopping = False
        self.deployment = deployment_of(settings)
        self.metrics = MetricsPage(settings, self.parts)
        self.feed = Feed()
        self.events = Events(self.feed)
        self.assets = Assets()
        self._lists = KeptList()

    async def index(self, request: web.Request) -> web.Response:
        """Show the page, or list the pages."""
        if wants_page(request):
            return self.assets.page("index.html")
        return as_json({"server": "worksteal", "deployment": self.deployment, "pages": PAGES})

    async def healthz(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's form
        """Answer."""
        return as_json({"alive": True})

    async def readyz(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """Tell whether every part is at work, and where it stands."""
        told: dict[str, Any] = {}
        for name, part in self.parts:
            told[name] = {"ready": False} if part is None else {"ready": part.ready, **part.where()}
        ready = not self.stopping and all(part["ready"] for part in told.values())
        body = {"ready": ready, "stopping": self.stopping, "parts": told}
        return as_json(body, 200 if ready else 503)

    async def accounts(self, request: web.Request) -> web.Response:
        """List the accounts that are here."""
        agent = self._agent()
        if isinstance(agent, web.Response):
            return agent
        listed = self._lists.get(agent.desks(), request.query.get("find", ""), time.monotonic())
        here = {"partitions": agent.partitions, "of": agent.partitions_in_all}
        return as_json(listed | here | {"deployment": self.deployment})

    async def account(self, request: web.Request) -> web.Response:
        """Show how one account stands, or say where to ask."""
        name = request.match_info["id"]
        agent = self._agent()
        if isinstance(agent, web.Response):
            return agent
        desks = agent.desks()
        view = look_up(desks, name)
        if view is not None:
            return as_json(view | {"deployment": self.deployment})
        if not agent.ready:
            return _later("the agent's partitions are being assigned and restored; ask again.")
        return _nowhere(name, agent.partitions, agent.partitions_in_all, list(desks))

    def _agent(self) -> AgentPart | web.Response:
        """Return the agent, or the answer if there is none to ask."""
        if "agent" not in self.parts.names:
            told = (
                "this worker runs the sequencer alone and knows no account; ask one with an agent."
            )
            return refusal(404, "no_agent", told)
        return self.parts.agent or _later("the agent is starting; ask again.")


def _nowhere(name: str, here: list[int], in_all: int, alive: list[int]) -> web.Response:
    """Say why an account is not here: not yet, on another worker, or nowhere."""
    asleep = [number for number in here if number not in alive]
    if asleep:
        return _later(f"{_partitions(asleep)} of the journal wait for a first frame; ask again.")
    if len(here) < in_all:
        told = (
            f"no account {name!r} here, where {_partitions(here)} of {in_all} are;"
            " ask the worker that has the others."
        )
        return refusal(404, "elsewhere", told)
    return refusal(404, "unknown_account", f"no event has named an account {name!r}.")


def _later(told: str) -> web.Response:
    return refusal(503, "not_ready", told, **{"Retry-After": "1"})


def _partitions(numbers: list[int]) -> str:
    if not numbers:
        return "no partitions"
    one = len(numbers) == 1
    return f"partition{'' if one else 's'} {', '.join(map(str, numbers))}"


def routes(board: WorkerBoard) -> list[web.RouteDef]:
    """Return the routes; an account's name may have slashes."""
    return [
        web.get("/", board.index),
        web.get("/healthz", board.healthz),
        web.get("/readyz", board.readyz),
        web.get("/metrics", board.metrics.answer),
        web.get("/accounts", board.accounts),
        web.get("/accounts/{id:.+}", board.account),
        web.get("/events", board.events.stream),
        web.get("/page/{name}", board.assets.file),
    ]
