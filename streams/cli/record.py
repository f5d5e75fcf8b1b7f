"""`worksteal record`: journal and outputs from a broker into one file."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from streams.audit.broker.recorder import record as record_from
from streams.audit.recording.manifest import Manifest
from streams.ground.settings import Settings
from topics.catalogue import EXECUTION, JOURNAL, STEALS

from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .inputs import UsageError, messages
from .tables import wrapped


def record(
    target: Annotated[
        Path,
        typer.Argument(metavar="[DIR|FILE]", help="A new file, or a folder to make one in."),
    ] = Path(),
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until SIGTERM or Ctrl-C.")
    ] = False,
    until_idle_s: Annotated[
        float | None,
        typer.Option(
            "--until-idle",
            metavar="SECONDS",
            min=0,
            help="Follow until only empty frames came for so long.",
        ),
    ] = None,
    allow_gaps: Annotated[
        bool, typer.Option("--allow-gaps", help="Record what is left where offsets are missing.")
    ] = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Record the journal and what was decided on it, to be replayed and verified anywhere.

    Without --follow it records what is there now.  A signal ends it in order: the recording is
    whole as far as it goes.

    Example: `worksteal record day.recording --follow`
    """
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    path = _file(target)
    manifest = asyncio.run(
        _record(settings, path, follow=follow, until_idle_s=until_idle_s, allow_gaps=allow_gaps)
    )
    typer.echo(wrapped(f"{path}: {summary(manifest)}"))
    typer.echo(f"content {manifest.content}")


async def _record(
    settings: Settings, path: Path, *, follow: bool, until_idle_s: float | None, allow_gaps: bool
) -> Manifest:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await record_from(
        settings,
        path,
        stop,
        follow=follow,
        until_idle_s=until_idle_s,
        allow_gaps=allow_gaps,
        tell=messages.print,
    )


def _file(target: Path) -> Path:
    """Return the file to make; raises `UsageError` if it is there or cannot be."""
    if target.is_dir():
        return target / f"worksteal-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.recording"
    if target.exists():
        raise UsageError(f"{target}: there is such a file already; name another one.")
    if not target.parent.is_dir():
        raise UsageError(f"{target}: there is no folder {target.parent}; create it first.")
    return target


def summary(manifest: Manifest) -> str:
    """Say how much was recorded."""
    frames, commands, facts = (
        sum(stretch.records for stretch in manifest.topics[topic.name].values())
        for topic in (JOURNAL, EXECUTION, STEALS)
    )
    partitions = len(manifest.topics[JOURNAL.name])
    return (
        f"{frames} frames of {partitions} partitions, {commands} records of {EXECUTION.name},"
        f" {facts} of {STEALS.name}"
    )
