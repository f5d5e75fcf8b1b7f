"""How settings become a connection: options of aiokafka's clients, and what is refused.

Faust wants the same as its `broker_credentials`; see `streams.journal.faust.application`.
"""

import ssl
from pathlib import Path
from typing import Any

from .load import SettingsError
from .model import Settings
from .servers import is_loopback


def open_network(bootstrap: str) -> str | None:
    """Return the first server that is not on this machine, or None."""
    for server in bootstrap.split(","):
        if not is_loopback(server):
            return server.strip()
    return None


def require_safe(settings: Settings) -> None:
    """Refuse to speak plaintext across a network unless told to; raises `SettingsError`."""
    beyond = open_network(settings.bootstrap)
    if beyond and settings.security_protocol.endswith("PLAINTEXT") and not settings.insecure:
        raise SettingsError(
            f"bootstrap: {beyond} is not this machine and {settings.security_protocol} is readable"
            " on the way; set security_protocol to SSL or SASL_SSL, or add --insecure if that is"
            " meant."
        )
    if settings.security_protocol.startswith("SASL"):
        for field in ("sasl_username", "sasl_password"):
            if getattr(settings, field) is None:
                raise SettingsError(f"{field}: {settings.security_protocol} needs one; set it.")


def client_options(settings: Settings) -> dict[str, Any]:
    """Return what every aiokafka client takes: servers, protocol, login, certificates."""
    require_safe(settings)
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.startswith("SASL"):
        assert settings.sasl_username is not None
        assert settings.sasl_password is not None
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl_context(settings)
    return options


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Return the certificates to trust and to show; raises `SettingsError` if they do not load."""
    try:
        context = ssl.create_default_context(cafile=_text(settings.ssl_cafile))
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"ssl_cafile: {settings.ssl_cafile} does not load ({error}); name a PEM file with certificates."
        ) from error
    if settings.ssl_certfile is None and settings.ssl_keyfile is not None:
        raise SettingsError("ssl_keyfile: a key needs its certificate; set ssl_certfile too.")
    if settings.ssl_certfile is not None:
        password = settings.ssl_password
        try:
            context.load_cert_chain(
                settings.ssl_certfile,
                settings.ssl_keyfile,
                password.get_secret_value() if password is not None else "",
            )
        except (OSError, ssl.SSLError) as error:
            told = f"ssl_certfile: {settings.ssl_certfile} does not load ({error}); check it, ssl_keyfile and ssl_password."
            raise SettingsError(told) from error
    return context


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
