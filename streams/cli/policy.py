"""`worksteal policy show`: a policy in full, every field with its meaning."""

from typing import Annotated

import typer
import yaml
from rich.markup import escape
from rich.table import Table

from state.policy import Policy

from .inputs import Settings, output, read_policies

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at policies.

    Example: `worksteal policy show reference`
    """


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Preset or policy file.")] = "default",
    settings: Settings = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print a policy file to start from.")
    ] = False,
) -> None:
    """Print a policy with the meaning of each field.

    Example: `worksteal policy show default --yaml > mine.yaml`
    """
    (policy,) = read_policies([name], settings)
    values = policy.model_dump(mode="json")
    if as_yaml:
        typer.echo(yaml.safe_dump(values, sort_keys=False), nl=False)
        return
    table = Table("field", "value", "meaning", title=f"policy {escape(policy.name)}")
    for field, info in Policy.model_fields.items():
        value = values[field]
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        table.add_row(field, escape(shown), info.description or "")
    output().print(table)
