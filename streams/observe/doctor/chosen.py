"""The settings: what is readable on the way, who can reach the pages, and whether the port is free."""

import socket
from collections.abc import Iterator

from streams.ground.settings import Settings, SettingsError, client_options, open_network
from streams.ground.settings.servers import is_loopback
from streams.observe.errors import WebError
from streams.observe.pages.address import WILDCARDS, in_url, port_of, require_local
from streams.observe.pages.secret import token_of

from .pages import Seen
from .said import Line, fail, ok, sentence, warn


def check_connection(settings: Settings) -> Iterator[Line]:
    """Look at how the broker would be spoken to; raises nothing."""
    try:
        client_options(settings)
    except SettingsError as error:
        yield sentence("settings", error)
        return
    protocol = settings.security_protocol
    beyond = open_network(settings.bootstrap)
    if beyond and protocol.endswith("PLAINTEXT"):
        yield warn(
            "settings",
            f"insecure: everything between here and {beyond} can be read on the way",
            "set security_protocol to SSL or SASL_SSL unless that network is your own",
        )
    elif settings.insecure and (settings.web_token or is_loopback(f"{in_url(settings.web_host)}:1")):  # fmt: skip
        yield warn("settings", "insecure is set, and nothing needs it", "take it out")
    else:
        yield ok("settings", f"{protocol} to {settings.bootstrap}")


def check_pages(settings: Settings, seen: Seen) -> Iterator[Line]:
    """Look at where the pages would be; `seen` is what answers there now."""
    try:
        require_local(settings)
        token = token_of(settings)
        port_of(settings, "sequencer")
    except WebError as error:
        yield sentence("pages", error)
        return
    host = settings.web_host
    local = is_loopback(f"{in_url(host)}:1")
    if not local and token is None:
        yield warn(
            "pages",
            f"web_host {host or 'empty'} can be reached from other machines, and nobody is asked",
            "set web_token, or leave web_host at 127.0.0.1",
        )
    if seen.taken and not seen.worker:
        yield fail(
            "pages",
            f"{seen.url} is taken by another program",
            "set web_port to a free port, or end that program",
        )
    elif not seen.taken and settings.web_port and (told := _unusable(host, settings.web_port)):
        yield fail(
            "pages",
            f"{in_url(host)}:{settings.web_port} cannot be listened on ({told})",
            "correct web_host and web_port",
        )
    elif local or token is not None:
        who = "this machine alone" if local else "whoever has the token"
        yield ok("pages", f"web_host {host}, web_port {settings.web_port}, for {who}")


def _unusable(host: str, port: int) -> str:
    """Return why nobody could listen there; empty if somebody could.  Listens for no one."""
    where = None if host in WILDCARDS else host
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            where, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, protocol) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(address)
    except (OSError, UnicodeError) as error:
        return str(getattr(error, "strerror", None) or error)
    return ""
