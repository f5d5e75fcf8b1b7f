"""Addresses of brokers: what is one, and which of them are this machine.

Read as the client reads them, or a word that looks like this machine could lead elsewhere.
"""

import re
from ipaddress import ip_address

_SERVER = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/@\[\]]+)):(?P<port>[0-9]{1,5})"
)


def fault_of_server(server: str) -> str:
    """Say what is wrong with an address, or nothing."""
    match = _SERVER.fullmatch(server.strip())
    if match is None or not 0 < int(match["port"]) <= 65_535:
        return "write it as HOST:PORT, an IPv6 address as [ADDRESS]:PORT"
    return ""


def is_loopback(server: str) -> bool:
    """Tell whether a server is surely on this machine; a name other than localhost never is."""
    match = _SERVER.fullmatch(server.strip())
    if match is None or fault_of_server(server):
        return False
    if (match["host"] or "").lower() == "localhost":
        return True
    try:
        return ip_address(match["six"] or match["host"]).is_loopback
    except ValueError:
        return False
