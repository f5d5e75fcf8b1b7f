"""What commands that speak to Kafka have in common: options over environment, file and defaults."""

from pathlib import Path
from typing import Annotated, Any

import typer

from streams.ground.settings import Settings, load_settings, require_safe

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings file. [default: worksteal.yaml, if there]"
    ),
]
Bootstrap = Annotated[
    str | None, typer.Option("--bootstrap", metavar="HOST:PORT", help="The broker's address.")
]
Insecure = Annotated[
    bool | None,
    typer.Option("--insecure", help="Speak plaintext to a broker beyond this machine."),
]
TopicPrefix = Annotated[
    str | None, typer.Option("--topic-prefix", metavar="TEXT", help="Before every topic's name.")
]


def read_deployment(config: Path | None, **options: Any) -> Settings:
    """Read the settings and refuse an unsafe connection; raises `SettingsError`."""
    settings = load_settings(config, options)
    require_safe(settings)
    return settings
