"""`worksteal topics`: the catalogue's topics on a broker."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from streams.ground.kafka import topic_admin
from topics.catalogue import CATALOGUE

from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .tables import Column, Sheet, output

app = typer.Typer(
    help="Create or check the topics on a broker.\n\nExample: `worksteal topics create --partitions 4`",
    no_args_is_help=True,
)


@app.command("create")
def create(
    bootstrap: Bootstrap = None,
    partitions: Annotated[
        int, typer.Option(min=1, max=10_000, help="Of the journal and of all topics beside it.")
    ] = 4,
    replication: Annotated[int, typer.Option(min=1, max=100, help="Copies of each record.")] = 1,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Create the topics that are missing; existing ones stay as they are.

    Example: `worksteal topics create --partitions 4`
    """
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    made = asyncio.run(topic_admin.create(settings, partitions, replication))
    for name in made:
        typer.echo(f"created {name}")
    typer.echo(f"{len(made)} created, {len(CATALOGUE) - len(made)} were there")


@app.command("check")
def check(
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Compare the broker's topics with the catalogue; exit status 1 if they differ.

    Example: `worksteal topics check --bootstrap 127.0.0.1:9092`
    """
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    findings = asyncio.run(topic_admin.check(settings))
    output().print(topics_table(settings.bootstrap, findings))
    if any(finding.fault for finding in findings):
        raise typer.Exit(1)


def topics_table(bootstrap: str, findings: Sequence[topic_admin.Finding]) -> Sheet:
    """Return what was found of each topic."""
    return Sheet(
        title=f"topics at {bootstrap}",
        columns=[Column("topic"), Column("partitions", figures=True), Column("result")],
        rows=[(one.topic, str(one.partitions), one.fault or "ok") for one in findings],
    )
