"""Where the broker is and how to log in; the names and their meaning are those of the worker."""

import os
import re
import ssl
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from .errors import ClientSettingsError
from .servers import fault_of_server, is_loopback

PREFIX = "WORKSTEAL_"

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

_TOPIC_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,64}")
_SECRET = frozenset({"sasl_password", "ssl_password"})


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection.  Raises `ClientSettingsError` when it is made with something impossible.

    `bootstrap` names brokers as HOST:PORT, several separated by commas.  `topic_prefix` stands
    before the name of every topic and group.  A plaintext broker beyond this machine is refused
    unless `insecure` says that it is meant.  Files are named by their path.
    """

    bootstrap: str = "127.0.0.1:9092"
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_password: str | None = None
    insecure: bool = False
    topic_prefix: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "ClientSettings":
        """Read `WORKSTEAL_BOOTSTRAP`, `WORKSTEAL_TOPIC_PREFIX` and so on, over the defaults.

        Variables of other settings are left alone; an empty one is as if it were not there.
        """
        there = os.environ if environment is None else environment
        told = {
            field: there[PREFIX + field.upper()]
            for field in cls.__struct_fields__
            if there.get(PREFIX + field.upper())
        }
        try:
            return msgspec.convert(told, cls, strict=False)
        except msgspec.ValidationError as error:
            # Never the value: it may be secret.
            raise ClientSettingsError(f"the environment's {PREFIX}*: {error}.") from None

    def __post_init__(self) -> None:
        for server in self.bootstrap.split(","):
            fault = fault_of_server(server)
            if fault:
                raise ClientSettingsError(f"bootstrap: {fault}.")
        if not _TOPIC_PREFIX.fullmatch(self.topic_prefix):
            raise ClientSettingsError("topic_prefix: use up to 64 letters, digits and ._-.")
        beyond = next((one for one in self.bootstrap.split(",") if not is_loopback(one)), None)
        if beyond and self.security_protocol.endswith("PLAINTEXT") and not self.insecure:
            raise ClientSettingsError(
                f"bootstrap: {beyond.strip()} is not this machine and {self.security_protocol} is"
                " readable on the way; set security_protocol to SSL or SASL_SSL, or insecure=True"
                " if that is meant."
            )
        if self.security_protocol.startswith("SASL"):
            for field in ("sasl_username", "sasl_password"):
                if not getattr(self, field):
                    raise ClientSettingsError(f"{field}: {self.security_protocol} needs one.")

    def __repr__(self) -> str:
        """Show what is set, secrets as stars: representations end in logs."""
        shown = (
            f"{name}={'***' if name in _SECRET and value else repr(value)}"
            for name, value in msgspec.structs.asdict(self).items()
        )
        return f"ClientSettings({', '.join(shown)})"

    def topic(self, name: str) -> str:
        """Return what a topic of the catalogue, or a group, is called on this broker."""
        return self.topic_prefix + name

    def options(self) -> dict[str, Any]:
        """Return what every aiokafka client takes: servers, protocol, login, certificates.

        Raises `ClientSettingsError` for certificates that do not load.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password,
            }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = self._certificates()
        return options

    def _certificates(self) -> ssl.SSLContext:
        """Return the certificates to trust and to show."""
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile)
        except (OSError, ssl.SSLError) as error:
            told = f"ssl_cafile: {self.ssl_cafile} does not load ({error})."
            raise ClientSettingsError(told) from error
        if self.ssl_certfile is None and self.ssl_keyfile is not None:
            raise ClientSettingsError("ssl_keyfile: a key needs its certificate; set ssl_certfile.")
        if self.ssl_certfile is not None:
            try:
                # A password of None would ask the terminal for one.
                password = self.ssl_password or ""
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile, password)
            except (OSError, ssl.SSLError) as error:
                told = f"ssl_certfile: {self.ssl_certfile} does not load ({error})."
                raise ClientSettingsError(told) from error
        return context
