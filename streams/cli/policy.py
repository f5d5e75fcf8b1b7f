"""`worksteal policy`: show a policy in full, or publish one so that it is in force."""

import asyncio
from typing import Annotated, Any

import typer
import yaml

from state.rules.policy import Policy
from streams.feeds.file.pace import WallClock
from streams.feeds.policy import publish_policy
from topics.codec import decode_event, encode
from topics.events import PolicySet
from topics.refusals import Refused

from .account import read_account
from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .inputs import Settings, UsageError, read_policies
from .tables import Column, Sheet, output

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at policies, or put one in force.

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
    output().print(policy_table(policy.name, values))


def policy_table(name: str, values: dict[str, Any]) -> Sheet:
    """Return each field with its value and meaning."""
    rows = []
    for field, info in Policy.model_fields.items():
        value = values[field]
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        rows.append((field, shown, info.description or ""))
    return Sheet(
        title=f"policy {name}",
        columns=[Column("field"), Column("value"), Column("meaning")],
        rows=rows,
    )


@app.command("set")
def set_policy(
    name: Annotated[str, typer.Argument(help="Preset or policy file.")],
    account: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="For this account alone. [default: all without their own]"
        ),
    ] = None,
    settings: Settings = None,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Publish a policy: it is in force from its place in the journal on.

    Example: `worksteal policy set default --set protection=0.0015`
    """
    (policy,) = read_policies([name], settings)
    event = PolicySet(
        ts_us=WallClock().now_us(),
        policy=policy.model_dump(mode="json"),
        account=None if account is None else read_account(account),
    )
    refused = decode_event(encode(event))
    if isinstance(refused, Refused):
        raise UsageError(f"policy {name}: no record can carry it ({refused}); make it smaller.")
    deployment = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    count = asyncio.run(publish_policy(deployment, event))
    whom = f"account {account}" if account is not None else "all accounts without their own"
    places = "1 partition" if count == 1 else f"{count} partitions"
    typer.echo(f"policy {policy.name} for {whom}: published to {places}")
