"""`worksteal tail`: what comes on a topic, as it comes."""

import asyncio
import json
import os
import select
import signal
import sys
from typing import Annotated

import typer

from streams.ground.settings import Settings
from streams.observe import tail as looking

from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .tables import wrapped


def tail(
    topic: Annotated[
        str, typer.Argument(metavar="TOPIC", help=f"One of {', '.join(looking.TOPICS)}.")
    ],
    accounts: Annotated[
        list[str] | None,
        typer.Option("--account", metavar="NAME", help="Only this account's; may be repeated."),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only this kind (steal.started, cancel, fill), on dead-letters this reason; may be"
            " repeated.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            help="latest, earliest, a time (UTC), 10m (ago; s, m, h, d), or PARTITION:OFFSET,…"
            " [default: latest; earliest with --no-follow]",
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Go on with what comes, until Ctrl-C.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line on standard output.")
    ] = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Print facts, commands, journal events or dead letters as they come.

    What is there already comes in the order of its time.  Repeats are left out.

    Example: `worksteal tail steals --start earliest --no-follow`
    """
    viewer = looking.viewer_for(topic, kinds or (), accounts or ())
    where = looking.parse_start(start or ("latest" if follow else "earliest"))
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    asyncio.run(_tail(settings, topic, viewer, where, follow=follow, as_json=as_json))


async def _tail(
    settings: Settings,
    topic: str,
    viewer: looking.Viewer,
    start: looking.Start,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async for records in looking.follow(settings, topic, start, stop, on=follow):
            if not records and _nobody_reads():
                break
            for record in records:
                for sight in viewer(record):
                    told = json.dumps(sight.document()) if as_json else wrapped(sight.line())
                    sys.stdout.write(f"{told}\n")
            sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffer can go nowhere; at exit Python would try once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _nobody_reads() -> bool:
    """Tell whether the pipe that this writes to was closed: a quiet topic would not show it."""
    if not sys.stdout.isatty():
        asked = select.poll()
        asked.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in asked.poll(0))
    return False
