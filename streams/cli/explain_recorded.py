"""Hears again what the desks of a recording decided, for `worksteal explain`."""

from collections.abc import Callable
from pathlib import Path

from state.dealing.attempts import Attempt
from streams.audit.recording.reader import Recording
from streams.audit.recording.source import Whole
from streams.audit.replay.partitions import Replayer
from streams.audit.replay.said import Said
from topics.catalogue import EXECUTION, JOURNAL
from topics.codec import decode_command, decode_fact
from topics.commands import AnyCommand
from topics.facts import AnyFact
from topics.ids import OutputId, parse_id

from .replay import need_frames

Hear = Callable[[AnyCommand | AnyFact], None]


async def hear_again(
    path: Path, output_id: str | None, hear: Hear, watch: Callable[[Attempt], None]
) -> None:
    """Replay what is needed to explain one id, or all of it for None.

    Raises `ReplayError` for a file that is damaged or lacks frames, and `UsageError` for an empty
    one.
    """

    def decoded(said: Said) -> None:
        hear((decode_command if said.topic == EXECUTION.name else decode_fact)(said.value))

    with Recording(path, allow_cut=True) as recording:
        need_frames(recording)
        replayer = await Replayer.of(recording)
        place = parse_id(output_id) if output_id is not None else None
        for number, end in _stretches(recording, output_id, place):
            # Without an id nothing is watched: it takes time, and a list needs no decisions.
            watcher = watch if place is not None else None
            await replayer.partition(number, Whole(recording), decoded, end, watcher)


def _stretches(
    recording: Recording, output_id: str | None, place: OutputId | None
) -> list[tuple[int, int | None]]:
    """Return which journal partitions to replay, and before which offset to end."""
    numbers = list(recording.spans(JOURNAL.name))
    if output_id is None:
        return [(number, None) for number in numbers]
    if place is None or place.partition not in numbers:
        return []
    return [(place.partition, place.offset + 1)]
