"""`worksteal verify`: whether every command and fact is what a replay says, byte for byte."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from streams.audit.replay.said import Said
from streams.audit.verify.found import FoundRecord
from streams.audit.verify.validate import Validated
from streams.audit.verify.validate import validate as validate_source
from streams.audit.verify.verify import Difference, Verdict
from streams.audit.verify.verify import verify as verify_source
from streams.ground.settings import Settings
from topics.catalogue import JOURNAL

from .deployment import Bootstrap, Config, Insecure, TopicPrefix
from .inputs import messages
from .replay import AllowGaps, AsJson, File, FromBroker, chosen, need_frames, opened
from .tables import say, wrapped

KINDS = "lost unexpected altered conflicting late pending".split()

MEANING = {
    "lost": "the replay says it, and it was never published",
    "unexpected": "it was published, and the replay does not say it",
    "altered": "it was published with other bytes than the replay says",
    "conflicting": "it was published with two bodies",
    "late": "it was published behind a higher id only, so that a consumer skips it",
}


def verify(
    file: File = None,
    broker: FromBroker = False,
    complete: Annotated[
        bool | None,
        typer.Option(
            "--complete/--allow-pending",
            help="Whether outputs missing at the very end are a difference, or not published yet. "
            "[default: complete for a recording, pending for a broker]",
            show_default=False,
        ),
    ] = None,
    validate_only: Annotated[
        bool, typer.Option("--validate-only", help="Read and check everything; replay nothing.")
    ] = False,
    allow_gaps: AllowGaps = False,
    as_json: AsJson = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Replay a journal and compare with what was published; exit status 1 if it differs.

    Outputs are compared byte for byte by their id; a repeat, as after a crash, must be the same.

    Example: `worksteal verify --broker --complete`
    """
    where = chosen(
        file, config, broker=broker, bootstrap=bootstrap, insecure=insecure, prefix=topic_prefix
    )
    if validate_only:
        with messages.status("validating"):
            validated = asyncio.run(_validate(where, allow_gaps=allow_gaps))
        typer.echo(_json(validation(validated)) if as_json else wrapped(_validated_text(validated)))
        return
    wants_all = complete if complete is not None else not broker
    with messages.status("verifying"):
        verdict = asyncio.run(_verify(where, allow_gaps=allow_gaps, complete=wants_all))
    if as_json:
        typer.echo(_json(document(verdict)))
    else:
        show(verdict)
    if not verdict.comparison.identical:
        raise typer.Exit(1)


async def _validate(where: Path | Settings, *, allow_gaps: bool) -> Validated:
    async with opened(where, allow_gaps=allow_gaps) as source:
        return await validate_source(source, allow_gaps=allow_gaps)


async def _verify(where: Path | Settings, *, allow_gaps: bool, complete: bool) -> Verdict:
    async with opened(where, allow_gaps=allow_gaps) as source:
        need_frames(source)
        return await verify_source(source, allow_gaps=allow_gaps, complete=complete)


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2)


def validation(validated: Validated) -> dict[str, Any]:
    """Return what `--validate-only --json` prints."""
    values = msgspec.to_builtins(validated)
    return {"result": "valid", **values, "gaps": [gap._asdict() for gap in validated.gaps]}


def _validated_text(validated: Validated) -> str:
    gaps = f"valid but for {len(validated.gaps)} gaps" if validated.gaps else "valid"
    events = f"{validated.frames} frames with {validated.events} events"
    lines = [
        f"{gaps}: {events}, {validated.commands} records of execution, {validated.facts} of steals",
        *(f"gap: {gap}" for gap in validated.gaps),
        *(f"note: {note}" for note in validated.notes),
    ]
    if validated.dropped_runs:
        lines.append(f"note: {validated.dropped_runs} runs do not join and are dropped by the desk")
    if validated.backward_times:
        lines.append(f"note: time goes back at {validated.backward_times} frames")
    lines += [
        f"note: {place} is no output of this version" for place in validated.unreadable_outputs
    ]
    return "\n".join(lines)


def result(verdict: Verdict) -> str:
    """Return the outcome in a word or a few."""
    if not verdict.comparison.identical:
        return "different"
    return "identical" if verdict.comparable else "identical as far as it can be compared"


def document(verdict: Verdict) -> dict[str, Any]:
    """Return what `--json` prints."""
    comparison, replayed = verdict.comparison, verdict.replayed
    return {
        "source": replayed.source,
        "result": result(verdict),
        "comparable": verdict.comparable,
        "frames": replayed.tally.frames,
        "commands": comparison.commands,
        "facts": comparison.facts,
        "repeats": comparison.repeats,
        **{kind: len(getattr(comparison, kind)) for kind in KINDS},
        "uncompared": comparison.uncompared,
        "digest": replayed.digest,
        "state_digest": replayed.state_digest,
        "gaps": [gap._asdict() for gap in verdict.gaps],
        "notes": replayed.notes,
        "difference": _difference(verdict.difference),
    }


def _difference(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    expected = difference.expected
    return {
        "id": str(difference.id) if difference.id is not None else None,
        "kind": difference.kind,
        "expected": _text(expected.value) if expected is not None else None,
        "found": [
            {"place": record.place, "value": _text(record.value)} for record in difference.found
        ],
        "account": msgspec.to_builtins(difference.account)
        if difference.account is not None
        else None,
    }


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def show(verdict: Verdict) -> None:
    """Print the outcome for people."""
    comparison, replayed = verdict.comparison, verdict.replayed
    for note in (*(f"not comparable: {gap}" for gap in verdict.gaps), *replayed.notes):
        say(f"· {note}", style="dim")
    say(
        f"{result(verdict)}: {comparison.commands} commands, {comparison.facts} facts,"
        f" {comparison.repeats} repeats, from {replayed.tally.frames} frames of"
        f" {len(replayed.partitions)} partitions"
    )
    for kind in KINDS:
        ids = getattr(comparison, kind)
        if ids:
            more = ", …" if len(ids) > 3 else ""
            say(f"{kind} {len(ids)}: {', '.join(ids[:3])}{more}")
    if comparison.uncompared:
        say(f"uncompared {comparison.uncompared}")
    say(f"digest {replayed.digest} state {replayed.state_digest}")
    if verdict.difference is not None:
        _show_difference(verdict.difference)


def _show_difference(difference: Difference) -> None:
    """Print the first difference with both sides and the account."""
    name = difference.id if difference.id is not None else "a record without a desk's id"
    say(f"\nfirst difference: {name}, {difference.kind}: {MEANING[difference.kind]}")
    lines = [f"expected  {_side(difference.expected)}"]
    lines += [f"found     {_side(record)}" for record in difference.found] or ["found     nothing"]
    if difference.id is not None:
        frame = f"{JOURNAL.name}:{difference.id.partition}:{difference.id.offset}"
        account = difference.account
        lines.append(
            f"account   {account.id} after the frame {frame}:"
            if account is not None
            else "account   none"
        )
        if account is not None:
            lines.append(msgspec.json.format(msgspec.json.encode(account), indent=2).decode())
    say("\n".join(lines), indent=10)


def _side(record: Said | FoundRecord | None) -> str:
    if record is None:
        return "nothing"
    place = record.place if isinstance(record, FoundRecord) else record.topic
    return f"{place}  {_text(record.value)}"
