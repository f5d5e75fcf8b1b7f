"""Ports of this machine: which are free, and whether Kafka answers on one."""

import secrets
import socket
import struct
import time

from .trouble import Trouble

HOST = "127.0.0.1"
ANSWER_SECONDS_MAX = 2
RELEASE_SECONDS_MAX = 2
"""A process that was killed is gone a moment before its ports are free."""


def answers(port: int) -> bool:
    """Tell whether Kafka answers there: a port may be open long before, or be someone else's."""
    correlation = secrets.randbelow(2**31)
    # ApiVersions, version 0, from a client without a name.
    request = struct.pack(">hhih", 18, 0, correlation, -1)
    try:
        with socket.create_connection((HOST, port), ANSWER_SECONDS_MAX) as connection:
            connection.settimeout(ANSWER_SECONDS_MAX)
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as stream:
                said = stream.read(10)
    except OSError:
        return False
    if len(said) < 10:
        return False
    _, echoed, error = struct.unpack(">iih", said)
    return bool(echoed == correlation and error == 0)


def why_taken(port: int) -> str | None:
    """Return why nobody may listen on that port, or None if one may."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror
    return None


def why_still_taken(port: int) -> str | None:
    """Ask again for a while: whoever had the port may be about to leave it."""
    deadline = time.monotonic() + RELEASE_SECONDS_MAX
    while (reason := why_taken(port)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return reason


def free_port(but: int | None = None) -> int:
    """Pick a port below those that systems hand to clients, so that it is still free at a restart."""
    for _ in range(1000):
        port = 20_000 + secrets.randbelow(12_000)
        if port != but and why_taken(port) is None:
            return port
    raise Trouble("there is no free port between 20000 and 32000.")
