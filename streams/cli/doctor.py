"""`worksteal doctor`: is everything as a worker needs it, and what to do where it is not."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from streams.ground.settings import Settings, load_settings
from streams.observe.doctor import FAIL, OK, WARN, Line, examine

from .deployment import Bootstrap, Config, Insecure, TopicPrefix
from .inputs import UsageError, read_policies
from .tables import wrapped


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output.")
    ] = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The worker's local state.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="The workers' consumer group.")] = None,
) -> None:
    """Check this machine, the settings and the broker; exit status 1 if anything is wrong.

    Changes nothing, and can run beside workers or without any.

    Example: `worksteal doctor --bootstrap 127.0.0.1:9092`
    """
    # An unsafe connection is a finding here, not a refusal: the other checks go on.
    settings = load_settings(
        config,
        {
            "bootstrap": bootstrap,
            "insecure": insecure,
            "topic_prefix": topic_prefix,
            "data_dir": data_dir,
            "group": group,
        },
    )
    lines: list[Line] = []

    def say(line: Line) -> None:
        lines.append(line)
        if not as_json:
            typer.echo(wrapped(str(line), indent=6))

    _policy(settings, say)
    asyncio.run(examine(settings, say))
    counts = Counter(line.level for line in lines)
    if as_json:
        typer.echo(json.dumps(document(lines), indent=2))
    else:
        typer.echo(f"{counts[OK]} ok, {counts[WARN]} warn, {counts[FAIL]} FAIL")
    if counts[FAIL]:
        raise typer.Exit(1)


def document(lines: list[Line]) -> dict[str, object]:
    """Return the findings as values for JSON."""
    counts = Counter(line.level for line in lines)
    return {
        "ok": not counts[FAIL],
        "counts": {"ok": counts[OK], "warn": counts[WARN], "fail": counts[FAIL]},
        "checks": [line._asdict() for line in lines],
    }


def _policy(settings: Settings, say: Callable[[Line], None]) -> None:
    """Look at the policy that should be in force: a worker reads it before anything else."""
    if settings.policy is None:
        return
    try:
        (policy,) = read_policies([settings.policy], None)
    except UsageError as error:
        say(Line(FAIL, "policy", str(error).rstrip(".")))
    else:
        say(Line(OK, "policy", f"{settings.policy} can be read; it is called {policy.name}"))
