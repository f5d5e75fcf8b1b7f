"""`worksteal dlq`: what was refused, why, and putting it back."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.feeds.file.pace import WallClock
from streams.ground.settings import Settings
from streams.observe.dead_letters import Letter, LetterSurvey, dead_letters, parse_place, place_text
from streams.observe.dead_letters.advice import fault_at
from streams.observe.dead_letters.choosing import WantedLetters, wanted
from streams.observe.dead_letters.hexdump import is_plain
from streams.observe.dead_letters.redrive import RedriveOptions

from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .dlq_redrive import Asked, redrive_letters
from .dlq_tables import document, letter_lines, list_line
from .inputs import UsageError
from .tables import wrapped

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at refused records, and put them back.

    Example: `worksteal dlq list --reason not_json`
    """


AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Place = Annotated[
    str, typer.Argument(metavar="PLACE", help="PARTITION:OFFSET, as `list` shows it.")
]
Reason = Annotated[str | None, typer.Option(metavar="REASON", help="Only what has this reason.")]
Topic = Annotated[
    str | None, typer.Option(metavar="TOPIC", help="Only what came from this source topic.")
]
Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only what was refused since: a time (UTC), or 10m (ago)."),
]


@app.command("list")
def list_letters(
    reason: Reason = None,
    topic: Topic = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="Only the latest so many.")] = 100,
    as_json: AsJson = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """List refused records, the latest last.

    Example: `worksteal dlq list --topic orders --since 2026-01-16`
    """
    choice = _choice(reason, topic, since)
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    survey = asyncio.run(_survey(settings))
    found = [letter for letter in survey.letters if choice.takes(letter)]
    latest = found[-limit:]
    if as_json:
        typer.echo(
            json.dumps(
                {"found": len(found), "letters": [document(letter, survey) for letter in latest]},
                indent=2,
            )
        )
        return
    for letter in latest:
        typer.echo(wrapped(list_line(letter, survey)))
    again = sum(survey.note_of(letter) is not None for letter in found)
    typer.echo(f"{len(found)} found, {len(latest)} shown, {again} put back since", err=True)


@app.command("show")
def show(
    place: Place,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the exact bytes to standard output, nothing else.")
    ] = False,
    as_json: AsJson = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Show one refused record: why, what to do, where it came from, its bytes.

    Example: `worksteal dlq show 0:17`
    """
    if raw and as_json:
        raise UsageError("--raw and --json exclude each other; say one of the two.")
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    letter, value, survey = asyncio.run(_one(settings, parse_place(place)))
    if raw:
        sys.stdout.buffer.write(value)
        return
    fault = fault_at(value, letter.reason, letter.field)
    if as_json:
        shown: dict[str, Any] = document(letter, survey)
        text = value.decode() if is_plain(value) else None
        typer.echo(json.dumps(shown | {"fault": fault, "text": text, "hex": value.hex()}, indent=2))
        return
    for line in letter_lines(letter, value, survey, fault):
        typer.echo(wrapped(line, indent=10))


@app.command("redrive")
def redrive(
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="PLACE", help="PARTITION:OFFSET, as `list` shows it."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All of one --reason that were not put back yet.")
    ] = False,
    reason: Reason = None,
    topic: Topic = None,
    since: Since = None,
    corrected: Annotated[
        Path | None,
        typer.Option("--with", metavar="FILE", help="Put this record back instead; for one PLACE."),
    ] = None,
    reroute: Annotated[
        bool, typer.Option("--reroute", help="Send a sound event to the topic that carries it.")
    ] = False,
    keep_partition: Annotated[
        bool,
        typer.Option("--keep-partition", help="Use the partition it came from, not its key's."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; publish nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --all.")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also what would be refused again, or was put back before."),
    ] = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Put refused records back on their topic, as they are or corrected.

    Example: `worksteal dlq redrive --all --reason newer_version --dry-run`
    """
    asked = Asked(
        places=tuple(parse_place(place) for place in places or ()),
        choice=_choice(reason, topic, since) if everything else None,
        corrected=_corrected(corrected, places or (), everything=everything),
        options=RedriveOptions(force=force, reroute=reroute, keep_partition=keep_partition),
        dry_run=dry_run,
        yes=yes,
    )
    if everything == bool(places):
        raise UsageError("name the letters by PLACE, or say --all with --reason; one of the two.")
    if everything and reason is None:
        raise UsageError("--all needs --reason: letters of different reasons need different cures.")
    if (reason or topic or since) and not everything:
        raise UsageError("--reason, --topic and --since go with --all; a PLACE says enough.")
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    if not asyncio.run(redrive_letters(settings, asked)):
        raise typer.Exit(1)


def _choice(reason: str | None, topic: str | None, since: str | None) -> WantedLetters:
    return wanted(reason, topic, since, now_ms=WallClock().now_us() // 1000)


def _corrected(path: Path | None, places: Any, *, everything: bool) -> bytes | None:
    """Read the corrected record; the line end that editors add is no part of it."""
    if path is None:
        return None
    if everything or len(places) != 1:
        raise UsageError("--with corrects one record: name one PLACE.")
    try:
        value = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"--with {path}: it cannot be read ({error.strerror}); check the path."
        ) from error
    return value.rstrip(b"\r\n")


async def _survey(settings: Settings) -> LetterSurvey:
    async with dead_letters(settings) as topic:
        return await topic.survey()


async def _one(settings: Settings, place: tuple[int, int]) -> tuple[Letter, bytes, LetterSurvey]:
    async with dead_letters(settings) as topic:
        survey = await topic.survey([place[0]])
        letter = survey.at(place)
        async for _, value in topic.values([letter]):
            return letter, value, survey
    raise AssertionError(f"no bytes of {place_text(place)}")
