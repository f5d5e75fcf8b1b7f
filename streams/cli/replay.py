"""`worksteal replay`: what the desks say to a journal, from a recording or a broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.audit.broker.reader import broker_source
from streams.audit.recording.reader import Recording
from streams.audit.recording.source import Source
from streams.audit.replay.drive import PartitionReplayed
from streams.audit.replay.partitions import Replayed
from streams.audit.replay.partitions import replay as replay_source
from streams.audit.replay.tally import ReplayTally
from streams.ground.settings import Settings
from streams.ground.times import utc_text
from topics.catalogue import JOURNAL

from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .inputs import Settings as PolicySettings
from .inputs import UsageError, messages, read_policies
from .tables import Column, Sheet, output, say, wrapped

File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="A recording.", show_default=False)
]
FromBroker = Annotated[
    bool, typer.Option("--broker", help="Read the topics of a broker as they stand now.")
]
AllowGaps = Annotated[
    bool,
    typer.Option("--allow-gaps", help="Go on where offsets are missing; the result says so."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def replay(
    file: File = None,
    broker: FromBroker = False,
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            metavar="FILE|NAME",
            help="What if this policy had been in force? Those in the journal are ignored.",
        ),
    ] = None,
    settings: PolicySettings = None,
    allow_gaps: AllowGaps = False,
    as_json: AsJson = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Drive the desks with a journal and print what they come to.

    With --policy or --set it is a what-if: the venue's answers stay the recorded ones, so orders
    that the recorded day did not have are never answered, and nothing can be compared.

    Example: `worksteal replay day.recording --policy reference`
    """
    where = chosen(
        file, config, broker=broker, bootstrap=bootstrap, insecure=insecure, prefix=topic_prefix
    )
    what_if = read_policies([policy or "default"], settings)[0] if policy or settings else None

    async def run() -> Replayed:
        async with opened(where, allow_gaps=allow_gaps) as source:
            need_frames(source)
            return await replay_source(source, allow_gaps=allow_gaps, policy=what_if)

    with messages.status("replaying"):
        replayed = asyncio.run(run())
    if as_json:
        typer.echo(json.dumps(document(replayed), indent=2))
    else:
        show(replayed)


def chosen(
    file: Path | None,
    config: Path | None,
    *,
    broker: bool,
    bootstrap: str | None,
    insecure: bool | None,
    prefix: str | None,
) -> Path | Settings:
    """Return the recording that was named, or the deployment; raises `UsageError`."""
    if broker == (file is not None):
        raise UsageError("name a recording or say --broker, one of the two.")
    if file is None:
        return read_deployment(config, bootstrap=bootstrap, insecure=insecure, topic_prefix=prefix)
    given = {
        "--bootstrap": bootstrap, "--insecure": insecure, "--topic-prefix": prefix,
        "--config": config,
    }  # fmt: skip
    for option, value in given.items():
        if value is not None:
            raise UsageError(
                f"{option} goes with --broker, and {file} is a recording; leave it out."
            )
    return file


@asynccontextmanager
async def opened(where: Path | Settings, *, allow_gaps: bool) -> AsyncIterator[Source]:
    """Open a recording or a broker's topics; raises `ReplayError` and `BrokerError`."""
    if isinstance(where, Path):
        with Recording(where, allow_cut=allow_gaps) as recording:
            yield recording
    else:
        async with broker_source(where) as source:
            yield source


def need_frames(source: Source) -> None:
    """Raise `UsageError` for an empty journal: what is said of nothing would sound like success."""
    if not any(span.first < span.end for span in source.spans(JOURNAL.name).values()):
        raise UsageError(
            f"{source.name}: the journal is empty, there is nothing to replay; record one that has frames."
        )


WHAT_IF = (
    "a what-if, not comparable: its policy was in force throughout, the answers are the recorded"
)
GAPS = "not comparable: offsets are missing"


def remarks(replayed: Replayed) -> list[str]:
    """Return what a reader must know before the figures."""
    notes = [f"policy {replayed.policy}: {WHAT_IF} ones"] if replayed.what_if else []
    notes += [f"{GAPS}: {gap}" for gap in replayed.gaps]
    return notes + replayed.notes


def document(replayed: Replayed) -> dict[str, Any]:
    """Return the result for `--json`; times in microseconds."""
    return {
        "source": replayed.source,
        "policy": replayed.policy if replayed.what_if else None,
        "what_if": replayed.what_if,
        "comparable": replayed.comparable,
        "digest": replayed.digest,
        "state_digest": replayed.state_digest,
        **asdict(replayed.tally),
        "partitions": {
            number: asdict(one.tally) | {"digest": one.digest, "state_digest": one.state_digest}
            for number, one in replayed.partitions.items()
        },
        "gaps": [gap._asdict() for gap in replayed.gaps],
        "notes": replayed.notes,
    }


COUNTS = {
    "frames": "frames",
    "events": "events",
    "commands": "commands",
    "facts": "facts",
    "steals_started": "steals",
    "steals_settled": "settled",
    "steals_lost": "lost",
    "steals_expired": "expired",
    "accounts_halted": "halted",
    "dropped_runs": "runs dropped",
    "open_runs": "never resent",
}


def show(replayed: Replayed) -> None:
    """Print the result for people."""
    for note in remarks(replayed):
        say(f"· {note}", style="dim")
    rows = [[str(number), *_row(one.tally)] for number, one in replayed.partitions.items()]
    figures = [Column(head, figures=True) for head in COUNTS.values()]
    table = Sheet(
        title=replayed.source,
        columns=[Column("partition"), *figures, Column("from"), Column("to")],
        rows=[*rows, ["all", *_row(replayed.tally)]],
        breaks=[len(rows)],
    )
    output().print(table)
    for number, one in replayed.partitions.items():
        typer.echo(wrapped(f"partition {number}: {digests(one)}"))
    typer.echo(wrapped(f"all: {digests(replayed)}"))


def _row(tally: ReplayTally) -> list[str]:
    return [
        *(str(getattr(tally, name)) for name in COUNTS),
        _time(tally.first_us),
        _time(tally.last_us),
    ]


def digests(of: PartitionReplayed | Replayed) -> str:
    """Return both digests in a line."""
    return f"digest {of.digest} state {of.state_digest}"


def _time(moment_us: int | None) -> str:
    return "" if moment_us is None else utc_text(moment_us // 1_000_000 * 1_000_000)
