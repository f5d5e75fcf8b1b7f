"""The pages: `/`, `/healthz`, `/readyz`, `/accounts/{id}`."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from streams.settings import Settings

from .account_view import look_up
from .address import deployment_of
from .guard import as_json, refusal
from .parts import AgentPart, Part

PAGES = {
    "/": "this list",
    "/healthz": "200 while the process is alive",
    "/readyz": "200 while every part that runs here has its partitions and has recovered, else 503",
    "/accounts/{id}": "capital, orders, entries, steals, cooldowns and fights of one account",
}


class Board:
    """What the pages look at: the parts that run here by name, None for one that is yet to start."""

    def __init__(self, settings: Settings, parts: Iterable[str]) -> None:
        self.parts: dict[str, Part | None] = dict.fromkeys(parts)
        self.stopping = False
        self.deployment = deployment_of(settings)

    # -- pages -----------------------------------------------------------------------------------

    async def index(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's form
        """List the pages."""
        return as_json({"server": "worksteal", "deployment": self.deployment, "pages": PAGES})

    async def healthz(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """Answer."""
        return as_json({"alive": True})

    async def readyz(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """Tell whether every part is at work, and where it stands."""
        told: dict[str, Any] = {}
        for name, part in self.parts.items():
            told[name] = {"ready": False} if part is None else {"ready": part.ready, **part.where()}
        ready = not self.stopping and all(part["ready"] for part in told.values())
        body = {"ready": ready, "stopping": self.stopping, "parts": told}
        return as_json(body, 200 if ready else 503)

    async def account(self, request: web.Request) -> web.Response:
        """Show how one account stands, or say where to ask."""
        name = request.match_info["id"]
        if "agent" not in self.parts:
            told = (
                "this worker runs the sequencer alone and knows no account; ask one with an agent."
            )
            return refusal(404, "no_agent", told)
        agent = self.parts["agent"]
        if not isinstance(agent, AgentPart):
            return _later("the agent is starting; ask again.")
        desks = agent.desks()
        view = look_up(desks, name)
        if view is not None:
            return as_json(view | {"deployment": self.deployment})
        if not agent.ready:
            return _later("the agent's partitions are being assigned and restored; ask again.")
        return _nowhere(name, agent.partitions, agent.partitions_in_all, list(desks))


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


def routes(board: Board) -> list[web.RouteDef]:
    """Return the routes; an account's name may have slashes."""
    return [
        web.get("/", board.index),
        web.get("/healthz", board.healthz),
        web.get("/readyz", board.readyz),
        web.get("/accounts/{id:.+}", board.account),
    ]
