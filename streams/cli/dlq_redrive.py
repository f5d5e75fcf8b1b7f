"""`worksteal dlq redrive`: which letters, whether it is meant, what was done."""

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import typer

from streams.ground.kafka import topic_admin
from streams.ground.settings import Settings
from streams.journal.clients import start_producer
from streams.observe.dead_letters import (
    DeadLetterError,
    DeadLetters,
    Letter,
    LetterSurvey,
    Redriven,
    dead_letters,
    place_text,
    prepare,
    redrive,
)
from streams.observe.dead_letters.choosing import WantedLetters, in_their_order
from streams.observe.dead_letters.letter import Place
from streams.observe.dead_letters.redrive import RedriveOptions

from .inputs import UsageError


class Asked(NamedTuple):
    """What was typed: places, or a choice among all; the corrected bytes, for one place."""

    places: tuple[Place, ...]
    choice: WantedLetters | None
    corrected: bytes | None
    options: RedriveOptions
    dry_run: bool
    yes: bool


class _Chosen(NamedTuple):
    """The letters that are meant, and those that cannot go back, with why."""

    letters: list[Letter]
    skipped: list[DeadLetterError]


Prepare = Callable[[Letter, bytes], Redriven]


async def redrive_letters(settings: Settings, asked: Asked) -> bool:
    """Put back what was asked for; False if some of `--all` had to stay.

    Of letters named by their places all can go back, or none does.
    """
    partitions = {
        finding.topic: finding.partitions for finding in await topic_admin.check(settings)
    }
    async with dead_letters(settings) as topic:
        survey = await _survey(topic, asked)

        def ready(letter: Letter, value: bytes) -> Redriven:
            corrected = asked.corrected is not None
            return prepare(
                letter,
                value if asked.corrected is None else asked.corrected,
                survey.note_of(letter),
                partitions,
                asked.options,
                corrected=corrected,
            )

        chosen = await _check(topic, _meant(survey, asked), ready, asked)
        for error in chosen.skipped:
            typer.echo(f"left: {error}", err=True)
        going = chosen.letters if _meant_so(len(chosen.letters), asked) else []
        if going:
            await _put_back(settings, topic, going, ready, asked)
    what = "would be put back" if asked.dry_run else "put back"
    typer.echo(f"{len(going)} {what}, {len(chosen.skipped)} left", err=True)
    return not chosen.skipped


async def _survey(topic: DeadLetters, asked: Asked) -> LetterSurvey:
    """Look through the partitions that matter: notes stand in those of their letters."""
    if asked.choice is not None:
        return await topic.survey()
    return await topic.survey({number for number, _ in asked.places})


def _meant(survey: LetterSurvey, asked: Asked) -> list[Letter]:
    if asked.choice is None:
        return in_their_order([survey.at(place) for place in asked.places])
    choice, again = asked.choice, asked.options.force
    found = [letter for letter in survey.letters if choice.takes(letter)]
    return in_their_order([one for one in found if again or survey.note_of(one) is None])


async def _check(
    topic: DeadLetters, letters: Sequence[Letter], ready: Prepare, asked: Asked
) -> _Chosen:
    """Look at every letter before the first goes back."""
    chosen = _Chosen([], [])
    async for letter, value in topic.values(letters):
        try:
            ready(letter, value)
        except DeadLetterError as error:
            if asked.choice is None:
                raise
            chosen.skipped.append(error)
        else:
            chosen.letters.append(letter)
    return chosen


def _meant_so(count: int, asked: Asked) -> bool:
    """Ask before many; where nobody can be asked, `--yes` must have been said."""
    if asked.choice is None or asked.dry_run or asked.yes or not count:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{count} letters would be put back: add --yes, or --dry-run to see them.")
    # The library's own question leaves a blank on standard output.
    typer.echo(f"Put {count} letters back? [y/N] ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def _put_back(
    settings: Settings,
    topic: DeadLetters,
    letters: Sequence[Letter],
    ready: Prepare,
    asked: Asked,
) -> None:
    if asked.dry_run:
        async for letter, value in topic.values(letters):
            typer.echo(_plan(ready(letter, value)))
        return
    producer = await start_producer(settings)
    try:
        async for letter, value in topic.values(letters):
            record = ready(letter, value)
            to = await redrive(producer, settings, record)
            typer.echo(f"{place_text(letter.place)} -> {to}  {_how(record)}")
    finally:
        await producer.stop()


def _plan(record: Redriven) -> str:
    key = "no key" if record.key is None else f"key {record.key.decode()}"
    target = f"{record.topic}:{record.partition}"
    return f"{place_text(record.letter.place)} would go to {target}  {key}, {_how(record)}"


def _how(record: Redriven) -> str:
    how = "corrected" if record.corrected else "unchanged"
    origin = record.letter.origin
    assert origin is not None
    if (record.topic, record.partition) != (origin.topic, origin.partition):
        how += f", from {origin.topic}:{origin.partition}"
    return f"{how}, {len(record.value):,} bytes"
