"""Asks a worker's server for an account: what `worksteal state` does before it reads the changelog."""

import re
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from streams.observe.errors import WebError

from .address import SERVER

CONNECT_S = 2.0
ANSWER_S = 10.0

_URL = re.compile(r"https?://[\w.:\[\]-]+(/[^\s?#]*)?", re.ASCII)


class Answer(NamedTuple):
    """What a worker answered: the status, and the account or an error with its reason."""

    status: int
    body: dict[str, Any]

    @property
    def reason(self) -> str:
        """One word for what is wrong, empty if nothing is."""
        return str(self.body.get("reason", ""))


async def ask(url: str, account: str, token: str | None = None) -> Answer | None:
    """Return what the worker at a URL says of an account; None if no worker answers there.

    It is shown the token, if there is one.  Raises `WebError` for something that is no URL.
    """
    # Imported here: it takes a quarter of a second, which no other command should wait for.
    import aiohttp  # noqa: PLC0415
    from yarl import URL  # noqa: PLC0415

    page = URL(_page(url, account), encoded=True)
    limits = aiohttp.ClientTimeout(total=ANSWER_S, connect=CONNECT_S)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=limits) as session,
            session.get(page, headers=headers, allow_redirects=False) as response,
        ):
            if response.headers.get("Server") != SERVER:
                return None  # whatever it is, it is no worker of ours
            body = msgspec.json.decode(await response.read(), type=dict[str, Any])
            return Answer(response.status, body)
    except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError):
        return None


def _page(url: str, account: str) -> str:
    try:
        good = _URL.fullmatch(url) is not None and urlsplit(url).port != 0
    except ValueError:  # no such port
        good = False
    if not good:
        raise WebError(f"--url {url}: write it as http://HOST:PORT.")
    return f"{url.rstrip('/')}/accounts/{quote(account, safe='')}"
