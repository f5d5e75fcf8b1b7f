"""`worksteal worker`: the sequencer and the stealing agent."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .inputs import read_policies


def worker(
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Local state; one worker to a folder.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Consumer group.")] = None,
    only: Annotated[
        Literal["sequencer", "agent"] | None, typer.Option(help="Run one half, to split them.")
    ] = None,
    accept_gap: Annotated[
        bool,
        typer.Option(
            "--accept-gap", help="Go on although records were deleted before they were framed."
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what libraries say, too.")
    ] = False,
) -> None:
    """Run the sequencer and the stealing agent until SIGTERM or Ctrl-C.

    Example: `worksteal worker --bootstrap 127.0.0.1:9092`
    """
    settings = read_deployment(
        config,
        bootstrap=bootstrap,
        insecure=insecure,
        topic_prefix=topic_prefix,
        data_dir=data_dir,
        group=group,
    )
    # Imported here: Faust takes a quarter of a second, which no other command should wait for.
    from streams.ground.logs import start_logging  # noqa: PLC0415

    start_logging(settings, verbose=verbose)
    from streams.worker import run_worker  # noqa: PLC0415

    expected = read_policies([settings.policy], None)[0] if settings.policy else None
    run_worker(settings, only, accept_gap=accept_gap, expected=expected)
