"""Who may ask: anybody on this machine, or whoever has the token.

A program sends `Authorization: Bearer TOKEN`.  A person opens `/?token=TOKEN` once and gets a cookie
that scripts cannot read and that no other site's page can make the browser send.  The cookie holds a
hash, so that the token itself stands in no browser.  All comparisons take the same time.
"""

import hmac
from collections.abc import Mapping

from aiohttp import web

OPEN = ("/healthz", "/readyz")
"""What a load balancer asks needs no token; it tells nothing of any account."""

COOKIE = "worksteal"
COOKIE_S = 30 * 24 * 3600

SIGNED_IN = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0;url=/">
<title>worksteal</title>
<p>The token is right. <a href="/">Go on</a>.
</html>
"""
"""A page, not a redirect: a browser that was led here from another site sends the cookie only with
a request that begins on this one."""


class Access:
    """Admits requests that carry the token; without a token, all."""

    def __init__(self, token: str | None) -> None:
        self._token = token.encode() if token else None
        self._proof = hmac.digest(self._token or b"", b"worksteal page", "sha256").hex().encode()

    def admits(self, request: web.Request) -> bool:
        """Tell whether a request may be answered."""
        if self._token is None or request.path in OPEN:
            return True
        kind, _, told = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(told.strip(), self._token):
            return True
        return _same(request.cookies.get(_name(request), ""), self._proof)

    def signs_in(self, request: web.Request) -> web.Response | None:
        """Answer somebody who shows the token in the address; None if this is no such request."""
        told = request.query.get("token")
        if self._token is None or told is None or request.path != "/":
            return None
        if not _same(told, self._token):
            return None
        response = web.Response(text=SIGNED_IN, content_type="text/html")
        response.set_cookie(
            _name(request),
            self._proof.decode(),
            max_age=COOKIE_S,
            httponly=True,
            samesite="Strict",
            secure=_encrypted(request.headers),
        )
        return response


def _same(told: str, wanted: bytes) -> bool:
    return hmac.compare_digest(told.encode("utf-8", "surrogateescape"), wanted)


def _encrypted(headers: Mapping[str, str]) -> bool:
    """Tell whether a proxy before us speaks TLS; the cookie then goes over nothing else."""
    return headers.get("X-Forwarded-Proto", "").lower() == "https"


def _name(request: web.Request) -> str:
    """Name the cookie by port: browsers give all ports of a host the same cookies."""
    port = request.url.port
    return f"{COOKIE}-{port}" if port else COOKIE
