"""Where the HTTP server listens, and under which names it answers.

Without a token it listens on this machine alone, unless that is overruled.  A page in a browser
on this machine could still reach it by a name of its own that leads here (DNS rebinding); such a
request carries that name in its Host header, and is refused by it.
"""

import re
import socket
from ipaddress import ip_address

from streams.ground.settings import Settings
from streams.ground.settings.servers import is_loopback
from streams.observe.errors import WebError

SERVER = "worksteal"
"""Value of the Server header, by which `worksteal state` knows that a worker answers."""

WILDCARDS = ("", "*", "0.0.0.0", "::")  # noqa: S104 - named here to be recognised
"""Hosts that mean every address of this machine."""

_HOST = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII
)


def port_of(settings: Settings, only: str | None = None) -> int:
    """Return the port of a worker, or of the half of one that `only` names.

    The sequencer alone takes the next port, so that both halves can run on one machine with the
    same settings.  0 picks a free one.  Raises `WebError` if there is no next port.
    """
    if only != "sequencer" or settings.web_port == 0:
        return settings.web_port
    if settings.web_port == 65_535:
        raise WebError(
            "web_port: a sequencer alone takes the next port, and 65535 has none; set a lower one."
        )
    return settings.web_port + 1


def require_local(settings: Settings) -> None:
    """Refuse to listen beyond this machine without a token, unless told to; raises `WebError`."""
    host = settings.web_host
    guarded = settings.web_token is not None or settings.web_token_file is not None
    if not guarded and not settings.insecure and not is_loopback(f"{in_url(host)}:1"):
        raise WebError(
            f"web_host: {host or 'an empty host'} can be reached from other machines, and the pages"
            " ask nobody for a password; leave it at 127.0.0.1, set web_token, or add --insecure if"
            " that is meant."
        )


def in_url(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def usual_url(settings: Settings) -> str | None:
    """Return where a worker with these settings answers on this machine; None if nobody can know."""
    if settings.web_port == 0:
        return None
    host = settings.web_host
    if host in WILDCARDS:
        host = "::1" if host == "::" else "127.0.0.1"
    return f"http://{in_url(host)}:{settings.web_port}"


def deployment_of(settings: Settings) -> dict[str, str]:
    """Return what tells one deployment from another; no secret is in it."""
    return {
        "bootstrap": settings.bootstrap,
        "topic_prefix": settings.topic_prefix,
        "group": settings.group,
    }


class Hosts:
    """The names that a request's Host header may have.

    Those of this machine, and the host that the server is bound to.  Bound to every address it
    answers to any address, and to this machine's own name: no foreign name can be either.
    """

    def __init__(self, bound: str) -> None:
        self._everywhere = bound in WILDCARDS
        names = ["localhost", bound]
        if self._everywhere:
            names.append(socket.gethostname())
        self._names = tuple(_plain(name) for name in names if name)

    def admit(self, header: str) -> bool:
        """Tell whether a Host header, with or without a port, is one of them."""
        match = _HOST.fullmatch(header)
        if match is None:
            return False
        host = _plain(match["six"] or match["name"])
        if host in self._names:
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return self._everywhere or address.is_loopback


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")
