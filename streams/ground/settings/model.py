"""Every setting with its default and meaning; `worksteal config show` prints them."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from .servers import fault_of_server

PREFIX = "WORKSTEAL_"
YEARS = re.compile(r"[0-9]{4}( *[-,] *[0-9]{4})?|\[ *[0-9]{4} *, *[0-9]{4} *\]")

Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Year = Annotated[int, Field(ge=1990, le=2090)]
"""The table of sessions is made for whole years, and times on the wire end with 2099."""


class Settings(BaseSettings):
    """Settings of every command that speaks to Kafka, immutable once read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    # The broker.
    bootstrap: str = Field(
        "127.0.0.1:9092", description="brokers as HOST:PORT, several separated by commas"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how to speak to the broker"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="how to log in, for SASL_*"
    )
    sasl_username: str | None = Field(None, description="for SASL_*")
    sasl_password: SecretStr | None = Field(None, description="for SASL_*")
    ssl_cafile: Path | None = Field(None, description="who signs the broker's certificate; empty: the system's list")  # fmt: skip
    ssl_certfile: Path | None = Field(None, description="our certificate, for brokers that ask")
    ssl_keyfile: Path | None = Field(None, description="its key")
    ssl_password: SecretStr | None = Field(None, description="of the key")
    insecure: bool = Field(
        False,
        description="allow a plaintext broker beyond this machine, and pages for others without a token",
    )

    topic_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="stands before the name of every topic, for several deployments on one broker",
    )

    # The worker.
    group: str = Field(
        "worksteal",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="consumer group, and the prefix of the changelog's name",
    )
    data_dir: Path = Field(Path(".worksteal"), description="local state; one worker to a folder")
    policy: str | None = Field(
        None,
        description="preset or file that should be in force; the worker says so if it is not",
    )
    calendar_years: Annotated[tuple[Year, Year] | None, NoDecode] = Field(
        None,
        description="first and last year of the calendar (2018-2019); empty: last year to next year",
    )
    checkpoint_ms: Milliseconds = Field(250, description="longest time between two checkpoints")
    checkpoint_events: int = Field(
        20_000, ge=1, le=10_000_000, description="most events between two checkpoints"
    )
    idle_frame_ms: Milliseconds = Field(
        1000, description="an idle sequencer writes an empty frame this often, so that time passes"
    )
    session_timeout_ms: int = Field(
        6000, ge=1000, le=3_600_000, description="silence after which the broker gives up a worker"
    )
    stall_ms: Milliseconds = Field(
        1500, description="a desk that has not moved this long behind the journal rewinds"
    )

    # The read-only HTTP server.
    web_host: str = Field("127.0.0.1", description="where the HTTP server listens")
    web_port: Port = Field(
        6066, description="its port; 0 picks a free one; a sequencer alone takes the next"
    )
    web_token: SecretStr | None = Field(
        None, description="what its callers must show; needed if web_host is not this machine"
    )
    web_token_file: Path | None = Field(None, description="a file that holds the token instead")
    web_connections: int = Field(
        200, ge=1, le=10_000, description="most connections to it at once; more are refused"
    )
    metrics_accounts: int = Field(
        0,
        ge=0,
        le=1000,
        description="so many accounts, the first by name, have figures of their own on /metrics; the rest are added up",
    )

    # What it says.
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="form of the log; auto: for people on a terminal, else JSON lines"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level that is logged; debug has every command and refusal"
    )

    def topic(self, name: str) -> str:
        """Return what a topic of the catalogue is called on this broker."""
        return self.topic_prefix + name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the form of the hook
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given and nothing else; `load_settings` gathers it in its order."""
        return (init_settings,)

    @field_validator("bootstrap")
    @classmethod
    def _servers(cls, value: str) -> str:
        for server in value.split(","):
            fault = fault_of_server(server)
            if fault:
                raise ValueError(fault)
        return value

    @field_validator(
        "sasl_username",
        "sasl_password",
        "ssl_cafile",
        "ssl_certfile",
        "ssl_keyfile",
        "ssl_password",
        "web_token",
        "web_token_file",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        """An environment cannot say None; a variable that is there and empty means it."""
        return None if value == "" else value

    @field_validator("calendar_years", mode="before")
    @classmethod
    def _years(cls, value: Any) -> Any:
        """Read 2018, "2018-2019", "2018,2019" and [2018, 2019]; empty is None."""
        if value is None or value == "":
            return None
        if isinstance(value, str):
            value = re.findall("[0-9]+", value) if YEARS.fullmatch(value.strip()) else ()
        elif isinstance(value, int):
            value = [value]
        if not isinstance(value, list | tuple) or len(value) not in (1, 2):
            raise ValueError("write it as 2018-2019")
        return value[0], value[-1]

    @field_validator("calendar_years")
    @classmethod
    def _years_in_order(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and value[0] > value[1]:
            raise ValueError(f"{value[0]} is after {value[1]}; the first year stands first")
        return value
