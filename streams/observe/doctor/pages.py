"""Asks the worker on this machine how it is; nothing of it needs one to be there."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from streams.ground.settings import Settings
from streams.observe.errors import WebError
from streams.observe.pages.address import SERVER, deployment_of, port_of, usual_url
from streams.observe.pages.secret import token_of

from .said import Line, ok, warn

ASK_S = 5.0


class Seen(NamedTuple):
    """What answers where the pages would be."""

    url: str | None
    taken: bool = False
    """Somebody listens there."""
    worker: bool = False
    """It is a worker."""
    ours: bool | None = None
    """It is of this deployment; None: it does not tell."""
    ready: Mapping[str, Any] = MappingProxyType({})
    """Its `/readyz`."""


async def look(settings: Settings, only: str | None = None) -> Seen:
    """Ask the worker, or the half that `only` names; who answers otherwise is somebody else."""
    # Imported here: it takes a quarter of a second, which no other command should wait for.
    import aiohttp  # noqa: PLC0415

    try:
        url = usual_url(settings.model_copy(update={"web_port": port_of(settings, only)}))
    except WebError:  # said by the settings' check
        return Seen(None)
    if url is None:
        return Seen(None)
    limits = aiohttp.ClientTimeout(total=ASK_S)
    try:
        async with aiohttp.ClientSession(timeout=limits) as session:
            async with session.get(f"{url}/readyz", allow_redirects=False) as response:
                if response.headers.get("Server") != SERVER:
                    return Seen(url, taken=True)
                ready = msgspec.json.decode(await response.read(), type=dict[str, Any])
            headers = {"Accept": "application/json", **_proof(settings)}
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                index = msgspec.json.decode(await response.read(), type=dict[str, Any])
    except aiohttp.ClientConnectorError:
        return Seen(url)
    except (aiohttp.ClientError, TimeoutError, ValueError, msgspec.MsgspecError):
        return Seen(url, taken=True)
    theirs = index.get("deployment")
    ours = None if theirs is None else theirs == deployment_of(settings)
    return Seen(url, taken=True, worker=True, ours=ours, ready=ready)


def _proof(settings: Settings) -> dict[str, str]:
    try:
        token = token_of(settings)
    except WebError:  # said by the settings' check
        return {}
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def check_worker(seen: Seen) -> Iterator[Line]:
    """Say how the worker is."""
    if not seen.worker:
        where = f"at {seen.url}" if seen.url else "(web_port is 0, so nobody knows where it is)"
        yield ok("worker", f"none answers {where}; the checks need none")
        return
    if seen.ours is False:
        yield warn(
            "worker",
            f"the one at {seen.url} belongs to another deployment",
            "give this one a web_port of its own",
        )
        return
    asleep = [name for name, part in seen.ready.get("parts", {}).items() if not part.get("ready")]
    if asleep:
        yield warn(
            "worker",
            f"the one at {seen.url} is not ready: {', '.join(asleep)}",
            "wait for `ready after` in its log; if it does not come, the lines below say why",
        )
    elif seen.ready.get("stopping"):
        yield warn("worker", f"the one at {seen.url} is stopping", "ask again when it has")
    else:
        parts = " and ".join(seen.ready.get("parts", {}))
        yield ok("worker", f"{parts} at {seen.url} ready")
