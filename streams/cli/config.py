"""`worksteal config show`: the settings in force, where each came from, and never a secret."""

import json
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from streams.ground.settings import Loaded, Settings, SettingsError, load_with_sources, require_safe

from .deployment import Bootstrap, Config, Insecure, TopicPrefix
from .inputs import messages
from .tables import Column, Sheet, output

app = typer.Typer(no_args_is_help=True)

HIDDEN = "********"
"""Stands for any secret, so that not even its length is told."""


@app.callback()
def _group() -> None:
    """Look at the settings of this deployment.

    Example: `worksteal config show`
    """


@app.command("show")
def show(
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print a settings file to start from.")
    ] = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Print the settings in force, where each came from, and what it means.

    Example: `worksteal config show --yaml`
    """
    options = {"bootstrap": bootstrap, "insecure": insecure, "topic_prefix": topic_prefix}
    loaded = load_with_sources(config, options)
    if as_yaml:
        typer.echo(settings_file(loaded.settings), nl=False)
    else:
        output().print(_table(loaded))
    try:
        require_safe(loaded.settings)
    except SettingsError as refused:
        messages.print(f"These settings connect to nothing: {refused}", markup=False)


def settings_file(settings: Settings) -> str:
    """Return a settings file that says what is in force; secrets stand in it as comments."""
    values = settings.model_dump(mode="json")
    lines = ["# Settings of worksteal.  WORKSTEAL_<NAME> in the environment stands over this file."]
    for name, info in Settings.model_fields.items():
        lines += ["", f"# {info.description}"]
        if _is_secret(name):
            lines.append(f"# {name}: rather in the environment, as WORKSTEAL_{name.upper()}")
        else:
            lines.append(f"{name}: {json.dumps(values[name], ensure_ascii=False)}")  # JSON is YAML
    return "\n".join(lines) + "\n"


def _table(loaded: Loaded) -> Sheet:
    return Sheet(
        title="settings in force",
        columns=[Column("name"), Column("value"), Column("from"), Column("meaning")],
        rows=[
            (
                name,
                _shown(getattr(loaded.settings, name)),
                loaded.sources[name],
                info.description or "",
            )
            for name, info in Settings.model_fields.items()
        ],
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return str(value)


def _is_secret(name: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[name].annotation)
