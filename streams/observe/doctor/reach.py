"""Why no broker answers: each server is tried step by step, name, port, certificate, protocol."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress

from streams.ground.settings import Settings, ssl_context

from .said import Line, fail

TRY_S = 5.0

START = "start it, or correct bootstrap; `deploy/kafka/broker start` starts one on this machine"


async def why_not(settings: Settings, error: Exception) -> AsyncIterator[Line]:
    """Yield a line for each server that cannot be had; `error` is what the client said."""
    for server in settings.bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        yield await _try(settings, server.strip(), host.strip("[]"), int(port), error)


async def _try(settings: Settings, server: str, host: str, port: int, error: Exception) -> Line:
    secure = settings.security_protocol.endswith("SSL")
    context = ssl_context(settings) if secure else None
    try:
        async with asyncio.timeout(TRY_S):
            _, writer = await asyncio.open_connection(host, port)
            await _close(writer)
    except socket.gaierror:
        do = "correct bootstrap, or the name's entry in DNS"
        return fail("broker", f"{server}: there is no host {host}", do)
    except TimeoutError:
        do = "see that it runs, that the port is right, and that no firewall is between"
        return fail("broker", f"{server} does not answer", do)
    except OSError as refused:
        told = os.strerror(refused.errno) if refused.errno else str(refused)
        return fail("broker", f"no Kafka broker answers at {server} ({told})", START)
    if context is not None:
        try:
            async with asyncio.timeout(TRY_S):
                _, writer = await asyncio.open_connection(
                    host, port, ssl=context, server_hostname=host
                )
                await _close(writer)
        except ssl.SSLCertVerificationError as wrong:
            do = "set ssl_cafile to whoever signed it, or correct the name in bootstrap"
            told = wrong.verify_message or str(wrong)
            return fail("broker", f"{server}: its certificate is not believed ({told})", do)
        except (OSError, TimeoutError):
            do = "take its TLS port, or correct security_protocol"
            return fail("broker", f"{server} answers, but does not speak TLS", do)
    if settings.security_protocol.startswith("SASL"):
        do = "correct sasl_mechanism, sasl_username and sasl_password, or security_protocol"
        return fail("broker", f"{server} answers and does not let us in ({_one(error)})", do)
    do = "see that this is a Kafka broker's port, and that its listener speaks that"
    protocol = settings.security_protocol
    return fail("broker", f"{server} answers, but not as a broker does over {protocol}", do)


def _one(error: Exception) -> str:
    lines = str(error.__cause__ or error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
