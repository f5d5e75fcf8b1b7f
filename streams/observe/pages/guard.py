"""What stands before every page: who may ask, how, and in which form all answers go out.

Pages are read (GET, HEAD) and nothing else.  No answer may be kept, framed, or run as anything.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from .access import Access
from .address import SERVER, Hosts

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "Server": SERVER,
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

METHODS = ("GET", "HEAD")


def as_json(body: Any, status: int = 200, **headers: str) -> web.Response:
    """Return a value as JSON for programs and for people at a terminal."""
    text = msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
    return web.Response(
        body=text, status=status, content_type="application/json", charset="utf-8", headers=headers
    )


def refusal(status: int, reason: str, told: str, **headers: str) -> web.Response:
    """Return an error: one word for programs, one sentence for people."""
    return as_json({"error": told, "reason": reason}, status, **headers)


def guard_for(hosts: Hosts, access: Access) -> Any:
    """Return the middleware of a server that answers to these names, and to whom it is open."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hosts.admit(request.headers.get("Host", "")):
            told = "this server does not answer to the name in the Host header; ask by its address."
            return refusal(421, "wrong_host", told)
        if request.method not in METHODS:
            told = "pages can be read (GET, HEAD) and nothing else."
            return refusal(405, "read_only", told, Allow=", ".join(METHODS))
        if not access.admits(request):
            return access.signs_in(request) or _who_are_you()
        try:
            return await handler(request)
        except web.HTTPNotFound:
            told = "there is no such page; / lists them."
            return refusal(404, "no_page", told)

    return guard


def _who_are_you() -> web.Response:
    told = (
        "this page asks for the worker's web_token: open /?token=TOKEN once in a browser, or send"
        " the header Authorization: Bearer TOKEN."
    )
    return refusal(401, "no_token", told, **{"WWW-Authenticate": "Bearer"})


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001
    """Put the headers on any answer, the server's own errors included."""
    response.headers.update(HEADERS)
