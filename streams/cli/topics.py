"""`worksteal topics`: the catalogue's topics on a broker."""

import asyncio
import logging
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.live import topic_admin
from topics.catalogue import CATALOGUE

from .inputs import UsageError

app = typer.Typer(
    help="Create or check the topics on a broker.\n\nExample: `worksteal topics create --partitions 4`",
    no_args_is_help=True,
)

# Its errors come back as ours; without a handler they would be printed beside them.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())

LOOPBACK = ("127.", "localhost", "[::1]")

Bootstrap = Annotated[
    str,
    typer.Option(envvar="WORKSTEAL_BOOTSTRAP", metavar="HOST:PORT", help="The broker's address."),
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Speak plaintext to a broker beyond this machine.")
]


@app.command("create")
def create(
    bootstrap: Bootstrap = "127.0.0.1:9092",
    partitions: Annotated[
        int, typer.Option(min=1, max=10_000, help="Of the journal and of all topics beside it.")
    ] = 4,
    replication: Annotated[int, typer.Option(min=1, max=100, help="Copies of each record.")] = 1,
    insecure: Insecure = False,
) -> None:
    """Create the topics that are missing; existing ones stay as they are.

    Example: `worksteal topics create --partitions 4`
    """
    _require_loopback(bootstrap, insecure)
    made = asyncio.run(topic_admin.create(bootstrap, partitions, replication))
    for name in made:
        typer.echo(f"created {name}")
    typer.echo(f"{len(made)} created, {len(CATALOGUE) - len(made)} were there")


@app.command("check")
def check(bootstrap: Bootstrap = "127.0.0.1:9092", insecure: Insecure = False) -> None:
    """Compare the broker's topics with the catalogue; exit status 1 if they differ.

    Example: `worksteal topics check --bootstrap 127.0.0.1:9092`
    """
    _require_loopback(bootstrap, insecure)
    findings = asyncio.run(topic_admin.check(bootstrap))
    table = Table("topic", "partitions", "result", title=f"topics at {bootstrap}")
    for finding in findings:
        table.add_row(finding.topic, str(finding.partitions), finding.fault or "ok")
    Console(highlight=False).print(table)
    if any(finding.fault for finding in findings):
        raise typer.Exit(1)


def _require_loopback(bootstrap: str, insecure: bool) -> None:
    """Refuse to speak plaintext across a network unless told to."""
    for server in bootstrap.split(","):
        host, colon, port = server.strip().rpartition(":")
        if not colon or not host or not port.isdigit():
            raise UsageError(f"--bootstrap {bootstrap}: write it as HOST:PORT.")
        if not host.startswith(LOOPBACK) and not insecure:
            raise UsageError(
                f"--bootstrap {bootstrap}: {host} is not this machine and the connection is"
                " plaintext; add --insecure if that is meant."
            )
